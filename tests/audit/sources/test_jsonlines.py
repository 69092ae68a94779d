"""JSON Lines: an object a line."""

import gzip

import pytest

from audit.errors import InputError
from audit.sources import load


def write(path, text):
    path.write_bytes(text.encode())
    return path


def test_a_key_that_is_not_there_and_null_are_missing(tmp_path):
    data = load(write(tmp_path / "d.jsonl", '{"a":1,"label":"u"}\n{"label":"v"}\n{"a":null,"label":"u"}\n'))

    assert data.table["a"].isna().tolist() == [False, True, True]


def test_words_stay_words_and_numbers_numbers(tmp_path):
    data = load(
        write(tmp_path / "d.ndjson", '{"a":"01","b":1,"c":true,"label":"NA"}\n{"a":"2","b":1.5,"c":false,"label":"x"}')
    )

    assert data.table["a"].tolist() == ["01", "2"]
    assert data.table["b"].tolist() == [1.0, 1.5]
    assert data.table["c"].dtype == bool
    assert data.classes == ("NA", "x")


def test_packed_files_are_read(tmp_path):
    path = tmp_path / "d.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text":"a","label":0}\n{"text":"b","label":1}\n'))

    assert load(path).texts == ["a", "b"]


def test_a_line_separator_inside_a_string_ends_no_line(tmp_path):
    data = load(write(tmp_path / "d.jsonl", '{"text":"a\u2028b\x85c","label":0}\n{"text":"b","label":1}\n'))

    assert data.texts == ["a\u2028b\x85c", "b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ('{"a":1,"label":0}\n{"a":1,\n', "line 2: not JSON"),
        ('{"a":1,"label":0}\n[1,2]\n', "line 2: a JSON object is expected, this is a list"),
        ('{"a":1,"label":0}\n\n3\n', "line 3: a JSON object is expected, this is a int"),
        ('{"a":1,"label":0}\n{"a":"x","label":1}\n', "column 'a' mixes int and str: row"),
        ('{"a":1,"label":0}\n{"a":Infinity,"label":1}\n', "column 'a' is infinite in row 1"),
        ("[" * 100_000, "line 1: n"),
        ('{"a":1,"label":0}\n{"a":1,"label":0,"label":1}\n', "line 2: the key 'label' stands twice"),
        ('{"a":{"b":1,"b":1},"label":0}\n', "line 1: the key 'b' stands twice"),
        ('{"a":"x","label":0}\n{"a":"\\ud83d","label":1}\n', r"line 2: holds half of a character, '\ud83d'"),
        ('{"\\uDE00":"x","label":0}\n', r"line 1: holds half of a character, '\ude00'"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path, text, said):
    with pytest.raises(InputError, match=r"d\.jsonl: ") as caught:
        load(write(tmp_path / "d.jsonl", text))

    assert said in str(caught.value)


def test_a_character_written_as_a_pair_is_whole(tmp_path):
    data = load(write(tmp_path / "d.jsonl", '{"text":"\\ud83D\\uDe00 \\\\ud83d","label":0}\n{"text":"b","label":1}\n'))

    assert data.table["text"].tolist() == ["\U0001f600 \\ud83d", "b"]
