"""Label errors on CIFAR-10N, where the truth of every row is known: ours against cleanlab's default score."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from audit import Dataset, Given, Roles
from audit.confident import margin_quality, self_confidence
from audit.dataset import ROW
from audit.evidence import Evidence
from tests.bench.goals import SHARED, Goal, at_least, not_measured

COMMAND = "python -m tests.bench labels"
KINDS = ("aggre", "random1", "worse")


def run() -> list[Goal]:
    names = [f"average precision over cleanlab's default, CIFAR-10N {k}" for k in KINDS]
    folder = SHARED / "cifar10n"
    if not folder.is_dir():
        return [not_measured(n, "> 0", "", COMMAND, "benchmark data absent") for n in names]
    rows = pd.read_parquet(folder / "train_20k.parquet", columns=["clean_label", *(f"{k}_label" for k in KINDS)])
    vectors = np.load(folder / "embeddings_train_20k.npy").astype("float32")
    return [_compare(n, rows, vectors, f"{k}_label") for n, k in zip(names, KINDS, strict=True)]


def _compare(name: str, rows: pd.DataFrame, vectors: np.ndarray, label: str) -> Goal:
    table = rows[[label]].rename_axis(ROW)
    data = Dataset("cifar10n", table, Roles(label=label), tuple(range(10)))
    evidence = Evidence(data, given=Given(embeddings=vectors))
    wrong = (rows[label] != rows["clean_label"]).to_numpy()
    default = average_precision_score(wrong, -self_confidence(data.labels, evidence.views["linear head"]))
    ours = average_precision_score(wrong, -margin_quality(data.labels, evidence.pred_probs))
    return at_least(name, ours - default, 1e-9, "", COMMAND, f"{ours:.3f} against {default:.3f}")
