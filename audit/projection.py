"""`Projection`: where some rows lie on the page's map, as the report keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

SCALE = 1000
"""The longer side of the map."""


@dataclass(frozen=True, eq=False)
class Projection:
    """Some rows in the plane. Rows that lie near one another are alike; how far apart others lie says nothing."""

    places: pd.DataFrame
    """Index: row ids, in the data's order. `x`, `y`: whole numbers from 0 to `SCALE`."""
    rows: int
    """How many rows could have been placed; where there are more than `places` has, these are some of them."""
    trustworthiness: float
    """1 if neighbours on the map are neighbours among the embeddings (`audit.evidence.layout.trustworthiness`)."""
    made_of: str
    """Where the embeddings come from, in words."""
    drawn: int | None = None
    """Of an audit by blocks: how many of the `rows` were drawn, of which `places` has all or some."""

    def to_dict(self) -> dict[str, Any]:
        """What is kept beside the places."""
        drawn = {} if self.drawn is None else {"drawn": self.drawn}
        return {"rows": self.rows, "trustworthiness": self.trustworthiness, "made_of": self.made_of, **drawn}

    @classmethod
    def of(cls, values: Mapping[str, Any], places: pd.DataFrame) -> Projection:
        """The inverse of `to_dict`."""
        return cls(
            places, int(values["rows"]), float(values["trustworthiness"]), str(values["made_of"]), values.get("drawn")
        )
