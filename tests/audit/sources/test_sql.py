"""Tables of a database are read whole, typed, in the order of what names their rows; SQLite here, PostgreSQL beside."""

import sqlite3
import sys

import numpy as np
import pandas as pd
import pytest

from audit import load
from audit.errors import InputError, StaleError, UnknownName
from audit.sources import read
from audit.sources.moment import moment
from audit.sources.sql import came_from, hold, lies_in, prove

ROWS = [
    (3, 2.5, "ash", 1, None, b"\x00\xff"),
    (1, None, "birch", 0, "", b""),
    (2, 1.0, "ash", None, "a\nb", None),
    (10, -4.0, "cedar", 1, "é", b"x"),
]


@pytest.fixture
def place(tmp_path):
    made = sqlite3.connect(tmp_path / "trees.db")
    made.execute(
        "CREATE TABLE trees (nr INTEGER PRIMARY KEY, height REAL, label TEXT, old BOOLEAN, note TEXT, raw BLOB)"
    )
    made.executemany("INSERT INTO trees VALUES (?, ?, ?, ?, ?, ?)", ROWS)
    made.execute("CREATE VIEW tall AS SELECT * FROM trees WHERE height IS NULL OR height > 1")
    made.execute('CREATE TABLE "My ""Order"" 100%" ("select" TEXT PRIMARY KEY, "a b" REAL, label TEXT)')
    made.execute("""INSERT INTO "My ""Order"" 100%" VALUES ('y', 1, 'u'), ('x', 2, 'v')""")
    made.execute("CREATE TABLE coded (nr INTEGER PRIMARY KEY, code TEXT, x REAL, label TEXT)")
    made.execute("INSERT INTO coded VALUES (1, 'b', 1, 'u'), (2, 'a', 2, 'v'), (3, 'B', 3, 'u')")
    made.execute("CREATE TABLE nameless (height REAL, label TEXT)")
    made.execute("INSERT INTO nameless VALUES (1, 'a'), (2, 'b')")
    made.execute("CREATE TABLE pairs (a INTEGER, b INTEGER, label TEXT, PRIMARY KEY (a, b))")
    made.execute("CREATE TABLE none (nr INTEGER PRIMARY KEY, label TEXT)")
    made.commit()
    made.close()
    return tmp_path / "trees.db"


def change(place, *statements):
    made = sqlite3.connect(place)
    for statement in statements:
        made.execute(statement)
    made.commit()
    made.close()


def at(place, table, **more):
    return f"sqlite:///{place}?table={table}" + "".join(f"&{k}={v}" for k, v in more.items())


def test_rows_stand_in_the_order_of_the_key_whatever_the_order_on_disk(place):
    data = load(f"sqlite:///{place}", table="trees", label="label", features="height")

    assert data.rows.tolist() == [1, 2, 3, 10]
    assert data.roles.id == "nr"
    assert data.name == at(place, "trees")
    assert any("'nr', the table's primary key" in said for said in data.inferred)
    change(place, "DELETE FROM trees WHERE nr = 1", "INSERT INTO trees VALUES (1, NULL, 'birch', 0, '', x'')")
    assert load(at(place, "trees"), label="label", features="height").fingerprint == data.fingerprint


def test_columns_have_the_kinds_they_are_declared_as(place):
    table = read(at(place, "trees")).table

    assert table["nr"].tolist() == [1, 2, 3, 10]
    assert table["height"].dtype == np.float64
    assert table["height"].isna().tolist() == [True, False, False, False]
    assert table["note"].tolist()[:2] == ["", "a\nb"]
    assert pd.isna(table["note"].tolist()[2])
    assert table["raw"].tolist() == [b"", None, b"\x00\xff", b"x"]
    assert table["old"].tolist() == [False, None, True, True]


def test_a_table_reads_as_the_same_rows_of_a_file_do(place, tmp_path):
    data = load(at(place, "trees"), label="label")
    data.table.reset_index(drop=True).to_parquet(tmp_path / "trees.parquet")

    assert load(tmp_path / "trees.parquet", label="label", id="nr").fingerprint == data.fingerprint


def test_another_column_may_name_the_rows(place):
    data = load(at(place, "coded"), label="label", id="code")

    assert data.rows.tolist() == ["B", "a", "b"]
    assert data.name == at(place, "coded", id="code")
    assert data.roles.features == ("nr", "x")


def test_any_name_of_tables_and_columns_will_do(place):
    data = load(f"sqlite:///{place}", table='My "Order" 100%', label="label")

    assert data.table["a b"].tolist() == [2.0, 1.0]
    assert data.rows.tolist() == ["x", "y"]
    assert load(data.name, label="label").fingerprint == data.fingerprint


def test_a_view_is_a_table_too_once_its_rows_are_named(place):
    assert load(at(place, "tall"), label="label", id="nr").rows.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("nameless", r"no primary key, and rows of a database have no place .* with --id; columns are height, label"),
        ("tall", r"no primary key"),
        ("pairs", r"a primary key of 2 columns \(a, b\)"),
    ],
)
def test_rows_that_nothing_names_are_refused_and_what_is_needed_is_said(place, table, said):
    with pytest.raises(InputError, match=said):
        load(at(place, table), label="label")


@pytest.mark.parametrize(
    ("where", "options", "kind", "said"),
    [
        ("?table=tree", {}, UnknownName, r"no table 'tree'; there is My .*, trees; did you mean 'trees'"),
        ("?table=trees%3B%20DROP%20TABLE%20trees", {}, UnknownName, "no table 'trees; DROP TABLE trees'"),
        ("", {}, InputError, "which table. name it with --table; there is My"),
        ("?table=trees&id=nrr", {}, UnknownName, "no column 'nrr'; .* did you mean 'nr'"),
        ("?table=trees", {"label": "lable"}, UnknownName, "did you mean 'label'"),
        ("?table=none", {}, InputError, "no rows; columns are nr, label"),
        ("?table=trees", {"id": "old"}, InputError, "column 'old' has no id in 1 of 4 rows"),
        ("?table=trees", {"id": "label"}, InputError, "cannot be both"),
        ("?table=trees", {"columns": ["a"]}, InputError, "option 'columns' means nothing here"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_says_what_there_is(place, where, options, kind, said):
    with pytest.raises(kind, match=said) as refused:
        load(f"sqlite:///{place}{where}", **{"label": "label", **options})
    assert "\n" not in str(refused.value)


def test_a_key_that_names_two_rows_is_refused(place):
    change(place, "INSERT INTO coded VALUES (4, 'a', 1, 'u')")
    with pytest.raises(InputError, match="column 'code' names rows twice: a"):
        load(at(place, "coded"), label="label", id="code")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE trees SET height = 'tall' WHERE nr = 3", r"column 'height' is declared REAL and holds str 'tall'"),
        ("UPDATE trees SET old = 7 WHERE nr = 3", r"column 'old' is declared BOOLEAN and holds int '7'"),
        ("UPDATE trees SET note = x'00' WHERE nr = 3", r"column 'note' is declared TEXT and holds bytes"),
    ],
)
def test_a_value_of_another_kind_than_its_column_is_an_error(place, statement, said):
    change(place, statement)
    with pytest.raises(InputError, match=said):
        load(at(place, "trees"), label="label")


def test_sqlite_columns_without_a_kind_of_ours_are_what_they_hold(tmp_path):
    made = sqlite3.connect(tmp_path / "x.db")
    made.execute("CREATE TABLE t (nr INTEGER PRIMARY KEY, price NUMERIC, day DATE, mix NUMERIC, any, label TEXT)")
    made.executemany(
        "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", [(1, 2.5, "2020-01-02", 1, 3, "a"), (2, 1, None, 2, 4, "b")]
    )
    made.commit()
    table = read(at(tmp_path / "x.db", "t")).table

    assert table["price"].tolist() == [2.5, 1.0]
    assert table["day"].tolist()[0] == "2020-01-02"
    assert table["any"].tolist() == [3, 4]
    made.execute("UPDATE t SET mix = 'many' WHERE nr = 1")
    made.commit()
    made.close()
    with pytest.raises(InputError, match="column 'mix' mixes int and str"):
        read(at(tmp_path / "x.db", "t"))


def test_a_file_that_is_none_or_no_database_is_one_line(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load(f"sqlite:///{tmp_path}/gone.db?table=t")
    assert not (tmp_path / "gone.db").exists()
    (tmp_path / "text.db").write_text("nothing of the kind, and long enough to be read as a header" * 10)
    with pytest.raises(InputError, match="file is not a database"):
        load(f"sqlite:///{tmp_path}/text.db?table=t")


def test_a_driver_that_is_not_there_is_named_with_the_extra_that_brings_it(place, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])
    with pytest.raises(InputError, match=r"reading it needs sqlalchemy: pip install 'assay\[sql\]'"):
        load(at(place, "trees"), label="label")


def test_reading_writes_nothing(place):
    before = place.read_bytes()
    load(at(place, "trees"), label="label")

    assert place.read_bytes() == before
    assert [p.name for p in place.parent.iterdir()] == ["trees.db"]


# -- the same rows later -----------------------------------------------------------------------------------------------


def test_data_knows_the_table_that_it_lies_in_until_it_is_edited(place):
    data = load(at(place, "trees"), label="label")

    assert came_from(data) == lies_in(data) == at(place, "trees")
    edited = data.drop([3])
    assert came_from(edited) == at(place, "trees")
    assert lies_in(edited) is None
    assert lies_in(data.relabelled({3: "cedar"})) is None
    assert lies_in(data.relabelled({3: "ash"})) == at(place, "trees")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE trees SET height = 3 WHERE nr = 3", "some hold other values"),
        ("DELETE FROM trees WHERE nr = 3", "4 rows then, 3 now"),
        ("INSERT INTO trees VALUES (4, 1, 'ash', 0, '', NULL)", "4 rows then, 5 now"),
        ("ALTER TABLE trees ADD COLUMN girth REAL", "column girth is new, or of another type"),
        ("ALTER TABLE trees DROP COLUMN raw", "columns are gone"),
    ],
)
def test_a_table_that_was_changed_is_told_from_what_was_read(place, statement, said):
    data = load(at(place, "trees"), label="label")
    prove(data)
    change(place, statement)

    with pytest.raises(StaleError, match=said):
        prove(data)


def test_a_table_that_is_gone_or_renamed_is_not_there(place):
    data = load(at(place, "trees"), label="label")
    change(place, "DROP VIEW tall", "ALTER TABLE trees RENAME TO bushes")

    with pytest.raises(UnknownName, match=r"no table 'trees'; there is .*bushes"):
        prove(data)


def test_data_that_was_edited_is_not_proved_by_the_table(place):
    with pytest.raises(StaleError, match="was changed after it was read of the table"):
        prove(load(at(place, "trees"), label="label").drop([3]))


def test_data_from_elsewhere_needs_no_proof():
    prove(load("digits"))


def test_nobody_writes_while_one_looks_at_sqlite(place):
    data = load(at(place, "trees"), label="label")
    with moment(at(place, "trees")) as now:
        writer = sqlite3.connect(place, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"), writer:
            writer.execute("DELETE FROM trees")
        writer.close()
        hold(data, now)
    change(place, "DELETE FROM trees WHERE nr = 3")


def test_a_snapshot_of_a_database_that_is_written_beside_holds_still(place):
    change(place, "PRAGMA journal_mode = WAL")
    data = load(at(place, "trees"), label="label")
    with moment(at(place, "trees")) as now:
        change(place, "DELETE FROM trees")
        hold(data, now)
    with pytest.raises(InputError, match="no rows"):
        prove(data)
