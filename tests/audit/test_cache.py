"""What was computed is kept, and what is broken is computed again."""

import numpy as np
import pytest

from audit.cache import Cache, array_digest, digest_of

KEY = {"data": "abc", "seed": 0}


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
