"""Two lists of row hashes: what was changed, added, removed, moved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.certificate.rows import by_place


def told(then: str, now: str) -> dict[str, list[int]]:
    found = by_place([c.encode() for c in then], [c.encode() for c in now])
    kinds = ("changed", "added", "removed", "moved")
    return {k: list(getattr(found, k)) for k in kinds if getattr(found, k)}


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        ("abcdef", "abcdef", {}),
        ("abcdef", "abXdef", {"changed": [2]}),
        ("abcdef", "abdef", {"removed": [2]}),
        ("abcdef", "abXcdef", {"added": [2]}),
        ("abcdef", "bcdeX", {"removed": [0], "changed": [5]}),
        ("abcdef", "acbdef", {"moved": [1, 2]}),
        ("aab", "ab", {"removed": [1]}),
        ("ab", "aab", {"added": [1]}),
        ("", "ab", {"added": [0, 1]}),
        ("ab", "", {"removed": [0, 1]}),
        ("abcdef", "abXYef", {"changed": [2, 3]}),
    ],
)
def test_what_happened_is_told(then, now, expected):
    assert told(then, now) == expected


WORD = st.text("abc", max_size=8)


@given(WORD, WORD)
def test_only_equal_lists_are_without_a_difference_and_counts_add_up(then, now):
    found = told(then, now)

    assert (found == {}) == (then == now)
    assert len(then) - len(found.get("removed", [])) + len(found.get("added", [])) == len(now)
