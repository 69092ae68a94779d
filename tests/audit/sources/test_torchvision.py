"""torchvision's data sets, read from stand-ins in the real files' form."""

import struct

import numpy as np
import pytest

from audit.errors import InputError, UnknownName
from audit.sources import load


def idx(values):
    """The form of MNIST's files: magic number, dimensions, bytes."""
    head = struct.pack(">BBBB", 0, 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
    return head + values.astype(np.uint8).tobytes()


@pytest.fixture
def root(tmp_path):
    for name in ("MNIST", "FashionMNIST"):
        raw = tmp_path / name / "raw"
        raw.mkdir(parents=True)
        for part, rows in (("train", 6), ("t10k", 4)):
            images = np.arange(rows * 28 * 28).reshape(rows, 28, 28) % 251
            (raw / f"{part}-images-idx3-ubyte").write_bytes(idx(images))
            (raw / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.arange(rows) % 2))
    return tmp_path


def test_pictures_and_labels_are_those_of_the_files(root):
    data = load(f"torchvision:MNIST?root={root}")

    assert data.images.shape == (6, 28, 28, 1)
    assert data.images[1, 0, 0, 0] == 784 % 251
    assert data.given.tolist() == [0, 1, 0, 1, 0, 1]
    assert data.classes == tuple(range(10))


def test_the_test_split_is_asked_for_by_name(root):
    assert len(load(f"torchvision:MNIST?root={root}&split=test")) == 4


def test_classes_go_by_their_names_where_they_have_some(root):
    data = load(f"torchvision:FashionMNIST?root={root}")

    assert data.given.tolist()[:2] == ["T-shirt/top", "Trouser"]
    assert len(data.classes) == 10


@pytest.mark.parametrize(
    ("where", "kind", "said"),
    [
        ("torchvision:MINST", UnknownName, r"no torchvision data set 'MINST'.*did you mean 'MNIST'\?"),
        ("torchvision:MNIST?split=dev", UnknownName, "no split 'dev'; there is train, test"),
        ("torchvision:MNIST?download=yes", InputError, "option download='yes' is not true or false"),
        ("torchvision:MNIST?rot=x", UnknownName, r"did you mean 'root'\?"),
    ],
)
def test_what_there_is_not_is_said(where, kind, said):
    with pytest.raises(kind, match=said):
        load(where)


@pytest.mark.parametrize("name", ["MNIST", "CIFAR10", "SVHN", "STL10"])
def test_data_that_is_not_there_is_never_fetched_unasked(tmp_path, name):
    with pytest.raises(InputError, match=rf"torchvision:{name}: not there or damaged below .*download=true"):
        load(f"torchvision:{name}?root={tmp_path}")


def test_damaged_files_are_an_error_of_one_line(root):
    (root / "MNIST" / "raw" / "train-images-idx3-ubyte").write_bytes(b"\0\0")

    with pytest.raises(InputError, match="torchvision:MNIST"):
        load(f"torchvision:MNIST?root={root}")
