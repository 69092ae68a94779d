"""Rows of the reference, or of another split, that are here too."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from toy import blobs, evidence_of, pictures_of, sentences, table_of, texts_of

from audit.checks.leakage import leakage, trained_on
from audit.dataset import Dataset, Roles
from audit.errors import NotApplicable


def fresh(n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    return blobs(n, seed=99)


def leaky(data: Dataset, rows: list, ids: list | None = None, **more) -> Dataset:
    """New rows, then these of the data's, under ids of their own."""
    values, labels = fresh()
    there = np.vstack([values, data.features.loc[rows].to_numpy()])
    names = np.r_[np.array(data.classes)[labels], data.given.loc[rows].to_numpy()]
    return table_of(there, names, ids if ids is not None else [f"t{i}" for i in range(len(there))], **more)


def test_planted_rows_are_found_here_and_counted_there(clean):
    issues = leakage(evidence_of(clean, reference=leaky(clean, [5, 9, 9])))
    assert issues.measures["exact.count"] == 3
    assert issues.measures["exact.rate"] == 3 / 43
    assert issues.flagged.tolist() == [5, 9]
    assert issues.findings["twin"].tolist() == ["t40", "t41"]
    assert issues.findings["reason"].iloc[0] == "is the same as row t40 of trees"
    assert issues.detail["against"] == "trees"
    assert [(p["kind"], p["row"], p["reference_row"]) for p in issues.detail["pairs"]] == [
        ("exact", 5, "t40"), ("exact", 9, "t41"), ("exact", 9, "t42"),
    ]  # fmt: skip


def test_nothing_leaks_from_data_that_shares_no_row(clean):
    values, labels = fresh()
    issues = leakage(evidence_of(clean, reference=table_of(values, np.array(clean.classes)[labels])))
    assert issues.measures["exact.count"] == 0
    assert len(issues.findings) == 0


def test_near_rows_are_no_exact_ones(clean):
    values = clean.features.iloc[[3]].to_numpy() + 1e-4
    issues = leakage(evidence_of(clean, reference=table_of(values, ["ash"])))
    assert issues.measures["exact.count"] == 0
    assert issues.measures["near.count"] == 1
    assert issues.findings.loc[3, "kind"] == "near"


def test_texts_leak_after_normalisation(notes):
    texts, _ = sentences(seed=77)
    there = texts_of([texts[0] + " unlike", notes.texts[4].upper(), notes.texts[6]], ["weather"] * 3, [0, 1, 2], "test")
    issues = leakage(evidence_of(notes, reference=there))
    assert issues.measures["exact.count"] == 1
    assert issues.measures["normalised.count"] == 2
    assert issues.findings["kind"].to_dict() == {6: "exact", 4: "normalised"}


def test_pictures_leak():
    tiles = pictures_of()
    there = Dataset("there", tiles.table.iloc[:3], tiles.roles, tiles.classes, images=tiles.images[[8, 9, 8]])
    issues = leakage(evidence_of(tiles, reference=there))
    assert issues.measures["exact.count"] == 3
    assert issues.flagged.tolist() == [8, 9]


def test_the_reference_may_have_a_class_of_its_own_and_other_kinds_of_ids_and_numbers(clean):
    there = leaky(clean, [5], ids=list(range(41)))
    table = there.table.assign(label=["yew"] * 41).astype({"x0": "Float64"})
    there = Dataset("there", table, there.roles, ("yew",))
    issues = leakage(evidence_of(clean, reference=there))
    assert issues.measures["exact.count"] == 1
    assert issues.detail["pairs"][0]["label"] == clean.given[5]
    assert issues.detail["pairs"][0]["reference_label"] == "yew"


def test_a_reference_of_whole_numbers_equals_data_of_floats():
    data = table_of(np.arange(40.0)[:, None], ["a", "b"] * 20)
    table = pd.DataFrame({"x0": [3, 4], "label": ["a", "b"]})
    assert (
        leakage(evidence_of(data, reference=Dataset("r", table, data.roles, ("a", "b")))).measures["exact.count"] == 2
    )


def test_the_reference_needs_no_label(clean):
    there = Dataset("there", clean.table.iloc[:2].drop(columns="label"), Roles(features=clean.roles.features), ())
    assert leakage(evidence_of(clean, reference=there)).measures["exact.count"] == 2


def test_row_order_does_not_change_the_rows_found(clean):
    there = leaky(clean, [5, 9])
    shuffled = clean.take(clean.rows[::-1])
    one, other = (leakage(evidence_of(d, reference=there)) for d in (clean, shuffled))
    assert one.measures == other.measures
    assert set(one.flagged) == set(other.flagged) == {5, 9}


def test_what_a_leak_is_worth_does_not_depend_on_labels_being_read_as_floats(clean):
    there = leaky(clean, list(range(20)))
    codes = {name: i for i, name in enumerate(clean.classes)}

    def coded(data: Dataset, kind: type) -> Dataset:
        labels = data.given.map(codes).astype(kind)
        return replace(data, table=data.table.assign(label=labels), classes=tuple(map(kind, range(3))))

    worth = [
        leakage(evidence_of(coded(clean, one), reference=coded(there, other))).measures["inflation"]
        for one, other in ((int, int), (int, float), (float, int))
    ]
    assert worth[0] == worth[1] == worth[2]
    pairs = leakage(evidence_of(coded(clean, int), reference=coded(there, float))).detail["pairs"]
    assert {p["label"] == p["reference_label"] for p in pairs if p["kind"] == "exact"} == {True}


# -- splits


def split(values: list, data: Dataset) -> Dataset:
    return replace(data, table=data.table.assign(split=values), roles=replace(data.roles, split="split"))


def test_rows_of_other_splits_leak_from_the_one_trained_on():
    values, labels = blobs(60)
    values[50] = values[3]
    values[51] = values[52]
    data = split(["train"] * 40 + ["test"] * 15 + ["dev"] * 5, table_of(values, labels))
    issues = leakage(evidence_of(data))
    assert issues.measures["exact.count"] == 1
    assert issues.measures["exact.rate"] == 1 / 20
    assert issues.flagged.tolist() == [3]
    assert issues.findings.loc[3, "twin"] == "50"
    assert issues.detail["against"] == "split dev, test"


@pytest.mark.parametrize("gone", [None, float("nan"), pd.NA])
def test_rows_without_a_split_are_compared_too(gone):
    values, labels = blobs(60)
    values[59] = values[3]
    data = split(["train"] * 50 + [gone] * 10, table_of(values, labels))
    assert leakage(evidence_of(data)).measures["exact.count"] == 1


def test_one_split_only_is_nothing_to_compare(clean):
    with pytest.raises(NotApplicable, match="holds one split only: 'train'"):
        leakage(evidence_of(split(["train"] * 240, clean)))


# -- what cannot be compared is never counted as nothing found


def test_without_a_reference_there_is_nothing_to_compare(clean):
    with pytest.raises(NotApplicable, match="nothing to compare with"):
        leakage(evidence_of(clean))


def test_pictures_kept_in_another_form_have_no_exact_count(tmp_path):
    from PIL import Image

    tiles = pictures_of(20)
    for i in range(20):
        Image.fromarray(tiles.images[i, :, :, 0]).save(tmp_path / f"{i}.png")
    table = tiles.table.assign(file=[str(tmp_path / f"{i}.png") for i in range(20)])
    there = Dataset("there", table, Roles(label="label", image="file"), tiles.classes)
    issues = leakage(evidence_of(tiles, reference=there))
    assert "exact.count" not in issues.measures
    assert issues.measures["near.count"] == 20


def test_rows_known_by_embeddings_alone_are_compared_by_them_or_not_at_all():
    data = Dataset("d", pd.DataFrame({"label": list("ab") * 20}), Roles(label="label"), ("a", "b"))
    vectors = np.random.default_rng(0).normal(0, 1, (40, 3))
    both = evidence_of(data, reference=data, embeddings=vectors, reference_embeddings=vectors)
    measures = leakage(both).measures
    assert {k: v for k, v in measures.items() if not k.startswith("inflation")} == {"near.count": 40, "near.rate": 1.0}
    with pytest.raises(NotApplicable, match="cannot be compared"):
        leakage(evidence_of(data, reference=data, embeddings=vectors))


# -- a reference and splits


def three(clean: Dataset, **more) -> tuple[Dataset, Dataset]:
    """Data of which row 5 is again in its own split `test`, as row 230, and a reference that holds row 9 and row 5 too."""
    table = clean.table.assign(split=["train"] * 200 + ["test"] * 40)
    features = list(clean.roles.features)
    table.loc[230, features] = table.loc[5, features]
    table.loc[231, features] = table.loc[6, features] + 1e-4
    data = replace(clean, table=table.assign(**more), roles=replace(clean.roles, split="split"))
    return data, leaky(clean, [9, 5])


def test_with_a_reference_and_splits_both_are_looked_for_and_counts_are_of_both(clean):
    data, there = three(clean)
    issues = leakage(evidence_of(data, reference=there))

    assert (issues.measures["exact.count"], issues.measures["near.count"]) == (3, 1)
    assert issues.measures["exact.rate"] == 3 / (42 + 40)
    assert issues.findings["reason"].to_dict() == {
        5: "is the same as row t41 of trees", 6: "looks the same as row 231 of split test",
        9: "is the same as row t40 of trees",
    }  # fmt: skip
    assert issues.detail["against"] == "trees and split test"
    assert issues.detail["within"] == "split test"
    assert issues.detail["rows_there"] == 82


def test_each_finding_and_pair_names_the_side_that_its_twin_is_of(clean):
    data, there = three(clean)
    issues = leakage(evidence_of(data, reference=there.drop(["t41"])))

    sides = issues.findings[["twin", "group"]].to_dict("index")
    assert sides[5] == {"twin": "230", "group": "split test"}
    assert sides[9] == {"twin": "t40", "group": "trees"}
    assert {(p["row"], str(p["reference_row"]), p["against"]) for p in issues.detail["pairs"]} == {
        (9, "t40", "trees"), (5, "230", "split test"), (6, "231", "split test"),
    }  # fmt: skip


def test_a_leak_between_splits_is_found_though_the_reference_is_clean_and_a_limit_holds_it(clean):
    data, there = three(clean)
    issues = leakage(evidence_of(data, reference=there.drop(["t40", "t41"])))

    assert issues.measures["exact.count"] == 1
    assert set(issues.flagged) == {5, 6}


def test_what_a_leak_is_worth_is_that_of_the_worse_side(clean):
    data, there = three(clean)
    alone = leakage(evidence_of(data))
    other = leakage(evidence_of(replace(data, roles=replace(data.roles, split=None)), reference=there))
    both = leakage(evidence_of(data, reference=there))

    for name in ("inflation", "inflation_low"):
        assert both.measures[name] == pytest.approx(max(alone.measures[name], other.measures[name]))


def test_a_kind_that_one_side_cannot_be_searched_for_is_counted_for_neither(clean):
    data, there = three(clean)
    vectors = np.random.default_rng(0).normal(0, 1, (240, 3))
    issues = leakage(evidence_of(data, reference=there, embeddings=vectors))

    assert issues.measures["exact.count"] == 3
    assert not [m for m in issues.measures if m.startswith(("near", "inflation"))]
    assert "near leaks are not counted: in trees nothing could be compared for them" in issues.detail["notes"]


def test_a_column_of_one_split_says_nothing_beside_a_reference(clean):
    data = split(["train"] * 240, clean)
    issues = leakage(evidence_of(data, reference=leaky(clean, [5])))

    assert issues.measures == leakage(evidence_of(clean, reference=leaky(clean, [5]))).measures
    assert "within" not in issues.detail


# -- which split is trained on


@pytest.mark.parametrize(
    ("names", "trained", "taken"),
    [
        (("train", "test"), "train", False),
        (("Training", "test"), "Training", False),
        ((" TRAIN ", "a"), " TRAIN ", False),
        (("fit", "test"), "fit", True),
        (("dev", "test"), "test", True),
        (("a", "b"), "b", True),
    ],
)
def test_the_split_trained_on_is_the_one_called_so_else_the_largest_that_is_not_called_a_test(names, trained, taken):
    rows = pd.Series([20, 40], index=list(names))  # the second is the larger

    assert trained_on(rows)[0] == trained
    assert bool(trained_on(rows)[1]) == taken


def test_that_a_split_was_taken_for_the_one_trained_on_is_a_note(clean):
    notes = leakage(evidence_of(split(["fit"] * 40 + ["val"] * 200, clean))).detail["notes"]

    assert notes == ["no split is called train: 'fit', of 40 rows, is taken for what is trained on"]
