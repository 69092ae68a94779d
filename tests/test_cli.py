"""The command line: exit codes, one line for each thing that is wrong, nothing half-written."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.cli import run

TINY = """
[limits]
"labels.rate" = 1
"duplicates.exact.count" = {most}
"""


def blobs(n: int = 60, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    label = np.arange(n) % 2
    return pd.DataFrame(
        {"a": rng.normal(size=n) + 4 * label, "b": rng.normal(size=n), "label": np.where(label, "yes", "no")}
    )


@pytest.fixture
def work(tmp_path, monkeypatch) -> Path:
    """A working directory with a sound table, and a suite that lets it pass."""
    monkeypatch.chdir(tmp_path)
    blobs().to_csv("data.csv", index=False)
    Path("pass.toml").write_text(TINY.format(most=0))
    return tmp_path


def said(capsys) -> str:
    """What went to stderr: one line, no traceback."""
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1, err
    return err.strip()


class TestExitCodes:
    def test_a_sound_table_passes_with_0(self, work, capsys):
        assert run(["gate", "data.csv", "--suite", "pass.toml"]) == 0
        assert "PASS" in capsys.readouterr().out

    def test_a_breach_fails_with_1(self, work, capsys):
        pd.concat([blobs(), blobs().iloc[:3]]).to_csv("data.csv", index=False)

        assert run(["gate", "data.csv", "--suite", "pass.toml"]) == 1
        assert "duplicates.exact.count: 3, at most 0" in capsys.readouterr().out

    def test_a_suite_that_demands_nothing_is_3(self, work):
        Path("empty.toml").write_text("")

        assert run(["gate", "data.csv", "--suite", "empty.toml"]) == 3

    def test_a_check_that_cannot_finish_is_3_even_beside_a_breach(self, work, capsys):
        rare = pd.DataFrame({"a": [9.0], "b": [9.0], "label": ["once"]})
        pd.concat([blobs(), blobs().iloc[:3], rare]).to_csv("data.csv", index=False)

        assert run(["gate", "data.csv", "--suite", "pass.toml"]) == 3
        out = " ".join(capsys.readouterr().out.split())
        assert "class 'once' has 1 row" in out
        assert "ERROR" in out

    @pytest.mark.parametrize(("copies", "code"), [(0, 0), (3, 1)])
    def test_a_verdict_that_nobody_reads_is_the_same(self, work, copies, code):
        pd.concat([blobs(), blobs().iloc[:copies]]).to_csv("data.csv", index=False)
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])
        reader, writer = os.pipe()
        os.close(reader)  # as `| true` does
        ran = subprocess.run(
            [sys.executable, "-m", "audit.cli", "gate", "report"],
            stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        os.close(writer)

        assert (ran.returncode, ran.stderr) == (code, "")

    def test_a_defect_decides_nothing(self, work):
        Path("broken").mkdir()
        Path("broken/pandas.py").write_text("raise RuntimeError('half installed')")
        ran = subprocess.run(
            [sys.executable, "-m", "audit.cli", "gate", "data.csv", "--suite", "pass.toml"],
            capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": "broken"},
        )  # fmt: skip

        assert ran.returncode == 3
        assert "Traceback" in ran.stderr
        assert "RuntimeError: half installed" in ran.stderr

    def test_an_unknown_command_is_2_and_offers_the_near_one(self, work, capsys):
        assert run(["adit", "data.csv"]) == 2
        assert "did you mean 'audit'?" in capsys.readouterr().err


class TestAuditWrites:
    def test_the_report_folder_holds_what_it_promises(self, work, capsys):
        assert run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"]) == 0

        files = {p.name for p in Path("report").iterdir()}
        tables = {"scores.parquet", "issues.parquet", "map.parquet"}
        assert files == {"audit.json", *tables, "report.html", "report.md", "evidence"}
        values = json.loads(Path("report/audit.json").read_text())
        assert values["schema_version"] == 2
        assert values["dataset"]["rows"] == 60
        assert {"labels.rate", "labels.count", "duplicates.exact.rate"} <= set(values["measures"])
        scores = pd.read_parquet("report/scores.parquet")
        assert scores["row"].tolist() == list(range(60))
        assert scores["labels.score"].between(0, 1).all()
        assert {"labels.flagged", "labels.given", "labels.suggested"} <= set(scores.columns)

    def test_json_is_all_that_goes_to_stdout(self, work, capsys):
        assert run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report", "--format", "json"]) == 0

        assert json.loads(capsys.readouterr().out)["verdict"]["outcome"] == "PASS"

    def test_the_last_lines_are_verdict_report_and_next_command(self, work, capsys):
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])

        *_, verdict, report, after = capsys.readouterr().out.rstrip().splitlines()
        assert verdict.startswith("PASS")
        assert report == "report: report/report.html"
        assert after.startswith("next:")

    def test_a_pipe_sees_no_progress(self, work):
        ran = subprocess.run(
            [sys.executable, "-m", "audit.cli", "audit", "data.csv", "--suite", "pass.toml"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip

        assert ran.stderr == ""

    def test_a_folder_that_is_there_is_refused_without_force(self, work, capsys):
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])
        capsys.readouterr()

        assert run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"]) == 2
        assert "exists and is not empty" in said(capsys)
        assert run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report", "--force"]) == 0

    def test_a_second_audit_takes_over_what_has_not_changed(self, work):
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])
        before = json.loads(Path("report/audit.json").read_text())
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report", "--force"])
        after = json.loads(Path("report/audit.json").read_text())

        assert after["checks"] == before["checks"]


class TestGateOfAReport:
    def test_a_report_is_judged_without_its_data(self, work, capsys):
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])
        Path("data.csv").unlink()

        assert run(["gate", "report", "--suite", "pass.toml"]) == 0

    def test_an_expectation_that_the_audit_did_not_run_is_3(self, work, capsys):
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])
        more = TINY.format(most=0) + '[[expectations]]\ntype = "expect_column_to_exist"\ncolumn = "a"\n'
        Path("more.toml").write_text(more)

        assert run(["gate", "report", "--suite", "more.toml"]) == 3
        assert "was not run in this audit" in " ".join(capsys.readouterr().out.split())

    def test_a_report_is_judged_by_the_suite_it_was_made_for(self, work, capsys):
        rule = '[[expectations]]\ntype = "expect_column_values_to_be_between"\ncolumn = "a"\nmin_value = 100\n'
        Path("own.toml").write_text(rule + '[limits]\n"imbalance.ratio" = 100\n[checks.outliers]\nspread = 9\n')
        run(["audit", "data.csv", "--suite", "own.toml", "-o", "report"])
        Path("own.toml").unlink()
        capsys.readouterr()

        assert run(["gate", "report"]) == 1
        assert "by suite own: 1 of 2 demands not met" in capsys.readouterr().out

    def test_a_suite_that_json_cannot_hold_must_be_named_again(self, work, capsys):
        dated = 'type = "expect_column_values_to_not_be_in_set"\ncolumn = "label"\nvalue_set = [2020-01-01]\n'
        Path("dated.toml").write_text("[[expectations]]\n" + dated)
        run(["audit", "data.csv", "--suite", "dated.toml", "-o", "report"])
        capsys.readouterr()

        assert run(["gate", "report"]) == 2
        assert "name it with --suite" in said(capsys)

    @pytest.mark.parametrize("option", [["--reference", "data.csv"], ["--label", "label"], ["--no-label"]])
    def test_what_only_an_audit_can_heed_is_refused(self, work, capsys, option):
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])
        capsys.readouterr()

        assert run(["gate", "report", *option]) == 2
        assert f"{option[0]} goes with data" in said(capsys)


class TestCleanAndRestore:
    def test_a_folder_of_pictures_can_be_repaired_and_undone(self, work, capsys):
        rng = np.random.default_rng(0)
        for i in range(24):
            path = Path("pics", "ab"[i % 2], f"{i:02}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (8, 8), dtype="uint8")).save(path)
        before = {str(p.relative_to("pics")): p.read_bytes() for p in Path("pics").rglob("*.png")}
        assert run(["audit", "pics", "-o", "report"]) == 0

        assert run(["clean", "pics", "--report", "report", "--by", "prune", "-o", "clean"]) == 0
        assert run(["restore", "clean", "-o", "back"]) == 0
        assert {str(p.relative_to("back")): p.read_bytes() for p in Path("back").rglob("*.png")} == before

    def test_a_repair_can_be_undone_to_the_byte(self, work, capsys):
        pd.concat([blobs(), blobs().iloc[:3]]).to_csv("data.csv", index=False)
        raw = Path("data.csv").read_bytes()
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])

        assert run(["clean", "data.csv", "--report", "report", "--by", "deduplicate", "-o", "clean"]) == 0
        assert run(["gate", "clean", "--suite", "pass.toml"]) == 0
        assert run(["restore", "clean", "-o", "back"]) == 0
        assert Path("back/data.csv").read_bytes() == raw

    def test_one_row_is_not_called_rows(self, work, capsys):
        pd.concat([blobs(), blobs().iloc[:1]]).to_csv("data.csv", index=False)
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])
        capsys.readouterr()

        assert run(["clean", "data.csv", "--report", "report", "--by", "deduplicate", "-o", "clean"]) == 0
        first = capsys.readouterr().out.splitlines()[0]
        assert first.split() == ["dropped", "1", "row", "1", "for", "duplicates"]

    def test_data_without_a_label_is_judged_and_repaired_by_what_needs_none(self, work, capsys):
        pd.concat([blobs(), blobs().iloc[:3]]).drop(columns="label").to_csv("data.csv", index=False)
        assert run(["audit", "data.csv", "--no-label", "-o", "report"]) == 0
        assert run(["gate", "report"]) == 1
        assert "1 of 4 demands not met" in capsys.readouterr().out

        assert run(["clean", "data.csv", "--report", "report", "--by", "deduplicate", "-o", "clean"]) == 0
        assert run(["gate", "clean"]) == 0

    def test_the_next_command_holds_the_copy_to_the_same_suite_and_reference(self, work, capsys, monkeypatch):
        pd.concat([blobs(), blobs().iloc[:3]]).to_csv("data.csv", index=False, header=False)
        blobs(seed=1).to_csv("test.csv", index=False, header=False)
        said = ["data.csv", "--columns", "a,b,label", "--reference", "test.csv", "--suite", "pass.toml", "-o", "report"]
        monkeypatch.setattr(sys, "argv", ["assay", "audit", *said])
        run(["audit", *said])
        run(["clean", "data.csv", "--columns", "a,b,label", "--report", "report", "--by", "deduplicate,reweight"])
        pasted = capsys.readouterr().out.partition("next:   assay ")[2].partition("next:   assay ")[2]
        words = shlex.split(pasted.replace("\\\n", " "))

        assert words == ["gate", "clean/", "--columns", "a,b,label", "--reference", "test.csv", "--suite", "pass.toml"]
        assert run(words) == 0
        assert run(["gate", "clean", "--columns", "a,b,c"]) == 2

    def test_a_report_of_other_data_is_refused_with_3(self, work, capsys):
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])
        blobs(seed=1).to_csv("data.csv", index=False)
        capsys.readouterr()

        assert run(["clean", "data.csv", "--report", "report", "--by", "prune", "-o", "clean"]) == 3
        assert "audit it again" in said(capsys)
        assert not Path("clean").exists()

    def test_an_unknown_treatment_offers_the_near_one(self, work, capsys):
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])
        capsys.readouterr()

        assert run(["clean", "data.csv", "--report", "report", "--by", "relable", "-o", "clean"]) == 2
        assert "did you mean 'relabel'?" in said(capsys)


BAD = {
    "missing file": (lambda: None, ["nosuch.csv"], "nosuch.csv"),
    "empty file": (lambda: Path("x.csv").write_text(""), ["x.csv"], "x.csv"),
    "header only": (lambda: Path("x.csv").write_text("a,label\n"), ["x.csv"], "no rows"),
    "one class": (lambda: blobs().assign(label="yes").to_csv("x.csv", index=False), ["x.csv"], "one class"),
    "label without a value": (
        lambda: blobs().assign(label=lambda t: t["label"].where(t.index != 7)).to_csv("x.csv", index=False),
        ["x.csv"],
        "row 7",
    ),
    "duplicate ids": (
        lambda: blobs().assign(id=lambda t: t.index // 2).to_csv("x.csv", index=False),
        ["x.csv", "--id", "id"],
        "'id'",
    ),
    "unknown column": (lambda: None, ["data.csv", "--label", "labl"], "did you mean 'label'?"),
    "infinity": (
        lambda: blobs().replace({"a": {blobs()["a"][5]: np.inf}}).to_parquet("x.parquet"),
        ["x.parquet"],
        "row 5",
    ),
    "truncated Parquet": (
        lambda: (blobs().to_parquet("x.parquet"), Path("x.parquet").write_bytes(Path("x.parquet").read_bytes()[:-40])),
        ["x.parquet"],
        "x.parquet",
    ),
    "mixed types": (
        lambda: Path("x.jsonl").write_text(
            '{"a": 1, "label": "x"}\n{"a": "b", "label": "y"}\n{"a": 2, "label": "x"}\n'
        ),
        ["x.jsonl"],
        "'a'",
    ),
    "label is the text": (
        lambda: blobs().assign(text=lambda t: t["label"]).to_csv("x.csv", index=False),
        ["x.csv", "--text", "text", "--label", "label"],
        "equals the text column",
    ),
    "probabilities of other length": (
        lambda: np.savez("p.npz", pred_probs=np.full((59, 2), 0.5), classes=["no", "yes"]),
        ["data.csv", "--pred-probs", "p.npz"],
        "59 rows of probabilities for 60 rows",
    ),
    "NaN probabilities": (
        lambda: np.savez(
            "p.npz", pred_probs=np.where(np.arange(60)[:, None] == 3, np.nan, 0.5) * np.ones(2), classes=["no", "yes"]
        ),
        ["data.csv", "--pred-probs", "p.npz"],
        "row 3 is not finite",
    ),
    "negative probabilities": (
        lambda: np.savez("p.npz", pred_probs=np.tile([1.5, -0.5], (60, 1)), classes=["no", "yes"]),
        ["data.csv", "--pred-probs", "p.npz"],
        "row 0 has a negative probability",
    ),
    "unnormalised probabilities": (
        lambda: np.savez("p.npz", pred_probs=np.full((60, 2), 0.4), classes=["no", "yes"]),
        ["data.csv", "--pred-probs", "p.npz"],
        "does not sum to 1",
    ),
    "probabilities without class names": (
        lambda: np.save("p.npy", np.full((60, 2), 0.5)),
        ["data.csv", "--pred-probs", "p.npy"],
        "--classes",
    ),
    "probabilities in another order": (
        lambda: np.savez(
            "p.npz",
            pred_probs=np.where((np.arange(60) % 2 == 0)[:, None], [0.1, 0.9], [0.9, 0.1]),
            classes=["no", "yes"],
        ),
        ["data.csv", "--pred-probs", "p.npz"],
        "another order",
    ),
    "unknown suite key": (
        lambda: Path("s.toml").write_text("[limit]\n"),
        ["data.csv", "--suite", "s.toml"],
        "did you mean 'limits'?",
    ),
    "unknown option of a check": (
        lambda: Path("s.toml").write_text("[checks.outliers]\nsprad = 3\n"),
        ["data.csv", "--suite", "s.toml"],
        "did you mean 'spread'?",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_line(name, work, capsys):
    make, arguments, expected = BAD[name]
    make()

    assert run(["audit", *arguments, "-o", "report"]) in (2, 3)
    assert expected in said(capsys)
    assert not Path("report/audit.json").exists()


def test_a_test_set_with_an_unknown_class_is_refused_by_compare(work, capsys):
    blobs().assign(label=lambda t: t["label"].where(t.index != 4, "maybe")).to_csv("test.csv", index=False)

    assert run(["compare", "data.csv", "--test", "test.csv", "--sizes", "20", "-o", "runs"]) == 2
    assert "maybe" in said(capsys)


def test_a_folder_that_cannot_be_written_to_is_one_line(work, capsys):
    Path("file").write_text("")

    assert run(["audit", "data.csv", "--suite", "pass.toml", "-o", "file/report"]) == 2
    assert "file" in said(capsys)


def test_ctrl_c_leaves_nothing_half_written(work):
    blobs(30_000).to_csv("big.csv", index=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "audit.cli", "audit", "big.csv", "-o", "report"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not Path("report/evidence").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert out == ""
    assert {p.name for p in Path("report").iterdir()} == {"evidence"}
    assert not [p for p in Path("report").rglob(".*")]


def test_pruning_can_be_for_one_check_alone(work, capsys):
    torn = blobs().assign(a=lambda t: t["a"].where(t.index != 8), label=lambda t: t["label"].where(t.index > 1, "yes"))
    torn.to_csv("data.csv", index=False)
    run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])

    assert run(["clean", "data.csv", "--by", "prune", "--for", "missing", "-o", "clean"]) == 0
    assert pd.read_parquet("clean/patch.parquet")["row"].tolist() == [8]
    capsys.readouterr()
    assert run(["clean", "data.csv", "--by", "prune", "--for", "mising", "-o", "other"]) == 2
    assert "did you mean 'missing'?" in said(capsys)


@pytest.mark.parametrize(
    ("said_so", "told"),
    [
        (["--by", ""], "--by '' names no treatment; there is review, prune, relabel"),
        (["--by", " , "], "names no treatment"),
        (["--by", "deduplicate", "--for", "labels"], "--for labels says what prune is to drop rows for"),
    ],
)
def test_a_repair_that_would_not_do_what_was_said_is_refused(work, capsys, said_so, told):
    assert run(["clean", "data.csv", *said_so, "-o", "clean"]) == 2
    assert told in said(capsys)
    assert not Path("clean").exists()


def test_two_lengths_for_one_list_are_refused_before_anything_is_read(work, capsys):
    assert run(["audit", "gone.csv", "--precision", "0.9", "--budget", "5"]) == 2
    assert "--precision 0.9 and --budget 5 are two lengths for one list" in said(capsys)
    assert not Path("report").exists()


def test_classes_may_be_said_with_spaces(work, capsys):
    sure = np.array([(t == "yes") * 0.8 + 0.1 for t in blobs()["label"]])
    np.save("p.npy", np.stack([sure, 1 - sure], axis=1))
    said_so = ["data.csv", "--pred-probs", "p.npy", "--suite", "pass.toml"]

    assert run(["gate", *said_so, "--classes", "yes, no"]) == run(["gate", *said_so, "--classes", "yes,no"]) == 0


@pytest.mark.parametrize("role", ["group", "weight", "split"])
def test_a_reference_needs_no_column_that_only_those_who_learn_look_at(work, capsys, role):
    values = {"group": np.arange(60) // 2, "weight": 1.0, "split": "train"}[role]
    blobs().assign(more=values).to_csv("data.csv", index=False)
    blobs(seed=7).to_csv("test.csv", index=False)
    more = ["--reference", "test.csv", "--suite", "pass.toml"]

    assert run(["gate", "data.csv", *more, f"--{role}", "more"]) == 0


def test_a_reference_needs_the_label_that_was_named(work, capsys):
    blobs().to_csv("data.csv", index=False)
    blobs().rename(columns={"label": "other"}).to_csv("test.csv", index=False)

    assert run(["gate", "data.csv", "--reference", "test.csv", "--suite", "pass.toml", "--label", "label"]) == 2
    assert "test.csv: no column 'label'" in said(capsys)


def test_a_backbone_that_is_none_is_refused_before_anything_is_computed(work, capsys):
    assert run(["audit", "data.csv", "--backbone", "resnet19", "--weights", "pass.toml"]) == 2
    assert "did you mean 'resnet1" in said(capsys)
    assert not Path("report").exists()
