"""Which rows a person looks at, and in which order: worth a look first, and drawn so that the answers also measure.

Flagged rows are cut into at most ten strata of equal size by how doubtful they are. Every row gets a number at random
once (from the data's fingerprint). Within a stratum rows come in the order of that number, so that the rows looked at
are at any time a simple random sample of their stratum; strata take turns in proportion to the square of their mean
P(wrong), so that doubtful rows come first. Rows that were not flagged are drawn by the same numbers, and so all rows
below the least number that nobody answered are a simple random sample of the whole data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from blake3 import blake3

from audit.errors import InputError, Undecided, UnknownName
from audit.report import Report

STRATA, FEWEST = 10, 20
"""At most so many strata of flagged rows, and at least so many rows in each."""
EVERY = 4
"""Every fourth row is one that was not flagged, as long as the sample lasts."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The rows that have a label score, in the report's order, and the design by which they are looked at."""

    ids: list[str]
    given: list[str]
    suggested: list[str]
    wrong: np.ndarray
    """(n,) 1 - `labels.score`: P(label wrong), unless the audit was told to rank by something else."""
    probability: np.ndarray
    """(n,) of the suggested label."""
    flagged: np.ndarray
    """(n,) bool."""
    luck: np.ndarray
    """(n,) the number at random, in [0, 1), no two alike."""
    stratum: np.ndarray
    """(n,) 0 the most doubtful flagged rows; the last one those that were not flagged."""
    strata: int
    """Of flagged rows."""
    is_probability: bool = True
    """Whether `wrong` is one, or only a score to rank by."""

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def place(self) -> dict[str, int]:
        """Position by row id."""
        return {row: i for i, row in enumerate(self.ids)}

    @cached_property
    def key(self) -> str:
        """A hash of everything that the order of the rows depends on."""
        held = blake3("\0".join([*self.ids, *self.given, *self.suggested]).encode("utf-8", "surrogatepass"))
        for values in (self.wrong, self.flagged, self.luck):
            held.update(np.ascontiguousarray(values).tobytes())
        return held.hexdigest()

    def drawn(self, stratum: int) -> np.ndarray:
        """Positions of a stratum's rows in the order in which they are looked at."""
        own = np.flatnonzero(self.stratum == stratum)
        return own[np.argsort(self.luck[own])]


def plan(report: Report) -> Plan:
    """The design for a report's labels. UnknownName, Undecided or InputError if nobody scored them."""
    if "labels" not in report.checks:
        raise UnknownName.of("check", "labels", report.checks, where="report")
    labels = report["labels"]
    if labels.status == "error":
        raise Undecided(f"the labels check could not finish, so there is nothing to review: {labels.why}")
    if labels.status != "ran" or not len(labels.scores):
        raise InputError(f"{report.dataset.name}: no label was scored: {labels.why}")
    scores = labels.scores
    ids = [str(row) for row in scores.index]
    if len(set(ids)) < len(ids):
        raise InputError("two rows have the same id as text, so decisions about them cannot be told apart")
    flagged, wrong = scores["flagged"].to_numpy(bool), 1 - scores["score"].to_numpy(float)
    stratum, strata = _strata(wrong, flagged)
    seed = int.from_bytes(blake3(report.dataset.fingerprint.encode()).digest(8))
    return Plan(
        ids=ids,
        given=[str(v) for v in scores["given"]],
        suggested=[str(v) for v in scores["suggested"]],
        wrong=wrong,
        probability=pd.Series(scores["suggested_probability"]).to_numpy(float),
        flagged=flagged,
        luck=np.random.default_rng(seed).permutation(len(ids)) / len(ids),
        stratum=stratum,
        strata=strata,
        is_probability=labels.detail.get("method") == "assay",
    )


def _strata(wrong: np.ndarray, flagged: np.ndarray) -> tuple[np.ndarray, int]:
    """(n,) stratum of each row, and how many there are of flagged rows."""
    doubtful = np.flatnonzero(flagged)
    doubtful = doubtful[np.argsort(-wrong[doubtful], kind="stable")]
    many = min(max(len(doubtful) // FEWEST, 1), STRATA) if len(doubtful) else 0
    stratum = np.full(len(wrong), many)
    for number, rows in enumerate(np.array_split(doubtful, many) if many else []):
        stratum[rows] = number
    return stratum, many


def order(design: Plan, *, budget: int | None = None, sample: int = 0) -> np.ndarray:
    """Positions (q,) of the rows to look at, first to last: at most `budget` flagged ones (None: all), and among them
    `sample` that were not flagged."""
    rows = [design.drawn(h) for h in range(design.strata)]
    turn = [np.arange(1, len(own) + 1) / max(float(design.wrong[own].mean()) ** 2, 1e-6) for own in rows]
    doubtful = np.concatenate(rows)[np.argsort(np.concatenate(turn), kind="stable")] if rows else np.zeros(0, int)
    doubtful = doubtful[:budget]
    others = design.drawn(design.strata)[:sample]
    when = np.concatenate([np.arange(len(doubtful)) // (EVERY - 1), np.arange(len(others))])
    kind = np.repeat([0, 1], [len(doubtful), len(others)])
    return np.concatenate([doubtful, others])[np.lexsort((kind, when))]
