"""Labels that are probably wrong: how many, which, and why (docs/label-errors.md)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from audit.checks.findings import found, scored
from audit.confident import DEFAULT, RULES, FilterBy, Learnt, learnt
from audit.errors import InputError, NotApplicable, Undecided, UnknownName
from audit.evidence.gather import STABLE_WORK, Evidence
from audit.evidence.views import HEAD
from audit.noise.faults import clueless, no_telling
from audit.noise.judge import Cutoff, Judged, by_cleanlab, by_noise, by_score
from audit.noise.methods import METHODS, score, training_dynamics
from audit.noise.reasons import Witnesses, reasons
from audit.noise.tables import tables
from audit.report import Issues

OURS, CLEANLAB, DYNAMICS = "assay", "cleanlab", "training_dynamics"
RANKINGS = (OURS, CLEANLAB, *METHODS, DYNAMICS)
SEEDS = 3


def labels(
    evidence: Evidence,
    *,
    method: str = OURS,
    filter_by: FilterBy | None = None,
    precision: float | None = None,
    budget: int | None = None,
    seeds: int = SEEDS,
) -> Issues:
    """Estimate how many labels are wrong, flag those that probably are, and score every label.

    Args:
        evidence: its views; `method` says what is made of them.
        method: `assay`, the posterior that the label is wrong under the estimated noise matrix; `cleanlab`, exactly its
            flags and scores; or another score by name, cut off where as many rows are flagged as are estimated wrong.
        filter_by: cleanlab's rule, where `method` is cleanlab; by default its own default.
        precision: flag the longest list that is expected to be so precise, in (0, 1].
        budget: flag so many rows.
        seeds: ways of dealing out the folds by which each row's stability is tried; 1 leaves it out.
    """
    if evidence.data.roles.label is None:
        raise NotApplicable("no label column")
    _compatible(method, filter_by, Cutoff(precision, budget))
    if why := clueless(evidence.views, evidence.data.labels):
        raise Undecided(why)
    said = _judged(evidence, method, filter_by, Cutoff(precision, budget))
    opinions, why_not = _opinions(evidence, seeds)
    witnesses = Witnesses(evidence.views, evidence.neighbours, evidence.together, opinions)
    theirs = learnt(evidence.data.labels, evidence.pred_probs)
    return Issues(
        check="labels",
        measures={
            "count": said.count,
            "rate": said.rate,
            "rate_low": said.rate_low,
            "rate_high": said.rate_high,
            "flagged": int(said.flagged.sum()),
        },
        scores=_scores(evidence, said, witnesses.stability(evidence.data.labels), theirs),
        findings=_findings(evidence, said),
        detail={
            "method": method,
            "made_of": evidence.made_of,
            "score_used": said.score_used,
            "cutoff_used": said.cutoff_used,
            "rule": said.rule,
            "count": said.count,
            "rate": said.rate,
            "rate_low": said.rate_low,
            "rate_high": said.rate_high,
            "expected_precision": said.expected.precision,
            "expected_recall": said.expected.recall,
            "views": _views(evidence, said),
            "seeds": None if opinions is None else len(opinions),
            "agreement": _agreement(evidence, evidence.pred_probs),
            "notes": [*evidence.notes, *said.notes, *(n for n in (why_not, no_telling(len(evidence.data))) if n)],
            **tables(said, evidence.data.labels, evidence.data.classes),
            "cleanlab": _beside_cleanlab(evidence, said, theirs),
            "why": reasons(said, evidence.data.labels, witnesses, list(evidence.data.rows), evidence.data.classes),
        },
    )


def _compatible(method: str, filter_by: str | None, cutoff: Cutoff) -> None:
    """Options that contradict each other are refused: one of them would be ignored."""
    if method not in RANKINGS:
        raise UnknownName.of("method", method, RANKINGS, where="labels")
    asked = [name for name, value in (("precision", cutoff.precision), ("budget", cutoff.budget)) if value is not None]
    if len(asked) > 1:
        raise InputError("labels: precision and budget are two lengths for one list; give one of them")
    if method == CLEANLAB and asked:
        raise InputError(f"labels: cleanlab's flags are its own, and {asked[0]} is assay's; leave one of them out")
    if method != CLEANLAB and filter_by is not None:
        raise InputError(
            f"labels: filter_by is a rule of cleanlab's, and the method is {method}; set method = 'cleanlab'"
        )
    if filter_by is not None and filter_by not in RULES:
        raise UnknownName.of("filter_by", filter_by, RULES, where="labels")


def _judged(evidence: Evidence, method: str, filter_by: FilterBy | None, cutoff: Cutoff) -> Judged:
    given = evidence.data.labels
    if method == CLEANLAB:
        return by_cleanlab(evidence.pred_probs, given, filter_by or DEFAULT)
    if method == OURS:
        return by_noise(evidence.noise, cutoff)
    if method == DYNAMICS:
        made = training_dynamics(evidence.features, given)
        return by_score(evidence.noise, made, "area under the margin while a linear model learns", cutoff)
    return by_score(evidence.noise, score(method, evidence.pred_probs, given), method, cutoff)


def _opinions(evidence: Evidence, seeds: int) -> tuple[np.ndarray | None, str]:
    """(seeds, n) what the linear head says over several ways of dealing out the folds, or why nobody knows."""
    if seeds < 1:
        raise InputError(f"labels: seeds must be 1 or more, this is {seeds}")
    if seeds == 1:
        return None, ""
    if HEAD not in evidence.views:
        return None, "stability is not known: there is no linear head"
    work = evidence.embeddings.size * len(evidence.data.classes)
    if work > STABLE_WORK:
        return None, f"stability is not tried: rows x columns x classes are {work:.1e}, more than {STABLE_WORK:.0e}"
    return evidence.opinions(seeds), ""


def _scores(evidence: Evidence, said: Judged, stable: np.ndarray | None, theirs: Learnt) -> pd.DataFrame:
    """Every row's score, flag and suggestion, its stability where that was tried, and cleanlab's flags beside ours."""
    given = evidence.data.given
    suggested = np.array(evidence.data.classes, dtype=object)[said.suggested]
    return scored(
        evidence.data.rows,
        said.score,
        said.flagged,
        given=given,
        suggested=pd.Series(suggested, index=given.index).astype(given.dtype),
        suggested_probability=said.probability,
        **({} if stable is None else {"stability": stable}),
        **{f"cleanlab.{rule}": flags for rule, flags in theirs.flags.items()},
    )


def _findings(evidence: Evidence, said: Judged) -> pd.DataFrame:
    names, worst = np.array(evidence.data.classes, dtype=object), np.flatnonzero(said.flagged)
    given, suggested = names[evidence.data.labels[worst]], names[said.suggested[worst]]
    reason = looks_like(given, suggested, said.probability[worst])
    return found(evidence.data.rows[worst], said.score[worst], reason, given=given, suggested=suggested)


def looks_like(given: np.ndarray, suggested: np.ndarray, sure: np.ndarray) -> list[str]:
    """Why rows are flagged, a line each."""
    return [f"labelled {g}, looks like {s} ({p:.1%} sure)" for g, s, p in zip(given, suggested, sure, strict=True)]


def _agreement(evidence: Evidence, view: np.ndarray) -> float:
    """The share of the given labels that are a view's first guess."""
    return float((view.argmax(axis=1) == evidence.data.labels).mean())


def _views(evidence: Evidence, said: Judged) -> list[dict[str, Any]]:
    """What was pooled: each view's share of the evidence, and how often its first guess is the given label."""
    lines = [
        {"view": name, "agreement": _agreement(evidence, values), "weight": said.weights.get(name)}
        for name, values in evidence.views.items()
    ]
    later = [{"view": v, "agreement": None, "weight": w} for v, w in said.weights.items() if v not in evidence.views]
    return [*lines, *later]


def _beside_cleanlab(evidence: Evidence, said: Judged, theirs: Learnt) -> dict[str, Any]:
    """Confident learning on the same evidence: its count, what each of its rules flags, and how much of that is here."""
    return {
        "evidence": list(evidence.strong or evidence.views),
        "engine": theirs.engine,
        "count": theirs.count,
        "filter_by": {
            rule: {"flagged": int(mask.sum()), "flagged_here_too": int((mask & said.flagged).sum())}
            for rule, mask in theirs.flags.items()
        },
    }
