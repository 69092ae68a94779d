"""A Dataset keeps its promises, and edits never touch the one they were made from."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from toy import pictures_of, table_of, texts_of

from audit.dataset import Dataset, Origin, Roles, sorted_classes
from audit.errors import InputError, UnknownName


def small(index=None, labels=("a", "b", "a")) -> Dataset:
    return table_of(np.array([[1.0, 2.0], [3.0, np.nan], [1.0, 2.0]]), list(labels), index)


# -- what is refused


def test_rows_named_twice_are_refused_by_name():
    with pytest.raises(InputError, match="the index names rows twice: 7"):
        small(index=[7, 7, 8])


def test_no_rows_are_refused():
    with pytest.raises(InputError, match="no rows"):
        small().take([])


def test_a_row_without_a_label_is_refused_by_name():
    with pytest.raises(InputError, match=r"no label in 1 of 3 rows: row 1;"):
        table_of(np.ones((3, 1)), ["a", None, "a"], classes=("a",))


def test_a_label_that_is_no_class_is_refused_with_its_row():
    with pytest.raises(UnknownName, match=r"row 1: no class 'b'; there is a"):
        table_of(np.ones((3, 1)), ["a", "b", "a"], classes=("a",))


def test_a_column_that_is_not_there_is_refused_with_the_near_match():
    with pytest.raises(UnknownName, match="did you mean 'label'"):
        Dataset("d", pd.DataFrame({"label": ["a"]}), Roles(label="labl"), ("a",))


@pytest.mark.parametrize("role", ["text", "image", "id"])
def test_the_label_has_no_other_job(role):
    with pytest.raises(InputError, match="cannot be both the label and the"):
        Dataset("d", pd.DataFrame({"label": ["a"]}), Roles(label="label", **{role: "label"}), ("a",))


def test_the_label_is_no_feature():
    with pytest.raises(InputError, match="both the label and a feature"):
        Dataset("d", pd.DataFrame({"label": ["a"]}), Roles(label="label", features=("label",)), ("a",))


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64"])
def test_infinity_in_a_feature_is_refused_with_its_row(dtype):
    table = pd.DataFrame({"x": pd.Series([1.0, np.inf, 3.0], dtype=dtype), "label": list("aab")}).set_axis(list("pqr"))
    with pytest.raises(InputError, match="'x' is infinite in row q"):
        Dataset("d", table, Roles(label="label", features=("x",)), ("a", "b"))


def test_a_feature_that_mixes_kinds_is_refused_with_its_rows():
    table = pd.DataFrame({"x": pd.Series([1, "two", 3], dtype=object), "label": list("aab")})
    with pytest.raises(InputError, match="'x' mixes int and str: row 1"):
        Dataset("d", table, Roles(label="label", features=("x",)), ("a", "b"))


def test_pictures_must_be_as_many_as_rows():
    with pytest.raises(InputError, match="39 pictures for 40 rows"):
        replace(pictures_of(), images=pictures_of().images[1:])


# -- classes


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([10, 9, 10], (9, 10)),
        (["10", "9"], ("10", "9")),
        ([True, False], (False, True)),
        ([1.5, 0.5], (0.5, 1.5)),
        (pd.Series([2, None, 1], dtype="Int64"), (1, 2)),
        (pd.Series(["b", "a"], dtype="category"), ("a", "b")),
    ],
)
def test_classes_come_in_their_natural_order_as_plain_values(values, classes):
    found = sorted_classes(pd.Series(values, name="y"), "d")
    assert found == classes
    assert [type(v) for v in found] == [type(v) for v in classes]


def test_labels_of_mixed_kinds_are_refused():
    with pytest.raises(InputError, match="mixes int and str as labels"):
        sorted_classes(pd.Series([1, "1"], dtype=object, name="y"), "d")


@pytest.mark.parametrize(
    ("labels", "classes"), [([2, 0, 2], (0, 2)), ([True, False, True], (False, True)), (["b", "a", "b"], ("a", "b"))]
)
def test_labels_are_positions_in_the_classes(labels, classes):
    assert table_of(np.ones((3, 1)), labels, classes=classes).labels.tolist() == [1, 0, 1]


# -- content and fingerprint


def test_content_is_what_an_example_is_and_not_what_is_said_of_it():
    data = small(index=["p", "q", "r"])
    assert data.content[0] == data.content[2] != data.content[1]
    relabelled = data.relabelled({"p": "b"})
    assert relabelled.content.tolist() == data.content.tolist()
    assert relabelled.fingerprint != data.fingerprint


def test_normalised_content_folds_texts_and_keeps_other_features_apart():
    table = pd.DataFrame({"t": ["Hi  you", "hi you", "HI YOU", None, ""], "x": [1, 1, 2, 1, 1], "label": list("aabab")})
    data = Dataset("d", table, Roles(label="label", text="t", features=("x",)), ("a", "b"))
    code = pd.factorize(data.normalised_content)[0].tolist()
    assert code == [0, 0, 1, 2, 2]
    assert len(set(data.content)) == 5


def test_rows_known_by_nothing_but_their_ids_never_equal_one_another():
    data = Dataset("d", pd.DataFrame({"label": list("aab")}), Roles(label="label"), ("a", "b"))
    assert len(set(data.content)) == 3


def test_pictures_are_content(tmp_path):
    (tmp_path / "one.bin").write_bytes(b"same")
    (tmp_path / "two.bin").write_bytes(b"same")
    table = pd.DataFrame({"file": ["one.bin", "two.bin", "gone.bin"], "label": list("aab")})
    origin = Origin("csv", str(tmp_path / "list.csv"))
    data = Dataset("d", table, Roles(label="label", image="file"), ("a", "b"), origin)
    assert data.kind == "image"
    assert data.content[0] == data.content[1] != data.content[2]


def test_row_order_column_names_ids_and_roles_change_the_fingerprint():
    data = small()
    other = [
        data.take([1, 0, 2]),
        small(index=["0", "1", "2"]),
        replace(data, table=data.table.rename(columns={"x1": "y"}), roles=replace(data.roles, features=("x0", "y"))),
        replace(data, roles=replace(data.roles, features=("x0",))),
        replace(data, classes=("b", "a")),
    ]
    assert len({data.fingerprint, *(d.fingerprint for d in other)}) == 6


def test_the_content_s_fingerprint_is_of_the_examples_in_their_order_and_not_of_what_is_said_of_them():
    data = small()
    said = (
        data.relabelled({0: "b"}),
        small(index=["p", "q", "r"]),
        data.weighted({1: 3.0}),
        replace(data, table=data.table.assign(note="seen")),
    )
    assert {d.content_fingerprint for d in said} == {data.content_fingerprint}
    other = (
        data.take([1, 0, 2]),
        replace(data, table=data.table.assign(x0=[1.0, 3.0, 4.0])),
        replace(data, roles=replace(data.roles, features=("x1", "x0"))),
        replace(data, table=data.table.rename(columns={"x0": "x9"}), roles=replace(data.roles, features=("x9", "x1"))),
    )
    assert len({d.content_fingerprint for d in (data, *other)}) == 5
    tiles = pictures_of(4)
    assert replace(tiles, images=255 - tiles.images).content_fingerprint != tiles.content_fingerprint


def test_the_name_and_the_origin_do_not_change_the_fingerprint():
    data = small()
    assert replace(data, name="other", origin=Origin("csv", "x.csv")).fingerprint == data.fingerprint


def test_csv_and_parquet_of_one_table_have_one_fingerprint(tmp_path):
    table = pd.DataFrame(
        {"whole": [1, 2, 3], "holed": [1.0, np.nan, 3.0], "words": ["a", "b", "ü"], "yes": [True, False, True],
         "label": ["x", "y", "x"]}
    )  # fmt: skip
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_parquet(tmp_path / "t.parquet", index=False)
    roles = Roles(label="label", features=("whole", "holed", "words", "yes"))
    read = [pd.read_csv(tmp_path / "t.csv"), pd.read_parquet(tmp_path / "t.parquet")]
    prints = {Dataset("d", t, roles, ("x", "y")).fingerprint for t in (*read, table)}
    assert len(prints) == 1


# -- edits


def test_taking_rows_keeps_ids_and_pictures_together():
    data = pictures_of()
    taken = data.take([9, 3])
    assert taken.rows.tolist() == [9, 3]
    assert np.array_equal(taken.images, data.images[[9, 3]])
    assert taken.content.tolist() == data.content[[9, 3]].tolist()


def test_taking_a_row_that_is_not_there_names_it():
    with pytest.raises(InputError, match="no such rows: 77"):
        small().take([0, 77])


def test_an_id_of_digits_is_not_a_number():
    data = small(index=["0", "1", "2"])
    assert data.drop([0, 1]) is data
    assert data.drop(["0"]).rows.tolist() == ["1", "2"]


def test_dropping_ignores_ids_that_are_not_there():
    assert small().drop([1, 99]).rows.tolist() == [0, 2]


def test_edits_leave_the_original_as_it_was():
    data = small()
    table, before = data.table.copy(deep=True), data.fingerprint
    data.drop([0])
    data.relabelled({0: "b"})
    data.weighted({0: 0.5})
    data.take([2, 1])
    pd.testing.assert_frame_equal(data.table, table)
    assert replace(data).fingerprint == before


def test_relabelling_to_an_unknown_class_is_refused():
    with pytest.raises(UnknownName, match="no class 'z'"):
        small().relabelled({0: "z"})


def test_a_class_of_another_type_is_no_class():
    data = table_of(np.ones((3, 1)), [0, 1, 0])
    with pytest.raises(UnknownName, match="no class '1'"):
        data.relabelled({0: "1"})
    assert data.relabelled({0: 1}).given.tolist() == [1, 1, 0]


def test_weights_multiply_and_others_stay():
    once = small().weighted({0: 0.5, 99: 0.1})
    twice = once.weighted({0: 0.5, 1: 0.2})
    assert once.weights.tolist() == [0.5, 1.0, 1.0]
    assert twice.weights.tolist() == [0.25, 0.2, 1.0]
    assert twice.roles.weight == "weight"


def test_a_column_that_holds_something_else_is_never_overwritten_by_weights():
    data = replace(small(), table=small().table.assign(weight=[70, 80, 90]))
    weighted = data.weighted({0: 0.5})
    assert weighted.table["weight"].tolist() == [70, 80, 90]
    assert (weighted.roles.weight, weighted.weights.tolist()) == ("assay_weight", [0.5, 1.0, 1.0])


def test_a_missing_text_is_the_empty_text():
    assert texts_of(["a", None, float("nan")], ["x", "y", "x"]).texts == ["a", "", ""]


def test_data_without_a_label_says_so():
    data = Dataset("d", pd.DataFrame({"x": [1.0]}), Roles(features=("x",)), ())
    with pytest.raises(InputError, match="no label column was named"):
        _ = data.given


def test_roles_come_back_from_their_values():
    roles = Roles(label="y", features=("a", "b"), group="g", grid=(2, 1))
    assert Roles.from_dict(roles.to_dict()) == roles
