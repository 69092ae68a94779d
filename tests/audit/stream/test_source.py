"""A file says what the array in it says."""

import pickle

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from stream.made import made

from audit.errors import InputError, UnknownName
from audit.stream import FILTERS, SCORES, confident, opening, prune, source

CLASSES = 12


@pytest.fixture(scope="module")
def data():
    return made(3_000, CLASSES, digits=3)


def as_columns(labels, probabilities):
    return pa.table({"label": labels, **{f"p{k}": probabilities[:, k] for k in range(probabilities.shape[1])}})


def as_lists(labels, probabilities):
    lists = pa.FixedSizeListArray.from_arrays(pa.array(probabilities.ravel()), probabilities.shape[1])
    return pa.table({"label": labels, "pred_probs": lists})


def write(kind, folder, labels, probabilities):
    path = folder / {"npz stored": "a.npz", "npz packed": "b.npz", "lists": "c.parquet", "folder": "d"}.get(
        kind, f"e.{kind}"
    )
    if kind in ("npy", "fortran"):
        path = folder / "e.npy"
        np.save(path, probabilities if kind == "npy" else np.asfortranarray(probabilities))
    elif kind.startswith("npz"):
        (np.savez if kind == "npz stored" else np.savez_compressed)(path, labels=labels, pred_probs=probabilities)
    elif kind == "folder":
        path.mkdir()
        for i, rows in enumerate([slice(0, 700), slice(700, 3_000)]):
            pq.write_table(
                as_columns(labels[rows], probabilities[rows]), path / f"part-{i}.parquet", row_group_size=311
            )
    elif kind in ("parquet", "lists"):
        pq.write_table((as_columns if kind == "parquet" else as_lists)(labels, probabilities), path, row_group_size=997)
    else:
        feather.write_feather(as_columns(labels, probabilities), path, chunksize=500, compression="uncompressed")
    return path


KINDS = ["npy", "fortran", "npz stored", "npz packed", "parquet", "lists", "folder", "arrow", "feather"]


@pytest.mark.parametrize("kind", [k for k in KINDS if not k.startswith("npz")])
def test_what_is_handed_to_another_process_is_a_place_in_a_file(kind, data, tmp_path):
    opened = opening.open_source(write(kind, tmp_path, *data))
    sent = [pickle.dumps(read) for _, read in opened.blocks(1_000)]

    assert len(sent) >= 3
    assert max(map(len, sent)) < 1_000  # a row alone takes 96 bytes
    there = np.concatenate([pickle.loads(read)() for read in sent])
    assert np.array_equal(there, data[1])


def test_a_row_group_larger_than_a_block_is_decoded_once_and_not_by_everyone(data, tmp_path):
    opened = opening.open_source(write("parquet", tmp_path, *data))  # groups of 997 rows
    reads = [read for _, read in opened.blocks(400)]

    assert [len(read()) for read in reads] == [400, 400, 197] * 3 + [9]
    assert np.array_equal(np.concatenate([read() for read in reads]), data[1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_file_gives_what_its_array_gives(kind, threads, data, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "BLOCK_BYTES", 1 << 14)  # several blocks, of a few hundred rows
    monkeypatch.setattr(prune, "LEAST_BYTES", 1 << 13)  # and several readings to settle the ties
    labels, probabilities = data
    path = write(kind, tmp_path, labels, probabilities)
    where = "label" if path.suffix not in (".npy", ".npz") else labels
    found = confident(where, path, filter_by=FILTERS, scores=SCORES, threads=threads)
    layout = np.asfortranarray if kind == "fortran" else np.ascontiguousarray  # entropies are added up along it
    wanted = confident(labels, layout(probabilities), filter_by=FILTERS, scores=SCORES)
    for name in FILTERS:
        assert np.array_equal(found.masks[name], wanted.masks[name]), name
    for name in SCORES:
        assert np.array_equal(found.scores[name], wanted.scores[name]), name
    assert np.array_equal(found.joint, wanted.joint)
    assert found.thresholds.dtype == wanted.thresholds.dtype
    assert found.notes == wanted.notes


def test_labels_and_columns_may_be_named(data, tmp_path):
    labels, probabilities = data
    np.save(tmp_path / "labels.npy", labels)
    path = write("parquet", tmp_path, labels, probabilities)
    chosen = [f"p{k}" for k in reversed(range(CLASSES))]
    found = confident(tmp_path / "labels.npy", path, columns=chosen)
    assert np.array_equal(found.joint, confident(labels, probabilities[:, ::-1]).joint)
    with pytest.raises(UnknownName, match=r"no column 'labl'; .*did you mean 'label'"):
        confident("labl", path)
    with pytest.raises(InputError, match="no column 'q'"):
        confident("label", path, columns=["q"])


def test_files_that_are_none_are_named(data, tmp_path):
    labels, probabilities = data
    (tmp_path / "broken.npy").write_bytes(b"no array")
    (tmp_path / "broken.parquet").write_bytes(b"no table")
    (tmp_path / "empty").mkdir()
    np.savez(tmp_path / "two.npz", a=probabilities, b=probabilities)
    for name, said in {
        "gone.npy": "no such file", "broken.npy": "cannot be read", "broken.parquet": "cannot be read",
        "empty": "no .parquet file", "two.npz": "which array", "x.csv": "no such file",
    }.items():  # fmt: skip
        with pytest.raises(InputError, match=said):
            confident(labels, tmp_path / name)


def test_a_file_that_ends_early_is_said(data, tmp_path):
    labels, probabilities = data
    path = write("npy", tmp_path, labels, probabilities)
    opened = opening.open_source(path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InputError, match="ends within row 29"):
        list(read() for _, read in opened.blocks(100))
    assert len(labels) == 3_000


def test_a_missing_probability_is_said(data, tmp_path):
    table = as_columns(*data)
    holed = pa.array([None] + [0.5] * 2_999, pa.float32())
    pq.write_table(table.set_column(3, "p2", holed), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="a probability is missing"):
        confident("label", tmp_path / "a.parquet")


def test_files_of_a_folder_must_agree(data, tmp_path):
    table = as_columns(*data)
    pq.write_table(table, tmp_path / "a.parquet")
    pq.write_table(table.drop_columns(["p2"]), tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"b\.parquet: its columns of probabilities are not those of a\.parquet"):
        confident("label", tmp_path)
