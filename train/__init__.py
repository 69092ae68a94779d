"""Prove what a repair of the data was worth, by training on it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from train.comparison import Comparison, Contrast, Point
    from train.experiment import compare
    from train.recipe import Recipe
    from train.variants import Variant

# The public names and where they live, imported on first use.
HOMES = {
    "Comparison": "comparison",
    "Contrast": "comparison",
    "Point": "comparison",
    "Recipe": "recipe",
    "Variant": "variants",
    "compare": "experiment",
}

__all__ = ["Comparison", "Contrast", "Point", "Recipe", "Variant", "compare"]


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'train' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"train.{HOMES[name]}"), name)
