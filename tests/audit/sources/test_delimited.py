"""CSV and TSV: what is a number, what is missing, and which line is wrong."""

import gzip

import pandas as pd
import pytest

from audit import errors
from audit.sources import load


def write(path, text):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def column(path, text, name="a", **options):
    return load(write(path, text), **options).table[name]


@pytest.fixture
def csv(tmp_path):
    return tmp_path / "data.csv"


@pytest.mark.parametrize("word", ["NA", "None", "n/a", "null", "nan", "NULL", "-"])
def test_words_that_look_missing_stay_words(csv, word):
    data = load(write(csv, f"text,label\nx,{word}\n{word},b\ny,b\n"))

    assert data.classes == (word, "b") if word < "b" else ("b", word)
    assert data.texts == ["x", word, "y"]


def test_an_empty_cell_is_missing_and_nothing_else_is(csv):
    values = column(csv, "a,b,label\n1,x,u\n,,v\n3,NA,u\n")

    assert values.isna().tolist() == [False, True, False]
    assert load(csv).table["b"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ("1 2 -3", "i"),
        ("1 2.5 1e-3 .5 3.", "f"),
        ("1.5 nan inf", "f"),
        ("true False TRUE", "b"),
    ],
)
def test_cells_that_are_all_numbers_or_booleans_are_read_as_such(csv, cells, kind):
    rows = "".join(f"{c},{'uv'[i % 2]}\n" for i, c in enumerate(cells.split()))

    assert column(csv, "b,label\n" + rows, "b", features=[]).dtype.kind == kind


@pytest.mark.parametrize(
    "cells", ["00501 10001", "+49 30", "1_000 2", "12345678901234567890 1", "0x1f 1", "1,5 2", "nan inf"]
)
def test_what_a_number_would_not_preserve_stays_text(csv, cells):
    first, second = cells.split()
    values = column(csv, f'a,label\n"{first}",u\n{second},v\n')

    assert values.tolist() == [first, second]


def test_a_column_of_numbers_with_a_few_words_is_text_and_says_so(csv):
    rows = "".join(f"{i},{'uv'[i % 2]}\n" for i in range(20))
    data = load(write(csv, "a,label\n" + rows + "12 oz,u\n"))

    assert data.table["a"].iloc[0] == "0"
    assert any("'a' is read as words: 1 of 21 cells are no numbers (row 20: '12 oz')" in s for s in data.inferred)


def test_quotes_commas_and_newlines_inside_a_field_are_text(csv):
    data = load(write(csv, 'text,label\n"a ""b"", c\r\nd",u\nplain,v\n'))

    assert data.texts == ['a "b", c\r\nd', "plain"]


def test_tabs_are_read_without_quoting(tmp_path):
    path = write(tmp_path / "sms.tsv", 'label\ttext\nham\t"well\nspam\the said "go"\nham\tx"\n')

    assert load(path).texts == ['"well', 'he said "go"', 'x"']


def test_columns_names_the_columns_of_a_file_without_a_header(tmp_path):
    path = write(tmp_path / "sms.tsv", "ham\thello\nspam\twin\n")

    data = load(path, columns=["label", "text"])

    assert len(data) == 2
    assert data.given.tolist() == ["ham", "spam"]


@pytest.mark.parametrize("suffix", [".csv.gz", ".tsv.gz"])
def test_packed_files_are_read(tmp_path, suffix):
    text = "text,label\na,u\nb,v\n" if "csv" in suffix else "text\tlabel\na\tu\nb\tv\n"
    path = write(tmp_path / f"d{suffix}", gzip.compress(text.encode()))

    assert load(path).texts == ["a", "b"]


def test_a_byte_order_mark_is_no_part_of_a_name(csv):
    assert list(load(write(csv, "\ufefftext,label\na,u\nb,v\n")).table.columns) == ["text", "label"]


def test_blank_lines_are_no_rows(csv):
    assert len(load(write(csv, "\ntext,label\n\na,u\n\r\n\nb,v\n\n"))) == 2


def test_a_column_without_a_name_gets_one_and_is_not_learnt_from(csv):
    data = load(write(csv, ",x,label\n0,1,u\n1,2,v\n"))

    assert list(data.table.columns) == ["unnamed_1", "x", "label"]
    assert data.roles.features == ("x",)
    assert "column 'unnamed_1' is kept and not learnt from: it had no name" in data.inferred


def test_a_field_may_be_longer_than_128_kib(csv):
    long = "x" * 200_000

    assert load(write(csv, f"text,label\n{long},u\nb,v\n")).texts[0] == long


def test_reading_leaves_the_limit_of_the_csv_module_as_it_was(csv):
    import csv as module

    before = module.field_size_limit()
    load(write(csv, "text,label\na,u\nb,v\n"))

    assert module.field_size_limit() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (b"text,label\n", "a header and no rows; columns are text, label"),
        (b"text,label\na,u\nb\n", "line 3: 1 fields, the table has 2 columns"),
        (b'text,label\n"a\nb",u\nc,u,v\n', "line 4: 3 fields, the table has 2 columns"),
        (b'text,label\na,u\n"b" x,v\n', "line 3: not CSV"),
        (b'text,label\na,u\n"b,v\n', "line 3: not CSV: unexpected end of data"),
        (b"text,label\na,u\n\xe9,v\n", "line 3: byte 0xe9 is not UTF-8"),
        (b"text,text,label\na,b,u\n", "two columns are called 'text'"),
    ],
)
def test_a_broken_file_is_named_with_its_line(csv, content, said):
    with pytest.raises(errors.InputError, match=r"data.csv") as caught:
        load(write(csv, content))

    assert said in str(caught.value)


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"text,label\na,u\nb,v\n" * 99, mtime=0)[:-20]])
def test_a_broken_packed_file_is_named(tmp_path, content):
    with pytest.raises(errors.InputError, match=r"d.csv.gz: not a whole gzip file"):
        load(write(tmp_path / "d.csv.gz", content))


def test_columns_means_nothing_to_a_typed_file(tmp_path):
    pd.DataFrame({"a": [1, 2], "label": [0, 1]}).to_parquet(tmp_path / "d.parquet")

    with pytest.raises(errors.InputError, match="option 'columns' means nothing here"):
        load(tmp_path / "d.parquet", columns=["a"])
