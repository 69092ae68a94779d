"""`Prices`: what a label, a review, a row and an hour of a GPU cost, in any one currency."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from audit.errors import InputError, UnknownName

SECONDS_AN_HOUR = 3600.0


@dataclass(frozen=True)
class Bill:
    """What something costs, or which prices it would take to say."""

    cost: float | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prices:
    """What is paid for one of each; None: nobody said. 0 is a price: it costs nothing."""

    label: float | None = None
    """To label one new row."""
    review: float | None = None
    """To have a person look at one label that is there, and correct it where it is wrong."""
    row: float | None = None
    """To collect one new row, without its label."""
    gpu_hour: float | None = None
    """An hour of the device that models are trained on."""

    @property
    def known(self) -> bool:
        """Whether there is any price at all."""
        return any(p is not None for p in self.to_dict().values())

    def bill(self, amounts: Mapping[str, float]) -> Bill:
        """The cost of so many of each; without a price that it takes, no cost but the name of that price."""
        prices = self.to_dict()
        missing = tuple(name for name in amounts if prices[name] is None)
        if missing:
            return Bill(None, missing)
        try:
            cost = math.fsum((prices[name] or 0.0) * amount for name, amount in amounts.items())
        except OverflowError:
            cost = math.inf
        if not math.isfinite(cost):
            raise InputError(f"prices {', '.join(amounts)}: what they come to is too large a number")
        return Bill(cost)

    def to_dict(self) -> dict[str, float | None]:
        """Name to price."""
        return {"label": self.label, "review": self.review, "row": self.row, "gpu_hour": self.gpu_hour}


NAMES = tuple(Prices().to_dict())


def parse_prices(said: str) -> Prices:
    """The prices in `label=0.08,review=0.02`. UnknownName, or InputError if one is no amount of money."""
    found: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in said.split(","))):
        name, equals, value = (x.strip() for x in part.partition("="))
        if name not in NAMES:
            raise UnknownName.of("price", name, NAMES)
        if not equals:
            raise InputError(f"price {name} needs an amount, as in {name}=0.05")
        if name in found:
            raise InputError(f"price {name} is given twice")
        found[name] = _amount(name, value)
    return Prices(**found)


def _amount(name: str, value: str) -> float:
    try:
        amount = float(value)
    except ValueError:
        raise InputError(f"price {name} takes a number, got {value!r}") from None
    if not math.isfinite(amount) or amount < 0:
        raise InputError(f"price {name} must be 0 or more, got {value}")
    return amount
