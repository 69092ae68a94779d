"""Small datasets with planted faults whose truth is known, and other things that the tests of `audit` share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.dataset import Dataset, Roles
from audit.evidence.gather import Evidence
from audit.evidence.given import Given
from audit.report import Card, Issues, Report
from audit.suite import Suite

FEATURES = ("x0", "x1", "x2", "x3")
CLASSES = ("ash", "birch", "cedar")


def table_of(
    values: np.ndarray, labels: list | np.ndarray | pd.Series, index: object = None, classes: tuple | None = None
) -> Dataset:
    """A table of numeric features with a label column."""
    features = tuple(f"x{i}" for i in range(values.shape[1]))
    rows = pd.RangeIndex(len(values)) if index is None else pd.Index(index)
    table = pd.DataFrame(values, columns=list(features), index=rows)
    table["label"] = labels if not isinstance(labels, pd.Series) else labels.to_numpy()
    known = classes if classes is not None else tuple(sorted(set(table["label"].tolist())))
    return Dataset("trees", table, Roles(label="label", features=features), known)


def texts_of(texts: list, labels: list, index: object = None, name: str = "notes") -> Dataset:
    """A table with a text and a label column."""
    rows = pd.RangeIndex(len(texts)) if index is None else pd.Index(index)
    table = pd.DataFrame({"text": texts, "label": labels}, index=rows)
    return Dataset(name, table, Roles(label="label", text="text"), tuple(sorted(set(labels))))


@dataclass(frozen=True)
class Truth:
    """A dataset, and the row ids of every fault that was put into it."""

    data: Dataset
    flipped: tuple = ()
    exact: tuple = ()
    near: tuple = ()
    missing: tuple = ()
    absurd: tuple = ()


def blobs(n: int = 240, seed: int = 3, spread: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """(n, 4) Gaussian blobs around three corners, and which blob each row is from."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    centres = np.array([[0, 0, 0, 0], [5, 0, 5, 0], [0, 5, 0, 5]], dtype=float)
    return centres[labels] + rng.normal(0, spread, (n, 4)), labels


def planted() -> Truth:
    """Blobs with 14 flipped labels, 6 exact copies (2 with a wrong label), 4 near copies, 5 rows with a hole and 3 far
    away; ids are strings in no order."""
    values, labels = blobs()
    rng = np.random.default_rng(11)
    chosen = rng.permutation(len(values))
    flips, holes, far = chosen[:14], chosen[14:19], chosen[19:22]
    sources = chosen[22:32]
    given = labels.copy()
    given[flips] = (given[flips] + 1) % 3
    values[holes, rng.integers(0, 4, len(holes))] = np.nan
    values[far] += 60 * rng.choice([-1.0, 1.0], (3, 4))
    copies = values[sources].copy()
    copies[6:] += 1e-4
    copied = given[sources].copy()
    copied[:2] = (copied[:2] + 2) % 3
    all_values = np.vstack([values, copies])
    ids = np.array([f"r{i * 7 % 1009:04d}" for i in range(len(all_values))])
    data = table_of(all_values, np.array(CLASSES)[np.concatenate([given, copied])], ids, CLASSES)
    tail = ids[len(values) :]
    return Truth(
        data,
        flipped=tuple(ids[flips]),
        exact=tuple(tail[:6]),
        near=tuple(tail[6:]),
        missing=tuple(ids[holes]),
        absurd=tuple(ids[far]),
    )


WORDS = {
    "weather": ("rain sun cloud storm wind snow hail frost", "falls over the hills of the north today"),
    "kitchen": ("bread soup onion garlic butter flour salt cream", "is stirred slowly in the copper pot"),
}


def sentences(per_class: int = 40, seed: int = 5) -> tuple[list[str], list[str]]:
    """Sentences of two subjects, no two of them alike, and their subjects."""
    rng = np.random.default_rng(seed)
    texts: list[str] = []
    labels: list[str] = []
    for subject, (nouns, tail) in WORDS.items():
        for i in range(per_class):
            picked = rng.choice(nouns.split(), 4, replace=False)
            texts.append(f"{' '.join(picked)} {tail} number {i} {subject[: 1 + i % 5]}")
            labels.append(subject)
    return texts, labels


def pictures_of(n: int = 40, seed: int = 7) -> Dataset:
    """8 x 8 grey pictures: a bright top half or a bright left half, with noise."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 60, (n, 8, 8, 1)).astype(np.uint8)
    labels = np.where(np.arange(n) % 2 == 0, "top", "left")
    images[labels == "top", :4] += 150
    images[labels == "left", :, :4] += 150
    table = pd.DataFrame({"label": labels})
    return Dataset("tiles", table, Roles(label="label"), ("left", "top"), images=images)


def evidence_of(data: Dataset, *, reference: Dataset | None = None, **given: object) -> Evidence:
    """Evidence with nothing cached on disk."""
    return Evidence(data, reference, Suite("none"), Given(**given))


def noisy_probabilities(labels: np.ndarray, classes: int, seed: int = 0, sure: float = 3.0) -> np.ndarray:
    """(n, K) probabilities that mostly agree with `labels`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1, (len(labels), classes))
    logits[np.arange(len(labels)), labels] += sure
    raised = np.exp(logits)
    return raised / raised.sum(axis=1, keepdims=True)


def report_of(data: Dataset, *issues: Issues) -> Report:
    """A report that holds these issues."""
    return Report(
        dataset=Card.of(data),
        reference=None,
        suite="own",
        suite_fingerprint="",
        seed=0,
        versions={},
        checks={i.check: i for i in issues},
        _rows=data.rows,
    )


def assert_same_issues(one: Issues, other: Issues) -> None:
    """Equal in everything but the time it took."""
    assert (one.check, one.status, one.why) == (other.check, other.status, other.why)
    assert dict(one.measures) == dict(other.measures)
    pd.testing.assert_frame_equal(one.scores, other.scores, check_names=False, check_index_type=False)
    pd.testing.assert_frame_equal(one.findings, other.findings, check_names=False, check_index_type=False)
