"""The class that a library wants its callbacks to have, where the library is installed."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec


def base_of(name: str, *modules: str) -> type:
    """The class `name` from the first of these modules that is loaded already, else that is installed, else `object`.

    Two libraries may both be installed (`lightning` brings `pytorch_lightning`): the loaded one is the one in use.
    """
    for module in sorted(modules, key=lambda m: m.split(".")[0] not in sys.modules):
        if find_spec(module.split(".")[0]) is not None:
            found: type = getattr(import_module(module), name)
            return found
    return object
