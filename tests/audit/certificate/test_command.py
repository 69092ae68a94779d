"""`assay gate --certificate` and `assay gate --verify`: exit codes, what is printed, what is left on disk."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.cli import run

SUITE = '[limits]\n"duplicates.exact.count" = {most}\n"labels.rate" = 1\n'
HEAVY = ("numpy", "pandas", "sklearn", "torch", "cleanlab", "great_expectations", "pyarrow", "cryptography")


def blobs(n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    label = np.arange(n) % 2
    return pd.DataFrame(
        {"a": rng.normal(size=n) + 4 * label, "b": rng.normal(size=n), "label": np.where(label, "yes", "no")}
    )


@pytest.fixture(scope="module")
def gated(tmp_path_factory) -> Path:
    """A folder with a table that passed, and its certificate."""
    folder = tmp_path_factory.mktemp("gated")
    blobs().to_csv(folder / "data.csv", index=False)
    (folder / "pass.toml").write_text(SUITE.format(most=0))
    made = ["gate", str(folder / "data.csv"), "--suite", str(folder / "pass.toml"), "--expires", "30"]
    assert run([*made, "--certificate", str(folder / "cert.json")]) == 0
    return folder


@pytest.fixture
def work(gated, tmp_path, monkeypatch) -> Path:
    """A working directory with a copy of it."""
    shutil.copytree(gated, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def error(capsys) -> str:
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1, err
    return err.strip()


class TestVerify:
    def test_what_passed_is_verified_with_0(self, work, capsys):
        assert run(["gate", "--verify", "cert.json", "data.csv"]) == 0
        assert capsys.readouterr().out.startswith("VERIFIED: data.csv is what was judged: PASS by suite pass")

    def test_changed_data_is_1_and_the_rows_are_named(self, work, capsys):
        blobs().assign(a=[*blobs()["a"][:9], 77.0, *blobs()["a"][10:]]).to_csv("data.csv", index=False)

        assert run(["gate", "--verify", "cert.json", "data.csv"]) == 1
        out = capsys.readouterr().out
        assert "rows changed: 9\n" in out
        assert "in column 'a'\n" in out

    def test_a_tampered_certificate_is_1(self, work, capsys):
        text = Path("cert.json").read_text()
        Path("cert.json").write_text(text.replace('"judged": 2', '"judged": 3'))

        assert run(["gate", "--verify", "cert.json", "data.csv"]) == 1
        assert "does not match its own hash" in error(capsys)

    @pytest.mark.parametrize("broken", ["", "{", "[]"])
    def test_what_is_no_certificate_is_2(self, work, capsys, broken):
        Path("cert.json").write_text(broken)

        assert run(["gate", "--verify", "cert.json", "data.csv"]) == 2
        assert "not a certificate" in error(capsys)

    def test_no_data_is_2(self, work, capsys):
        assert run(["gate", "--verify", "cert.json", "gone.csv"]) == 2
        assert "no such file" in error(capsys)

    def test_json_says_all_of_it(self, work, capsys):
        Path("data.csv").write_text(Path("data.csv").read_text().replace("yes", "no", 1))

        assert run(["gate", "--verify", "cert.json", "data.csv", "--format", "json"]) == 1
        values = json.loads(capsys.readouterr().out)
        assert (values["outcome"], values["exit_code"], values["changes"]["changed"]) == ("REFUSED", 1, [1])
        assert values["certificate"]["suite"]["name"] == "pass"

    @pytest.mark.parametrize(
        ("redirected", "changed", "code", "said"),
        [
            (">&-", False, 0, ""),
            (">&- 2>&- <&-", True, 1, ""),
            (">/dev/full", False, 2, "error: standard output: cannot write: No space left on device"),
            (">/dev/full 2>&1", False, 2, ""),
            ("2>/dev/full", True, 1, ""),
        ],
    )
    def test_the_exit_code_holds_where_nobody_can_hear_it(self, work, redirected, changed, code, said):
        if changed:
            blobs(39).to_csv("data.csv", index=False)
        command = f"{sys.executable} -m audit.cli gate --verify cert.json data.csv {redirected}"
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)

        assert (done.returncode, done.stderr.strip()) == (code, said)

    def test_markdown_lists_what_stands_against_it(self, work, capsys):
        Path("data.csv").write_text(Path("data.csv").read_text().replace("yes", "no", 1))

        run(["gate", "--verify", "cert.json", "data.csv", "--format", "markdown"])
        out = capsys.readouterr().out
        assert out.startswith("**REFUSED** data.csv")
        assert "- rows changed: 1\n" in out

    def test_another_suite_than_demanded_is_1(self, work, capsys):
        Path("strict.toml").write_text(SUITE.format(most=0) + '"outliers.count" = 0\n')

        assert run(["gate", "--verify", "cert.json", "data.csv", "--suite", "strict.toml"]) == 1
        assert "judged by suite pass" in capsys.readouterr().out

    @pytest.mark.parametrize(
        "option",
        [["--label", "label"], ["--certificate", "new.json"], ["--expires", "3"], ["--cache", "x"], ["--no-label"]],
    )
    def test_what_only_an_audit_can_heed_is_refused(self, work, capsys, option):
        assert run(["gate", "--verify", "cert.json", "data.csv", *option]) == 2
        assert f"{option[0]} goes with an audit" in error(capsys)

    def test_it_imports_nothing_heavy(self, work):
        ran = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "audit.cli", "gate", "--verify", "cert.json", "data.csv"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        loaded = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in ran.stderr.splitlines() if "|" in line}

        assert ran.stdout.startswith("VERIFIED")
        assert "blake3" in loaded
        assert loaded & set(HEAVY) == set()


class TestCertificate:
    def test_a_failed_gate_writes_a_certificate_that_fails(self, work, capsys):
        pd.concat([blobs(), blobs().iloc[:3]]).to_csv("data.csv", index=False)

        assert run(["gate", "data.csv", "--suite", "pass.toml", "--certificate", "cert.json"]) == 1
        assert "certificate of FAIL: cert.json" in capsys.readouterr().out
        assert run(["gate", "--verify", "cert.json", "data.csv"]) == 1
        assert "the gate failed this data: 3 is above 0" in capsys.readouterr().out

    def test_a_gate_that_could_not_decide_leaves_no_passing_one(self, work, capsys):
        Path("empty.toml").write_text("")

        assert run(["gate", "data.csv", "--suite", "empty.toml", "--certificate", "cert.json"]) == 3
        assert run(["gate", "--verify", "cert.json", "data.csv"]) == 3
        assert "could not decide" in capsys.readouterr().out

    def test_a_gate_that_breaks_off_leaves_none(self, work, capsys):
        Path("data.csv").write_text("a,b,label\n1,2\n")

        assert run(["gate", "data.csv", "--suite", "pass.toml", "--certificate", "cert.json"]) == 2
        assert not Path("cert.json").exists()
        assert not Path("cert.rows.json").exists()

    def test_nothing_else_is_overwritten(self, work, capsys):
        assert run(["gate", "data.csv", "--suite", "pass.toml", "--certificate", "data.csv"]) == 2
        assert "not a certificate" in error(capsys)
        assert len(pd.read_csv("data.csv")) == 40

    @pytest.mark.parametrize("name", ["notes.json", "cert.json"])
    @pytest.mark.parametrize("theirs", [b'{"rows": [1, 2]}', b'["ids"]', b"\xff\xfe, words", b"[" * 100_000])
    def test_nobody_s_list_of_rows_is_overwritten(self, work, capsys, name, theirs):
        listing = Path(name).with_suffix(".rows.json")
        listing.write_bytes(theirs)

        assert run(["gate", "data.csv", "--suite", "pass.toml", "--certificate", name]) == 2
        assert f"{listing}: would be written over" in error(capsys)
        assert listing.read_bytes() == theirs
        assert Path("cert.json").exists()

    def test_a_list_of_rows_that_lost_its_certificate_is_replaced(self, work):
        Path("cert.json").unlink()
        assert run(["gate", "data.csv", "--suite", "pass.toml", "--certificate", "cert.json"]) == 0
        assert run(["gate", "data.csv", "--verify", "cert.json"]) == 0

    def test_it_does_not_lie_in_the_folder_it_is_bound_to(self, work, capsys):
        Path("pets").mkdir()

        assert run(["gate", "pets", "--certificate", "pets/cert.json"]) == 2
        assert "whose bytes it is bound to" in error(capsys)

    def test_a_bad_key_is_said_before_the_audit(self, work, capsys):
        Path("key").write_text("short")

        assert run(["gate", "data.csv", "--certificate", "new.json", "--key", "key"]) == 2
        assert "no secret" in error(capsys)
        assert Path("cert.json").exists()

    def test_a_report_has_no_bytes_to_bind_to(self, work, capsys):
        Path("report").mkdir()
        Path("report/audit.json").write_text("{}")

        assert run(["gate", "report", "--certificate", "new.json"]) == 2
        assert "--certificate goes with data" in error(capsys)

    @pytest.mark.parametrize("option", [["--expires", "3"], ["--key", "pass.toml"]])
    def test_what_goes_with_a_certificate_is_refused_without(self, work, capsys, option):
        assert run(["gate", "data.csv", "--suite", "pass.toml", *option]) == 2
        assert "goes with --certificate" in error(capsys)

    def test_json_stays_all_that_goes_to_stdout(self, work, capsys):
        key = Path("key")
        key.write_bytes(b"k" * 32)
        made = ["gate", "data.csv", "--suite", "pass.toml", "--certificate", "new.json", "--key", "key"]

        assert run([*made, "--format", "json"]) == 0
        said = capsys.readouterr()
        assert json.loads(said.out)["outcome"] == "PASS"
        assert "certificate of PASS: new.json, signed (hmac-sha256)" in said.err
        assert run(["gate", "--verify", "new.json", "data.csv"]) == 3
        assert run(["gate", "--verify", "new.json", "data.csv", "--key", "key"]) == 0

    def test_data_without_files_is_bound_by_its_content(self, work, capsys):
        Path("digits.toml").write_text('[limits]\n"missing.count" = 0\n')
        run(["gate", "digits", "--suite", "digits.toml", "--certificate", "digits.json"])

        assert run(["gate", "--verify", "digits.json", "digits"]) == 0
        assert run(["gate", "--verify", "digits.json", "digits-test"]) == 1
        assert run(["gate", "--verify", "digits.json", "planted:digits"]) == 1

    def test_a_cleaned_folder_is_bound_whole(self, work, capsys):
        pd.concat([blobs(), blobs().iloc[:3]]).to_csv("data.csv", index=False)
        run(["audit", "data.csv", "--suite", "pass.toml", "-o", "report"])
        run(["clean", "data.csv", "--report", "report", "--by", "deduplicate", "-o", "clean"])
        assert run(["gate", "clean", "--suite", "pass.toml", "--certificate", "clean.json"]) == 0

        assert run(["gate", "--verify", "clean.json", "clean"]) == 0
        cleaned = Path("clean/data/data.csv")
        cleaned.write_text(cleaned.read_text().replace("yes", "no", 1))
        capsys.readouterr()
        assert run(["gate", "--verify", "clean.json", "clean"]) == 1
        assert "rows changed: 1\n" in capsys.readouterr().out
