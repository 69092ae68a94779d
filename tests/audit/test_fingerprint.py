"""Equal values hash equally wherever they were read from, and nothing else does."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.buffers import BLOCK
from audit.fingerprint import (
    MISSING,
    array_rows,
    canonical,
    digest,
    encode_cell,
    encode_column,
    first_equal,
    hash_column,
    hash_rows,
    normalise_text,
    row_hashes,
)

ANY_NUMBER = st.one_of(
    st.floats(), st.sampled_from([-0.0, np.inf, -np.inf, 2.0**53, 2.0**53 + 2, -(2.0**60)]), st.integers(-9, 9)
)
TEXTS = st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=9), st.just("a\0b"))
DAY = timedelta(days=1)
MOMENTS = st.one_of(st.just(pd.NaT), st.datetimes(pd.Timestamp(1700, 1, 1), pd.Timestamp(2200, 1, 1)))


def columns_of(values: st.SearchStrategy, *dtypes: object) -> st.SearchStrategy:
    lists = st.lists(values, min_size=1, max_size=8)
    return st.builds(lambda v, dtype: pd.Series(v, dtype=dtype), lists, st.sampled_from(dtypes))


COLUMNS = st.one_of(
    columns_of(ANY_NUMBER, "float64", "Float64", "float64[pyarrow]", object),
    columns_of(st.floats(width=32), "float32", "Float32"),
    columns_of(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), "Int64", "int64[pyarrow]", object),
    columns_of(st.integers(0, 2**64 - 1), "uint64", "UInt64"),
    columns_of(TEXTS, "str", "string", "string[pyarrow]", object, "category"),
    columns_of(st.one_of(TEXTS, st.just("\ud800"), st.binary(max_size=3), st.integers(), st.booleans()), object),
    columns_of(st.booleans(), bool, "boolean", "category", "bool[pyarrow]"),
    columns_of(MOMENTS, "M8[ns]", "M8[us]", "M8[s]", "M8[ns, UTC]", "category"),
    columns_of(st.one_of(st.none(), st.timedeltas(-DAY, DAY)), "m8[us]"),
)


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


@given(COLUMNS)
def test_a_column_of_any_kind_is_encoded_as_its_cells_are(column):
    assert encode_column(column) == [encode_cell(v) for v in column.array]


@given(COLUMNS)
def test_a_column_is_left_as_it_was(column):
    before = column.copy(deep=True)
    encode_column(column)
    pd.testing.assert_series_equal(column, before)


def test_moments_to_the_nanosecond_are_encoded_as_their_cells_are():
    column = pd.Series(
        pd.to_datetime(["2024-01-01", "2024-01-01 00:00:00.5", None, "2024-01-01 00:00:00.000000007"], format="ISO8601")
    )
    assert encode_column(column) == [encode_cell(v) for v in column.array]


@settings(max_examples=30)
@given(st.lists(COLUMNS, min_size=1, max_size=5))
def test_rows_put_together_from_columns_hash_as_their_cells_do(columns):
    rows = min(map(len, columns))
    columns = [c.iloc[:rows] for c in columns]
    cells = [[encode_cell(v) for v in c.array] for c in columns]
    assert hash_rows([canonical(c) for c in columns], rows).tolist() == row_hashes(cells, rows).tolist()


def test_rows_beyond_the_first_block_hash_as_their_cells_do():
    n = BLOCK + 3
    columns = [
        pd.Series(np.where(np.arange(n) % 7, np.arange(n), np.nan)),
        pd.Series([None if i % 5 == 0 else f"text {i}" for i in range(n)]),
        pd.Series(np.arange(n)),
    ]
    cells = [[encode_cell(v) for v in c.array] for c in columns]
    assert hash_rows([canonical(c) for c in columns], n).tolist() == row_hashes(cells, n).tolist()
    assert hash_rows([canonical(c[5:]) for c in columns], n - 5).tolist() == row_hashes(cells, n)[5:].tolist()


def test_rows_with_whole_pictures_in_them_hash_as_their_cells_do():
    large = [encode_cell(bytes([i]) * 10_000) for i in range(5)]
    small, text = canonical(pd.Series([True, None, 3, b"x", "y"], dtype=object)), pd.Series(["a", None, "b", "c", "d"])
    columns = [canonical(text), large, small, canonical(pd.Series([1.0, None, 2, 3, 4]))]
    cells = [encode_column(text), large, small, encode_column(pd.Series([1.0, None, 2, 3, 4]))]
    assert hash_rows(columns, 5).tolist() == row_hashes(cells, 5).tolist()


def test_row_hashes_are_the_same_on_every_machine_and_in_every_version():
    """Written down once: certificates and caches of other machines hold such hashes."""
    rows = hash_rows([canonical(pd.Series(c)) for c in ([1, 2.5, None], ["a", None, "é"], [True, False, True])], 3)
    assert [h.hex() for h in rows] == [
        "044f5834d72a11a018f2c9e531da3e71",
        "e3d7c9ea2fdae827473da7d2791eb049",
        "7d1512c0b5cb66302a63108ebff9df95",
    ]


@given(COLUMNS)
def test_a_column_s_hash_does_not_depend_on_the_kind_of_column_that_held_its_cells(column):
    cells = [v.item() if isinstance(v, np.generic) else v for v in column.array]
    plain = pd.Series(np.empty(len(cells)), dtype=object)
    plain[:] = cells
    assert hash_column(canonical(plain)) == hash_column(canonical(column))


@given(st.lists(COLUMNS, min_size=2, max_size=2))
def test_two_columns_have_one_hash_only_if_their_cells_are_equal(columns):
    one, other = ([encode_cell(v) for v in c.array] for c in columns)
    assert (hash_column(canonical(columns[0])) == hash_column(canonical(columns[1]))) == (one == other)


def test_a_column_s_hash_tells_where_texts_end_and_what_is_missing():
    columns = [["ab", "c"], ["a", "bc"], ["abc", None], ["abc", ""], ["abc"], [None, None], [None], [0.0], ["s"]]
    assert len({hash_column(canonical(pd.Series(c))) for c in columns}) == len(columns)


# -- equal rows


@given(st.lists(st.tuples(st.sampled_from([0, -0.0, 1, None]), st.sampled_from(["a", "b", None])), min_size=1))
def test_the_first_equal_row_is_found_for_every_row(rows):
    columns = [canonical(pd.Series(c, dtype=d)) for c, d in zip(zip(*rows, strict=True), (float, object), strict=True)]
    hashes = hash_rows(columns, len(rows)).tolist()
    assert first_equal(columns, len(rows)).tolist() == [hashes.index(h) for h in hashes]


def test_rows_of_any_cells_are_found_equal():
    cells = canonical(pd.Series([[1, 2], "a", [1, 2], 3, "a"], dtype=object))
    assert first_equal([cells], 5).tolist() == [0, 1, 0, 3, 1]


def test_rows_that_a_weak_mix_takes_for_equal_are_told_apart(monkeypatch):
    """Speed rests on the mix, the result does not."""
    monkeypatch.setattr("audit.buffers.MIX", np.uint64(0))
    values = canonical(pd.Series([3.0, 1.0, 3.0, 2.0]))
    assert first_equal([values], 4).tolist() == [0, 1, 0, 3]


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
