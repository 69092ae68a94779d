"""The label check without probabilities for all rows: models are trained on drawn rows, and judge all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from audit.checks import CHECKS
from audit.errors import InputError, NotApplicable
from audit.large.drawn.around import Said
from audit.large.drawn.judge import Known
from audit.large.drawn.sample import Share, sampled
from audit.large.drawn.sampled import Sample, of_drawn
from audit.large.drawn.taught import FEWEST, Taught
from audit.large.every.labels import lines_of
from audit.large.found import LEARNT, Streamed, streamed
from audit.large.read.table import LargeData
from audit.neighbours import Neighbours
from audit.noise.cut import flags_of_many
from audit.noise.judge import OUR_CUTOFF, OUR_SCORE, Cutoff, Judged
from audit.noise.reasons import EXPLAINED, Witnesses, reasons
from audit.noise.tables import moved, tables
from audit.report import Issues

ESTIMATED = "labels: "
"""How what is said of the sample begins, among what the check has to say."""


# -- drawn rows only -----------------------------------------------------------------------------------------------------


def sampled_labels(data: LargeData, what: Taught, issues: Issues) -> Streamed:
    """What models trained on the drawn rows say of them out of fold, as in memory. The estimated share is that of all
    rows, and its interval has the chance of drawing in it; rows of classes too rare to learn count as wrong in its
    upper end and as right in its lower one.

    Args:
        data: all rows.
        what: the drawn ones.
        issues: theirs.
    """
    n, m, said = data.table.rows, len(what.rows), issues.measures
    rare = _rare(data, what)
    ends = _ends(said, n, rare, said["rate"])
    pointed = Share(int(said["flagged"]), m, n - rare)
    ends["flagged"] = [said["flagged"], pointed.intervals()["count"][1] + rare]
    told = "{0} is estimated from {1} rows, by models trained on them; a limit is held against the upper end; tables and flags are of the drawn rows"
    return of_drawn(data, what.rows, _told(issues, said["rate"] * (1 - rare / n), ends, [told], (what, n, rare)))


def of_the_drawn(what: Taught, options: dict[str, Any]) -> Issues:
    """The label check of the drawn rows, as in memory; NotApplicable where it refuses them."""
    try:
        return CHECKS["labels"](what.evidence, **options)
    except InputError as why:
        raise NotApplicable(f"on {what.drawn:,} drawn rows: {why}") from None


def _rare(data: LargeData, what: Taught) -> int:
    """Rows of classes that are not learnt."""
    return int(np.count_nonzero((what.place(len(data.classes)) < 0)[data.labels]))


def _ends(said: Mapping[str, float], n: int, rare: int, rate: float) -> dict[str, list[float]]:
    """The interval of all rows: that of the rows learnt from, wide enough to hold where its odds lie about `rate`, the
    share of wrong labels among all rows that were judged."""
    common = 1 - rare / n
    low = min(said["rate_low"], moved(rate, said["rate"], said["rate_low"]))
    high = max(said["rate_high"], moved(rate, said["rate"], said["rate_high"]))
    low, high = low * common, min(1.0, high * common + rare / n)
    return {"rate": [low, high], "count": [math.floor(low * n), math.ceil(high * n)]}


def _told(
    issues: Issues,
    rate: float,
    ends: dict[str, list[float]],
    words: Sequence[str],
    of: tuple[Taught, int, int],
    **more: Any,
) -> Issues:
    """With the measures of all rows, and what is to be said of them."""
    what, n, rare = of
    m, (low, high) = len(what.rows), ends["rate"]
    notes = [ESTIMATED + w.format(f"{rate:.2%} ({low:.2%} to {high:.2%})", f"{m:,} of {n:,}") for w in words]
    if rare:
        few = f"{rare:,} rows are of classes of which fewer than {FEWEST} rows were drawn, or only copies of one"
        notes.append(f"{ESTIMATED}{few}: all of them count as wrong in the upper end")
    measures = {"rate": rate, "count": round(rate * n), "rate_low": low, "rate_high": high}
    detail = {**issues.detail, **measures, **sampled(m, n, ends), **more, "notes": [*issues.detail["notes"], *notes]}
    return replace(issues, measures={**issues.measures, **measures}, detail=detail)


# -- all rows ------------------------------------------------------------------------------------------------------------


def labels_of_all(
    data: LargeData, what: Taught, known: Known, around: tuple[Sample, Said | None], issues: Issues, cutoff: Cutoff
) -> Streamed:
    """Every row's label by the estimate that was made of the drawn ones: these as they were judged out of fold, the
    others by models that saw none of their copies.

    Args:
        data: all rows.
        what: the drawn ones.
        known: of all rows.
        around: the drawn rows in their space, and what is said of the others.
        issues: of the drawn rows.
        cutoff: how many rows are to be flagged.
    """
    sample, said = around
    if said is None:
        raise TypeError("labels of all rows are judged where those of drawn ones could be")
    whole = _whole(data, what, said, cutoff)
    n, rare = data.table.rows, _rare(data, what)
    ends = _ends(issues.measures, n, rare, whole.rate / max(1 - rare / n, 1e-12))
    words = [
        "{0} of all rows, judged by models trained on {1} rows, of which none judged itself or its copies; a limit is held "
        "against the upper end",
        "what cleanlab and each view say is of those {1} rows",
    ]
    if what.unsure.any():
        words.append(
            f"rows of {np.count_nonzero(what.unsure)} rare classes, of which fewer than {FEWEST} rows were drawn by lot, are "
            f"scored but not flagged: too little is learnt of them"
        )
    told = _told(
        issues,
        whole.rate,
        ends,
        words,
        (what, n, rare),
        path=LEARNT,
        cutoff_used=whole.cutoff_used,
        expected_precision=whole.expected.precision,
        expected_recall=whole.expected.recall,
        **_tables(data, what, whole, ends["rate"]),
        why=_why(data, what, known, sample, whole),
    )
    told = replace(
        told, measures={**told.measures, "flagged": int(np.count_nonzero(whole.flagged))}, scores=pd.DataFrame()
    )
    at = np.flatnonzero(whole.flagged)
    worst = at[np.argsort(whole.score[at], kind="stable")]
    judged = None if rare == 0 else ~np.isnan(whole.score)
    return streamed(
        told,
        lambda s: whole.score[s].astype("float64"),
        lambda s: whole.flagged[s],
        worst,
        lambda p: lines_of(data, whole, p),
        given=data.given,
        suggested=lambda s: _suggested(data, whole, judged, s),
        suggested_probability=lambda s: whole.probability[s].astype("float64"),
    )


def _whole(data: LargeData, what: Taught, said: Said, cutoff: Cutoff) -> Judged:
    """All rows, those learnt from as they were judged out of fold; classes by their place among all, pairs
    by that among the learnt ones."""
    own, n, K = what.evidence.noise, data.table.rows, len(data.classes)
    score, probability = said.score.copy(), said.probability.copy()
    suggested = what.classes.astype(np.min_scalar_type(K))[said.suggested]
    score[what.rows], probability[what.rows] = own.score, own.suggested_probability
    suggested[what.rows] = what.classes[own.suggested]
    flagged = flags_of_many(np.where(what.unsure[data.labels], np.nan, score), cutoff.precision, cutoff.budget)
    pairs = said.pairs + own.pairs
    np.fill_diagonal(pairs, 0)
    wrong = 1 - score
    rate = float(np.nansum(wrong, dtype="float64")) / n
    return Judged(
        score=score,
        flagged=flagged,
        suggested=suggested,
        probability=probability,
        count=round(rate * n),
        rate=rate,
        rate_low=own.rate_low,
        rate_high=own.rate_high,
        pairs=pairs,
        score_used=OUR_SCORE,
        cutoff_used=cutoff.words(OUR_CUTOFF),
        rule=own.rule,
        wrong=np.nan_to_num(wrong),
    )


def _tables(data: LargeData, what: Taught, whole: Judged, ends: list[float]) -> dict[str, Any]:
    """What the pages show of the labels as a whole, of the classes that were learnt."""
    place, codes = what.place(len(data.classes)), data.labels
    shown = replace(whole, rate_low=ends[0], rate_high=ends[1], suggested=place[whole.suggested])
    mine = place[codes]
    if len(what.classes) < len(data.classes):
        judged = np.flatnonzero(mine >= 0)
        mine = mine[judged]
        rows = ("score", "flagged", "suggested", "probability", "wrong")
        shown = replace(shown, **{name: getattr(shown, name)[judged] for name in rows})
    return tables(shown, mine, what.evidence.data.classes)


def _suggested(data: LargeData, whole: Judged, judged: np.ndarray | None, here: slice) -> Any:
    """The names of suggested classes; missing where a row was not judged."""
    named = pd.Series(data.named(whole.suggested[here])).infer_objects()
    if judged is None:
        return named.array
    kind: Any = {"b": "boolean", "i": "Int64"}.get(named.dtype.kind)
    return (named if kind is None else named.astype(kind)).where(judged[here]).array


def _why(data: LargeData, what: Taught, known: Known, sample: Sample, whole: Judged) -> list[dict[str, Any]]:
    """Why the worst rows are flagged: drawn rows speak for and against them."""
    at = np.flatnonzero(whole.flagged)
    worst = np.sort(at[np.argsort(whole.score[at], kind="stable")[:EXPLAINED]])
    others = np.setdiff1d(worst, what.rows)
    evidence = what.evidence
    rows, views, near, together = what.rows, evidence.views, evidence.neighbours, evidence.together
    if len(others):
        vectors = replace(sample.asked, centre=None).vectors(data.at(others))
        spoken = what.judge.views(vectors, known.block[others])
        alone = np.where(spoken.own < 0, together.max() + 1 + np.arange(len(others)), spoken.own)
        rows, together = np.concatenate([rows, others]), np.concatenate([together, alone])
        views = {k: np.concatenate([v, more]) for (k, v), more in zip(views.items(), spoken.first, strict=True)}
        near = Neighbours(
            np.concatenate([near.indices, spoken.near[:, : near.indices.shape[1]]]),
            np.concatenate([near.distances, spoken.distances[:, : near.indices.shape[1]]]),
        )
    place = what.place(len(data.classes))
    shown = replace(
        whole,
        score=whole.score[rows],
        flagged=np.isin(rows, worst),
        suggested=place[whole.suggested[rows]],
        probability=whole.probability[rows],
        wrong=None if whole.wrong is None else whole.wrong[rows],
    )
    labels = place[data.labels[rows]]
    return reasons(shown, labels, Witnesses(views, near, together), list(data.rows[rows]), evidence.data.classes)
