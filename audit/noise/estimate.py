"""Everything that can be said of wrong labels from several views of the same rows: `estimate(...) -> Estimate`."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audit.errors import InputError
from audit.noise.cut import Flags, at_budget, at_precision, best_f1, shifted
from audit.noise.matrix import NoiseMatrix, Reading, anchored, read
from audit.noise.pool import logarithms, pool, posterior
from audit.noise.rate import Evidence, Rate, rate_of
from audit.noise.refit import Features, soft_vote, steady_heads
from audit.noise.transfer import Explained, Second, Transfer, other_classes

HEAD, VOTE = "linear head, second stage", "neighbour vote, second stage"


@dataclass(frozen=True, eq=False)
class Estimate:
    """What was found; rows in the order of the labels given, classes by position."""

    wrong: np.ndarray
    """(n,) probability that the given label is wrong; its mean is `rate`."""
    suggested: np.ndarray
    """(n,) the most probable other class than the given one."""
    suggested_probability: np.ndarray
    """(n,) that it is the true one; at most `wrong`."""
    flags: Flags
    rate: float
    rate_low: float
    """`rate_low` to `rate_high`: what the sources of the rate allow, sampling error added; meant to cover 95 %."""
    rate_high: float
    rule: str
    """Which source decided the rate and why, in words."""
    views: tuple[str, ...]
    weights: np.ndarray
    """(views,) shares of the pooled evidence."""
    temperature: float
    """Sharpness of the truth, 1 being what fits the labels best."""
    matrix: np.ndarray
    """(K, K) p(given | true) in that reading."""
    pairs: np.ndarray
    """(K, K) expected rows given as the first class whose true class is the second; the diagonal is what is right."""
    notes: tuple[str, ...]
    seconds: float
    evenness: float
    """Probability that noise does not depend on the row, which the rate depends on; 0 where the rule has it otherwise."""
    transfer: Transfer
    """What carries it over to rows that had no part in it."""

    @property
    def score(self) -> np.ndarray:
        """(n,) quality of each label, 0 wrong ... 1 fine."""
        return np.asarray(1 - self.wrong)

    @property
    def flagged(self) -> np.ndarray:
        """(n,) bool."""
        return self.flags.flagged

    @property
    def count(self) -> int:
        """Expected number of wrong labels, not only of those that can be pointed at."""
        return round(self.rate * len(self.wrong))

    @property
    def expected_precision(self) -> float:
        """Of the flags."""
        return self.flags.precision

    @property
    def expected_recall(self) -> float:
        """Of the flags."""
        return self.flags.recall

    def at_precision(self, precision: float) -> Flags:
        """The longest list expected to be that precise."""
        return at_precision(self.wrong, precision)

    def at_budget(self, budget: int) -> Flags:
        """The list of that length with the most wrong labels."""
        return at_budget(self.wrong, budget)


def estimate(
    views: Mapping[str, np.ndarray],
    labels: np.ndarray,
    *,
    cheap: Collection[str] = (),
    features: Features | None = None,
) -> Estimate:
    """How many labels are wrong and which.

    Args:
        views: (n, K) class probabilities by name, in which no row saw its own label.
        labels: (n,) given labels, 0 ... K - 1.
        cheap: names of the views that were made of the data's own features, beside what the user brought.
        features: what they were made of; with it the cheap views are learnt a second time.
    """
    start = time.perf_counter()
    _checked(views, labels, cheap)
    evidence = _gather(views, labels, cheap, features)
    rate = rate_of(evidence, views, labels, cheap)
    wrong, at, ordering = _posterior(evidence, rate)
    suggested, share, pairs = other_classes(Explained.by(at), evidence.logits, labels, wrong)
    order = np.argsort(_odds(ordering), kind="stable")
    used = tuple(map(Explained.by, ordering))
    return Estimate(
        wrong=wrong,
        suggested=suggested,
        suggested_probability=share,
        flags=best_f1(wrong),
        rate=float(wrong.mean()),
        rate_low=min(rate.low, float(wrong.mean())),
        rate_high=max(rate.high, float(wrong.mean())),
        rule=rate.why,
        views=evidence.names,
        weights=evidence.weights,
        temperature=at.temperature,
        matrix=at.matrix,
        pairs=pairs,
        notes=evidence.notes,
        seconds=time.perf_counter() - start,
        evenness=rate.evenness,
        transfer=Transfer(
            evidence.powers, evidence.second, used, Explained.by(at), _odds(ordering)[order], wrong[order]
        ),
    )


def _checked(views: Mapping[str, np.ndarray], labels: np.ndarray, cheap: Collection[str]) -> None:
    if not views:
        raise InputError("label noise: no view of the rows")
    shapes = {name: np.shape(v) for name, v in views.items()}
    if len(set(shapes.values())) > 1:
        raise InputError(f"label noise: views differ in shape: {shapes}")
    n, classes = next(iter(shapes.values()))
    if len(labels) != n:
        raise InputError(f"label noise: {n:,} rows of probabilities for {len(labels):,} labels")
    if n == 0 or classes < 2:
        raise InputError(f"label noise: {n:,} rows of {classes} classes say nothing of noise")
    if labels.min() < 0 or labels.max() >= classes:
        raise InputError(
            f"label noise: labels must lie in 0 ... {classes - 1}, there is {labels.min()} ... {labels.max()}"
        )
    if missing := [c for c in cheap if c not in views]:
        raise InputError(f"label noise: cheap view {missing[0]!r} is not among {list(views)}")


def _gather(
    views: Mapping[str, np.ndarray], labels: np.ndarray, cheap: Collection[str], features: Features | None
) -> Evidence:
    """Pool the views, learn the cheap ones again, pool all."""
    names, logs = tuple(views), logarithms(list(views.values()))
    anchors = anchored(pool(logs, labels).truth, labels)
    pooled = pool(logs, labels, anchors.values)
    notes: tuple[str, ...] = ()
    classes: tuple[np.ndarray, ...] = ()
    kept: Second | None = None
    if cheap and features is not None:
        brought = logs[[i for i, name in enumerate(names) if name not in cheap]]
        again, learnt = _second_stage(
            brought, posterior(pooled.truth, labels, anchors.values), labels, anchors, features
        )
        more = np.concatenate([logs, again])
        second = pool(more, labels, anchors.values)
        if second.loss <= pooled.loss:
            names, logs, kept = (*names, HEAD, VOTE), more, learnt
            classes = tuple(a.argmax(axis=1) for a in again)
            anchors = anchored(second.truth, labels)
            pooled = pool(logs, labels, anchors.values)
        else:
            notes = ("the second stage explains the labels no better and is left out",)
    logits = np.tensordot(pooled.powers, logs, 1)
    return Evidence(names, pooled.powers, logits, anchors, read(logits, labels, anchors), notes, classes, kept)


def _second_stage(
    brought: np.ndarray, soft: np.ndarray, labels: np.ndarray, anchors: NoiseMatrix, features: Features
) -> tuple[np.ndarray, Second]:
    """(2, n, K) logarithms of the head fitted to the soft labels, and of the vote of what that head says."""
    heads = steady_heads(features, soft, labels)
    head = heads(features.vectors, heads.folds)
    heard = pool(np.concatenate([brought, logarithms([head])]), labels, anchors.values)
    votes = posterior(heard.truth, labels, anchors.values)
    return logarithms([head, soft_vote(features, votes)]), Second(heads, votes)


def _posterior(evidence: Evidence, rate: Rate) -> tuple[np.ndarray, Reading, Sequence[Reading]]:
    """P(wrong), the mean over the rates that are possible, the reading nearest to the mean rate, and those whose odds
    order the rows.

    At each rate it is the best reading moved there, or, where the truth may be sharper than that, the mean of the
    readings from the best to the one of that rate: nothing says how far from the best one the truth lies. Rows are in
    the order of the best reading, which explains the labels best; where a strong view carries the rate beyond that, in
    the order of all readings used, which are surer of what it is sure of.
    """
    readings, best = evidence.readings, evidence.best

    def reaching(value: float) -> int:
        beyond = [j for j in range(best, len(readings)) if readings[j].rate >= value]
        return beyond[0] if beyond else len(readings) - 1

    ordering = readings[best : reaching(rate.most) + 1] if rate.beyond else [readings[best]]
    order = np.argsort(_odds(ordering), kind="stable")
    probability = np.zeros(len(order))
    for p in rate.possible:
        used = readings[best : (reaching(p.rate) if p.sharp else best) + 1]
        probability[order] += p.share * shifted(np.sort(np.mean([r.wrong for r in used], axis=0)), p.rate)
    if not rate.beyond:
        probability = _settled(probability, rate.most)
    return probability, readings[reaching(float(probability.mean()))], ordering


def _odds(readings: Sequence[Reading]) -> np.ndarray:
    """(n,) mean log-odds."""
    return np.asarray(np.mean([r.odds for r in readings], axis=0))


def _settled(probability: np.ndarray, most: float) -> np.ndarray:
    """Raised, at most to the mean `most`, where more rows are flagged than are expected to be wrong.

    That happens where the truth is read too dull: many rows are then half wrong, on this side of the cut and on the
    other. The number worth flagging depends on their order more than on how dull they are.
    """
    raised = min(best_f1(probability).count / len(probability), most)
    return shifted(probability, raised) if raised > probability.mean() else probability
