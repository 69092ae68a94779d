"""`assay gate`, `assay audit` and what comes after them, on a table that lies in a database."""

import json
import shlex
import sqlite3
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest

from audit import audit, load, require
from audit.certificate.issue import certify
from audit.certificate.record import Uncertified
from audit.cli import run
from audit.errors import StaleError
from audit.report import Report
from audit.suite import parse_suite
from audit.verdict import gate
from tests.postgres import PASSWORD

RULES = {"type": "expect_column_values_to_be_between", "column": "height", "min_value": 0}
SUITE = """
[[expectations]]
type = "expect_column_values_to_be_between"
column = "height"
min_value = 0
max_value = {most}

[[expectations]]
type = "expect_column_values_to_be_unique"
column = "nr"
"""
LIMITS = '[limits]\n"duplicates.exact.count" = 0\n'
N = 60


def rows() -> list[tuple]:
    rng = np.random.default_rng(4)
    return [(i * 2 + 1, 10 + 8.0 * (i % 2) + float(rng.normal()), ["ash", "oak"][i % 2]) for i in range(N)]


def execute(path, *statements):
    made = sqlite3.connect(path)
    for statement in statements:
        made.execute(*statement) if isinstance(statement, tuple) else made.execute(statement)
    made.commit()
    made.close()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with a database, trees.db, and two suites."""
    monkeypatch.chdir(tmp_path)
    execute(
        "trees.db",
        "CREATE TABLE trees (nr INTEGER PRIMARY KEY, height REAL, label TEXT)",
        *[("INSERT INTO trees VALUES (?, ?, ?)", line) for line in rows()],
        "CREATE VIEW later AS SELECT * FROM trees WHERE nr > 20",
    )
    (tmp_path / "s.toml").write_text(SUITE.format(most=99) + LIMITS)
    (tmp_path / "low.toml").write_text(SUITE.format(most=12) + LIMITS)
    (tmp_path / "schema.toml").write_text(SUITE.format(most=99))
    return tmp_path


def said(capsys) -> str:
    found = capsys.readouterr()
    return found.out + found.err


TREES = ["sqlite:///trees.db", "--table", "trees", "--label", "label"]


@pytest.fixture
def postgres_trees(postgres):
    values = ", ".join(f"({nr}, {height}, '{label}')" for nr, height, label in rows())
    postgres.run(
        "DROP TABLE IF EXISTS trees",
        "CREATE TABLE trees (nr int PRIMARY KEY, height double precision, label text)",
        f"INSERT INTO trees VALUES {values}",
    )
    return postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, here):
    """How the trees are named on the command line."""
    if request.param == "sqlite":
        return TREES
    return [request.getfixturevalue("postgres_trees").by_socket, *TREES[1:]]


@pytest.fixture
def change(request):
    """Execute statements in the database that a place is in."""

    def work(place, *statements):
        if place[0].startswith("sqlite"):
            execute("trees.db", *statements)
        else:
            request.getfixturevalue("postgres").run(*statements)

    return work


@pytest.mark.parametrize(("suite", "code", "word"), [("s.toml", 0, "PASS"), ("low.toml", 1, "FAIL")])
def test_a_table_passes_or_fails_as_its_rows_in_a_file_do(place, suite, code, word, capsys):
    assert run(["gate", *place, "--suite", suite]) == code
    found = said(capsys)
    assert word in found
    data = load(place[0], table="trees", label="label")
    data.table.to_parquet("trees.parquet", index=False)
    assert run(["gate", "trees.parquet", "--label", "label", "--id", "nr", "--suite", suite]) == code
    of_file = said(capsys)
    assert [x for x in found.splitlines() if "rows break" in x] == [
        x for x in of_file.splitlines() if "rows break" in x
    ]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["sqlite:///trees.db", "--suite", "s.toml"], "which table? name it with --table; there is later, trees"),
        (["sqlite:///trees.db", "--table", "tree", "--suite", "s.toml"], "did you mean 'trees'?"),
        (["sqlite:///gone.db", "--table", "trees", "--suite", "s.toml"], "gone.db: no such file"),
        (
            ["postgresql://x:geheim@127.0.0.1:9/d", "--table", "t", "--suite", "s.toml"],
            "error: postgresql://x@127.0.0.1:9",
        ),
        ([*TREES, "--suite", "s.toml", "--columns", "a,b"], "option 'columns' means nothing here"),
        (["s.toml", "--table", "trees"], "means nothing here"),
    ],
)
def test_what_cannot_be_read_is_exit_code_2_and_one_line(here, words, wanted, capsys):
    assert run(["gate", *words]) == 2
    found = said(capsys)
    assert wanted in found
    assert "geheim" not in found
    assert found.count("\n") == 1


def test_an_expectation_that_sql_cannot_judge_is_exit_code_3(place, capsys):
    odd = '[[expectations]]\ntype = "expect_column_values_to_be_json_parseable"\ncolumn = "label"\n'
    Path("odd.toml").write_text(odd)

    assert run(["gate", *place, "--suite", "odd.toml"]) == 3
    assert "could not run" in said(capsys)


@pytest.mark.parametrize("form", ["json", "markdown", "junit", "sarif", "github"])
def test_every_format_says_it_too(here, form, capsys):
    assert run(["gate", *TREES, "--suite", "low.toml", "--format", form]) == 1
    assert "height" in capsys.readouterr().out


def test_the_report_says_where_the_rules_were_run_and_leads_back(here, capsys, monkeypatch):
    words = ["audit", *TREES, "--suite", "low.toml", "-o", "report"]
    monkeypatch.setattr("sys.argv", ["assay", *words])
    assert run(words) == 0
    shown = said(capsys)
    report = Report.read(here / "report")

    assert report.dataset.name == "sqlite:///trees.db?table=trees"
    assert report["schema"].detail["where"] == "where the table lies: sqlite:///trees.db?table=trees"
    broken = [nr for nr, height, _ in rows() if height > 12]
    assert report["schema"].flagged.tolist() == broken
    assert "--table trees" in shown
    assert run(["gate", "report"]) == 1
    assert run(["clean", "sqlite:///trees.db?table=trees", "--report", "report", "--by", "prune", "-o", "clean"]) == 0
    assert len(load("clean")) == N - len(broken)


# -- bound to the rows -------------------------------------------------------------------------------------------------


def test_a_certificate_holds_until_the_table_changes(place, change, capsys):
    assert run(["gate", *place, "--suite", "s.toml", "--certificate", "c.json"]) == 0
    assert run(["gate", place[0], "--table", "trees", "--verify", "c.json"]) == 0
    assert "VERIFIED" in said(capsys)
    change(place, "UPDATE trees SET height = 11 WHERE nr = 7", "DELETE FROM trees WHERE nr = 9")

    assert run(["gate", place[0], "--table", "trees", "--verify", "c.json"]) == 1
    found = said(capsys)
    assert "rows changed: 7" in found
    assert "rows removed: 9" in found
    change(place, "DROP VIEW IF EXISTS later", "ALTER TABLE trees RENAME TO bushes")
    assert run(["gate", place[0], "--table", "trees", "--verify", "c.json"]) == 2
    assert "there is bushes" in said(capsys) or place[0].startswith("postgresql")
    change(place, "ALTER TABLE bushes RENAME TO trees")


def test_a_certificate_of_a_table_is_not_one_of_a_view_with_other_rows(here, capsys):
    run(["gate", *TREES, "--suite", "s.toml", "--certificate", "c.json"])
    capsys.readouterr()

    assert run(["gate", "sqlite:///trees.db", "--table", "later", "--id", "nr", "--verify", "c.json"]) == 1
    assert "rows removed: 1, 3, 5" in said(capsys)


def test_training_may_demand_it(here):
    run(["gate", *TREES, "--suite", "s.toml", "--certificate", "c.json"])

    assert require("sqlite:///trees.db?table=trees", "c.json").passed
    assert require(load("sqlite:///trees.db", table="trees", label="label"), "c.json").passed
    execute("trees.db", "UPDATE trees SET label = 'oak' WHERE nr = 1")
    with pytest.raises(Uncertified, match="rows changed: 1"):
        require("sqlite:///trees.db?table=trees", "c.json")


def test_what_changes_between_reading_and_the_schema_check_is_undecided(place, change):
    data = load(place[0], table="trees", label="label")
    suite = parse_suite({"expectations": [RULES]}, name="own")
    change(place, "UPDATE trees SET height = -1 WHERE nr = 7")
    report = audit(data, suite=suite, checks=["schema"])

    assert report["schema"].status == "error"
    assert "changed after its rows were read" in report["schema"].why
    assert gate(report, suite).exit_code == 3


def test_what_changes_between_the_schema_check_and_the_certificate_gets_none(place, change):
    data = load(place[0], table="trees", label="label")
    suite = parse_suite({"expectations": [RULES]}, name="own")
    report = audit(data, suite=suite, checks=["schema"])
    assert gate(report, suite).passed
    assert certify(data, report, suite).passed
    change(place, "UPDATE trees SET height = -1 WHERE nr = 7")

    with pytest.raises(StaleError, match="some hold other values"):
        certify(data, report, suite)


def test_rows_that_were_edited_are_judged_in_memory_and_that_is_said(here):
    data = load("sqlite:///trees.db", table="trees", label="label").drop([1])
    suite = parse_suite({"expectations": [{**RULES, "min_value": 9.5}]}, name="own")
    report = audit(data, suite=suite, checks=["schema"])
    whole = audit(load("sqlite:///trees.db", table="trees", label="label"), suite=suite, checks=["schema"])

    assert report["schema"].detail["where"].startswith("in memory")
    assert whole["schema"].detail["where"].startswith("where the table lies")
    assert set(report["schema"].flagged) == set(whole["schema"].flagged) - {1}


def test_a_kept_check_is_not_used_where_a_column_has_another_type(here):
    suite = parse_suite(
        {"expectations": [{"type": "expect_column_values_to_be_of_type", "column": "size", "type_": "INTEGER"}]},
        name="own",
    )

    def outcome(kind: str) -> str:
        made = [("INSERT INTO sized VALUES (?, ?, ?)", (i, i % 7, "ab"[i % 2])) for i in range(20)]
        table = f"CREATE TABLE sized (nr INTEGER PRIMARY KEY, size {kind}, label TEXT)"
        execute("trees.db", "DROP TABLE IF EXISTS sized", table, *made)
        data = load("sqlite:///trees.db", table="sized", label="label")
        report = audit(data, suite=suite, checks=["schema"], cache=here / "cache")
        return report["schema"].detail["expectations"][0]["state"]

    assert [outcome("INTEGER"), outcome("INTEGER"), outcome("BIGINT")] == ["pass", "pass", "fail"]


# -- the schema alone --------------------------------------------------------------------------------------------------


def test_a_schema_can_be_judged_where_the_table_lies_without_a_row_being_read(place, capsys):
    base = [place[0], "--table", "trees", "--schema-only"]

    assert run(["gate", *base, "--suite", "schema.toml"]) == 0
    for form in ("json", "markdown", "junit", "sarif", "github"):
        assert run(["gate", *base, "--suite", "schema.toml", "--format", form]) == 0
    capsys.readouterr()
    Path("fails.toml").write_text(SUITE.format(most=12))
    assert run(["gate", *base, "--suite", "fails.toml"]) == 1
    broken = sum(height > 12 for _, height, _ in rows())
    assert f"{broken} of {N} rows break it" in said(capsys)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ([], "name one with --suite"),
        (["--suite", "s.toml"], "limits on duplicates.exact.count need the rows"),
        (["--suite", "tabular"], "has no expectations"),
        (["--suite", "schema.toml", "--certificate", "c.json"], "--certificate needs the rows"),
        (["--suite", "schema.toml", "--label", "label"], "--label needs the rows"),
        (["--suite", "schema.toml", "--reference", "digits"], "--reference needs the rows"),
    ],
)
def test_what_a_schema_alone_cannot_say_is_refused(here, words, wanted, capsys):
    assert run(["gate", "sqlite:///trees.db", "--table", "trees", "--schema-only", *words]) == 2
    assert wanted in said(capsys)


@pytest.mark.parametrize(
    ("table", "key", "wanted"),
    [
        ("words", "nr", "column 'height' is declared REAL and holds text in 2 of 3 rows"),
        ("truths", "nr", "column 'old' is declared BOOLEAN and holds other than 0 and 1 in 1 of 3 rows"),
        ("mixed", "nr", "column 'price' mixes integer and real and text"),
        ("words", "label", "column 'label' names 1 of 3 rows twice"),
        ("truths", "old", "column 'old' has no id in 1 of 3 rows"),
    ],
)
def test_a_schema_alone_is_not_judged_of_rows_that_could_not_be_read(here, table, key, wanted, capsys):
    execute(
        "trees.db",
        "CREATE TABLE words (nr INTEGER PRIMARY KEY, height REAL, label TEXT)",
        "INSERT INTO words VALUES (1, 'tall', 'a'), (2, 3, 'a'), (3, 'small', 'b')",
        "CREATE TABLE truths (nr INTEGER PRIMARY KEY, height REAL, old BOOLEAN)",
        "INSERT INTO truths VALUES (1, 1, 1), (2, 1, 7), (3, 1, NULL)",
        "CREATE TABLE mixed (nr INTEGER PRIMARY KEY, height REAL, price NUMERIC, day DATE, any)",
        "INSERT INTO mixed VALUES (1, 1, 2.5, '2020-01-02', 3), (2, 1, 'much', NULL, 4), (3, NULL, 1, NULL, NULL)",
    )
    words = ["gate", "sqlite:///trees.db", "--table", table, "--id", key]
    Path("schema.toml").write_text(SUITE.format(most=99))

    assert run([*words, "--schema-only", "--suite", "schema.toml"]) == 2
    assert wanted in said(capsys)
    execute("trees.db", f"CREATE VIEW sound AS SELECT * FROM {table} WHERE nr = 2")
    words = ["gate", "sqlite:///trees.db", "--table", "sound", "--id", "nr", "--schema-only", "--suite", "schema.toml"]
    assert run(words) == (2 if table == "truths" else 0)


def test_in_postgresql_too_an_id_names_one_row(postgres_trees, here, capsys):
    words = ["gate", postgres_trees.by_socket, "--table", "trees", "--schema-only", "--suite", "schema.toml", "--id"]
    assert run([*words, "nr"]) == 0
    assert run([*words, "label"]) == 2
    assert f"column 'label' names {N - 2} of {N} rows twice" in said(capsys)


def test_a_file_has_no_other_place_to_lie(here, capsys):
    pd.DataFrame(rows()).to_csv("t.csv")
    assert run(["gate", "t.csv", "--schema-only", "--suite", "schema.toml"]) == 2
    assert "t.csv: --schema-only is for a table of a database" in said(capsys)


def test_blocks_are_read_of_files_alone(here, capsys):
    assert run(["audit", *TREES, "--memory", "2G"]) == 2
    assert "--memory reads Parquet in blocks, and a table is read whole" in said(capsys)


# -- passwords ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "secret", "typed"),
    [
        ("tester", PASSWORD, quote(PASSWORD, safe="")),
        ("tester@corp", "S3CRET", "S3CRET"),
        ("spacey", "my S3CRET", "my S3CRET"),
    ],
)
def test_a_password_is_in_nothing_that_is_written_or_said(
    here, postgres_trees, capsys, monkeypatch, user, secret, typed
):
    if user != "tester":
        postgres_trees.run(f"""CREATE ROLE "{user}" SUPERUSER LOGIN PASSWORD '{secret}'""")
    where = postgres_trees.by_loopback(f":{typed}").replace("tester:", f"{user}:")
    words = [where, "--table", "trees", "--label", "label"]
    monkeypatch.setattr("sys.argv", ["assay", "audit", *words, "--reference", f"{where}?table=trees"])

    assert run(["audit", *words, "--suite", "low.toml", "-o", "report", "--reference", f"{where}?table=trees"]) == 0
    assert run(["gate", *words, "--suite", "s.toml", "--certificate", "c.json", "--cache", "cache"]) == 0
    assert run(["gate", where, "--table", "trees", "--verify", "c.json"]) == 0
    assert run(["gate", *words, "--suite", "s.toml", "--columns", "a"]) == 2
    assert run(["gate", where, "--table", "trees", "--suite", "s.toml", "--schema-only"]) == 2
    assert run(["gate", where, "--table", "treees", "--suite", "s.toml"]) == 2
    assert run(["gate", f"{where}?tabel=trees", "--suite", "s.toml"]) == 2
    assert run(["gate", *words, "--lable", "x"]) == 2
    assert run(["gate", "digits", where]) == 2
    assert run(["gate", where.replace("postgresql", "POSTGRESQL")]) == 2
    assert run(["gate", where.replace("postgresql://", "postgresql:")]) == 2
    assert run(["gate", where.replace("127.0.0.1", "127.0.0.1:x")]) == 2
    assert run(["clean", f"{where}?table=trees", "--report", "report", "--by", "prune", "-o", "clean"]) == 0
    shown = said(capsys)
    parts = [secret, typed, PASSWORD.split("/")[1], "S3CRET"]
    assert not any(part in shown for part in parts)
    files = [p for p in here.rglob("*") if p.is_file()]
    assert len(files) > 8
    leaks = [p.name for p in files for part in parts if part.encode() in p.read_bytes()]
    assert leaks == []
    values = json.loads((here / "report/audit.json").read_text())
    shown_where = shlex.quote(where.replace(f":{typed}@", "@"))
    assert values["command"].startswith(f"assay audit {shown_where} --table trees")


def test_a_password_in_the_settings_is_not_shown(here, capsys):
    for secret in ("S3CRET", "my S3CRET"):
        Path("assay.toml").write_text(f'reference = "postgresql://ann@corp:{secret}@h/db?table=t"\n')
        for form in ("text", "json"):
            assert run(["config", "show", "--format", form]) == 0
            shown = said(capsys)
            assert "postgresql://ann@corp@h/db?table=t" in shown
            assert "S3CRET" not in shown
