"""Prove what a repair of the data was worth, by training on it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from train.advice.advise import Advice, advise
    from train.classifier import TorchClassifier
    from train.comparison import Comparison, Contrast, Point
    from train.dataset import Patched, patched
    from train.experiment import compare
    from train.fit.recipe import Recipe
    from train.grid.variants import Variant
    from train.probabilities import out_of_fold_probabilities

# The public names and where they live, imported on first use.
HOMES = {
    "Advice": "advice.advise",
    "Comparison": "comparison",
    "Contrast": "comparison",
    "Patched": "dataset",
    "Point": "comparison",
    "Recipe": "fit.recipe",
    "TorchClassifier": "classifier",
    "Variant": "grid.variants",
    "advise": "advice.advise",
    "compare": "experiment",
    "out_of_fold_probabilities": "probabilities",
    "patched": "dataset",
}

__all__ = [
    "Advice",
    "Comparison",
    "Contrast",
    "Patched",
    "Point",
    "Recipe",
    "TorchClassifier",
    "Variant",
    "advise",
    "compare",
    "out_of_fold_probabilities",
    "patched",
]


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'train' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"train.{HOMES[name]}"), name)
