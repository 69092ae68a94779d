"""Who says what a column is for, and what is never guessed."""

import numpy as np
import pandas as pd
import pytest

from audit.errors import InputError, UnknownName
from audit.sources import load


def table(**columns):
    return pd.DataFrame({"x": [1.0, 2, 3, 4], "label": list("abab"), **columns})


@pytest.mark.parametrize("name", ["label", "labels", "target", "class", "category", "y", "Label", "CLASS"])
def test_a_label_is_known_by_its_name_and_the_data_says_so(name):
    data = load(table().rename(columns={"label": name}))

    assert data.roles.label == name
    assert f"label is column {name!r}, by its name" in data.inferred


def test_two_columns_that_could_be_the_label_are_an_error():
    with pytest.raises(InputError, match="'label' and 'target' could each be the label"):
        load(table(target=[1, 2, 1, 2]))


def test_no_column_that_could_be_the_label_is_an_error_that_lists_them():
    with pytest.raises(InputError, match="no column was named as the label; columns are x, outcome"):
        load(table().rename(columns={"label": "outcome"}))


def test_a_named_label_leaves_nothing_to_guess():
    data = load(table(target=[1, 2, 1, 2]), label="target")

    assert data.classes == (1, 2)
    assert data.roles.features == ("x", "label")


def test_features_are_every_other_column_and_the_data_says_so():
    data = load(table(z=list("pqrs")))

    assert data.roles.features == ("x", "z")
    assert "features are every other column, 2 in all: x, z" in data.inferred


def test_columns_beside_a_text_get_no_role():
    data = load(table(text=list("pqrs")))

    assert data.kind == "text"
    assert data.roles.features == ()


def test_a_column_called_text_that_holds_numbers_is_a_feature():
    assert load(table(text=[1, 2, 3, 4])).kind == "table"


def test_a_text_and_a_picture_in_one_table_are_not_chosen_between():
    with pytest.raises(InputError, match="'text' and 'path' could each be the example"):
        load(table(text=list("pqrs"), path=["a.png", "b.png", "c.png", "d.png"]))


def test_paths_are_pictures_only_with_a_picture_s_suffix():
    assert load(table(path=["a.png", "b.jpg", "c.PNG", "d.bmp"])).roles.image == "path"
    assert load(table(path=["a.png", "b.txt", "c", "d"])).roles.image is None


def test_id_and_split_are_known_by_name_and_content():
    data = load(table(id=[7, 8, 9, 10], split=["train", "test", "train", "val"]))

    assert list(data.rows) == [7, 8, 9, 10]
    assert data.roles.split == "split"
    assert data.roles.features == ("x",)


def test_a_column_called_split_with_other_words_is_a_feature():
    assert "split" in load(table(split=list("pqrs"))).roles.features


def test_group_and_weight_are_never_guessed():
    data = load(table(group=[1, 1, 2, 2], weight=[70, 80, 90, 60]))

    assert data.roles.group is None
    assert data.roles.weight is None


def test_columns_that_hold_neither_numbers_nor_words_are_not_learnt_from():
    data = load(table(tags=[[1], [2], [3], [4]]))

    assert data.roles.features == ("x",)
    assert any("'tags' is kept and not learnt from" in said for said in data.inferred)


def test_an_unknown_column_is_answered_with_the_near_one():
    with pytest.raises(UnknownName, match=r"no column 'lable'; there is x, label; did you mean 'label'\?"):
        load(table(), label="lable")


def test_classes_give_their_order_and_must_hold_every_label():
    assert load(table(), classes=["b", "a"]).classes == ("b", "a")
    with pytest.raises(UnknownName, match="row 1: no class 'b'; there is a, c"):
        load(table(), classes=["a", "c"])
    with pytest.raises(InputError, match="named twice"):
        load(table(), classes=["a", "b", "a"])


def test_classes_from_numpy_are_plain_values():
    data = load(table(), label="x", features=[], classes=np.array([1.0, 2, 3, 4]))

    assert all(type(c) is float for c in data.classes)


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        ({"label": list("aaaa")}, {}, "column 'label' has one class, 'a', in all 4 rows"),
        ({"label": ["a", None, "b", None]}, {}, "has no label in 2 of 4 rows: rows 1, 3;"),
        ({"label": [1, "b", 1, "b"]}, {}, "column 'label' mixes int and str as labels"),
        ({"label": [[1], [2], [1], [2]]}, {}, "cannot be the label: it holds list in row 0"),
        ({"label": pd.to_datetime(["2020", "2021"] * 2)}, {}, "cannot be the label: it holds Timestamp"),
        ({"id": [1, 2, 2, 3]}, {}, "column 'id' names rows twice: 2"),
        ({"id": [1, None, 2, 3]}, {"id": "id"}, "column 'id' has no id in row 1"),
        ({"x": [1.0, np.inf, 2, 3]}, {}, "column 'x' is infinite in row 1"),
        (
            {"x": [1.0, 1e40, 2, 3]},
            {},
            r"column 'x' holds 1e\+40, and nothing beyond 3.4e\+38 can be compared, in row 1",
        ),
        ({"x": [1, "b", 2, 3]}, {}, "column 'x' mixes int and str: row 1"),
        ({"t": list("abab")}, {"text": "t"}, "the label column 'label' equals the text column 't'"),
        ({"t": [1, 2, 3, 4]}, {"text": "t"}, "column 't' cannot be the text: it holds int"),
        ({}, {"text": "label", "label": "label"}, "column 'label' cannot be both label and text"),
        ({}, {"features": ["x", "label"], "label": "label"}, "column 'label' cannot be both label and a feature"),
        ({}, {"features": ["x", "x"]}, "column 'x' cannot be both|column 'x' is named twice"),
        ({"w": list("abcd")}, {"weight": "w"}, "column 'w' cannot be the weight: it holds words"),
        ({"w": [1, -1, 2, 3]}, {"weight": "w"}, "weights must be numbers from 0 up: row 1"),
        ({"w": [1, None, 2, 3]}, {"weight": "w"}, "weights must be numbers from 0 up: row 1"),
    ],
)
def test_a_column_that_cannot_do_its_job_is_named(columns, options, said):
    with pytest.raises(InputError, match=said):
        load(table(**columns), **options)


def test_fractions_of_many_values_are_no_classes():
    measured = pd.DataFrame({"x": range(40), "y": np.linspace(0, 1, 40)})

    with pytest.raises(InputError, match="column 'y' holds 40 different fractions, not classes"):
        load(measured)


def test_a_table_of_labels_alone_needs_somebody_to_say_that_it_is_meant():
    alone = table()[["label"]]

    with pytest.raises(InputError, match="nothing to learn from: no usable column beside 'label'"):
        load(alone)
    assert load(alone, features=[]).roles.features == ()


def test_features_may_be_one_string_with_commas():
    assert load(table(z=[1, 2, 3, 4]), features="x,z").roles.features == ("x", "z")


def test_data_may_be_without_labels_when_that_is_said():
    data = load(table()[["x"]], unlabelled=True)

    assert data.roles.label is None
    assert data.classes == ()
    assert data.roles.features == ("x",)


def test_a_label_cannot_be_named_and_denied():
    with pytest.raises(InputError, match="either there is no label, or it is column 'label'; not both"):
        load(table(), label="label", unlabelled=True)


def test_row_numbers_that_pandas_wrote_are_not_learnt_from(tmp_path):
    table().iloc[[2, 0, 1, 3]].to_parquet(tmp_path / "d.parquet")

    data = load(tmp_path / "d.parquet")

    assert data.roles.features == ("x",)
    assert "column '__index_level_0__' is kept and not learnt from: it had no name" in data.inferred
