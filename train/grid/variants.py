"""`Variant`: one arm of a comparison, what is done to the rows beforehand and to the batches while training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from audit.dataset import Dataset
from audit.errors import InputError, UnknownName
from audit.patch import Patch, empty_patch, make_patch
from audit.report import Report
from audit.treatments import deduplicate, prune, prune_at_random, relabel, reweight
from train.augment import DEFAULT, Augment, augment, augmentation
from train.grid.pollution import PREFIX, percent_of, polluted

RAW = "raw"
PRUNED = "pruned"
CONTROL = "random-pruned"
ORACLE = "oracle"
AUGMENTED = "augmented"
SUFFIX = f"+{AUGMENTED}"
Treat = Callable[[Dataset, Report, int], Patch]


@dataclass(frozen=True)
class Variant:
    """An arm: `treat` makes a patch from a draw and its audit (labels and duplicates); `augment` changes batches.

    In a ledger its name stands for what it does: give a treatment of your own another name when you change it.
    """

    name: str
    treat: Treat
    augment: Augment | None = None
    looks_at: str = ""
    """A column of the data that `treat` reads beside the labels."""
    cleaner: Literal["draw", "pool"] = "draw"
    """What the audit behind `treat` has seen: the draw, or the whole pool, which flatters the repair."""


def _untouched(data: Dataset, report: Report, seed: int) -> Patch:  # noqa: ARG001  a Treat
    return empty_patch(data.fingerprint)


def _pruned(data: Dataset, report: Report, seed: int) -> Patch:  # noqa: ARG001
    return prune(data, report, checks=("labels",))


def _relabelled(data: Dataset, report: Report, seed: int) -> Patch:  # noqa: ARG001
    return relabel(data, report)


def _reweighted(data: Dataset, report: Report, seed: int) -> Patch:  # noqa: ARG001
    return reweight(data, report)


def _deduplicated(data: Dataset, report: Report, seed: int) -> Patch:  # noqa: ARG001
    return deduplicate(data, report)


def _random_pruned(data: Dataset, report: Report, seed: int) -> Patch:
    # as many as `_pruned` drops: each flagged row once
    return prune_at_random(data, report, seed=seed, rows=report["labels"].findings.index.nunique())


VARIANTS: dict[str, Variant] = {
    v.name: v
    for v in (
        Variant(RAW, _untouched),
        Variant(PRUNED, _pruned),
        Variant("relabelled", _relabelled),
        Variant("reweighted", _reweighted),
        Variant("deduplicated", _deduplicated),
        Variant(AUGMENTED, _untouched, augment),
        Variant(CONTROL, _random_pruned),
    )
}
POOL = "@pool"
"""Ends the name of a repair whose cleaner saw the whole pool: it knows what nobody with a draw's rows can know."""
CLEANERS = (PRUNED, "relabelled", "reweighted", "deduplicated", CONTROL)


def choose(wanted: Sequence[str | Variant], data: Dataset, truth: str | None) -> tuple[Variant, ...]:
    """The named variants, and your own, raw first and always there, and the control beside pruning.

    `NAME+augmented` adds augmentation to any of them, `augmented:crop+flip` and `NAME+augmented:crop+flip` one of your
    choice (`train.augment`); `NAME@pool` lets a repair's cleaner see the whole pool; `polluted:5` flips the labels of
    5 % more rows; `oracle` gives every row its true label, from column `truth`.
    """
    if truth is not None:
        _check_truth(data, truth)
    chosen: dict[str, Variant] = {}
    for one in (RAW, *wanted):
        variant = one if isinstance(one, Variant) else _variant(one, truth)
        if chosen.setdefault(variant.name, variant) != variant:
            raise InputError(f"two variants are called {variant.name!r}")
    repairs = {_taken_apart(name)[0] for name in chosen}
    for suffix in ("", POOL):
        if PRUNED + suffix in repairs:
            chosen.setdefault(CONTROL + suffix, _variant(CONTROL + suffix, truth))
    return tuple(chosen.values())


def _check_truth(data: Dataset, truth: str) -> None:
    if truth not in data.table.columns:
        raise UnknownName.of("column", truth, data.table.columns, where=data.name)
    if truth in data.roles.features:
        raise InputError(
            f"{data.name}: column {truth!r} holds the true labels and is among the features; name the features without it"
        )
    true = data.table[truth]
    odd = true.index[~true.map(str).isin([str(c) for c in data.classes])]
    if len(odd):
        raise UnknownName.of("class", true[odd[0]], data.classes, where=f"{data.name}, column {truth!r}, row {odd[0]}")


def _variant(name: str, truth: str | None) -> Variant:
    repair, policy = _taken_apart(name)
    plain = repair.removesuffix(POOL)
    if plain == ORACLE:
        if truth is None:
            raise InputError("variant oracle needs the column of the true labels (--truth COLUMN)")
        chosen = Variant(ORACLE, _oracle(truth), looks_at=truth)
    elif plain in VARIANTS:
        chosen = VARIANTS[plain]
    elif (percent := percent_of(plain)) is not None:
        chosen = Variant(plain, polluted(percent))
    else:
        known = [*VARIANTS, f"{PRUNED}{SUFFIX}", f"{PRUNED}{POOL}", f"{PREFIX}5", ORACLE]
        raise UnknownName.of("variant", name, known)
    if plain != repair and plain not in CLEANERS:
        raise InputError(f"variant {name!r}: {plain} uses no cleaner, so there is none to show the whole pool")
    augment = chosen.augment if policy is None else augmentation(policy)
    return replace(chosen, name=name, cleaner="draw" if plain == repair else "pool", augment=augment)


def _taken_apart(name: str) -> tuple[str, str | None]:
    """(what is done to the rows, the augmentation's policy or None): `pruned+augmented:crop+flip` is pruned, crop,flip."""
    before, found, after = name.partition(AUGMENTED)
    if not found or (before and not before.endswith("+")) or (after and not after.startswith(":")):
        return name, None
    return before.removesuffix("+") or RAW, after.removeprefix(":").replace("+", ",") or DEFAULT


def _oracle(truth: str) -> Treat:
    def treat(data: Dataset, report: Report, seed: int) -> Patch:  # noqa: ARG001
        true, given = data.table[truth].map(str), data.given.map(str)
        wrong = true.index[(true != given).to_numpy()]
        lines = [
            {
                "row": r,
                "action": "relabel",
                "from": given[r],
                "to": true[r],
                "reason": "true label",
                "check": truth,
            }
            for r in wrong
        ]
        return make_patch(lines, base=data.fingerprint, treatment=ORACLE)

    return treat
