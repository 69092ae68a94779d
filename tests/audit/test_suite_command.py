"""`assay suite`: infer, check, import, export."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.checks import CHECKS
from audit.cli import run
from audit.explain import explain
from audit.measures import MEASURES
from audit.suite import parse_suite, read_suite


def write_data(name: str = "data.csv", scale: float = 1.0) -> None:
    rng = np.random.default_rng(0)
    label = np.arange(120) % 2
    table = pd.DataFrame({"a": rng.normal(size=120) + 4 * label, "b": rng.normal(size=120)}) * scale
    table.assign(label=np.where(label, "yes", "no")).to_csv(name, index=False)


@pytest.fixture
def work(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_data()
    return tmp_path


def test_what_is_inferred_passes_its_data_and_fails_other(work, capsys):
    assert run(["suite", "infer", "data.csv", "--label", "label", "-o", "own.toml"]) == 0
    text = Path("own.toml").read_text()
    assert "# Inferred from data.csv: 120 rows" in text
    assert run(["gate", "data.csv", "--label", "label", "--suite", "own.toml"]) == 0

    write_data("other.csv", scale=100)
    assert run(["gate", "other.csv", "--label", "label", "--suite", "own.toml"]) == 1
    capsys.readouterr()
    assert run(["suite", "check", "own.toml", "data.csv", "--label", "label"]) == 0
    out = capsys.readouterr().out
    assert "must    a is never missing [holds]" in out
    assert "VALID: own, " in out


def test_a_file_that_is_there_is_not_overwritten_and_nothing_is_audited_for_it(work, capsys):
    Path("own.toml").write_text("mine")
    assert run(["suite", "infer", "data.csv", "-o", "own.toml"]) == 2
    assert "exists; name another file or say --force" in capsys.readouterr().err
    assert Path("own.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[expectations]]\ntype = "expect_column_to_exists"\ncolumn = "a"', "did you mean 'expect_column_to_exist'"),
        ('[[expectations]]\ntype = "expect_column_to_exist"\ncolum = "a"', "arguments refused"),
        ('[[expectations]]\ntype = "expect_column_mean_to_be_between"\ncolumn = "a"', "demands nothing"),
        ('[limits]\n"label.rate" = 0.1', "did you mean 'labels.rate'"),
        ('[limits]\n"labels.rate" = 0.1\n[checks.labels]\nprecison = 0.9', "did you mean 'precision'"),
        ('[limits]\n"labels.rate" = 0.1\n[checks.label]\nprecision = 0.9', "did you mean 'labels'"),
    ],
)
def test_a_word_that_is_not_known_makes_a_suite_invalid(work, capsys, text, said):
    Path("s.toml").write_text(text)
    assert run(["suite", "check", "s.toml"]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert "INVALID: s has 1 errors" in out


def test_with_data_an_expectation_that_cannot_run_is_an_error_and_one_that_fails_is_told(work, capsys):
    Path("s.toml").write_text(
        '[[expectations]]\ntype = "expect_column_values_to_not_be_null"\ncolumn = "gone"\n'
        '[[expectations]]\ntype = "expect_column_values_to_be_between"\ncolumn = "a"\nmin_value = 100\nseverity = "info"\n'
    )
    assert run(["suite", "check", "s.toml", "data.csv", "--label", "label"]) == 2
    out, err = capsys.readouterr()
    assert "is told a is at least 100 [120 of 120 rows break it]" in out
    assert err.count("\n") == 1
    assert "gone" in err


@pytest.mark.parametrize(
    "text", ["[checks.labels]\nseeds = 3\n", '[limits]\n"labels.rate" = { max = 0, severity = "info" }\n']
)
def test_a_suite_that_demands_nothing_is_3(work, capsys, text):
    Path("s.toml").write_text(text)
    assert run(["suite", "check", "s.toml"]) == 3
    assert "demands nothing" in capsys.readouterr().out


def test_a_suite_crosses_and_comes_back(work, capsys):
    assert run(["suite", "export", "tabular", "-o", "gx.json"]) == 0
    assert run(["suite", "import", "gx.json", "-o", "tabular.toml"]) == 0
    assert read_suite("tabular.toml").fingerprint == read_suite("suites/tabular.toml").fingerprint


def test_a_type_that_is_not_known_is_kept_said_and_refused_by_the_gate(work, capsys):
    values = {"name": "x", "expectations": [{"type": "expect_ours", "kwargs": {"column": "a"}, "meta": {}}], "meta": {}}
    Path("gx.json").write_text(json.dumps(values))
    assert run(["suite", "import", "gx.json", "-o", "own.toml"]) == 0
    assert "kept as it is: expect_ours(column='a')" in capsys.readouterr().err
    assert run(["gate", "data.csv", "--label", "label", "--suite", "own.toml"]) == 3
    assert "no expectation 'expect_ours'" in "".join(capsys.readouterr())
    assert [e.type for e in read_suite("own.toml").expectations] == ["expect_ours"]


def test_a_limit_is_said_with_what_it_is_on():
    suite = parse_suite({"limits": {"labels.rate": 0.05, "imbalance.ratio": {"max": 10, "severity": "info"}}}, name="s")
    assert explain(suite).lines == (
        "must    labels.rate at most 5 %: share of the labels estimated to be wrong",
        "is told imbalance.ratio at most 10: largest class over smallest",
    )


def test_every_measure_is_of_a_check_that_there_is():
    assert {m.split(".")[0] for m in MEASURES} == set(CHECKS)
    shipped = [x.measure for name in ("tabular", "text", "image", "banking77", "sms") for x in read_suite(name).limits]
    assert set(shipped) <= set(MEASURES)
