"""Equal values hash equally wherever they were read from, and nothing else does."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.fingerprint import MISSING, array_rows, digest, encode_cell, encode_column, normalise_text, row_hashes


@given(st.integers(-(2**62), 2**62))
def test_a_number_hashes_the_same_as_an_integer_or_a_float(value):
    as_float = float(value)
    if int(as_float) == value:
        assert encode_cell(value) == encode_cell(as_float) == encode_cell(np.float64(as_float))
    assert encode_cell(value) == encode_cell(np.int64(value))


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=6))
def test_a_column_of_integers_is_encoded_as_its_cells_are(values):
    assert encode_column(pd.Series(values, dtype="int64")) == [encode_cell(v) for v in values]
    assert encode_column(pd.Series(values, dtype="Int64")) == [encode_cell(v) for v in values]


@given(st.lists(st.floats(), min_size=1, max_size=6))
def test_a_column_of_floats_is_encoded_as_its_cells_are(values):
    assert encode_column(pd.Series(values, dtype="float64")) == [encode_cell(v) for v in values]


def test_large_numbers_hash_the_same_as_integers_and_as_floats():
    whole = [2**53, 10**17, -(10**18)]
    assert encode_column(pd.Series(whole)) == encode_column(pd.Series(whole, dtype="float64"))


def test_neighbouring_integers_that_a_float_cannot_tell_apart_differ():
    assert len({encode_cell(2**53 + i) for i in range(4)}) == 4


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8", "uint8", "uint64", "Float32", "int64[pyarrow]"])
def test_the_width_of_a_number_does_not_matter(dtype):
    assert encode_column(pd.Series([1, 2, 3], dtype=dtype)) == [encode_cell(v) for v in (1, 2, 3)]


def test_negative_zero_is_zero():
    assert encode_cell(-0.0) == encode_cell(0.0) == encode_cell(0)
    assert encode_column(pd.Series([-0.0])) == [encode_cell(0)]


def test_there_is_one_missing_value():
    values = [None, float("nan"), np.nan, np.float32("nan"), pd.NA, pd.NaT]
    assert {encode_cell(v) for v in values} == {MISSING}
    assert encode_column(pd.Series([None, "a"]))[0] == MISSING
    assert encode_column(pd.Series([1, None], dtype="Int64"))[1] == MISSING
    assert encode_column(pd.Series([np.nan]))[0] == MISSING


def test_values_of_different_kinds_differ():
    values = [0, "0", b"0", False, None, [0], "", [], "None", Decimal("0.5")]
    assert len({encode_cell(v) for v in values}) == len(values)


def test_where_one_cell_ends_and_the_next_begins_matters():
    one = row_hashes([[encode_cell("ab")], [encode_cell("c")]], 1)
    other = row_hashes([[encode_cell("a")], [encode_cell("bc")]], 1)
    assert one[0] != other[0]


def test_a_lone_surrogate_has_bytes_too():
    assert encode_cell("\ud800") != encode_cell("\ud801")


def test_huge_integers_and_infinities_have_bytes():
    assert len({encode_cell(10**400), encode_cell(-(10**400)), encode_cell(float("inf")), encode_cell(-np.inf)}) == 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("ﬁne", "Fine"),
        ("a\u00a0 b\n", "A b"),
        ("ｆｕｌｌ", "full"),
        ("e\u0301", "é"),
        ("\t ", ""),
    ],
)
def test_texts_that_differ_in_form_case_or_space_are_one(one, other):
    assert normalise_text(one) == normalise_text(other)


def test_texts_that_differ_in_letters_or_signs_stay_apart():
    assert len({normalise_text(t) for t in ("resume", "résumé", "resume.", "re sume")}) == 4


@given(st.text())
def test_normalising_white_space_twice_changes_nothing(text):
    once = normalise_text(text)
    assert once == " ".join(once.split())
    assert once == once.strip()


def test_rows_of_pictures_differ_by_shape_and_value_but_not_by_byte_order():
    pixels = np.arange(16, dtype=np.uint16).reshape(2, 2, 4)
    assert array_rows(pixels) == array_rows(pixels.astype(">u2"))
    assert set(array_rows(pixels)).isdisjoint(array_rows(pixels.reshape(2, 4, 2)))
    assert array_rows(pixels[:, ::-1].copy()) == array_rows(pixels[:, ::-1])


def test_a_digest_tells_where_parts_end():
    assert digest([b"ab", b"c"]) != digest([b"a", b"bc"])
    assert digest([]) != digest([b""])
