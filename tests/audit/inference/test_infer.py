"""An inferred suite holds for the data and for other samples of its population, and no longer once there are faults."""

import warnings

import numpy as np
import pandas as pd
import pytest
from toy import pictures_of, report_of, texts_of

from audit import gx
from audit.dataset import Dataset
from audit.inference import infer
from audit.inference.columns import infer_column
from audit.inference.limits import infer_limits
from audit.inference.resampling import Inferred, halves, rounded_down, rounded_up, upper_end
from audit.report import FINDING_COLUMNS, Issues
from audit.run import audit
from audit.sources import load
from audit.suite import Expectation, Limit, Suite
from audit.verdict import gate
from tests.audit.inference.population import FAULTS, N, drawn


def loaded(table: pd.DataFrame) -> Dataset:
    return load(table, label="label", id="key")


@pytest.fixture(scope="module")
def suite() -> Suite:
    data = loaded(drawn(0))
    found = infer(data, audit(data, checks=["leakage", "missing", "duplicates"]))
    return Suite("inferred", tuple(f.demand for f in found.demands if isinstance(f.demand, Expectation)))


def broken(table: pd.DataFrame, suite: Suite) -> dict[str, str]:
    """What the table breaks: column (or type) to state."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # some of Great Expectations' own
        outcomes = gx.run_expectations(loaded(table).table, suite.expectations)
    return {str(o.expectation.kwargs.get("column", o.expectation.type)): o.state for o in outcomes if o.state != "pass"}


def test_it_holds_for_the_data_and_for_other_samples(suite):
    assert [broken(drawn(seed), suite) for seed in range(6)] == [{}] * 6


def test_every_demand_says_where_it_comes_from():
    data = loaded(drawn(0))
    found = infer(data, audit(data, checks=["leakage", "missing", "duplicates"]))
    assert all(f.because for f in found.demands)
    assert any(said.startswith("wild: a heavy tail") for said in found.left_out)
    assert any(said.startswith("labels.rate: not measured") for said in found.left_out)


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_break_it(suite, fault):
    change, column = FAULTS[fault]
    assert column in broken(change(drawn(0)), suite)


class TestColumns:
    def demands(self, column: pd.Series) -> list:
        return list(infer_column("x", column, halves(len(column), 0)))

    def types(self, column: pd.Series) -> list[str]:
        return [f.demand.type for f in self.demands(column) if isinstance(f, Inferred)]

    def test_the_same_data_and_seed_give_the_same_demands(self):
        column = pd.Series(np.random.default_rng(1).normal(size=300))
        assert self.demands(column) == self.demands(column)

    def test_words_that_seldom_repeat_are_texts_and_no_set(self):
        names = pd.Series([f"name {k}" for k in range(300)])
        assert "expect_column_values_to_be_in_set" not in self.types(names)

    def test_a_set_with_rare_values_leaves_room_for_new_ones(self):
        rare = pd.Series(["a"] * 400 + [f"r{k}" for k in range(4)] + ["b"] * 400)
        (found,) = [f.demand for f in self.demands(rare) if "in_set" in f.demand.type]
        assert 0.9 < found.kwargs["mostly"] < 1

    @pytest.mark.parametrize(
        "column",
        [pd.Series([1.0, 2.0, 3.0] * 5), pd.Series([np.nan] * 100), pd.to_datetime(pd.Series(["2024-01-01"] * 100))],
        ids=["few", "empty", "dates"],
    )
    def test_what_cannot_be_said_is_left_out_aloud(self, column):
        assert isinstance(self.demands(column)[-1], str)

    def test_a_true_bound_is_exact_and_a_thinning_tail_is_not(self):
        cuts, rng = halves(1000, 0), np.random.default_rng(0)
        clipped, counts = np.clip(rng.normal(size=1000), -1, 1), rng.poisson(0.2, 1000).astype(float)
        assert upper_end(clipped, cuts).bound == 1
        assert upper_end(counts, cuts).bound > counts.max()

    def test_a_heavy_tail_has_no_bound(self):
        assert upper_end(np.random.default_rng(0).standard_cauchy(1000), halves(1000, 0)) is None

    @pytest.mark.parametrize("value", [0.0, 1.0, 12.3456, 0.0012345, 98765.0, -3.14159, 0.1, 100.0])
    def test_rounding_never_tightens(self, value):
        assert rounded_down(value) <= value <= rounded_up(value)
        assert rounded_up(value) == pytest.approx(value, rel=0.01)


class TestLimits:
    DATA = loaded(drawn(0))

    def limits(self, *issues: Issues) -> dict[str, Limit]:
        idle = [] if any(i.check == "leakage" for i in issues) else [Issues("leakage", "not_applicable")]
        found = infer_limits(self.DATA, report_of(self.DATA, *issues, *idle), 0)
        return {f.demand.measure: f.demand for f in found if isinstance(f, Inferred)}

    def test_where_there_are_none_none_are_let_in(self):
        issues = Issues("duplicates", measures={"exact.rate": 0.0, "near.rate": 0.0})
        found = self.limits(
            Issues("conflicts", measures={"count": 0}), Issues("missing", measures={"rate": 0.0}), issues
        )
        assert {found[m].max for m in ("conflicts.count", "missing.rate", "duplicates.exact.rate")} == {0}
        assert found["duplicates.near.rate"].max == pytest.approx(10 / N)

    def test_sets_of_copies_come_and_go_whole(self):
        rows = [f"r{k}" for k in range(40)]
        table = pd.DataFrame({c: None for c in FINDING_COLUMNS}, index=rows).assign(score=0.0, kind="exact")
        one, many = table.assign(group="g"), table.assign(group=rows)
        measures = {"exact.rate": 40 / N}
        room = [
            self.limits(Issues("duplicates", measures=measures, findings=f))["duplicates.exact.rate"].max
            for f in (one, many)
        ]
        assert room[0] > room[1] > 40 / N

    def test_leaks_are_limited_where_they_were_looked_for(self):
        leakage = Issues("leakage", measures={"exact.count": 0, "exact.rate": 0, "near.count": 3, "near.rate": 0.1})
        assert self.limits(leakage)["leakage.exact.count"].max == 0
        assert "leakage.near.count" not in self.limits(leakage)

    def test_the_share_of_wrong_labels_has_the_room_of_its_interval(self):
        found = self.limits(Issues("labels", measures={"rate": 0.05, "rate_high": 0.07}))
        assert found["labels.rate"].max == pytest.approx(0.05 + 3 * 0.02)


@pytest.mark.parametrize("data", [pictures_of(), texts_of([f"note {k} rain" for k in range(80)], ["a", "b"] * 40)])
def test_every_kind_of_data_meets_the_suite_inferred_from_it(data):
    checks = ["schema", "conflicts", "duplicates", "missing", "imbalance", "leakage"]
    found = infer(data, audit(data, checks=checks))
    demands = [f.demand for f in found.demands]
    suite = Suite(
        "own",
        tuple(d for d in demands if isinstance(d, Expectation)),
        tuple(d for d in demands if isinstance(d, Limit)),
    )
    verdict = gate(audit(data, suite=suite, checks=checks), suite)
    assert (verdict.outcome, verdict.breaches) == ("PASS", ())
