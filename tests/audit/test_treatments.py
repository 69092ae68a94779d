"""Repairs do what the report supports, to the data it is of, and add nothing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import Truth, planted, report_of, table_of

from audit.checks.findings import found, scored
from audit.errors import InputError, StaleError, Undecided, UnknownName
from audit.patch import Patch
from audit.report import Issues, Report
from audit.run import audit
from audit.suite import Suite
from audit.treatments import TREATMENTS, deduplicate, prune, prune_at_random, relabel, reweight, treat

CHECKS = ("labels", "conflicts", "duplicates", "outliers", "imbalance", "missing")


@pytest.fixture(scope="module")
def audited(trees: Truth) -> Report:
    return audit(trees.data, checks=CHECKS, suite=Suite("none"))


def by_hand(check: str, rows: list, score: list, *, labels=("a", "b") * 4, status="ran", right=None, **more) -> tuple:
    """Eight rows, 10 to 17, of which `rows` are flagged; `right` are the probabilities of what is suggested."""
    data = table_of(np.arange(16.0).reshape(8, 2), list(labels), list(range(10, 18)))
    index = pd.Index(rows)
    quality = pd.Series(1.0, index=data.rows)
    quality[index] = np.array(score, dtype=float)
    sure = pd.Series(0.0, index=data.rows)
    sure[index] = [1 - q for q in score] if right is None else right
    scores = scored(data.rows, quality.to_numpy(), data.rows.isin(rows), suggested_probability=sure.to_numpy())
    findings = found(index, np.array(score, dtype=float), ["why"] * len(rows), **more)
    issues = Issues(check, status, "boom" if status == "error" else "", scores=scores, findings=findings)
    return data, report_of(data, issues)


def test_pruning_drops_what_the_named_checks_flag_and_nothing_else(trees, audited):
    flagged = {r for c in ("labels", "conflicts", "missing") for r in audited[c].flagged}
    patch = prune(trees.data, audited)
    assert set(patch.table["row"]) == flagged
    assert set(patch.table["action"]) == {"drop"}
    assert patch.table["row"].tolist() == [r for r in trees.data.rows if r in flagged]
    assert set(prune(trees.data, audited, checks=("missing",)).table["row"]) == set(trees.missing)


def test_relabelling_puts_most_planted_flips_right(trees, audited):
    patch = relabel(trees.data, audited)
    true = {r: trees.data.given[r] for r in trees.data.rows}
    changed = patch.table.set_index("row")
    assert len(set(changed.index) & set(trees.flipped)) >= 0.8 * len(trees.flipped)
    assert all(true[r] == changed.loc[r, "from"] != changed.loc[r, "to"] for r in changed.index)


@pytest.mark.parametrize(
    ("precision", "changed"), [(0.8, [10, 11, 12]), (0.9, [10, 12]), (0.96, [12]), (0.7, [10, 11, 12, 13])]
)
def test_relabelling_is_the_longest_list_that_is_expected_to_be_so_right(precision, changed):
    data, report = by_hand(
        "labels", [10, 11, 12, 13], [0.1, 0.2, 0.0, 0.3], right=[0.9, 0.6, 0.98, 0.4],
        given=["a", "b", "a", "b"], suggested=["b", "a", "b", "a"],
    )  # fmt: skip
    assert relabel(data, report, precision=precision).table["row"].tolist() == changed


@pytest.mark.parametrize("precision", [0, -1, 1.1])
def test_a_precision_is_a_share(precision):
    data, report = by_hand("labels", [10], [0.0], given=["a"], suggested=["b"])
    with pytest.raises(InputError, match=r"precision must lie in \(0, 1\]"):
        relabel(data, report, precision=precision)


@pytest.mark.parametrize("labels", [(0, 1) * 4, (True, False) * 4, (0.5, 1.5) * 4])
def test_relabelling_keeps_labels_of_their_kind(labels):
    text = [str(v) for v in labels]
    data, report = by_hand("labels", [10], [0.0], labels=labels, given=text[:1], suggested=text[1:2])
    out = relabel(data, report).apply(data)
    assert out.given.loc[10] == labels[1]
    assert out.given.dtype == data.given.dtype


def test_reweighting_weighs_by_the_probability_that_the_label_is_right():
    data, report = by_hand("labels", [12, 10], [0.1, 0.4], given=["a", "a"], suggested=["b", "b"])
    out = reweight(data, report).apply(data)
    assert out.weights.tolist() == [0.4, 1.0, 0.1, 1.0, 1.0, 1.0, 1.0, 1.0]


def test_a_doubtful_row_is_weighed_though_nobody_flags_it_and_a_certain_one_is_left_alone():
    data, report = by_hand("labels", [12], [0.1], given=["a"], suggested=["b"])
    scores = report["labels"].scores.assign(score=[1, 0.7, 0.1, 0.9899, 0.99, 1, 1, 1])
    report = replace(report, checks={"labels": replace(report["labels"], scores=scores)})
    out = reweight(data, report).apply(data)
    assert out.weights.tolist() == [1, 0.7, 0.1, 0.9899, 1, 1, 1, 1]


def test_deduplicating_keeps_the_first_of_each_set_but_settles_no_conflict(trees, audited):
    patch = deduplicate(trees.data, audited)
    torn = set(audited["conflicts"].flagged)
    assert len(torn & set(trees.exact)) == 2
    assert set(patch.table["row"]) == {*trees.exact, *trees.near} - torn
    assert len(set(patch.apply(trees.data).content)) == len(trees.data) - 10


@pytest.mark.parametrize("first", ["train", "test"])
def test_of_a_leak_between_splits_the_row_that_is_tested_on_stays(first):
    values = np.random.default_rng(0).normal(size=(60, 3))
    values[55], values[56], values[57] = values[4], values[5], values[5]  # rows 56 and 57 repeat one another
    data = table_of(values, ["a", "b"] * 30)
    given = data.table["label"].to_numpy(object)
    given[[55, 56, 57]] = given[[4, 5, 5]]
    table = data.table.assign(label=given, split=["train"] * 40 + ["test"] * 20)
    table = table if first == "train" else table[::-1]
    data = replace(data, table=table, roles=replace(data.roles, split="split"))
    report = audit(data, checks=["duplicates", "leakage", "conflicts"], suite=Suite("none"))
    dropped = set(deduplicate(data, report).table["row"])

    assert {4, 5} <= dropped
    assert 55 not in dropped
    assert len({56, 57} & dropped) == 1
    again = audit(data.drop(list(dropped)), checks=["duplicates", "leakage"], suite=Suite("none"))
    assert again["leakage"].measures["exact.count"] == again["duplicates"].measures["exact.count"] == 0


def test_beside_a_reference_only_rows_of_the_data_s_own_splits_stay_for_being_tested_on():
    values = np.random.default_rng(0).normal(size=(60, 3))
    values[55], values[7] = values[4], values[6]
    labels = ["a", "b"] * 30
    labels[55], labels[7] = labels[4], labels[6]
    data = table_of(values, labels)
    data = replace(
        data,
        table=data.table.assign(split=["train"] * 40 + ["test"] * 20),
        roles=replace(data.roles, split="split"),
    )
    there = table_of(values[[9, 8]], ["a", "b"], [7, 55])  # called as rows of the data are, and rows 9 and 8 of it
    report = audit(data, reference=there, checks=["duplicates", "leakage"], suite=Suite("none"))

    assert set(deduplicate(data, report).table["row"]) == {4, 7, 8, 9}


def test_pruning_at_random_drops_as_many_as_pruning(trees, audited):
    expected = len(prune(trees.data, audited))
    patches = [prune_at_random(trees.data, audited, seed=s) for s in (0, 0, 1)]
    assert [len(p) for p in patches] == [expected] * 3
    assert patches[0].table.equals(patches[1].table)
    assert not patches[0].table.equals(patches[2].table)
    assert len(prune_at_random(trees.data, audited, rows=5)) == 5
    assert len(prune_at_random(trees.data, audited, rows=10**6)) == len(trees.data)


def test_clean_data_is_not_pruned():
    data, report = by_hand("labels", [], [])
    assert len(prune(data, report)) == 0
    assert prune(data, report).apply(data) is data


@pytest.mark.parametrize("name", list(TREATMENTS))
def test_no_treatment_adds_rows_or_touches_its_input(trees, audited, name):
    before = trees.data.table.copy(deep=True)
    patch = TREATMENTS[name](trees.data, audited)
    out = patch.apply(trees.data)
    assert set(out.rows) <= set(trees.data.rows)
    assert not out.rows.duplicated().any()
    assert patch.table["reason"].str.len().gt(0).all()
    pd.testing.assert_frame_equal(trees.data.table, before)


@pytest.mark.parametrize("name", list(TREATMENTS))
def test_a_report_of_other_data_is_refused(trees, audited, name):
    other = trees.data.take(trees.data.rows[:-1])
    with pytest.raises(StaleError, match="the report is of trees"):
        TREATMENTS[name](other, audited)
    with pytest.raises(StaleError):
        treat(other, audited, [name])


def test_a_report_of_the_data_in_other_roles_is_refused(trees, audited):
    other = replace(trees.data, roles=replace(trees.data.roles, features=("x0", "x1")))
    with pytest.raises(StaleError, match="or other roles"):
        treat(other, audited, ["prune"])


@pytest.mark.parametrize(
    ("name", "check"),
    [("prune", "labels"), ("relabel", "labels"), ("reweight", "labels"), ("deduplicate", "duplicates"),
     ("deduplicate", "leakage"), ("prune-at-random", "conflicts")],
)  # fmt: skip
def test_a_check_that_broke_is_nothing_to_repair_by(name, check):
    data, report = by_hand(check, [], [], status="error")
    with pytest.raises(Undecided, match=f"the {check} check could not finish.*boom"):
        TREATMENTS[name](data, report)


def test_a_check_that_did_not_apply_repairs_nothing():
    data, report = by_hand("leakage", [], [], status="not_applicable")
    assert len(deduplicate(data, report)) == 0


def test_treatments_compose_and_a_dropped_row_is_only_dropped(trees, audited):
    patch = treat(trees.data, audited, ["relabel", "prune", "deduplicate"])
    assert patch.treatment == "relabel,prune,deduplicate"
    assert not patch.table["row"].duplicated().any()
    alone = {*prune(trees.data, audited).table["row"], *deduplicate(trees.data, audited).table["row"]}
    assert set(patch.rows("drop").index) == alone
    assert len(patch.apply(trees.data)) == len(trees.data) - len(alone)


def test_a_relabelled_row_is_not_weighed_by_the_label_it_had():
    data, report = by_hand("labels", [10, 11], [0.0, 0.4], right=[1.0, 0.5], given=["a", "b"], suggested=["b", "a"])
    patch = treat(data, report, ["reweight", "relabel"])
    assert patch.table[["row", "action"]].to_numpy().tolist() == [[10, "relabel"], [11, "weight"]]


def test_a_patch_of_several_treatments_comes_back_from_its_file(trees, audited, tmp_path):
    patch = treat(trees.data, audited, ["relabel", "reweight", "deduplicate"])
    patch.write(tmp_path / "patch.parquet")
    back = Patch.read(tmp_path / "patch.parquet", base=trees.data.fingerprint)
    assert back.apply(trees.data).fingerprint == patch.apply(trees.data).fingerprint


def test_a_report_read_from_its_folder_repairs_the_same(trees, audited, tmp_path):
    audited.write(tmp_path)
    back = Report.read(tmp_path)
    for name in TREATMENTS:
        one, other = (treat(trees.data, r, [name]).table for r in (audited, back))
        pd.testing.assert_frame_equal(one, other, check_dtype=False)


def test_an_unknown_treatment_is_named(trees, audited):
    with pytest.raises(UnknownName, match=r"no treatment 'prunes'; .*did you mean 'prune'"):
        treat(trees.data, audited, ["prunes"])


def test_no_treatment_is_no_change(trees, audited):
    assert len(treat(trees.data, audited, [])) == 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(list(TREATMENTS)), max_size=4))
def test_whatever_is_composed_the_patch_applies(names):
    data, report = _small()
    out = treat(data, report, names).apply(data)
    assert set(out.rows) <= set(data.rows)


def _small(kept: dict = {}) -> tuple:  # noqa: B006  audited once
    if not kept:
        data = planted().data
        kept["it"] = data, audit(data, checks=CHECKS, suite=Suite("none"))
    return kept["it"]


@pytest.mark.parametrize("treatment", [prune, relabel, reweight])
def test_a_repair_by_checks_nobody_ran_is_undecided(treatment):
    data, report = by_hand("imbalance", [10], [0.1])
    with pytest.raises(Undecided, match="is in the report; it has imbalance"):
        treatment(data, report)
