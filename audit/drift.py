"""`drift`: whether columns of two datasets look as if they came from one distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from audit.dataset import Dataset, label_name

ALPHA = 0.05
MOST = 50
"""Different words in a column up to which their shares are compared."""
Kind = Literal["classes", "categories", "values", "lengths", "missing"]


@dataclass(frozen=True)
class Drift:
    """One thing that was compared."""

    column: str
    kind: Kind
    before: float
    """Median of values and lengths, share of missing cells; of classes and categories the share of the commonest."""
    after: float
    distance: float
    """Kolmogorov-Smirnov's for values and lengths; half the summed difference of shares for the others: 0 to 1."""
    p: float
    adjusted: float = 1.0
    """After Holm (1979), over all that were compared."""

    @property
    def drifted(self) -> bool:
        """Whether chance would rarely explain it."""
        return self.adjusted < ALPHA


def drift(before: Dataset, after: Dataset) -> tuple[Drift, ...]:
    """Compare class shares, shares of missing cells, numbers and the lengths of texts, surest difference first.

    Numbers and lengths by the two-sample Kolmogorov-Smirnov test, shares by chi-square, missing cells by Fisher's exact
    test, all p-values by Holm's method. The tests take the two sets for independent draws: where most rows are the
    same ones they are cautious.
    """
    found: list[Drift] = []
    if before.roles.label is not None and after.roles.label is not None:
        found += _shares(str(before.roles.label), "classes", before.given, after.given)
    for name in before.roles.features:
        if name in after.roles.features:
            found += _column(name, before.table[name], after.table[name])
    if before.roles.text is not None and after.roles.text is not None:
        lengths = [np.array([len(t) for t in d.texts], dtype=float) for d in (before, after)]
        found += _values(before.roles.text, "lengths", *lengths)
        found += _missing(before.roles.text, *(np.array([not t.strip() for t in d.texts]) for d in (before, after)))
    return tuple(sorted(holm(found), key=lambda d: (d.adjusted, -d.distance)))


def holm(found: Sequence[Drift]) -> list[Drift]:
    """The same with p-values that keep the chance of any false alarm among them: p_(i) (m - i), made monotone."""
    order = np.argsort([d.p for d in found], kind="stable")
    out, worst = list(found), 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, found[i].p * (len(found) - rank)))
        out[i] = replace(found[i], adjusted=worst)
    return out


def _column(name: str, old: pd.Series, new: pd.Series) -> list[Drift]:
    found = _missing(name, old.isna().to_numpy(), new.isna().to_numpy())
    if old.dtype.kind in "iufb" and new.dtype.kind in "iufb":
        values = [s.dropna().to_numpy("float64") for s in (old, new)]
        return found + _values(name, "values", *values)
    one, other = old.dropna(), new.dropna()
    if len(one) and len(other) and max(one.nunique(), other.nunique()) <= MOST:
        found += _shares(name, "categories", one, other)
    return found


def _values(name: str, kind: Kind, old: np.ndarray, new: np.ndarray) -> list[Drift]:
    from scipy.stats import ks_2samp

    if not len(old) or not len(new):
        return []
    told = ks_2samp(old, new, method="asymp")
    middles = (float(np.median(old)), float(np.median(new)))
    return [Drift(name, kind, *middles, float(told.statistic), float(told.pvalue))]


def _missing(name: str, old: np.ndarray, new: np.ndarray) -> list[Drift]:
    from scipy.stats import fisher_exact

    if not old.any() and not new.any():
        return []
    p = fisher_exact([[old.sum(), len(old) - old.sum()], [new.sum(), len(new) - new.sum()]])[1]
    return [Drift(name, "missing", float(old.mean()), float(new.mean()), abs(float(old.mean() - new.mean())), float(p))]


def _shares(name: str, kind: Kind, old: pd.Series, new: pd.Series) -> list[Drift]:
    from scipy.stats import chi2_contingency

    counts = [s.map(label_name).value_counts() for s in (old, new)]
    names = counts[0].index.union(counts[1].index)
    table = np.stack([c.reindex(names, fill_value=0).to_numpy("float64") for c in counts])
    if table.shape[1] < 2:
        return []
    shares = table / table.sum(axis=1, keepdims=True)
    common = int(shares[0].argmax())
    apart = float(np.abs(shares[0] - shares[1]).sum() / 2)
    p = float(chi2_contingency(table, correction=False)[1])
    return [Drift(name, kind, float(shares[0, common]), float(shares[1, common]), apart, p)]
