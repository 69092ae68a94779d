"""What can be demanded of one column: filled, within bounds, about as large as now, one of the values there are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from audit.inference.resampling import (
    CHANCE,
    FACTOR,
    HALVES,
    End,
    Inferred,
    deviation,
    rounded_down,
    rounded_up,
    upper_end,
)
from audit.suite import Expectation

FEWEST = 50
"""Values from which something can be said of the next ones."""
LEAST_MOSTLY = 0.9
MOST_CATEGORIES = 200
QUANTILES = (0.25, 0.5, 0.75)
MOJIBAKE = "Ã[\\x80-\\xbf]|â€|\ufffd"
"""UTF-8 read as Latin-1 or Windows-1252, and the character that stands for what could not be read."""

Found = Iterator[Inferred | str]
"""Demands, and sentences on what nothing is demanded of."""


def infer_column(name: str, column: pd.Series, cuts: np.ndarray) -> Found:
    """What to demand of a feature or an undescribed column; `cuts` are halves of its rows."""
    yield from filled(name, column, cuts)
    here = column.notna().to_numpy()
    values, cuts = column[here], cuts[:, here]
    if len(values) < FEWEST:
        yield f"{name}: {len(values):,} values, too few to say what the next ones are like"
    elif pd.api.types.is_bool_dtype(values):
        yield from one_of(name, values, cuts)
    elif pd.api.types.is_numeric_dtype(values):
        yield from number(name, values.to_numpy("float64"), cuts)
    elif not values.map(lambda v: isinstance(v, str)).all():
        yield f"{name}: neither numbers nor words"
    elif values.nunique() <= min(MOST_CATEGORIES, len(values) / 20):
        yield from one_of(name, values, cuts)
    else:
        yield from words(name, values, cuts)


def filled(name: str, column: pd.Series, cuts: np.ndarray) -> Found:
    """No gaps where there are none; else not many more than now."""
    missing = column.isna().to_numpy()
    if not missing.any():
        kwargs = {"column": name}
        yield Inferred(
            Expectation("expect_column_values_to_not_be_null", kwargs), f"none of {len(column):,} is missing"
        )
        return
    share = float(missing.mean())
    room = max(FACTOR * deviation(missing, _mean, cuts), CHANCE / len(column))
    mostly = rounded_down(1 - share - room)
    if mostly <= 0:
        yield f"{name}: {share:.1%} is missing, and may be"
        return
    because = f"{missing.sum():,} of {len(column):,} are missing ({share:.2%}); room {room:.2%}, {_HALVES}"
    yield Inferred(Expectation("expect_column_values_to_not_be_null", {"column": name, "mostly": mostly}), because)


_HALVES = f"{FACTOR} times the largest deviation of {HALVES} halves"


def number(name: str, values: np.ndarray, cuts: np.ndarray) -> Found:
    """Bounds, and a mean near this one; for heavy tails, where neither settles, quartiles."""
    if values.min() == values.max():
        yield from _constant(name, values)
        return
    low, high = _lower_end(values, cuts), upper_end(values, cuts)
    bounds = {
        **({"min_value": low.bound if low.bound in values else rounded_down(low.bound)} if low else {}),
        **({"max_value": high.bound if high.bound in values else rounded_up(high.bound)} if high else {}),
    }
    if bounds:
        because = "; ".join(f"{word}: {e.because}" for word, e in (("below", low), ("above", high)) if e)
        yield Inferred(Expectation("expect_column_values_to_be_between", {"column": name, **bounds}), because)
    if low and high:
        yield _mean_near(name, values, cuts)
    else:
        yield f"{name}: a heavy tail, in which one half of the rows reaches far beyond the other; no bound on that side"
        yield from _quartiles_near(name, values, cuts)


def _constant(name: str, values: np.ndarray) -> Found:
    value, mostly = float(values[0]), rounded_down(1 - CHANCE / len(values), 6)
    if mostly < LEAST_MOSTLY:
        yield f"{name}: always {value:g}, in too few rows to demand it"
        return
    kwargs = {"column": name, "min_value": value, "max_value": value, "mostly": mostly}
    because = f"always {value:g} in {len(values):,} rows; room for {CHANCE} others"
    yield Inferred(Expectation("expect_column_values_to_be_between", kwargs), because)


def _lower_end(values: np.ndarray, cuts: np.ndarray) -> End | None:
    end = upper_end(-values, cuts)
    if end is None:
        return None
    low = float(values.min())
    exact = end.bound == -low
    at_end = int((values == low).sum())
    said = f"{at_end:,} rows stand at {low:.6g} and none beyond it" if exact else f"{low:.6g} is the farthest, {low + end.bound:.3g} is room"  # fmt: skip
    return End(-end.bound, said)


def _mean_near(name: str, values: np.ndarray, cuts: np.ndarray) -> Inferred:
    mean, room = _mean(values), FACTOR * deviation(values, _mean, cuts)
    digits = 4 + max(0, int(np.ceil(np.log10(max(abs(mean), room) / room)))) if room else 12
    kwargs = {
        "column": name,
        "min_value": rounded_down(mean - room, digits),
        "max_value": rounded_up(mean + room, digits),
    }
    return Inferred(Expectation("expect_column_mean_to_be_between", kwargs), f"{mean:.6g}, room {room:.3g}: {_HALVES}")


def _quartiles_near(name: str, values: np.ndarray, cuts: np.ndarray) -> Found:
    ranges, tied = [], False
    for q in QUANTILES:
        at = float(np.quantile(values, q))
        tied |= (values == at).mean() > 0.01  # a quantile that stands on a pile of equal values jumps from it at once
        room = FACTOR * deviation(values, lambda v, q=q: float(np.quantile(v, q)), cuts)  # type: ignore[misc]
        ranges.append([float(f"{at - room:.8g}"), float(f"{at + room:.8g}")])
    if not tied:
        kwargs = {"column": name, "quantile_ranges": {"quantiles": list(QUANTILES), "value_ranges": ranges}}
        yield Inferred(
            Expectation("expect_column_quantile_values_to_be_between", kwargs), f"the quartiles now; room {_HALVES}"
        )


def one_of(name: str, values: pd.Series, cuts: np.ndarray) -> Found:
    """The values there are; with room for new ones where some are rare."""
    counts = values.value_counts()
    known = sorted(v.item() if isinstance(v, np.generic) else v for v in counts.index)
    kwargs: dict[str, object] = {"column": name, "value_set": known}
    if counts.min() >= CHANCE:
        because = f"the rarest of {len(known)} values, {counts.idxmin()!r}, is there {counts.min():,} times"
        yield Inferred(Expectation("expect_column_values_to_be_in_set", kwargs), because)
        return
    codes = pd.factorize(values)[0]
    unseen = max(float((~np.isin(codes[cut], codes[~cut])).mean()) for cut in cuts)
    room = max(FACTOR * unseen, CHANCE / len(values))
    if room > 1 - LEAST_MOSTLY:
        yield f"{name}: new values come all the time (up to {unseen:.1%} of a half); no set of them is demanded"
        return
    because = f"some are rare: up to {unseen:.2%} of a half was not in the other; room {room:.2%}"
    kwargs["mostly"] = rounded_down(1 - room)
    yield Inferred(Expectation("expect_column_values_to_be_in_set", kwargs), because)


def words(name: str, values: pd.Series, cuts: np.ndarray) -> Found:
    """Texts: their lengths, and that they were decoded as they were encoded."""
    lengths = values.str.len().to_numpy("float64")
    high = upper_end(lengths, cuts)
    bounds = {"min_value": 1} if lengths.min() >= 1 else {}
    if high:
        bounds["max_value"] = int(np.ceil(high.bound))
    if bounds:
        said = f"the longest: {high.because}" if high else "none is empty; lengths have a heavy tail"
        yield Inferred(Expectation("expect_column_value_lengths_to_be_between", {"column": name, **bounds}), said)
    garbled = values.str.contains(MOJIBAKE, regex=True).to_numpy(bool)
    kwargs: dict[str, object] = {"column": name, "regex": MOJIBAKE}
    if garbled.any():
        room = max(FACTOR * deviation(garbled, _mean, cuts), CHANCE / len(values))
        kwargs["mostly"] = max(rounded_down(1 - float(garbled.mean()) - room), 0.01)
    because = (
        f"{garbled.sum():,} of {len(values):,} texts look as if they were read in another encoding than written in"
    )
    yield Inferred(Expectation("expect_column_values_to_not_match_regex", kwargs), because)


def _mean(values: np.ndarray) -> float:
    return float(values.mean())
