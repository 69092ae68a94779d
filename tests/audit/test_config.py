"""Settings of a project: refused where they are not understood, and always said with where they come from."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.cli import run
from audit.commands.audit import command as audit_command
from audit.commands.diff import command as diff_command
from audit.commands.gate import command as gate_command
from audit.commands.selftest import command as selftest_command
from audit.commands.suite import infer_command
from audit.config import KEYS, read_config
from audit.errors import InputError, UnknownName
from train.commands.compare import command as compare_command
from train.commands.probabilities import command as probabilities_command

WHOLE = """
label = "kind"
seed = 3
features = ["a", "b"]

[profile.ci]
fail_on = "warning"
label = "other"
"""


@pytest.fixture
def work(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_PROFILE", raising=False)
    rng = np.random.default_rng(0)
    kind = np.arange(60) % 2
    table = pd.DataFrame({"a": rng.normal(size=60) + 4 * kind, "b": rng.normal(size=60)})
    pd.concat([t := table.assign(kind=np.where(kind, "yes", "no")), t.iloc[:2]]).to_csv("data.csv", index=False)
    Path("s.toml").write_text('[limits]\n"duplicates.exact.count" = { max = 0, severity = "warning" }\n')
    return tmp_path


def test_a_profile_lies_on_top_and_each_value_knows_its_source(tmp_path):
    (tmp_path / "assay.toml").write_text(WHOLE)
    plain, ci = read_config(tmp_path), read_config(tmp_path, "ci")
    assert (plain.settings["label"].value, plain.settings["label"].source) == ("kind", "assay.toml")
    assert (ci.settings["label"].value, ci.settings["label"].source) == ("other", "assay.toml [profile.ci]")
    assert ci.settings["seed"].source == "assay.toml"
    assert "fail_on" not in plain.settings


def test_pyproject_says_the_same(tmp_path):
    text = WHOLE.replace("[profile", "[tool.assay.profile")
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "x"\n[tool.assay]{text}')
    config = read_config(tmp_path, "ci")
    assert config.settings["fail_on"].value == "warning"
    assert config.settings["seed"].source == "pyproject.toml [tool.assay]"


def test_a_pyproject_without_a_word_of_assay_sets_nothing(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nlabel = 3\n")
    assert read_config(tmp_path).settings == {}


def test_folders_above_are_not_looked_into(tmp_path):
    (tmp_path / "assay.toml").write_text(WHOLE)
    (tmp_path / "below").mkdir()
    assert read_config(tmp_path / "below").settings == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('lable = "x"', "assay.toml: no key 'lable'.*did you mean 'label'"),
        ('[profile.ci]\nfailon = "x"', r"\[profile.ci\]: no key 'failon'.*did you mean 'fail_on'"),
        ('[profil.ci]\nfail_on = "x"', "did you mean 'profile'"),
        ('fail_on = "warn"', "did you mean 'warning'"),
        ("[profile.ci.profile.x]\nseed = 1", "no key 'profile'"),
    ],
)
def test_an_unknown_word_is_refused_with_the_near_one_whatever_profile_is_used(tmp_path, text, said):
    (tmp_path / "assay.toml").write_text(text)
    with pytest.raises(UnknownName, match=said):
        read_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("label = 3", "label must be a text"),
        ('label = ""', "label must be a text"),
        ("seed = true", "seed must be a whole number"),
        ("seed = 1.5", "seed must be a whole number"),
        ('features = "a,b"', "features must be a list of names"),
        ("no_label = 1", "no_label must be true or false"),
        ("profile = 3", r"write \[profile.ci\]"),
        ("profile.ci = 3", r"write \[profile.ci\]"),
        ("label = [", "not TOML"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(tmp_path, text, said):
    (tmp_path / "assay.toml").write_text(text)
    with pytest.raises(InputError, match=said):
        read_config(tmp_path)


def test_two_files_are_refused(tmp_path):
    (tmp_path / "assay.toml").write_text("seed = 1")
    (tmp_path / "pyproject.toml").write_text("[tool.assay]\nseed = 2")
    with pytest.raises(InputError, match="keep one of them"):
        read_config(tmp_path)


@pytest.mark.parametrize(("text", "said"), [(WHOLE, "no profile 'cii'.*did you mean 'ci'"), (None, "profile 'cii'")])
def test_a_profile_that_is_not_there_is_refused(tmp_path, text, said):
    if text is not None:
        (tmp_path / "assay.toml").write_text(text)
    with pytest.raises((UnknownName, InputError), match=said):
        read_config(tmp_path, "cii")


def test_every_key_is_an_option_of_the_gate_with_the_same_choices_and_default():
    parameters = {p.name: p for p in gate_command.params}
    for name, key in KEYS.items():
        option = parameters[{"no_label": "unlabelled", "format": "form"}.get(name, name)]
        assert tuple(getattr(option.type, "choices", ())) == key.choices
        if key.default:  # click leaves a flag's default unset
            assert option.default == key.default
    assert "profile" in {p.name for p in infer_command.params}


def test_the_gate_takes_its_defaults_from_the_file_and_the_command_line_wins(work, capsys):
    Path("assay.toml").write_text(
        'suite = "s.toml"\nlabel = "kind"\n[profile.ci]\nfail_on = "warning"\nformat = "json"\n'
    )
    assert run(["gate", "data.csv"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("WARN: data.csv by suite s")
    assert run(["gate", "data.csv", "--profile", "ci"]) == 1
    assert json.loads(capsys.readouterr().out)["fail_on"] == "warning"
    assert run(["gate", "data.csv", "--profile", "ci", "--fail-on", "critical"]) == 0


def test_the_environment_may_choose_the_profile(work, capsys, monkeypatch):
    Path("assay.toml").write_text('suite = "s.toml"\n[profile.ci]\nfail_on = "warning"\n')
    monkeypatch.setenv("ASSAY_PROFILE", "ci")
    assert run(["gate", "data.csv", "--label", "kind"]) == 1


def test_what_is_set_for_all_commands_need_not_fit_each(work, capsys):
    Path("assay.toml").write_text(
        'suite = "s.toml"\nlabel = "kind"\nfeatures = ["a"]\ncache = "kept"\nformat = "github"\n'
    )
    assert run(["gate", "data.csv", "--certificate", "c.json"]) == 0
    assert run(["gate", "data.csv", "--verify", "c.json"]) == 0
    assert "is set for all commands, this is text" in capsys.readouterr().err
    assert run(["gate", "data.csv", "--verify", "c.json", "--label", "kind"]) == 2
    assert "--label goes with an audit" in capsys.readouterr().err


def test_of_label_and_no_label_what_is_typed_wins(work, capsys):
    Path("assay.toml").write_text('suite = "s.toml"\nlabel = "kind"\n')
    assert run(["gate", "data.csv", "--no-label", "--format", "json"]) == 0
    Path("assay.toml").write_text('suite = "s.toml"\nno_label = true\n')
    assert run(["audit", "data.csv", "--label", "kind", "-o", "report"]) == 0
    assert json.loads(Path("report/audit.json").read_text())["dataset"]["roles"]["label"] == "kind"
    assert run(["gate", "data.csv", "--label", "kind", "--no-label"]) == 2


def test_a_report_is_judged_by_its_own_suite_whatever_the_file_sets(work, capsys):
    Path("own.toml").write_text('[limits]\n"duplicates.exact.count" = 0\n')
    assert run(["audit", "data.csv", "--label", "kind", "--suite", "own.toml", "-o", "report"]) == 0
    Path("assay.toml").write_text('suite = "s.toml"\n')
    capsys.readouterr()

    assert run(["gate", "report", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["suite"] == "own"
    assert run(["gate", "report", "--suite", "s.toml"]) == 0


def test_a_baseline_of_the_file_is_left_out_of_a_certificate_and_that_is_said(work, capsys):
    Path("assay.toml").write_text('suite = "s.toml"\nlabel = "kind"\n')
    assert run(["audit", "data.csv", "-o", "report"]) == 0
    Path("s.toml").write_text('[limits]\n"duplicates.exact.count" = 0\n')
    Path("assay.toml").write_text('suite = "s.toml"\nlabel = "kind"\nbaseline = "report/audit.json"\n')
    assert run(["gate", "data.csv"]) == 0
    capsys.readouterr()

    assert run(["gate", "data.csv", "--certificate", "c.json"]) == 1
    assert "the baseline that assay.toml sets is left out" in capsys.readouterr().err
    assert run(["gate", "data.csv", "--certificate", "c.json", "--baseline", "report/audit.json"]) == 2


def test_a_stricter_gate_of_the_file_and_a_certificate_are_refused_with_the_way_out(work, capsys):
    Path("assay.toml").write_text('suite = "s.toml"\nlabel = "kind"\n[profile.ci]\nfail_on = "warning"\n')

    assert run(["gate", "data.csv", "--profile", "ci", "--certificate", "c.json"]) == 2
    said = capsys.readouterr().err
    assert 'fail_on = "warning", which assay.toml [profile.ci] sets' in said
    assert "--fail-on critical" in said
    assert run(["gate", "data.csv", "--profile", "ci", "--certificate", "c.json", "--fail-on", "critical"]) == 0


def test_the_audit_reads_the_file_too_except_for_what_is_the_gates(work, capsys):
    Path("assay.toml").write_text('suite = "s.toml"\nlabel = "kind"\nformat = "junit"\nfail_on = "warning"\n')
    assert run(["audit", "data.csv", "-o", "report"]) == 0
    assert json.loads(Path("report/audit.json").read_text())["dataset"]["roles"]["label"] == "kind"
    assert run(["audit", "data.csv", "-o", "report", "--force", "--label", "a"]) == 2
    assert "column 'a' holds" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [audit_command, compare_command, diff_command, probabilities_command, selftest_command]
)
def test_every_command_that_loads_data_by_roles_has_profiles(command):
    assert "profile" in {p.name for p in command.params}


def test_a_mistake_in_the_file_stops_the_gate(work, capsys):
    Path("assay.toml").write_text('sute = "s.toml"\n')
    assert run(["gate", "data.csv", "--label", "kind"]) == 2
    assert "did you mean 'suite'" in capsys.readouterr().err


def test_show_says_every_key_and_where_its_value_comes_from(work, capsys):
    Path("assay.toml").write_text(WHOLE)
    assert run(["config", "show", "--profile", "ci"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert set(lines) == set(KEYS)
    assert lines["fail_on"].endswith("assay.toml [profile.ci]")
    assert lines["suite"].endswith("default")
    assert '["a", "b"]' in lines["features"]
    assert run(["config", "show", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["seed"] == {"value": 3, "source": "assay.toml"}
