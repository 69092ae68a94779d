"""Datasets that the tests only read."""

from __future__ import annotations

import numpy as np
import pytest
from toy import CLASSES, Truth, blobs, pictures_of, planted, sentences, table_of, texts_of

from audit.dataset import Dataset


@pytest.fixture(scope="session")
def trees() -> Truth:
    """A table with known faults."""
    return planted()


@pytest.fixture(scope="session")
def clean() -> Dataset:
    """Blobs without a fault."""
    values, labels = blobs()
    return table_of(values, np.array(CLASSES)[labels], classes=CLASSES)


@pytest.fixture(scope="session")
def notes() -> Dataset:
    """Texts of two subjects."""
    return texts_of(*sentences())


@pytest.fixture(scope="session")
def tiles() -> Dataset:
    """Tiny pictures held in an array."""
    return pictures_of()
