"""`drift`: columns that do not look like draws from one distribution, and only those."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp
from toy import texts_of

from audit import load
from audit.drift import Drift, drift, holm


def table(n, seed, **columns):
    rng = np.random.default_rng(seed)
    values = {"a": rng.normal(size=n), "b": rng.normal(size=n), "c": rng.choice(["u", "v"], n)}
    return load(pd.DataFrame({**values, **columns, "label": rng.choice(["x", "y"], n)}), label="label")


def named(found, column, kind="values"):
    return next(d for d in found if (d.column, d.kind) == (column, kind))


def test_a_shifted_column_drifts_and_the_others_do_not():
    found = drift(table(400, 1), table(400, 2, a=np.random.default_rng(9).normal(0.5, 1, 400)))

    assert [d.column for d in found if d.drifted] == ["a"]
    assert found[0].column == "a"


def test_the_distance_is_scipy_s():
    one, other = table(100, 1), table(120, 2)
    told = ks_2samp(one.table["b"], other.table["b"], method="asymp")

    assert named(drift(one, other), "b").distance == told.statistic
    assert named(drift(one, other), "b").p == told.pvalue


def test_class_shares_drift():
    one = table(400, 1)
    kept = one.given.eq("x") | (np.arange(400) % 4 == 0)
    other = one.take(one.rows[kept])

    assert named(drift(one, other), "label", "classes").drifted


def test_labels_that_are_whole_numbers_do_not_drift_for_being_read_as_floats():
    one = table(400, 1)
    codes = (one.given == "x").astype(int)
    before, after = (
        replace(one, table=one.table.assign(label=codes.astype(kind)), classes=(kind(0), kind(1)))
        for kind in (int, float)
    )

    assert named(drift(before, after), "label", "classes").distance == 0


def test_missing_cells_drift():
    holes = np.where(np.arange(300) % 5 == 0, np.nan, 1.5)
    found = named(drift(table(300, 1, a=1.5), table(300, 1, a=holes)), "a", "missing")

    assert found.drifted
    assert (found.before, found.after) == (0.0, 0.2)


def test_lengths_of_texts_drift():
    texts = [f"note {i} of the day" for i in range(60)]
    one, other = (texts_of(t, ["x", "y"] * 30) for t in (texts, [f"{t} and much more of it" for t in texts]))

    assert named(drift(one, other), "text", "lengths").drifted


def test_holm_is_holm():
    found = holm([Drift("c", "values", 0, 0, 0, p) for p in (0.01, 0.04, 0.03)])

    assert [d.adjusted for d in found] == pytest.approx([0.03, 0.06, 0.06])


def test_chance_rarely_looks_like_drift():
    alarms = sum(any(d.drifted for d in drift(table(120, s), table(120, 1000 + s))) for s in range(60))

    assert alarms <= 8  # 3 expected of 60 at most; more than 8 with probability below 0.01
