"""`Recipe`: every knob of one training. One recipe a model for all variants: tuning it on one would favour that one."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from audit.errors import InputError, UnknownName
from train.fit import zoo

Budget = Literal["epochs", "steps"]
BUDGETS: tuple[Budget, ...] = ("epochs", "steps")


@dataclass(frozen=True)
class Recipe:
    """How one model is trained. AdamW (Loshchilov and Hutter, ICLR 2019), one cosine of the learning rate to 0."""

    model: str = "linear"
    width: int = 64
    """Hidden units of the mlp, channels of the cnn's first layer."""
    epochs: int = 20
    steps: int | None = None
    """So many steps instead, whatever the rows."""
    budget: Budget = "epochs"
    """What is held equal between variants: passes over the rows each has left, or steps (as many as the rows drawn take
    in `epochs`, however many of them a variant has left)."""
    fewest_steps: int = 100
    """However few the rows, at least this many steps."""
    batch: int = 64
    lr: float = 1e-2
    l2: float = 1e-2
    """AdamW's decoupled weight decay."""
    dropout: float = 0.0
    patience: int | None = None
    """Stop early: after so many epochs in a row without a smaller loss on rows held out; the best weights are kept."""
    held_out: float = 0.1
    """The share of a cell's own rows held out for that; none without `patience`."""

    def steps_for(self, rows: int) -> int:
        """Steps of a training on `rows` rows."""
        if self.steps is not None:
            return self.steps
        return max(self.fewest_steps, self.epochs * max(1, rows // self.batch))

    def rate_at(self, step: int, steps: int) -> float:
        """The learning rate of a step, from 0, of a training of so many: one cosine to 0."""
        return self.lr * 0.5 * (1 + math.cos(math.pi * step / steps))

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


# Chosen on raw labels to come near the best that each model reaches on raw data at 1,000 to 20,000 rows of pictures,
# texts and digits: a baseline that overfits wrong labels would credit a repair with what a larger penalty gives.
RECIPES = {
    "linear": Recipe("linear", lr=3e-3, l2=1.0),
    "mlp": Recipe("mlp", width=128, lr=3e-3, l2=0.3, dropout=0.3),
    "cnn": Recipe("cnn", width=32, lr=3e-3, l2=3e-2),
    "resnet9": Recipe("resnet9", width=64, batch=128, lr=2e-3, l2=5e-2),
    "resnet18": Recipe("resnet18", batch=128, lr=1e-3, l2=5e-2),
    # a step is a round of boosting, whose batch is all rows; see train/fit/boosting.py
    "boosting": Recipe("boosting", width=31, epochs=100, fewest_steps=1, batch=1 << 30, lr=0.1, l2=1.0),
}


def default_recipe(model: str) -> Recipe:
    """The recipe of a model by its name; torchvision's classifiers share one."""
    if model in RECIPES:
        return RECIPES[model]
    if model in zoo.names():
        return replace(RECIPES["resnet18"], model=model)
    raise UnknownName.of("model", model, (*RECIPES, *zoo.names()))


def recipe_for(name: str, *, epochs: int | None = None, steps: int | None = None) -> Recipe:
    """The recipe of a name as the command line writes it: a model, and knobs that differ from its recipe.

    `mlp` is the model's own recipe, `mlp:width=256:lr=1e-3` the same with two knobs set.
    """
    model, *knobs = name.split(":")
    own = default_recipe(model)
    if epochs is not None and steps is not None:
        raise InputError("a budget is in epochs or in steps, not in both")
    recipe = replace(own, epochs=own.epochs if epochs is None else epochs, steps=steps)
    return _checked(replace(recipe, **dict(_knob(knob, name) for knob in knobs)), name)


def _knob(said: str, name: str) -> tuple[str, Any]:
    """One `name=value` with its value as the knob's type."""
    kinds = {f.name: str(f.type) for f in fields(Recipe) if f.name != "model"}
    knob, equals, value = said.partition("=")
    if knob not in kinds:
        raise UnknownName.of("knob", knob, kinds, where=f"model {name!r}")
    if not equals:
        raise InputError(f"model {name!r}: knob {knob} needs a value, as in {knob}=1")
    if kinds[knob] == "Budget":
        return knob, value
    try:
        return knob, float(value) if kinds[knob] == "float" else int(value)
    except ValueError:
        raise InputError(f"model {name!r}: {knob} takes a number, got {value!r}") from None


def _checked(recipe: Recipe, name: str) -> Recipe:
    """The recipe, if every knob lies where it can."""
    if recipe.budget not in BUDGETS:
        raise UnknownName.of("budget", recipe.budget, BUDGETS, where=f"model {name!r}")
    for knob in ("width", "epochs", "steps", "fewest_steps", "batch", "patience"):
        value = getattr(recipe, knob)
        if value is not None and value < 1:
            raise InputError(f"model {name!r}: {knob} must be at least 1, got {value}")
    bounds = {"dropout": recipe.dropout < 1, "held_out": 0 < recipe.held_out < 1, "lr": recipe.lr > 0}
    for knob, fits in bounds.items():
        if getattr(recipe, knob) < 0 or not fits:
            raise InputError(f"model {name!r}: {knob} cannot be {getattr(recipe, knob):g}")
    if recipe.l2 < 0:
        raise InputError(f"model {name!r}: l2 cannot be {recipe.l2:g}")
    return recipe
