"""A small comparison that every test of the engine can afford."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from audit import Dataset, load


def blobs(n: int, *, seed: int, noise: float = 0.0, classes: int = 3) -> Dataset:
    """Gaussian blobs, one a class, with a share of the labels moved to the next class; the truth beside them."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, n)
    centres = 2.5 * np.eye(classes, 6)
    x = centres[true] + rng.normal(size=(n, 6))
    given = np.where(rng.random(n) < noise, (true + 1) % classes, true)
    table = pd.DataFrame(x, columns=[f"x{i}" for i in range(6)])
    table = table.assign(label=[f"c{k}" for k in given], truth=[f"c{k}" for k in true])
    return load(table, label="label", features=[f"x{i}" for i in range(6)])


@pytest.fixture(scope="session")
def noisy() -> Dataset:
    return blobs(400, seed=1, noise=0.25)


@pytest.fixture(scope="session")
def held_out() -> Dataset:
    return blobs(500, seed=2)
