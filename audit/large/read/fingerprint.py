"""The fingerprint of a table that is never whole in memory: the one that `Dataset.fingerprint` gives, column by column."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from blake3 import blake3

from audit import fingerprint as fp
from audit.buffers import lengths_of
from audit.large.read.table import LargeData

Blocks = Callable[[], Iterator[pd.Series | pd.Index]]
IDS = 1 << 16


def fingerprint(data: LargeData, pictures: np.ndarray | None = None) -> tuple[str, tuple[str, ...]]:
    """The hash of names, order, values, pictures and roles, and the columns that are hashed otherwise than in memory:
    then it is equal for equal data that is audited block by block, but not to the fingerprint of the data in memory.

    Args:
        data: all rows.
        pictures: (n, 2) halves of the hash of each row's content, where rows are pictures.
    """
    names = [str(c) for c in data.head.table.columns]
    roles = data.head.roles
    head = [repr(sorted(roles.to_dict().items())).encode(), repr(data.classes).encode()]
    columns: dict[str, Blocks] = {c: _of(data, c) for c in names}
    hashed = {"": _hash(lambda: (data.rows[i : i + IDS] for i in range(0, len(data.rows), IDS)))}
    hashed |= {c: _hash(blocks) for c, blocks in columns.items()}
    odd = tuple(c for c, (_, same) in hashed.items() if not same)
    content: list[Any] = [] if pictures is None else [_bytes(pictures.ravel())]
    digest = fp.digest([*(n.encode() for n in names), *head, *(h for h, _ in hashed.values()), *content])
    return digest, odd


def _of(data: LargeData, column: str) -> Blocks:
    return lambda: (frame[column] for _, frame in data.table.batches([column]))


def _hash(blocks: Blocks) -> tuple[bytes, bool]:
    """A column's hash, and whether it is `hash_column`'s of the whole column.

    Which form a column takes is known only at its end, so it is hashed in all three at once; a text's bytes come after
    all lengths, so they are read a second time.
    """
    numbers, texts, cells = blake3(b"n"), blake3(b"s"), blake3(b"c")
    forms: set[str] = set()
    for block in blocks():
        form = fp.canonical(block)
        if isinstance(form, np.ndarray):
            empty = bool(np.isnan(form).all())
            forms |= set() if empty else {"numbers"}
            numbers.update(_bytes(form))
            texts.update(_bytes(np.full(len(form) if empty else 0, -1, "<i8")))
            cells.update(fp.MISSING * (len(form) if empty else 0))
        elif isinstance(form, list):
            forms.add("cells")
            for cell in form:
                cells.update(cell)
        else:
            forms.add("texts")
            texts.update(_bytes(lengths_of(form)[0]))
    if len(forms) > 1:
        return _mixed(blocks), False
    if forms == {"texts"}:
        for form in map(fp.canonical, blocks()):
            if not isinstance(form, np.ndarray):
                texts.update(lengths_of(form)[1])
    chosen = {"texts": texts, "cells": cells}.get(next(iter(forms), "numbers"), numbers)
    return chosen.digest(length=fp.DIGEST_BYTES), True


def _bytes(values: np.ndarray) -> memoryview:
    return memoryview(np.ascontiguousarray(values).view("u1"))  # type: ignore[arg-type]  # an array is a buffer


def _mixed(blocks: Blocks) -> bytes:
    """Of a column whose blocks take different forms, such as few integers beyond a float's: over the cells' hashes."""
    hasher = blake3(b"m")
    for block in blocks():
        for row in itertools.chain.from_iterable([fp.hash_rows([fp.canonical(block)], len(block))]):
            hasher.update(row)
    return hasher.digest(length=fp.DIGEST_BYTES)
