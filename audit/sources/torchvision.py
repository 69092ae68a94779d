"""`torchvision:CIFAR10?root=DIR&split=test`: the labelled picture sets that torchvision reads.

Nothing is downloaded unless `download=true` says so.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audit.dataset import Origin
from audit.errors import InputError, UnknownName
from audit.sources.content import Content, parse_flag, parse_query
from audit.sources.memory import read_torch

ROOT = "data"


UNREADABLE = (
    *(RuntimeError, OSError, EOFError, ValueError, LookupError, struct.error, pickle.UnpicklingError),
    AssertionError,  # how torchvision says that a file's head is wrong
)


def _by_flag(split: str) -> dict[str, Any]:
    return {"train": split == "train"}


def _by_name(split: str) -> dict[str, Any]:
    return {"split": split}


def _letters(split: str) -> dict[str, Any]:
    return {"split": "balanced", "train": split == "train"}


SETS: dict[str, tuple[tuple[str, ...], Callable[[str], dict[str, Any]]]] = {
    "MNIST": (("train", "test"), _by_flag),
    "FashionMNIST": (("train", "test"), _by_flag),
    "KMNIST": (("train", "test"), _by_flag),
    "EMNIST": (("train", "test"), _letters),
    "USPS": (("train", "test"), _by_flag),
    "CIFAR10": (("train", "test"), _by_flag),
    "CIFAR100": (("train", "test"), _by_flag),
    "SVHN": (("train", "test", "extra"), _by_name),
    "STL10": (("train", "test"), _by_name),
    "GTSRB": (("train", "test"), _by_name),
    "Food101": (("train", "test"), _by_name),
    "Flowers102": (("train", "val", "test"), _by_name),
    "OxfordIIITPet": (("trainval", "test"), _by_name),
    "DTD": (("train", "val", "test"), _by_name),
    "FGVCAircraft": (("train", "val", "trainval", "test"), _by_name),
}
"""Name to its splits, the first of them the default, and how torchvision wants to be told which."""


def read_torchvision(where: str) -> Content:
    """Read `torchvision:NAME?root=DIR&split=NAME&download=true`; root is `data` unless said."""
    name, options = parse_query(where, {"root": str, "split": str, "download": parse_flag})
    name = name.removeprefix("torchvision:")
    if name not in SETS:
        raise UnknownName.of("torchvision data set", name, SETS)
    splits, as_arguments = SETS[name]
    split = options.get("split", splits[0])
    if split not in splits:
        raise UnknownName.of("split", split, splits, where=f"torchvision:{name}")
    root = Path(options.get("root", ROOT))
    opened = _open(name, root, as_arguments(split), download=options.get("download", False))
    return read_torch(opened, f"torchvision:{name}", Origin("memory", None, {"where": where}))


def _open(name: str, root: Path, arguments: dict[str, Any], *, download: bool) -> Any:
    import torchvision.datasets

    try:
        return getattr(torchvision.datasets, name)(root=str(root), download=download, **arguments)
    except UNREADABLE as refused:
        why = str(refused).splitlines()[0] if str(refused) else type(refused).__name__
        said = "not there or damaged" if "not found" in why.lower() else why
        raise InputError(
            f"torchvision:{name}: {said} below {root}; say root=DIR, or download=true to fetch it"
        ) from None
