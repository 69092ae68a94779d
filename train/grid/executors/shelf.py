"""A grid's setting in a folder, for processes of this machine: arrays as .npy files that all of them map into memory,
the rest pickled once. Both live as long as the run and are read by our own workers alone."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import joblib  # type: ignore[import-untyped, unused-ignore]
import numpy as np

from train.grid.tasks import Setting

REST = "setting.pickle"


def put(setting: Setting, folder: Path) -> None:
    """Write a setting into a folder. Variants of the user's own, lambdas too, go as what they are."""
    arrays = {f"{kind}-{i}": values for kind, pair in setting.inputs.items() for i, values in enumerate(pair)}
    for name, values in {**arrays, "embeddings": setting.vectors}.items():
        np.save(folder / f"{name}.npy", values)
    none = np.zeros(0)
    rest = replace(setting, vectors=none, inputs=dict.fromkeys(setting.inputs, (none, none)))
    (folder / REST).write_bytes(pickle.dumps(joblib.wrap_non_picklable_objects(rest, keep_wrapper=False)))


def take(folder: Path) -> Setting:
    """The setting that `put` wrote."""
    rest: Setting = pickle.loads((folder / REST).read_bytes())  # noqa: S301  written by the process that started this one
    inputs = {kind: (_mapped(folder, f"{kind}-0"), _mapped(folder, f"{kind}-1")) for kind in rest.inputs}
    return replace(rest, vectors=_mapped(folder, "embeddings"), inputs=inputs)


def _mapped(folder: Path, name: str) -> np.ndarray:
    # "c": pages are shared, and would be copied if anything wrote to them; torch wants memory that can be written to
    values: np.ndarray = np.load(folder / f"{name}.npy", mmap_mode="c")
    return values.view(np.ndarray)
