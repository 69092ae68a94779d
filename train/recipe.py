"""`Recipe`: every knob of one training. One recipe a model for all variants: tuning it on one would favour that one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from audit.errors import InputError, UnknownName


@dataclass(frozen=True)
class Recipe:
    """How one model is trained. AdamW (Loshchilov and Hutter, ICLR 2019), one cosine of the learning rate to 0."""

    model: str = "linear"
    width: int = 64
    """Hidden units of the mlp, channels of the cnn's first layer."""
    epochs: int = 20
    steps: int | None = None
    """A budget in steps instead: the same for every variant, however many rows it has left."""
    fewest_steps: int = 100
    """However few the rows, at least this many steps."""
    batch: int = 64
    lr: float = 1e-2
    l2: float = 1e-2
    """AdamW's decoupled weight decay."""
    dropout: float = 0.0

    @property
    def budget(self) -> str:
        """What is held equal between variants."""
        return "steps" if self.steps is not None else "epochs"

    def steps_for(self, rows: int) -> int:
        """Steps of a training on `rows` rows."""
        if self.steps is not None:
            return self.steps
        return max(self.fewest_steps, self.epochs * max(1, rows // self.batch))

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


# Chosen on raw labels to come near the best that each model reaches on raw data at 1,000 to 20,000 rows of pictures,
# texts and digits: a baseline that overfits wrong labels would credit a repair with what a larger penalty gives.
RECIPES = {
    "linear": Recipe("linear", lr=3e-3, l2=1.0),
    "mlp": Recipe("mlp", width=128, lr=3e-3, l2=0.3, dropout=0.3),
    "cnn": Recipe("cnn", width=32, lr=3e-3, l2=3e-2),
}


def recipe_for(model: str, *, epochs: int | None = None, steps: int | None = None) -> Recipe:
    """The model's recipe, with another budget if one is named."""
    if model not in RECIPES:
        raise UnknownName.of("model", model, RECIPES)
    if epochs is not None and steps is not None:
        raise InputError("a budget is in epochs or in steps, not in both")
    for name, value in (("epochs", epochs), ("steps", steps)):
        if value is not None and value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    recipe = RECIPES[model]
    return replace(recipe, epochs=epochs or recipe.epochs, steps=steps)
