"""`CertifiedData`, a Hugging Face callback: `Trainer(callbacks=[CertifiedData("train.jsonl", "cert.json")])`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.certificate.demand import require
from audit.integrations.base import base_of

BASE: Any = base_of("TrainerCallback", "transformers")


class CertifiedData(BASE):  # type: ignore[misc]  # the Trainer calls every event of its own class on every callback
    """Refuse to train unless the certificate lets the data be trained on; asked before the first batch."""

    def __init__(
        self, data: Any, certificate: str | Path, *, key: str | Path | None = None, suite: str | Path | None = None
    ) -> None:
        super().__init__()
        self.data = data
        self.certificate = certificate
        self.key = key
        self.suite = suite

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002  Trainer's
        """The Trainer's event at the beginning of training, a resumed one too."""
        require(self.data, self.certificate, key=self.key, suite=self.suite)
