"""What the ledger gives back is what was put in, or nothing."""

from __future__ import annotations

import time

import numpy as np
import pytest

from train.grid.ledger import Ledger, Result


def result(n=37):
    return Result(
        {"variant": "raw", "test_rows": n, "metrics": {"accuracy": 0.5}},
        np.arange(n) % 3 == 0,
        (np.arange(n) % 5).astype("uint16"),
    )


def test_a_cell_comes_back_as_it_was(tmp_path):
    Ledger(tmp_path).put("a", result())
    back = Ledger(tmp_path).get("a")

    assert back.record == result().record
    assert np.array_equal(back.correct, result().correct)


def test_a_cell_that_is_not_there_is_none(tmp_path):
    assert Ledger(tmp_path).get("a") is None


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"x" * len(b)])
def test_a_damaged_file_is_noted_and_not_believed(tmp_path, damage):
    Ledger(tmp_path).put("a", result())
    path = tmp_path / "cells" / "a.npz"
    path.write_bytes(damage(path.read_bytes()))
    ledger = Ledger(tmp_path)

    assert ledger.get("a") is None
    assert "trained again" in ledger.notes[0]


def test_the_file_of_another_cell_is_not_believed(tmp_path):
    Ledger(tmp_path).put("a", result())
    (tmp_path / "cells" / "a.npz").rename(tmp_path / "cells" / "b.npz")
    ledger = Ledger(tmp_path)

    assert ledger.get("b") is None
    assert "file of cell a" in ledger.notes[0]


@pytest.mark.parametrize("record", ["[1]", '{"test_rows": "many"}', '{"test_rows": 400}', "{"])
def test_an_archive_that_holds_no_cell_is_not_believed(tmp_path, record):
    (tmp_path / "cells").mkdir()
    bits = np.zeros(3, dtype=np.uint8)
    np.savez(tmp_path / "cells" / "a.npz", key=np.array("a"), record=np.array(record), correct=bits)
    ledger = Ledger(tmp_path)

    assert ledger.get("a") is None
    assert "trained again" in ledger.notes[0]


def test_a_failed_cell_stays_failed(tmp_path):
    Ledger(tmp_path).put(
        "a",
        Result(
            {"failed": "the loss was no number", "test_rows": 9}, np.zeros(0, dtype=bool), np.zeros(0, dtype="uint16")
        ),
    )

    assert Ledger(tmp_path).get("a").failed == "the loss was no number"


def test_nothing_but_whole_cells_lies_in_the_folder(tmp_path):
    ledger = Ledger(tmp_path)
    for name in "abc":
        ledger.put(name, result())

    assert sorted(p.name for p in (tmp_path / "cells").iterdir()) == ["a.npz", "b.npz", "c.npz"]


def test_a_grid_of_300_cells_is_read_again_in_under_a_second_with_one_file_a_cell(tmp_path):
    ledger = Ledger(tmp_path)
    for i in range(300):
        ledger.put(f"{i:024x}", result(10_000))
    again = Ledger(tmp_path)
    start = time.process_time()
    found = [again.get(f"{i:024x}") for i in range(300)]

    assert time.process_time() - start < 1  # a tenth of that in fact; make bench says how much
    assert all(f is not None and len(f.correct) == 10_000 for f in found)
    assert len(list((tmp_path / "cells").iterdir())) == 300


def test_what_a_dying_worker_left_half_written_is_no_cell(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.put("a", result())
    (tmp_path / "cells" / ".b.npz.x7k2").write_bytes(b"PK")

    assert Ledger(tmp_path).get("b") is None
    assert Ledger(tmp_path).get("a") is not None


def test_a_cell_that_a_worker_has_written_is_held_and_not_written_again(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.hold("a", result())

    assert ledger.get("a") is not None
    assert not (tmp_path / "cells").exists()
