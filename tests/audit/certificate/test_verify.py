"""What is verified is exactly what was judged; whatever else it is, is refused, and what differs is named."""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from certificate.gated import EMPTY, FIT, NOON, UNFIT, certificate_of, csv, pets, table, written
from PIL import Image

from audit.certificate import issue
from audit.certificate.demand import verify
from audit.certificate.issue import certify
from audit.certificate.listing import listing_of
from audit.certificate.record import Certificate
from audit.certificate.trees import LARGE, members_of, tree_of
from audit.certificate.verify import verify_files
from audit.errors import InputError, StaleError
from audit.run import audit
from audit.sources import load, reread


@pytest.fixture
def data(tmp_path) -> Path:
    return csv(tmp_path)


@pytest.fixture
def cert(data, tmp_path) -> Path:
    return written(data, tmp_path / "cert.json")


def sentences(answer) -> str:
    """Everything that is said against it."""
    return "; ".join([*(r.why for r in answer.reasons), *(answer.changes.sentences() if answer.changes else [])])


def put(where: Path, frame: pd.DataFrame) -> None:
    """Write a table in the format that the suffix says; none: a folder of Parquet files."""
    kind = where.name.removeprefix("data")
    if kind.startswith((".csv", ".tsv")):
        frame.to_csv(where, index=False, sep="\t" if "tsv" in kind else ",")
    elif kind.startswith(".jsonl"):
        frame.to_json(where, orient="records", lines=True)
    elif kind == ".arrow":
        frame.to_feather(where)
    elif kind == ".npz":
        np.savez(where, x=frame[["a", "b"]].to_numpy(), label=frame["label"].to_numpy(str))
    elif kind == ".parquet":
        frame.to_parquet(where)
    else:
        where.mkdir(exist_ok=True)
        for i, part in enumerate((frame.iloc[:5], frame.iloc[5:])):
            part.reset_index(drop=True).to_parquet(where / f"{i}.parquet")


def answer(where: Path, cert: Path, **options):
    return verify(where, cert, **{"now": NOON, **options})


class TestUnchanged:
    def test_a_file_is_verified(self, data, cert):
        assert answer(data, cert).outcome == "VERIFIED"

    def test_wherever_it_lies_and_whatever_it_is_called(self, data, cert, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        moved = shutil.copy(data, tmp_path / "elsewhere" / "train.csv")

        assert answer(moved, cert).exit_code == 0

    def test_a_folder_is_verified(self, tmp_path):
        cert = written(pets(tmp_path), tmp_path / "cert.json")

        assert answer(tmp_path / "pets", cert).exit_code == 0

    @pytest.mark.parametrize(
        "suffix", [".csv", ".csv.gz", ".tsv", ".jsonl", ".jsonl.gz", ".parquet", ".arrow", ".npz", ""]
    )
    def test_every_format_is_verified_until_a_value_changes(self, tmp_path, suffix):
        where = tmp_path / f"data{suffix}"
        put(where, table())
        cert = written(where, tmp_path / "cert.json")
        assert answer(where, cert).exit_code == 0
        frame = table()
        frame.loc[7, "b"] = 99
        put(where, frame)

        assert answer(where, cert).exit_code == 1
        assert "rows changed: 7" in sentences(answer(where, cert))

    def test_what_file_managers_leave_behind_does_not_count(self, tmp_path):
        cert = written(pets(tmp_path), tmp_path / "cert.json")
        (tmp_path / "pets" / "cat" / ".DS_Store").write_bytes(b"x")

        assert answer(tmp_path / "pets", cert).exit_code == 0

    def test_the_listing_is_not_needed_for_it(self, data, cert):
        listing_of(cert).unlink()

        assert answer(data, cert).exit_code == 0

    def test_a_large_file_has_the_hash_that_a_small_one_would(self, tmp_path):
        content = os.urandom(LARGE + 5)
        (tmp_path / "large").write_bytes(content)
        from blake3 import blake3

        assert tree_of(members_of(tmp_path / "large")).blake3 == blake3(content).hexdigest()


class TestChangedTable:
    def test_a_changed_byte_names_its_row_and_column(self, data, cert):
        frame = table()
        frame.loc[7, "b"] = 99
        csv(data.parent, frame)

        said = sentences(answer(data, cert))
        assert "rows changed: 7;" in said
        assert said.endswith("in column 'b'")
        assert answer(data, cert).exit_code == 1

    def test_a_renamed_column_is_named(self, data, cert):
        csv(data.parent, table().rename(columns={"b": "c"}))

        assert "column 'b' is now called 'c'" in sentences(answer(data, cert))
        assert answer(data, cert).exit_code == 1

    def test_reordered_rows_are_named(self, data, cert):
        frame = table()
        csv(data.parent, frame.iloc[[0, 1, 3, 2, *range(4, 12)]])

        assert "rows in another place: 2, 3" in sentences(answer(data, cert))
        assert answer(data, cert).exit_code == 1

    def test_reordered_columns_are_named(self, data, cert):
        csv(data.parent, table()[["b", "a", "label", "other"]])

        assert "the columns are in another order" in sentences(answer(data, cert))

    def test_a_swapped_label_column_is_named(self, data, cert):
        frame = table()
        csv(data.parent, frame.assign(label=frame["other"], other=frame["label"]))

        said = sentences(answer(data, cert))
        assert "in columns 'label', 'other'" in said
        assert f"rows changed: {', '.join(str(i) for i in range(12) if i % 2 != (i % 3 > 0))}" in said

    def test_removed_and_added_rows_are_named(self, data, cert):
        frame = table()
        extra = frame.iloc[[3]].assign(a=5.0)
        csv(data.parent, pd.concat([frame.iloc[:6], frame.iloc[7:], extra]))

        changes = answer(data, cert).changes
        assert (list(changes.removed), list(changes.added), list(changes.changed)) == ([6], [11], [])

    def test_rows_with_an_id_are_named_by_it(self, tmp_path):
        frame = table().assign(id=[f"r{i}" for i in range(12)])
        data = csv(tmp_path, frame)
        certificate_of(load(data, label="label", id="id")).write(tmp_path / "cert.json")
        changed = frame.assign(b=frame["b"].where(frame["id"] != "r4", 77))
        csv(tmp_path, pd.concat([changed.iloc[2:], changed.iloc[[1]], frame.iloc[[0]].assign(id="new")]))

        changes = answer(data, tmp_path / "cert.json").changes
        assert list(changes.changed) == ["r4"]
        assert (list(changes.removed), list(changes.added)) == (["r0"], ["new"])
        assert "r1" in changes.moved

    def test_bytes_that_read_the_same_are_refused_and_called_that(self, data, cert):
        data.write_bytes(data.read_bytes().replace(b"\n", b"\r\n"))

        assert answer(data, cert).exit_code == 1
        assert "every row reads as it did" in sentences(answer(data, cert))

    def test_a_truncated_file_is_refused(self, data, cert):
        data.write_bytes(b"".join(data.read_bytes().splitlines(keepends=True)[:10]))

        assert answer(data, cert).exit_code == 1
        assert "rows removed: 9, 10, 11" in sentences(answer(data, cert))

    def test_a_broken_file_is_refused_and_called_that(self, tmp_path):
        table().to_parquet(tmp_path / "data.parquet")
        cert = written(tmp_path / "data.parquet", tmp_path / "cert.json")
        (tmp_path / "data.parquet").write_bytes((tmp_path / "data.parquet").read_bytes()[:200])

        assert answer(tmp_path / "data.parquet", cert).exit_code == 1
        assert "cannot be read as it was" in sentences(answer(tmp_path / "data.parquet", cert))

    def test_without_the_listing_it_is_refused_and_the_rows_are_not_named(self, data, cert):
        listing_of(cert).unlink()
        frame = table()
        csv(data.parent, frame.assign(b=frame["b"] + 1))

        assert answer(data, cert).exit_code == 1
        assert "what changed cannot be named" in sentences(answer(data, cert))

    def test_other_data_are_refused(self, cert, tmp_path):
        (tmp_path / "else").mkdir()
        other = csv(tmp_path / "else", table(30))

        assert answer(other, cert).exit_code == 1


class TestAnotherPlace:
    def test_the_same_bytes_read_in_another_way_are_other_data(self, data, cert):
        data.rename(data.with_suffix(".tsv"))

        assert "read as .csv" in sentences(answer(data.with_suffix(".tsv"), cert))

    def test_the_same_rows_compressed_are_refused(self, data, cert):
        packed = data.with_suffix(".csv.gz")
        packed.write_bytes(gzip.compress(data.read_bytes()))

        assert answer(packed, cert).exit_code == 1

    def test_a_folder_is_not_a_file(self, data, cert):
        assert answer(data.parent, cert).exit_code == 1

    def test_another_part_of_the_same_file_is_refused(self, tmp_path):
        rng = np.random.default_rng(0)
        parts = {f"{n}_{split}": v for split in ("train", "test") for n, v in (("x", rng.normal(size=(9, 2))), ("y", np.arange(9) % 2))}  # fmt: skip
        np.savez(tmp_path / "data.npz", **parts)
        where = f"{tmp_path / 'data.npz'}?split=train"
        certificate_of(load(where), where=where).write(tmp_path / "cert.json")

        assert answer(where, tmp_path / "cert.json").exit_code == 0
        assert answer(where.replace("train", "test"), tmp_path / "cert.json").exit_code == 1
        assert answer(where.partition("?")[0], tmp_path / "cert.json").exit_code == 1

    def test_no_file_is_unreadable_input(self, cert, tmp_path):
        with pytest.raises(InputError, match="no such file"):
            answer(tmp_path / "gone.csv", cert)


class TestPictures:
    def test_a_changed_picture_behind_an_unchanged_path_is_named(self, tmp_path):
        cert = written(pets(tmp_path), tmp_path / "cert.json")
        Image.new("L", (4, 5), 7).save(tmp_path / "pets/dog/3.png")

        assert "files changed: dog/3.png" in sentences(answer(tmp_path / "pets", cert))
        assert answer(tmp_path / "pets", cert).exit_code == 1

    def test_a_picture_in_another_class_is_named(self, tmp_path):
        cert = written(pets(tmp_path), tmp_path / "cert.json")
        (tmp_path / "pets/dog/3.png").rename(tmp_path / "pets/cat/3.png")

        said = sentences(answer(tmp_path / "pets", cert))
        assert "files added: cat/3.png" in said
        assert "files removed: dog/3.png" in said

    @pytest.mark.parametrize("name", ["cat/.hidden.png", "cat/new.webp", "notes.txt"])
    def test_any_new_file_counts(self, tmp_path, name):
        cert = written(pets(tmp_path), tmp_path / "cert.json")
        (tmp_path / "pets" / name).write_bytes(b"x")

        assert f"files added: {name}" in sentences(answer(tmp_path / "pets", cert))

    def test_a_link_to_a_folder_is_refused(self, tmp_path):
        cert = written(pets(tmp_path), tmp_path / "cert.json")
        (tmp_path / "pets" / "bird").symlink_to(tmp_path / "pets" / "cat")

        with pytest.raises(InputError, match="link to a folder"):
            answer(tmp_path / "pets", cert)

    @pytest.fixture
    def named(self, tmp_path) -> Path:
        """A table that names pictures, and its certificate."""
        folder = pets(tmp_path)
        paths = sorted(p.relative_to(tmp_path).as_posix() for p in folder.rglob("*.png"))
        frame = pd.DataFrame({"path": [*paths, "pets/gone.png"], "label": ["a", "b"] * 3 + ["a"]})
        frame.to_csv(tmp_path / "pictures.csv", index=False)
        certificate_of(load(tmp_path / "pictures.csv", image="path"), replace(FIT, limits=UNFIT.limits)).write(
            tmp_path / "f.json"
        )
        generous = replace(FIT, limits=(replace(FIT.limits[0], max=9.0),))
        certificate_of(load(tmp_path / "pictures.csv", image="path"), generous).write(tmp_path / "cert.json")
        return tmp_path

    def test_pictures_that_a_table_names_are_part_of_the_data(self, named):
        assert answer(named / "pictures.csv", named / "cert.json").exit_code == 0
        Image.new("L", (4, 5), 7).save(named / "pets/dog/3.png")

        said = sentences(answer(named / "pictures.csv", named / "cert.json"))
        assert "files that the data names differ: pets/dog/3.png" in said
        assert "rows changed: 4" in said
        assert answer(named / "pictures.csv", named / "cert.json").exit_code == 1

    def test_those_that_a_folder_of_tables_names_are_found_from_there(self, tmp_path):
        where = pets(tmp_path / "tables").parent
        paths = sorted(p.relative_to(where).as_posix() for p in where.rglob("*.png"))
        frame = pd.DataFrame({"path": [f"../tables/{p}" for p in paths], "label": ["a", "b"] * 3})
        frame.to_parquet(where / "part.parquet")
        certificate_of(load(where, image="path"), where=where).write(tmp_path / "cert.json")

        assert answer(where, tmp_path / "cert.json").exit_code == 0

    def test_one_that_was_missing_and_is_there_now_is_a_change(self, named):
        shutil.copy(named / "pets/cat/0.png", named / "pets/gone.png")

        assert answer(named / "pictures.csv", named / "cert.json").exit_code == 1

    def test_without_the_listing_nobody_can_tell(self, named):
        listing_of(named / "cert.json").unlink()

        assert answer(named / "pictures.csv", named / "cert.json").exit_code == 3


class TestTheCertificateItself:
    def test_a_fail_never_verifies(self, data, tmp_path):
        cert = written(data, tmp_path / "cert.json", UNFIT)

        assert answer(data, cert).exit_code == 1
        assert "0 is above -1" in sentences(answer(data, cert))

    def test_a_gate_that_could_not_decide_is_3(self, data, tmp_path):
        cert = written(data, tmp_path / "cert.json", EMPTY)

        assert Certificate.read(cert).outcome == "ERROR"
        assert answer(data, cert).exit_code == 3
        assert "the suite demands nothing" in sentences(answer(data, cert))

    def test_undecided_outranks_refused(self, data, tmp_path):
        cert = written(data, tmp_path / "cert.json", EMPTY)
        csv(tmp_path, table(30))

        assert answer(data, cert).exit_code == 3

    def test_it_holds_until_the_moment_it_expires(self, data, tmp_path):
        cert = written(data, tmp_path / "cert.json", days=2)

        assert answer(data, cert, now=NOON + timedelta(days=2, seconds=-1)).exit_code == 0
        assert answer(data, cert, now=NOON + timedelta(days=2)).exit_code == 1
        assert "expired at 2030-01-03T12:00:00Z" in sentences(answer(data, cert, now=NOON + timedelta(days=3)))

    def test_one_from_the_future_is_undecided(self, data, cert):
        assert answer(data, cert, now=NOON - timedelta(days=1)).exit_code == 3
        assert answer(data, cert, now=NOON - timedelta(minutes=5)).exit_code == 0

    def test_one_by_another_suite_is_refused_where_a_suite_is_demanded(self, data, cert, tmp_path):
        (tmp_path / "fit.toml").write_text('[limits]\n"missing.count" = 0\n')
        (tmp_path / "strict.toml").write_text('[limits]\n"missing.count" = 0\n"labels.rate" = 0.01\n')

        assert answer(data, cert, suite=tmp_path / "fit.toml").exit_code == 0
        assert answer(data, cert, suite=tmp_path / "strict.toml").exit_code == 1


class TestIssuing:
    def test_data_edited_in_memory_is_not_certified_as_the_file(self, data):
        loaded = load(data, label="label")
        edited = loaded.drop([3])

        with pytest.raises(StaleError, match="changed after it was read"):
            certify(edited, audit(edited, suite=FIT, checks=["missing"]), FIT)

    def test_data_edited_in_place_after_the_audit_is_not_certified(self, data):
        loaded = load(data, label="label")
        report = audit(loaded, suite=FIT, checks=["missing"])
        loaded.table.loc[3, "b"] = 77

        with pytest.raises(StaleError, match="the report is of data"):
            certify(loaded, report, FIT)

    def test_a_file_that_changed_during_the_audit_is_not_certified(self, data):
        loaded = load(data, label="label")
        report = audit(loaded, suite=FIT, checks=["missing"])
        csv(data.parent, table(30))

        with pytest.raises(StaleError):
            certify(loaded, report, FIT)

    def test_bytes_that_change_while_they_are_certified_are_not(self, data, monkeypatch):
        def reread_and_edited(loaded):
            again = reread(loaded)
            data.write_bytes(data.read_bytes().replace(b"\n", b"\r\n"))
            return again

        loaded = load(data, label="label")
        report = audit(loaded, suite=FIT, checks=["missing"])
        monkeypatch.setattr(issue, "reread", reread_and_edited)

        with pytest.raises(StaleError, match="changed while it was being certified"):
            certify(loaded, report, FIT)

    def test_the_report_of_other_data_is_not_certified(self, data, tmp_path):
        (tmp_path / "else").mkdir()
        other = load(csv(tmp_path / "else", table(30)), label="label")

        with pytest.raises(StaleError, match="the report is of data"):
            certify(load(data, label="label"), audit(other, suite=FIT, checks=["missing"]), FIT)

    def test_another_place_than_the_data_came_from_is_refused(self, data, tmp_path):
        loaded = load(data, label="label")
        (tmp_path / "else").mkdir()

        with pytest.raises(InputError, match="which is not there"):
            certify(loaded, audit(loaded, suite=FIT, checks=["missing"]), FIT, where=tmp_path / "else")

    @pytest.mark.parametrize("days", [0, -1, float("nan"), 1e9])
    def test_a_time_that_is_none_is_refused(self, data, days):
        with pytest.raises(InputError, match="holds for up to"):
            certificate_of(load(data, label="label"), days=days)

    def test_data_edited_in_memory_can_be_bound_by_its_content(self, data):
        edited = load(data, label="label").drop([3])
        held = certificate_of(edited, in_memory=True)

        assert verify(edited, held, now=NOON).exit_code == 0
        assert verify(load(data, label="label"), held, now=NOON).exit_code == 1

    def test_bytes_alone_do_not_settle_data_from_memory(self, data):
        held = certificate_of(load(table(), label="label"))

        assert verify_files(data, held, now=NOON).exit_code == 3
        assert verify(data, held, now=NOON).exit_code == 0
