"""How far reviewers agree beyond chance."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from audit.review.decisions import DROP, RELABEL, UNSURE, Decision


@dataclass(frozen=True)
class Agreement:
    """Of the rows that two reviewers or more were sure about."""

    reviewers: tuple[str, ...]
    rows: int
    same: float
    """Share of these rows on which all say the same."""
    kappa: float | None
    """Cohen's of two reviewers, Fleiss' of more; None where all that was said is one answer, so that chance alone would
    agree."""
    name: str


def answers(decisions: Iterable[Decision], given: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Row → reviewer → the label that the row has then, or that it is to go; who is not sure has no answer."""
    out: dict[str, dict[str, str]] = defaultdict(dict)
    for d in decisions:
        if d.verdict != UNSURE and d.row in given:
            kept = f"label {d.label if d.verdict == RELABEL else given[d.row]}"
            out[d.row][d.reviewer] = DROP if d.verdict == DROP else kept
    return dict(out)


def agreement(by_row: Mapping[str, Mapping[str, str]]) -> Agreement | None:
    """None where no row has the answers of two reviewers."""
    shared = [dict(said) for said in by_row.values() if len(said) > 1]
    if not shared:
        return None
    who = sorted({reviewer for said in shared for reviewer in said})
    same = float(np.mean([len(set(said.values())) == 1 for said in shared]))
    if len(who) == 2:
        kappa = cohen([(said[who[0]], said[who[1]]) for said in shared])
        return Agreement(tuple(who), len(shared), same, kappa, "Cohen's kappa")
    return Agreement(tuple(who), len(shared), same, fleiss([list(s.values()) for s in shared]), "Fleiss' kappa")


def cohen(pairs: list[tuple[str, str]]) -> float | None:
    """(p_o - p_e) / (1 - p_e), p_e from each reviewer's own shares (Cohen 1960)."""
    n = len(pairs)
    one, other = (Counter(p[k] for p in pairs) for k in (0, 1))
    chance = sum(one[c] * other[c] for c in one) / n**2
    return _beyond(sum(a == b for a, b in pairs) / n, chance)


def fleiss(said: list[list[str]]) -> float | None:
    """(P - P_e) / (1 - P_e), P the mean share of pairs of a row's reviewers who agree, P_e from the shares of all
    answers (Fleiss 1971); rows may have different numbers of reviewers, each two or more."""
    counts = [Counter(row) for row in said]
    agree = [sum(v * (v - 1) for v in c.values()) / (c.total() * (c.total() - 1)) for c in counts]
    overall: Counter[str] = sum(counts, Counter())
    chance = sum((v / overall.total()) ** 2 for v in overall.values())
    return _beyond(float(np.mean(agree)), chance)


def _beyond(found: float, chance: float) -> float | None:
    return None if chance >= 1 else (found - chance) / (1 - chance)
