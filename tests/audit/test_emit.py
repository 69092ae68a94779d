"""Cleaned data comes in the format it came in, and the input comes back."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from audit.dataset import Origin
from audit.emit import restore, write_clean
from audit.errors import InputError, OutputError, StaleError
from audit.patch import empty_patch, make_patch
from audit.sources import load
from audit.suite import Suite

TABLE = pa.table(
    {
        "a": pa.array([1, None, 3, 4, 5, 6], pa.int16()),
        "day": pa.array([0, 1, 2, None, 4, 5], pa.date32()),
        "note": ["p", None, "", "NA", "ü", "q"],
        "label": pa.array(["u", "v", "u", "v", "w", "u"]).dictionary_encode(),
    }
)
CSV = 'text,label,n\r\n"a, ""b""\nc",u,01\r\nplain,v,2\n\nü,"u",\n"x",v,4\rlast,w,5'


def picture(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), (value, 0, 0)).save(path)
    return path


# -- one of each kind of source: a function of a folder that returns (where, options) ----------------------------------


def csv(folder):
    (folder / "d.csv").write_bytes(CSV.encode())
    return folder / "d.csv", {"text": "text", "label": "label"}


def csv_with_mark(folder):
    (folder / "d.csv").write_bytes(("\ufeff" + CSV).encode())
    return folder / "d.csv", {}


def csv_packed(folder):
    (folder / "d.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    return folder / "d.csv.gz", {}


def csv_without_header(folder):
    (folder / "d.csv").write_text("a,u\nb,v\nc,u\nd,v\ne,w\n")
    return folder / "d.csv", {"columns": ["text", "label"]}


def csv_with_weights(folder):
    (folder / "d.csv").write_text("text,label,w\na,u,1\nb,v,2\nc,u,3\nd,v,1\ne,w,1\n")
    return folder / "d.csv", {"weight": "w"}


def csv_with_pictures(folder):
    for i in range(5):
        picture(folder / "pics" / f"{i}.png", i)
    rows = "".join(f"pics/{i}.png,{'uvuvw'[i]}\n" for i in range(5))
    (folder / "d.csv").write_text("path,label\n" + rows)
    return folder / "d.csv", {}


def csv_with_ids(folder):
    (folder / "d.csv").write_text("id,a,label\nk5,1,u\nk4,x,v\nk3,3,u\nk2,4,v\nk1,5,w\n")
    return folder / "d.csv", {}


def csv_with_numbers_as_labels(folder):
    (folder / "d.csv").write_text("a,label\n1,1.0\n2,2\n3,1.0\n4,2\n5,3.50\n")
    return folder / "d.csv", {}


def tsv(folder):
    (folder / "sms.tsv").write_bytes(b'ham\t"a\nspam\tb\r\nham\tc"\nspam\td\nother\te')
    return folder / "sms.tsv", {"columns": ["label", "text"]}


def jsonl(folder):
    lines = [
        '{"label": "u", "text": "é"}\r\n',
        '{"text":"b" , "label":"v","k":1.50 }  \n\n',
        '{"text": null, "label": "u"}\n',
        '{"label":"v", "text":"\\u00fc }"}\n',
        '{"label":"w", "text":", \\"weight\\": 3}"}',
    ]
    (folder / "d.jsonl").write_bytes("".join(lines).encode())
    return folder / "d.jsonl", {}


def jsonl_packed(folder):
    (folder / "d.ndjson.gz").write_bytes(gzip.compress(jsonl(folder)[0].read_bytes()))
    return folder / "d.ndjson.gz", {}


def parquet(folder):
    pq.write_table(TABLE, folder / "d.parquet")
    return folder / "d.parquet", {}


def parquet_folder(folder):
    for start, name in ((0, "b.parquet"), (3, "sub/a.parquet")):
        (folder / "d" / "sub").mkdir(parents=True, exist_ok=True)
        pq.write_table(TABLE.slice(start, 3), folder / "d" / name)
    return folder / "d", {}


def arrow(folder):
    pyarrow.feather.write_feather(TABLE, folder / "d.feather")
    return folder / "d.feather", {}


def parquet_with_pictures(folder):
    cells = [picture(folder / "x.png", i).read_bytes() for i in range(6)]
    pq.write_table(TABLE.append_column("png", pa.array(cells)), folder / "d.parquet")
    return folder / "d.parquet", {"image": "png"}


def npz(folder):
    words = np.array(["u", "v", "u", "v", "long"])
    np.savez_compressed(folder / "d.npz", X=np.arange(10, dtype=">f4").reshape(5, 2), y=words, other=np.arange(3))
    return folder / "d.npz", {}


def npz_split(folder):
    images = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
    labels = np.array([0, 1, 0, 1, 2], np.uint8)[:, None]
    np.savez(folder / "d.npz", x_train=images, y_train=labels, x_test=images[:2], y_test=labels[:2])
    return f"{folder / 'd.npz'}?split=train", {}


def images(folder):
    for i, name in enumerate(("cat/1.png", "cat/2.png", "dog/1.png", "dog/sub/2.png", "owl/1.png")):
        picture(folder / "pets" / name, i)
    (folder / "pets" / "cat" / "2.png").write_bytes(b"no picture")
    (folder / "pets" / "README.txt").write_text("pets")
    (folder / "pets" / "none").mkdir()
    return folder / "pets", {}


def frame(_folder):
    columns = {"a": [1, 2, 3, 4, 5], "b": pd.array([1, None, 2, 3, 4], "Int64"), "label": pd.Categorical(list("uvuvw"))}
    return pd.DataFrame(columns, index=list("pqrst")), {}


def arrays(_folder):
    return (np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3, 1), [0, 1, 0, 1, 2]), {}


def planted(_folder):
    return "planted:digits?exact=3&seed=4", {}


TEXT = (csv, csv_with_mark, csv_without_header, csv_with_weights, csv_with_pictures, csv_with_ids)
EXACT = (*TEXT, csv_with_numbers_as_labels, tsv, jsonl, images)
PACKED = (csv_packed, jsonl_packed)
TYPED = (parquet, parquet_folder, arrow, parquet_with_pictures)
EVERY = (*EXACT, *PACKED, *TYPED, npz, npz_split, frame, arrays, planted)


def patch_of(data, *, drop=(1, -1), relabel=(0,), weight=(2,)):
    """Drop, relabel and weight the rows at these places."""
    rows, labels = list(data.rows), list(data.given)
    said = {"reason": "it looks wrong", "check": "labels", "score": 0.1}
    lines = [{"row": rows[i], "action": "drop", **said} for i in drop]
    for i in relabel:
        other = next(c for c in reversed(data.classes) if c != labels[i])
        lines.append({"row": rows[i], "action": "relabel", "from": str(labels[i]), "to": str(other), **said})
    lines += [{"row": rows[i], "action": "weight", "weight": 0.25, **said} for i in weight]
    return make_patch(lines, base=data.fingerprint, treatment="prune,relabel,reweight")


def files(path):
    """Every file below a path, or beside it, with its bytes."""
    root = path if path.is_dir() else path.parent
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def cleaned(folder, source, **edits):
    (folder / "in").mkdir()
    where, options = source(folder / "in")
    data = load(where, **options)
    patch = patch_of(data, **edits)
    write_clean(data, patch, folder / "clean")
    return data, patch, where, options


def names_in(folder):
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("source", EVERY, ids=lambda f: f.__name__)
def test_the_cleaned_folder_loads_as_what_the_patch_makes_of_the_data(tmp_path, source):
    data, patch, *_ = cleaned(tmp_path, source)
    meant = patch.apply(data)

    found = load(tmp_path / "clean")

    assert found.rows.tolist() == meant.rows.tolist()
    assert found.given.tolist() == meant.given.tolist()
    assert found.weights.tolist() == meant.weights.tolist()
    assert found.content.tolist() == meant.content.tolist()
    assert found.fingerprint == json.loads((tmp_path / "clean" / "manifest.json").read_text())["after"]["fingerprint"]
    if source is not images:  # a relabelled picture lies elsewhere, and its path says so
        assert found.fingerprint == meant.fingerprint


@pytest.mark.parametrize("source", EVERY, ids=lambda f: f.__name__)
def test_restoring_gives_the_input_back(tmp_path, source):
    data, _, where, options = cleaned(tmp_path, source)

    back = restore(tmp_path / "clean", tmp_path / "back")

    address = f"{back}?split=train" if source is npz_split else back
    again = load(address, **({} if data.origin.format == "memory" else options))
    assert again.fingerprint == data.fingerprint
    assert again.rows.tolist() == data.rows.tolist()
    pd.testing.assert_series_equal(again.table.dtypes, data.table.dtypes)
    if source in EXACT:
        assert files(back) == files(where)


@pytest.mark.parametrize("source", EVERY, ids=lambda f: f.__name__)
def test_cleaned_data_can_be_cleaned_again_and_given_back(tmp_path, source):
    cleaned(tmp_path, source)
    first = load(tmp_path / "clean")
    write_clean(first, patch_of(first, drop=(0,), relabel=(1,), weight=(2,)), tmp_path / "twice")

    assert len(load(tmp_path / "twice")) == len(first) - 1
    back = restore(tmp_path / "twice", tmp_path / "back")
    assert files(back).keys() >= {p for p in files(tmp_path / "clean" / "data") if not p.endswith("/")}


@pytest.mark.parametrize("source", EVERY, ids=lambda f: f.__name__)
def test_a_patch_that_does_nothing_changes_nothing(tmp_path, source):
    where, options = source(tmp_path)
    data = load(where, **options)
    write_clean(data, empty_patch(data.fingerprint), tmp_path / "out" / "clean")

    assert load(tmp_path / "out" / "clean").fingerprint == data.fingerprint
    restore(tmp_path / "out" / "clean", tmp_path / "out" / "back")


@pytest.mark.parametrize("source", [*TYPED, npz], ids=lambda f: f.__name__)
def test_typed_columns_come_back_with_their_types(tmp_path, source):
    _, _, where, _ = cleaned(tmp_path, source)
    back = restore(tmp_path / "clean", tmp_path / "back")

    if source is npz:
        before, after = np.load(where), np.load(back)
        assert before.files == after.files
        assert all((before[k].dtype, before[k].tolist()) == (after[k].dtype, after[k].tolist()) for k in before.files)
        before.close(), after.close()
        return
    read = pyarrow.feather.read_table if source is arrow else lambda p: pq.ParquetFile(p).read()
    for name in files(where) if where.is_dir() else [""]:
        before, after = read(where / name if name else where), read(back / name if name else back)
        assert after.schema.equals(before.schema, check_metadata=True)
        assert after.to_pylist() == before.to_pylist()


@pytest.mark.parametrize("suffix", ["parquet", "feather"])
@pytest.mark.parametrize("ordered", [False, True])
def test_the_words_of_a_label_that_is_a_dictionary_keep_their_places(tmp_path, suffix, ordered):
    labels = pd.Categorical(["u", "w", "u", "v", "w", "u"], categories=["w", "v", "never", "u"], ordered=ordered)
    table = pa.Table.from_pandas(pd.DataFrame({"a": range(6), "label": labels}))
    write, read = {
        "parquet": (pq.write_table, lambda p: pq.ParquetFile(p).read()),
        "feather": (pyarrow.feather.write_feather, pyarrow.feather.read_table),
    }[suffix]
    where = tmp_path / f"d.{suffix}"
    write(table, where)
    data = load(where, label="label")
    lines = [{"row": 0, "action": "relabel", "from": "u", "to": "v", "reason": "", "check": ""}]
    write_clean(data, make_patch(lines, base=data.fingerprint, treatment="t"), tmp_path / "clean")
    mended = read(tmp_path / "clean" / "data" / f"d.{suffix}")

    assert mended["label"].to_pylist() == ["v", "w", "u", "v", "w", "u"]
    assert mended["label"].chunk(0).dictionary.to_pylist() == read(where)["label"].chunk(0).dictionary.to_pylist()
    assert mended.schema.equals(read(where).schema)
    assert read(restore(tmp_path / "clean", tmp_path / "back")).equals(read(where))


def test_the_quarantine_holds_the_dropped_rows_whole_and_in_the_format(tmp_path):
    cleaned(tmp_path, csv_with_ids)

    assert (tmp_path / "clean/quarantine/d.csv").read_text() == "id,a,label\nk4,x,v\nk1,5,w\n"
    assert (tmp_path / "clean/originals/d.csv").read_text() == "id,a,label\nk5,1,u\n"


def test_rows_that_are_not_edited_are_written_as_they_were(tmp_path):
    cleaned(tmp_path, csv, weight=())

    assert (tmp_path / "clean/data/d.csv").read_bytes() == (
        'text,label,n\r\n"a, ""b""\nc",w,01\r\nü,"u",\n"x",v,4\r'.encode()
    )


def test_a_weight_becomes_one_more_column(tmp_path):
    cleaned(tmp_path, csv_with_ids)

    assert (tmp_path / "clean/data/d.csv").read_text() == "id,a,label,weight\nk5,1,w,1.0\nk3,3,u,0.25\nk2,4,v,1.0\n"


def test_a_label_is_spelled_as_the_file_spells_it_elsewhere(tmp_path):
    cleaned(tmp_path, csv_with_numbers_as_labels, weight=(), relabel=(3,), drop=())

    assert "4,3.50\n" in (tmp_path / "clean/data/d.csv").read_text()


def test_a_relabelled_picture_moves_to_its_class_without_replacing_another(tmp_path):
    cleaned(tmp_path, images, drop=(), weight=())

    assert (tmp_path / "clean/data/owl/1~2.png").is_file()
    assert (tmp_path / "clean/data/owl/1.png").is_file()
    assert not (tmp_path / "clean/data/cat/1.png").exists()
    assert load(tmp_path / "clean/data").classes == ("cat", "dog", "owl")


def test_columns_keep_their_kind_when_the_row_that_made_them_words_is_dropped(tmp_path):
    data, *_ = cleaned(tmp_path, csv_with_ids)

    assert data.table["a"].tolist() == ["1", "x", "3", "4", "5"]
    assert load(tmp_path / "clean").table["a"].tolist() == ["1", "3", "4"]


def test_parquet_remembers_its_roles_by_itself(tmp_path):
    cleaned(tmp_path, parquet)

    assert load(tmp_path / "clean/data/d.parquet").roles.weight == "weight"


def test_data_without_labels_can_lose_rows(tmp_path):
    (tmp_path / "d.csv").write_text("a\n1\n2\n3\n")
    data = load(tmp_path / "d.csv", unlabelled=True)
    drop = make_patch([{"row": 1, "action": "drop", "reason": "", "check": ""}], base=data.fingerprint, treatment="t")
    write_clean(data, drop, tmp_path / "out" / "clean")

    assert load(tmp_path / "out" / "clean").table["a"].tolist() == [1, 3]
    assert restore(tmp_path / "out" / "clean", tmp_path / "back").read_text() == "a\n1\n2\n3\n"


def test_the_manifest_says_what_was_done_with_what(tmp_path):
    where, options = csv(tmp_path)
    data = load(where, **options)
    write_clean(data, patch_of(data), tmp_path / "o" / "clean", suite=Suite("text"), command="assay clean")

    said = json.loads((tmp_path / "o" / "clean" / "manifest.json").read_text())

    assert (said["treatment"], said["command"]) == ("prune,relabel,reweight", "assay clean")
    assert said["suite"] == {"name": "text", "fingerprint": Suite("text").fingerprint}
    assert (said["before"]["rows"], said["after"]["rows"]) == (5, 3)
    assert said["before"]["fingerprint"] == data.fingerprint
    assert "pandas" in said["versions"]


def test_one_input_gives_the_same_bytes_twice(tmp_path):
    where, options = csv_packed(tmp_path)
    data = load(where, **options)
    for name in ("one", "two"):
        write_clean(data, patch_of(data), tmp_path / "o" / name)

    assert files(tmp_path / "o" / "one") == files(tmp_path / "o" / "two")


# -- what is refused -------------------------------------------------------------------------------------------------


def test_a_file_that_changed_after_it_was_read_is_refused(tmp_path):
    where, options = csv(tmp_path)
    data = load(where, **options)
    where.write_text(where.read_text() + "\nmore,u,1\n")

    with pytest.raises(StaleError, match=r"d\.csv: not what .*d\.csv holds: .*changed after it was read"):
        write_clean(data, patch_of(data), tmp_path / "clean")
    assert not (tmp_path / "clean").exists()


def test_data_edited_in_memory_is_written_as_parquet_when_it_says_it_is_from_nowhere(tmp_path):
    where, options = csv(tmp_path)
    part = load(where, **options).take([3, 1, 0])
    with pytest.raises(StaleError, match="load it again, or set the data's origin"):
        write_clean(part, empty_patch(part.fingerprint), tmp_path / "o" / "clean")

    write_clean(replace(part, origin=Origin()), empty_patch(part.fingerprint), tmp_path / "o" / "clean")

    assert load(tmp_path / "o" / "clean").rows.tolist() == [3, 1, 0]


def test_a_patch_for_other_data_is_refused(tmp_path):
    where, options = csv(tmp_path)

    with pytest.raises(StaleError, match="the patch is for data 0123"):
        write_clean(load(where, **options), empty_patch("0123"), tmp_path / "o" / "clean")


def test_a_patch_that_drops_every_row_is_refused(tmp_path):
    where, options = csv(tmp_path)
    data = load(where, **options)

    with pytest.raises(InputError, match="the patch drops every row"):
        write_clean(data, patch_of(data, drop=range(5), relabel=(), weight=()), tmp_path / "o" / "clean")


def test_an_existing_folder_is_refused_unless_force_is_said(tmp_path):
    data, patch, *_ = cleaned(tmp_path, csv)
    before = files(tmp_path / "clean")

    with pytest.raises(OutputError, match="exists and is not empty"):
        write_clean(data, patch, tmp_path / "clean")
    assert files(tmp_path / "clean") == before
    write_clean(data, empty_patch(data.fingerprint), tmp_path / "clean", force=True)
    assert len(load(tmp_path / "clean")) == 5


@pytest.mark.parametrize("target", ["in", "in/pets", "in/pets/clean"])
def test_what_is_read_is_never_written_over_or_into(tmp_path, target):
    (tmp_path / "in").mkdir()
    where, _ = images(tmp_path / "in")
    data, before = load(where), files(where)

    with pytest.raises(OutputError, match="is read from there; name another folder"):
        write_clean(data, empty_patch(data.fingerprint), tmp_path / target, force=True)
    assert files(where) == before


def test_restoring_over_the_cleaned_folder_is_refused(tmp_path):
    cleaned(tmp_path, csv)

    with pytest.raises(OutputError, match="is read from there"):
        restore(tmp_path / "clean", tmp_path / "clean", force=True)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("data/d.csv", "k3,3", "k3,9"),
        ("data/d.csv", "k3,3,u,0.25\n", ""),
        ("quarantine/d.csv", "k4,x", "k4,y"),
        ("quarantine/d.csv", "k4,x,v\n", ""),
        ("originals/d.csv", "k5,1,u", '"k5",1,u'),
        ("originals/d.csv", "k5,1,u\n", ""),
    ],
)
def test_restore_refuses_a_folder_that_was_edited_and_names_it(tmp_path, file, old, new):
    cleaned(tmp_path, csv_with_ids)
    path = tmp_path / "clean" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))

    with pytest.raises(StaleError, match="clean"):
        restore(tmp_path / "clean", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_restore_refuses_a_folder_whose_quarantined_picture_is_gone(tmp_path):
    cleaned(tmp_path, images)
    (tmp_path / "clean/quarantine/cat/2.png").unlink()

    with pytest.raises(StaleError, match=r"quarantine/cat/2\.png: no such file"):
        restore(tmp_path / "clean", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_restore_refuses_a_folder_whose_quarantine_has_other_columns(tmp_path):
    cleaned(tmp_path, parquet)
    path = tmp_path / "clean/quarantine/d.parquet"
    table = pq.ParquetFile(path).read()
    pq.write_table(table.rename_columns(["b", *table.column_names[1:]]), path)

    with pytest.raises(StaleError, match="quarantine or originals were edited"):
        restore(tmp_path / "clean", tmp_path / "back")


def test_loading_a_folder_that_was_edited_is_refused_and_its_data_alone_is_not(tmp_path):
    cleaned(tmp_path, csv_with_ids)
    path = tmp_path / "clean" / "data" / "d.csv"
    path.write_text(path.read_text().replace("k3,3", "k3,9"))

    with pytest.raises(StaleError, match=r"clean: edited after it was written; load .*data/d\.csv for what it is now"):
        load(tmp_path / "clean")
    assert len(load(path)) == 3


@pytest.mark.parametrize("gone", ["data/d.csv", "quarantine/d.csv", "originals/d.csv", "rows.parquet", "manifest.json"])
def test_a_folder_with_a_file_missing_is_refused_by_name(tmp_path, gone):
    cleaned(tmp_path, csv_with_ids)
    (tmp_path / "clean" / gone).unlink()

    with pytest.raises(InputError, match=gone.rpartition("/")[2]):
        restore(tmp_path / "clean", tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 99}', '{"schema_version": 1}'])
def test_a_broken_manifest_is_named(tmp_path, text):
    cleaned(tmp_path, csv)
    (tmp_path / "clean" / "manifest.json").write_text(text)

    with pytest.raises(InputError, match=r"manifest\.json: "):
        load(tmp_path / "clean")


def test_a_label_that_tabs_cannot_hold_is_refused(tmp_path):
    (tmp_path / "d.tsv").write_text("a\tu\nb\tv\n")
    data = load(tmp_path / "d.tsv", columns=["text", "label"], classes=["u", "v", "w\tx"])

    with pytest.raises(OutputError, match="has a tab or a line end in it"):
        write_clean(data, patch_of(data, drop=(), weight=()), tmp_path / "o" / "clean")


def test_columns_that_parquet_cannot_hold_are_refused(tmp_path):
    data = load(pd.DataFrame({"a": [1, 2], "odd": [1, "x"], "label": ["u", "v"]}), features=["a"])

    with pytest.raises(OutputError, match="Parquet cannot hold it"):
        write_clean(data, empty_patch(data.fingerprint), tmp_path / "clean")
    assert list(tmp_path.iterdir()) == []


# -- nothing is left half-written --------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs Linux and root")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"mounting is not allowed here: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("source", [csv, parquet, npz, images, arrays])
def test_a_full_disk_leaves_nothing_half_written(tmp_path, small_disk, source):
    (tmp_path / "in").mkdir()
    where, options = source(tmp_path / "in")
    data = load(where, **options)
    (small_disk / "ballast").write_bytes(b"\0" * 60_000)

    with pytest.raises(OutputError, match="clean: cannot write"):
        write_clean(data, patch_of(data), small_disk / "clean")
    assert names_in(small_disk) == ["ballast"]


def test_an_interruption_in_the_middle_leaves_what_was_there(tmp_path):
    data, patch, *_ = cleaned(tmp_path, csv)
    before = files(tmp_path / "clean")

    def interrupt(_path):
        raise KeyboardInterrupt

    impatient = SimpleNamespace(rows=patch.rows, apply=patch.apply, treatment="", write=interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_clean(data, impatient, tmp_path / "clean", force=True)

    assert files(tmp_path / "clean") == before
    assert names_in(tmp_path) == ["clean", "in"]


def test_a_full_disk_while_giving_back_leaves_the_cleaned_folder_whole(tmp_path, small_disk):
    data, *_ = cleaned(tmp_path, csv)
    (small_disk / "ballast").write_bytes(b"\0" * 64_000)

    with pytest.raises(OutputError, match="cannot write"):
        restore(tmp_path / "clean", small_disk / "back")
    assert names_in(small_disk) == ["ballast"]
    assert load(restore(tmp_path / "clean", tmp_path / "back"), label="label").fingerprint == data.fingerprint


def test_a_read_only_disk_is_said_and_nothing_is_written(tmp_path, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    where, options = csv(tmp_path)
    data = load(where, **options)

    with pytest.raises(OutputError, match="clean: cannot write here"):
        write_clean(data, patch_of(data), small_disk / "clean")
    assert names_in(small_disk) == []


# -- any text at all ---------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ['"', ",", "\n", "\r\n", "\r", '""', "NA", "1", "1.0", "\ufeff", "\u2028", ", ", "0x1", "true"]
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def quoted(cell, always):
    needs = always or any(c in cell for c in '",\r\n')
    return '"' + cell.replace('"', '""') + '"' if needs else cell


@st.composite
def csv_texts(draw):
    """A CSV file as somebody's program may have written it: marks, blank lines, line ends and quotes as they like."""
    rows = draw(st.lists(st.tuples(WORDS, st.sampled_from("uvw"), WORDS), min_size=3, max_size=7))
    lines = [["text", "label", "note"], *rows]
    out = draw(st.sampled_from(["", "\ufeff"]))
    for number, cells in enumerate(lines):
        out += ",".join(quoted(c, draw(st.booleans())) for c in cells)
        if number < len(lines) - 1 or draw(st.booleans()):
            out += draw(ENDS) + draw(st.sampled_from(["", "", "\n", "\r\n"]))
    return out, [label for _, label, _ in rows]


@st.composite
def tsv_texts(draw):
    """Tab-separated values without a header: quotes mean nothing, only tabs and line ends do."""
    plain = WORDS.map(lambda w: "".join(c for c in w if c not in "\t\r\n\ufeff"))
    rows = draw(st.lists(st.tuples(st.sampled_from("uvw"), plain), min_size=3, max_size=7))
    out = draw(st.sampled_from(["", "\ufeff"]))
    for number, cells in enumerate(rows):
        out += "\t".join(cells)
        if number < len(rows) - 1 or draw(st.booleans()):
            out += draw(st.sampled_from(["\n", "\r\n", "\n\n", "\n\r\n"]))
    return out, [label for label, _ in rows]


@st.composite
def json_texts(draw):
    """JSON Lines as somebody's program may have written them: spaces, escapes, keys in any order."""
    rows = draw(st.lists(st.tuples(WORDS, st.sampled_from("uvw"), WORDS | st.none()), min_size=3, max_size=7))
    out = draw(st.sampled_from(["", "\ufeff"]))
    for number, (text, label, note) in enumerate(rows):
        cells = draw(st.permutations([("text", text), ("label", label), ("note", note)]))
        spaces = draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]))
        out += json.dumps(dict(cells), ensure_ascii=draw(st.booleans()), separators=spaces)
        if number < len(rows) - 1 or draw(st.booleans()):
            out += draw(st.sampled_from(["\n", "\r\n", "  \n", "\n\n"]))
    return out, [label for _, label, _ in rows]


CASES = {
    "d.csv": (csv_texts(), {}),
    "d.tsv": (tsv_texts(), {"columns": ["label", "text"]}),
    "d.jsonl": (json_texts(), {}),
}


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_text_file_comes_back_byte_for_byte(tmp_path_factory, name, data):
    texts, options = CASES[name]
    text, labels = data.draw(texts)
    folder = tmp_path_factory.mktemp("any")
    (folder / name).write_bytes(text.encode())
    read = load(folder / name, label="label", features=[], classes=["u", "v", "w"], **options)
    assert read.given.tolist() == labels
    places = st.lists(st.integers(0, len(read) - 1), max_size=len(read) - 1, unique=True)
    patch = patch_of(read, drop=data.draw(places), relabel=data.draw(places), weight=data.draw(places))

    write_clean(read, patch, folder / "out" / "clean")

    assert load(folder / "out" / "clean").fingerprint == patch.apply(read).fingerprint
    assert restore(folder / "out" / "clean", folder / "back").read_bytes() == text.encode()
    shutil.rmtree(folder)
