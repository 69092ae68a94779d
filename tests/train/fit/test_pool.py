"""The pool: both sets of one size and one number of channels, on the device that was asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from audit import load
from audit.errors import InputError
from train.fit.pool import LARGEST_SIDE, Pool

VECTORS = np.zeros((4, 2), dtype="float32")


def shown(channels, side=8, seed=0, rows=4):
    """A dataset of random pictures (rows, side, side, channels)."""
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, side, side, channels), dtype=np.uint8)
    return load((pixels, np.arange(rows) % 2))


def pictures(data, test):
    return Pool(data, test, VECTORS, VECTORS).as_pictures


@pytest.mark.parametrize(("own", "other"), [(1, 3), (3, 1), (4, 3), (3, 4), (2, 3), (4, 1)])
def test_training_and_test_pictures_have_as_many_channels(own, other):
    data, test = shown(own), shown(other, seed=1)

    x, x_test = pictures(data, test)

    assert x.shape == x_test.shape == (4, 3, 8, 8)
    for tensor, source in ((x, data), (x_test, test)):
        seen = source.images[..., :3] if source.images.shape[3] > 2 else source.images[..., [0, 0, 0]]
        assert np.array_equal(tensor.permute(0, 2, 3, 1).numpy(), seen)


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_of_one_kind_stay_as_they_are(channels):
    data, test = shown(channels), shown(channels, seed=1)

    x, x_test = pictures(data, test)

    assert x.dtype == torch.uint8
    assert np.array_equal(x.permute(0, 2, 3, 1).numpy(), data.images)
    assert np.array_equal(x_test.permute(0, 2, 3, 1).numpy(), test.images)


def test_large_pictures_are_reduced_as_pillow_reduces_them_and_the_test_follows():
    data, test = shown(3, side=LARGEST_SIDE + 20), shown(3, side=16, seed=1)

    x, x_test = pictures(data, test)

    size = (LARGEST_SIDE, LARGEST_SIDE)
    for tensor, source in ((x, data), (x_test, test)):
        expected = [np.asarray(Image.fromarray(p).resize(size, Image.Resampling.BILINEAR)) for p in source.images]
        assert np.array_equal(tensor.permute(0, 2, 3, 1).numpy(), np.stack(expected))


def test_arrays_that_must_not_be_written_to_are_taken_without_a_warning():
    data = shown(1)
    data.images.flags.writeable = False

    x, _ = pictures(data, data)

    assert torch.equal(x[:, 0], torch.from_numpy(data.images[..., 0].copy()))


def test_a_table_has_no_pictures():
    table = load(pd.DataFrame({"a": [1.0, 2.0], "y": [0, 1]}), label="y", features=["a"])

    with pytest.raises(InputError, match="table data"):
        _ = Pool(table, table, VECTORS, VECTORS).as_pictures


def test_vectors_are_scaled_by_the_training_rows():
    own, other = (np.random.default_rng(s).normal(3, 5, (50, 4)).astype("float32") for s in (0, 1))

    x, x_test = Pool(shown(1), shown(1), own, other).as_vectors

    assert x.mean(dim=0).abs().max() < 1e-5
    assert x.square().mean() == pytest.approx(1, abs=1e-5)
    ratio = (other - own.mean(axis=0)) / x_test.numpy()
    assert ratio == pytest.approx(np.full_like(ratio, ratio[0, 0]), rel=1e-3)


def test_tensors_are_made_on_the_pools_device():
    pool = Pool(shown(1), shown(1), VECTORS, VECTORS)

    assert pool.to("cpu").as_pictures[0].device.type == "cpu"
    # a device that holds no values, which every machine has
    there = Pool(pool.data, pool.test, VECTORS, VECTORS, device="meta")
    assert {t.device.type for t in (*there.as_pictures, *there.as_vectors)} == {"meta"}


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "cpu:7"])
def test_a_device_that_is_not_there_is_refused_by_name(name):
    with pytest.raises(InputError, match=f"{name}.*there is cpu"):
        Pool(shown(1), shown(1), VECTORS, VECTORS).to(name)
