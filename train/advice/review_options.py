"""What having people review labels would bring."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from audit.render import words
from train.advice.actions import Action, Estimate, make_action
from train.advice.backwards import Backwards, extrapolate_backwards
from train.advice.measured import Measured
from train.advice.prices import Bill, Prices
from train.advice.readings import FEWEST_SEEDS, in_points, more_seeds, seeds_why, seen, told
from train.advice.rerun import listed, rerun
from train.comparison import BASELINE
from train.grid.pollution import PREFIX, percent_of
from train.judge.curves import Refused
from train.judge.statistics import over_seeds

LABEL_REPAIRS = ("pruned", "relabelled", "reweighted")
FLAGGING = ("pruned", "reweighted")
"""Versions whose edits count the labels that look wrong, exactly or nearly, where the draws' audits did not."""
ORACLE = "oracle"
POLLUTED = ("polluted:5", "polluted:10", "polluted:20")
MOST_POLLUTED = 60.0
COSTLIEST = 5.0
"""A wrong label is taken to cost at most so many times its share of the rows: an upper end, by convention."""


def review_options(measured: Measured, model: str, prices: Prices) -> list[Action]:
    """Review of the labels that look wrong, and of all labels where the truth is known for comparison."""
    flagged = _flagged(measured, model)
    if flagged is None:
        return [_unmeasured_review(measured, model)]
    looked = measured.reported.looked if measured.reported is not None else 0
    out = [_review_flagged(measured, model, prices, flagged, looked)] if flagged - looked >= 0.5 else []
    if (oracle := measured.contrast(ORACLE, model)) is not None:
        beyond = _over_repair(measured, model, 1.0)
        out.append(
            make_action(
                "review",
                f"review all {measured.rows:,} labels",
                model,
                seen(oracle),
                prices.bill({"review": measured.rows}),
                measured.delta,
                amount=measured.rows,
                why=seeds_why(oracle),
                command=more_seeds(measured, oracle),
                evidence=(*told(measured, ORACLE, model), "People are taken to make no mistakes."),
                over_repair=None if beyond is None else beyond.low,
            )
        )
    return out


def _flagged(measured: Measured, model: str) -> float | None:
    """Labels of the data that look wrong: by the report on it, else the mean of the largest draws scaled to all rows."""
    if measured.reported is not None and measured.reported.flagged is not None:
        return float(measured.reported.flagged)
    drawn = _flags(measured, model)
    return float(np.mean(list(drawn.values()))) * measured.rows / measured.largest if drawn else None


def _flags(measured: Measured, model: str) -> dict[int, float]:
    """Seed to how many labels of the largest draw look wrong."""
    edits = (measured.by_seed(v, model, "edits") for v in FLAGGING)
    return measured.by_seed(BASELINE, model, "flagged") or next(filter(None, edits), {})


def _unmeasured_review(measured: Measured, model: str) -> Action:
    return make_action(
        "review",
        "review doubtful labels",
        model,
        None,
        Bill(None),
        measured.delta,
        why="no version says which labels look wrong",
        command=rerun(measured, {"--variants": listed(measured.variants, LABEL_REPAIRS, POLLUTED)}),
    )


def _review_flagged(measured: Measured, model: str, prices: Prices, flagged: float, looked: int) -> Action:
    """What all decisions together would bring, for the price of those that are still to be made."""
    left = flagged - looked
    opinion = read_backwards(measured, model)
    estimate, evidence = _reviewed(measured, model, opinion, flagged / measured.rows)
    why, command = _to_settle_review(measured, model, opinion)
    if measured.rows != measured.largest and measured.reported is None:
        evidence.append(f"Counted in draws of {measured.largest:,} rows and scaled to all {measured.rows:,}.")
    if cost := measured.noise_cost(model):
        evidence.append(
            f"Over sizes and noise together, noise costs {words.number(cost['g'])} times its share of the rows "
            f"(between {words.number(cost['g_low'])} and {words.number(cost['g_high'])})."
        )
    beyond = _over_repair(measured, model, _recall(measured, model))
    if beyond is not None:
        evidence.append(f"Beyond the best automatic repair, paired by seed: {in_points(beyond)}.")
    return make_action(
        "review",
        f"review {words.count(left)} {'other ' if looked else ''}doubtful labels",
        model,
        estimate,
        prices.bill({"review": round(left)}),
        measured.delta,
        amount=float(round(left)),
        why=why,
        command=command,
        evidence=evidence,
        over_repair=None if beyond is None else beyond.low,
    )


def _to_settle_review(measured: Measured, model: str, opinion: Backwards | Refused) -> tuple[str, str]:
    """Why nobody can tell what a review would bring, and what to run: seeds where a measured gain is not exact enough,
    else polluted versions, of which more than there are where these do not reach."""
    oracle = measured.contrast(ORACLE, model)
    thin = oracle or _best_repair(measured, model) or {}
    if oracle is not None or isinstance(opinion, Backwards) or measured.seeds < FEWEST_SEEDS:
        return seeds_why(thin), more_seeds(measured, thin)
    there = [p for v in measured.variants if (p := percent_of(v)) is not None]
    lacking = [v for v in POLLUTED if v not in measured.variants] or [f"{PREFIX}{min(2 * max(there), MOST_POLLUTED):g}"]
    why = "it was not measured what wrong labels cost: make a few more wrong and see" if not there else opinion.why
    return why, rerun(measured, {"--variants": listed(measured.variants, lacking)})


def _reviewed(
    measured: Measured, model: str, opinion: Backwards | Refused, share: float
) -> tuple[Estimate | None, list[str]]:
    """What correcting the labels that look wrong would bring, by the best evidence there is: true labels, reading
    backwards from pollution, or what the repairs of the same labels brought."""
    recall = _recall(measured, model)
    evidence = [] if isinstance(opinion, Refused) else [_backwards_told(opinion)]
    oracle = measured.contrast(ORACLE, model)
    if oracle is not None:
        evidence = [*told(measured, ORACLE, model), *evidence]
        if recall is not None:
            reached = (
                f"By the true labels, {words.share(recall, 0)} of the wrong labels look wrong: that part is counted."
            )
            return seen(oracle).scaled(recall), [*evidence, reached]
        best = _best_repair(measured, model)
        ceiling = "How many of the wrong labels look wrong is not known: the gain is the most a review could bring."
        return replace(seen(oracle), low=None if best is None else best["low"]), [*evidence, ceiling]
    if isinstance(opinion, Backwards):
        perfect = Estimate(opinion.gain, opinion.low, opinion.high)
        best = _best_repair(measured, model)
        if recall is not None:
            return _at_least(perfect.scaled(recall), best), evidence
        flags = measured.precision(model)
        return _at_least(perfect.scaled(flags.value, flags.low, flags.high), best), [*evidence, flags.told]
    return _by_repairs(measured, model, share)


def _at_least(estimate: Estimate, best: Mapping[str, Any] | None) -> Estimate:
    """The estimate, or what the best repair brought where that is more: people do no worse on the same rows."""
    if best is None or best["low"] is None or estimate.low is None or estimate.high is None:
        return estimate
    gain = max(estimate.gain, best["diff"])
    return Estimate(gain, max(estimate.low, best["low"]), max(estimate.high, gain))


def _by_repairs(measured: Measured, model: str, share: float) -> tuple[Estimate | None, list[str]]:
    """At least what the best repair brought, which people would not do worse than; at most what as many more clean rows
    would bring as labels may be flagged and wrong, if each cost `COSTLIEST` times its share."""
    best = _best_repair(measured, model)
    if best is None:
        return None, []
    floor = seen(best)
    evidence = [
        *told(measured, best["variant"], model),
        "People know better than the cleaner: this is the least a review of the same rows would bring.",
    ]
    curve, flags = measured.raw_curves[model], measured.precision(model)
    wrong = share * flags.high
    most = math.inf if isinstance(curve, Refused) else curve.largest / max((1 - wrong) ** COSTLIEST, 1e-9)
    if isinstance(curve, Refused) or most > curve.reach[1]:
        return Estimate(floor.gain, floor.low, None), evidence
    gained = curve.draws.errors(curve.largest) - curve.draws.errors(most)
    ceiling = float(sorted(gained)[int(0.975 * len(gained))])
    evidence.append(flags.told)
    if ceiling > floor.gain:  # one below what a repair has brought already bounds nothing
        evidence.append(
            f"At most {words.signed(ceiling * 100)} points if {words.share(wrong)} of the labels are wrong and flagged and "
            f"noise costs {COSTLIEST:g} times its share."
        )
    return Estimate(floor.gain, floor.low, max(ceiling, floor.high or 0.0, floor.gain)), evidence


def _over_repair(measured: Measured, model: str, part: float | None) -> Estimate | None:
    """What that part of the true labels' gain is beyond the best repair, paired by seed; Student's t over the seeds."""
    best = _best_repair(measured, model)
    if best is None or part is None:
        return None
    raw, true, repaired = (measured.by_seed(v, model, "accuracy") for v in (BASELINE, ORACLE, best["variant"]))
    seeds = sorted(set(raw) & set(true) & set(repaired))
    if len(seeds) < FEWEST_SEEDS:
        return None
    beyond = np.array([part * (true[s] - raw[s]) - (repaired[s] - raw[s]) for s in seeds])
    return Estimate(float(beyond.mean()), *over_seeds(beyond).interval())


def _best_repair(measured: Measured, model: str) -> Mapping[str, Any] | None:
    found = [c for v in LABEL_REPAIRS if (c := measured.contrast(v, model)) is not None]
    return max(found, key=lambda c: (c["diff"], c["low"] or -1.0), default=None)


def _recall(measured: Measured, model: str) -> float | None:
    """The share of the wrong labels that look wrong, where the truth is known: what pruning leaves is what it missed."""
    before, after = (measured.average(v, model, "noise") for v in (BASELINE, "pruned"))
    kept = measured.average("pruned", model, "rows")
    if before is None or after is None or kept is None:
        return None
    return 1.0 if before == 0 else min(max(1 - after * kept / (before * measured.largest), 0.0), 1.0)


# -- the second opinion ------------------------------------------------------------------------------------------------


def read_backwards(measured: Measured, model: str) -> Backwards | Refused:
    """What perfect labels would bring by the polluted versions that were compared, or why nobody can say."""
    shares = {p / 100: v for v in measured.variants if (p := percent_of(v)) is not None}
    raw = measured.by_seed(BASELINE, model, "accuracy")
    accuracies = {0.0: raw, **{x: measured.by_seed(v, model, "accuracy") for x, v in shares.items()}}
    noise = _noise(measured, model)
    seeds = sorted(set(noise).intersection(*accuracies.values()))
    errors = {x: [1 - found[s] for s in seeds] for x, found in accuracies.items()}
    return extrapolate_backwards(errors, [noise[s] for s in seeds])


def _noise(measured: Measured, model: str) -> dict[int, float]:
    """Seed to the share of labels that is wrong: by the truth where it is known, else those that look wrong."""
    if true := measured.by_seed(BASELINE, model, "noise"):
        return true
    return {seed: count / measured.largest for seed, count in _flags(measured, model).items()}


def _backwards_told(opinion: Backwards) -> str:
    ends = in_points(Estimate(opinion.gain, opinion.low, opinion.high))
    return (
        f"Read backwards from {words.listing([words.share(x) for x in opinion.levels])} of further wrong labels: no wrong "
        f"label instead of {words.share(opinion.noise)} would bring {ends}."
    )
