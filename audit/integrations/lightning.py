"""`CertifiedData`, a Lightning callback: `Trainer(callbacks=[CertifiedData("train.csv", "cert.json")])`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.certificate.demand import require
from audit.integrations.base import base_of

BASE: Any = base_of("Callback", "lightning.pytorch", "pytorch_lightning")


class CertifiedData(BASE):  # type: ignore[misc]  # Lightning calls every hook of its own class on every callback
    """Refuse to fit unless the certificate lets the data be trained on.

    It is asked in `setup`, before any data loader is made, on every process: each reads its own copy of the files.
    """

    def __init__(
        self, data: Any, certificate: str | Path, *, key: str | Path | None = None, suite: str | Path | None = None
    ) -> None:
        super().__init__()
        self.data = data
        self.certificate = certificate
        self.key = key
        self.suite = suite

    def setup(self, trainer: Any, pl_module: Any, stage: str | None = None) -> None:  # noqa: ARG002  Lightning's hook
        """Lightning's hook before it fits, validates, tests or predicts; the last three do not train."""
        if stage not in ("validate", "test", "predict"):
            require(self.data, self.certificate, key=self.key, suite=self.suite)
