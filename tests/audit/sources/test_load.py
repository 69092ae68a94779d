"""`load` knows a source by its type, name, scheme, suffix or content, and says what it knows when it does not."""

import inspect

import pandas as pd
import pytest

from audit.errors import InputError, UnknownName
from audit.sources import FORMATS, SUFFIXES, load


@pytest.mark.parametrize(
    ("where", "kind", "said"),
    [
        ("nowhere/data.csv", InputError, "nowhere/data.csv: no such file or folder"),
        ("digts", UnknownName, r"no file, folder or data set 'digts'.*did you mean 'digits'\?"),
        (
            "plant:digits",
            UnknownName,
            r"no scheme 'plant'; there is planted, torchvision, postgresql, sqlite; did you mean 'planted'\?",
        ),
        (3, InputError, "load takes a path, a name, a table, .* not int"),
        (None, InputError, "not NoneType"),
        ("", InputError, "not an empty name"),
    ],
)
def test_what_is_not_there_is_an_error_of_one_line(where, kind, said):
    with pytest.raises(kind, match=said) as caught:
        load(where)

    assert "\n" not in str(caught.value)


def test_an_unknown_suffix_says_which_are_known(tmp_path):
    path = tmp_path / "data.xlsx"
    path.write_bytes(b"PK")

    with pytest.raises(UnknownName, match=r"no reader for suffix '.xlsx'; there is .csv, .csv.gz, .tsv"):
        load(path)


def test_a_suffix_may_be_written_in_capitals(tmp_path):
    path = tmp_path / "DATA.CSV"
    path.write_text("text,label\na,u\nb,v\n")

    assert len(load(path)) == 2


def test_every_format_is_known_by_a_suffix_or_by_what_a_folder_holds():
    by_suffix = {name for name in FORMATS if f".{name}" in SUFFIXES}

    assert set(FORMATS) - by_suffix == {"folder", "parquet-folder", "memory"}


def test_every_role_of_load_is_a_keyword():
    parameters = inspect.signature(load).parameters

    assert [p.name for p in parameters.values() if p.kind is not p.KEYWORD_ONLY] == ["where"]


def test_loading_twice_gives_the_same_fingerprint(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label\na,u\nb,v\n")

    assert load(path).fingerprint == load(path).fingerprint


def test_the_format_does_not_change_the_fingerprint(tmp_path):
    table = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, None], "label": ["u", "v", "u"]})
    table.to_csv(tmp_path / "d.csv", index=False)
    table.to_csv(tmp_path / "d.tsv", index=False, sep="\t")
    table.to_parquet(tmp_path / "d.parquet")
    table.to_feather(tmp_path / "d.feather")
    table.to_json(tmp_path / "d.jsonl", orient="records", lines=True)

    found = {load(path).fingerprint for path in tmp_path.iterdir()} | {load(table).fingerprint}

    assert len(found) == 1


def test_a_directory_where_a_file_is_meant_is_an_error(tmp_path):
    (tmp_path / "data.csv").mkdir()

    with pytest.raises(InputError, match="no pictures"):
        load(tmp_path / "data.csv")
