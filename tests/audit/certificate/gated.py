"""Small data sets, gated in a moment: a check that is quick, a limit that holds or does not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from audit.certificate.issue import certify
from audit.certificate.record import Certificate
from audit.dataset import Dataset
from audit.run import audit
from audit.sources import load
from audit.suite import Limit, Suite

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
FIT = Suite("fit", limits=(Limit("missing.count", 0.0),))
UNFIT = Suite("unfit", limits=(Limit("missing.count", -1.0),))
EMPTY = Suite("empty")


def table(rows: int = 12) -> pd.DataFrame:
    """Numbers, words, a second column that could be the label."""
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "a": rng.normal(size=rows).round(6),
            "b": np.arange(rows) % 5,
            "label": np.where(np.arange(rows) % 2, "yes", "no"),
            "other": np.where(np.arange(rows) % 3, "yes", "no"),
        }
    )


def csv(folder: Path, frame: pd.DataFrame | None = None) -> Path:
    """A table on disk."""
    path = folder / "data.csv"
    (table() if frame is None else frame).to_csv(path, index=False)
    return path


def pets(folder: Path) -> Path:
    """A folder of pictures, three of each class."""
    rng = np.random.default_rng(0)
    for i in range(6):
        path = folder / "pets" / ("cat", "dog")[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (5, 4), dtype=np.uint8)).save(path)
    return folder / "pets"


def certificate_of(data: Dataset, suite: Suite = FIT, **options: object) -> Certificate:
    """What the gate says of it, at noon."""
    return certify(data, audit(data, suite=suite, checks=["missing"]), suite, **{"now": NOON, **options})


def written(where: Path, path: Path, suite: Suite = FIT, **options: object) -> Path:
    """The certificate of a file or folder, written to `path`."""
    roles = {"label": "label"} if where.is_file() or any(where.glob("*.parquet")) else {}
    certificate_of(load(where, **roles), suite, where=where, **options).write(path)
    return path
