"""`digits`: 1,797 handwritten digits of 8 x 8 grey pixels, which scikit-learn brings along (UCI, Alpaydin & Kaynak)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.dataset import ROW, Origin, Roles
from audit.errors import UnknownName
from audit.sources.content import Content

SIDE = 8
NAMES = ("digits", "digits-test", "digits-all")
TEST_EVERY = 4
"""Within each digit, every fourth picture is in the test split: fixed, stratified, without a random number."""


def read_digits(where: str) -> Content:
    """`digits` is the train part, `digits-test` the rest, `digits-all` both; row ids are places in the whole."""
    from sklearn.datasets import load_digits

    if where not in NAMES:
        raise UnknownName.of("data set", where, NAMES)
    values, labels = load_digits(return_X_y=True)
    pixels = tuple(f"p{y}{x}" for y in range(SIDE) for x in range(SIDE))
    table = pd.DataFrame(values, columns=list(pixels)).assign(label=labels.astype(np.int64)).rename_axis(ROW)
    test = table.groupby("label").cumcount().to_numpy() % TEST_EVERY == TEST_EVERY - 1
    chosen = {"digits": ~test, "digits-test": test, "digits-all": np.ones(len(table), dtype=bool)}[where]
    roles = Roles(label="label", features=pixels, grid=(SIDE, SIDE))
    origin = Origin("memory", None, {"where": where})
    return Content(where, table[chosen], origin, roles=roles, classes=tuple(range(10)))
