"""What was computed is kept, and what is broken is computed again."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from audit.evidence.cache import Cache, array_digest, digest_of

KEY = {"data": "abc", "seed": 0}
ROOT = Path(__file__).parents[2]


def counting(calls: list, values=None):
    def compute():
        calls.append(1)
        return {"a": np.arange(3.0), "b": np.zeros((2, 0))} if values is None else values

    return compute


def test_a_value_is_computed_once_and_kept_for_the_next_process(tmp_path):
    calls: list = []
    first = Cache(tmp_path)
    for _ in range(2):
        first.arrays("x", KEY, counting(calls))
    second = Cache(tmp_path)
    kept = second.arrays("x", KEY, counting(calls))
    assert len(calls) == 1
    assert second.hits == ["x"]
    assert first.hits == []
    assert kept["a"].tolist() == [0, 1, 2]
    assert kept["b"].shape == (2, 0)
    assert list(kept) == ["a", "b"]


def test_a_branch_knows_what_was_there_and_keeps_what_is_new_to_itself():
    calls: list = []
    trunk = Cache()
    trunk.arrays("x", KEY, counting(calls))
    branch = trunk.branch()

    branch.arrays("x", KEY, counting(calls))
    branch.arrays("y", KEY, counting(calls))
    trunk.arrays("y", KEY, counting(calls))

    assert len(calls) == 3


@pytest.mark.parametrize("key", [{**KEY, "seed": 1}, {**KEY, "data": "abd"}, {**KEY, "more": None}, {"data": "abc"}])
def test_another_key_is_computed_anew(tmp_path, key):
    calls: list = []
    Cache(tmp_path).arrays("x", KEY, counting(calls))
    Cache(tmp_path).arrays("x", key, counting(calls))
    Cache(tmp_path).arrays("y", KEY, counting(calls))
    assert len(calls) == 3


@pytest.mark.parametrize("kept", [0, 1, 50, 200, -3])
def test_a_truncated_file_is_computed_again_and_said_so(tmp_path, kept):
    calls: list = []
    Cache(tmp_path).arrays("x", KEY, counting(calls))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:kept])
    cache = Cache(tmp_path)
    assert cache.arrays("x", KEY, counting(calls))["a"].tolist() == [0, 1, 2]
    assert len(calls) == 2
    assert "could not be read" in cache.notes[0]
    assert Cache(tmp_path).arrays("x", KEY, counting(calls))["a"].tolist() == [0, 1, 2]
    assert len(calls) == 2


def test_a_flipped_byte_is_noticed(tmp_path):
    Cache(tmp_path).arrays("x", KEY, counting([]))
    (path,) = tmp_path.iterdir()
    raw = bytearray(path.read_bytes())
    at = raw.find(np.arange(3.0).tobytes())
    raw[at + 9] ^= 1
    path.write_bytes(bytes(raw))
    cache = Cache(tmp_path)
    assert cache.arrays("x", KEY, counting([]))["a"].tolist() == [0, 1, 2]
    assert len(cache.notes) == 1


def test_a_computation_that_breaks_leaves_nothing(tmp_path):
    def broken():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Cache(tmp_path).arrays("x", KEY, broken)
    assert list(tmp_path.iterdir()) == []


def test_left_over_temporary_files_are_not_taken_for_values(tmp_path):
    name = f"x-{digest_of(KEY)}.npz"
    (tmp_path / f".{name}.abc").write_bytes(b"half")
    calls: list = []
    Cache(tmp_path).arrays("x", KEY, counting(calls))
    assert len(calls) == 1


def test_without_a_folder_values_live_as_long_as_the_cache():
    calls: list = []
    cache = Cache()
    cache.arrays("x", KEY, counting(calls))
    cache.arrays("x", KEY, counting(calls))
    Cache().arrays("x", KEY, counting(calls))
    assert len(calls) == 2


def test_keys_hash_by_value_and_not_by_order_or_numeric_kind():
    assert digest_of({"a": 1, "b": (1, 2)}) == digest_of({"b": [1, 2], "a": np.int64(1)})
    assert digest_of({"a": 1}) != digest_of({"a": "1"})


def test_arrays_hash_by_kind_shape_and_value():
    base = np.arange(6)
    others = [base.astype("float64"), base.reshape(2, 3), base[::-1]]
    assert len({array_digest(a) for a in (base, *others)}) == 4
    assert array_digest(base[::2]) == array_digest(base[::2].copy())


# -- row by row

HASHES = [b"%015d-" % i for i in range(6)]


def squares(calls: list):
    def compute(positions):
        calls.append(positions.tolist())
        return (positions[:, None] ** 2 + np.zeros((1, 3))).astype("float32")

    return compute


def test_only_rows_with_new_hashes_are_computed(tmp_path):
    calls: list = []
    first = Cache(tmp_path).rows("x", KEY, HASHES[:4], squares(calls))
    cache = Cache(tmp_path)
    second = cache.rows("x", KEY, [HASHES[5], *HASHES[1:4]], lambda p: squares(calls)(np.array([5])[p]))
    assert calls == [[0, 1, 2, 3], [5]]
    assert first[:, 0].tolist() == [0, 1, 4, 9]
    assert second[:, 0].tolist() == [25, 1, 4, 9]
    assert second.dtype == np.float32
    assert cache.reused == ["x: 3 of 4 rows as they were kept, 1 computed"]
    assert Cache(tmp_path).rows("x", KEY, HASHES[:6:5], squares(calls))[:, 0].tolist() == [0, 25]
    assert len(calls) == 2


def test_equal_rows_are_computed_once_and_their_order_is_the_data_s():
    calls: list = []
    values = Cache().rows("x", KEY, [HASHES[0], HASHES[0], HASHES[1], HASHES[0]], squares(calls))
    assert len(calls[0]) == 2
    assert values[0].tolist() == values[1].tolist() == values[3].tolist() != values[2].tolist()


def test_rows_of_another_key_or_name_are_computed_anew(tmp_path):
    calls: list = []
    for what, key in (("x", KEY), ("x", {**KEY, "seed": 1}), ("y", KEY)):
        Cache(tmp_path).rows(what, key, HASHES[:2], squares(calls))
    assert len(calls) == 3


def test_rows_in_a_file_that_cannot_be_read_are_computed_again_and_said_so(tmp_path):
    calls: list = []
    Cache(tmp_path).rows("x", KEY, HASHES[:2], squares(calls))
    (path,) = tmp_path.iterdir()
    Cache(tmp_path).rows("x", KEY, HASHES[:3], squares(calls))
    path.write_bytes(path.read_bytes()[:60])
    cache = Cache(tmp_path)
    assert cache.rows("x", KEY, HASHES[:3], squares(calls))[:, 0].tolist() == [0, 1, 4]
    assert calls[2] == [0, 1]
    assert "could not be read" in cache.notes[0]


def test_what_does_not_fit_what_is_kept_is_said_to_be_computed_anew(tmp_path):
    Cache(tmp_path).arrays("x", KEY, counting([]))
    cache = Cache(tmp_path)
    cache.arrays("x", {**KEY, "data": "other"}, counting([]))
    assert cache.reused == ["x: computed anew, what is kept is of other rows or settings"]


# -- a folder that others use too

WORKER = """
import sys
import numpy as np
from pathlib import Path
from audit.evidence.cache import Cache

for i in range(60):
    cache = Cache(Path(sys.argv[1]), limit=60_000)
    hashes = [b"%015d-" % j for j in range(i % 7, i + 8)]
    rows = cache.rows("rows", {}, hashes, lambda p: np.array([int(hashes[i][:15]) for i in p])[:, None] * np.ones(40))
    assert rows[:, 7].tolist() == list(range(i % 7, i + 8)), rows
    whole = cache.arrays("whole", {"i": i % 5}, lambda: {"a": np.full(900, i % 5)})
    assert (whole["a"] == i % 5).all()
    assert not cache.notes, cache.notes
"""


def test_processes_that_share_a_folder_read_what_is_right_and_whole(tmp_path):
    together = [subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path)], cwd=ROOT) for _ in range(3)]
    assert [p.wait(timeout=120) for p in together] == [0, 0, 0]


def test_beyond_the_limit_what_was_not_used_for_longest_goes(tmp_path):
    calls: list = []
    for seed, age in ((0, 30), (1, 20), (2, 10)):
        Cache(tmp_path).arrays("x", {"seed": seed}, counting(calls))
        for path in tmp_path.iterdir():
            if time.time() - path.stat().st_mtime < 5:
                os.utime(path, (time.time() - age,) * 2)
    size = max(p.stat().st_size for p in tmp_path.iterdir())
    Cache(tmp_path).arrays("x", {"seed": 0}, counting(calls))  # the oldest, used again
    Cache(tmp_path, limit=3 * size).arrays("x", {"seed": 3}, counting(calls))
    again = Cache(tmp_path)
    for seed in (0, 2, 3):
        again.arrays("x", {"seed": seed}, counting(calls))
    assert again.hits == ["x"] * 3
    assert len(list(tmp_path.iterdir())) == 3


def test_half_written_files_of_killed_processes_go_after_a_day(tmp_path):
    old, new = tmp_path / ".x-1.npz.abc", tmp_path / ".x-2.npz.abc"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000,) * 2)
    Cache(tmp_path).arrays("x", KEY, counting([]))
    assert (old.exists(), new.exists()) == (False, True)


def test_a_folder_that_may_only_be_read_serves_too(tmp_path):
    Cache(tmp_path).arrays("x", KEY, counting([]))
    (path,) = tmp_path.iterdir()
    path.chmod(0o400)
    assert Cache(tmp_path).arrays("x", KEY, counting([]))["a"].tolist() == [0, 1, 2]
