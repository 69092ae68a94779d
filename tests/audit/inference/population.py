"""A population to draw samples from, and faults to plant in one."""

import numpy as np
import pandas as pd

N = 400
CITIES = ("Ghent", "Bruges", "Aalst", "Genk")


def drawn(seed: int, n: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, n)
    words = ["rain", "sun", "cloud", "storm", "wind"]
    age = rng.integers(18, 91, n).astype(float)
    age[rng.random(n) < 0.05] = np.nan
    return pd.DataFrame(
        {
            "key": np.arange(n),
            "height": rng.normal(170, 10, n) + 8 * label,
            "income": rng.lognormal(3, 1, n),
            "wild": rng.standard_cauchy(n),
            "visits": rng.poisson(1.5, n),
            "pixel": np.clip(rng.normal(8, 6, n).round(), 0, 16),
            "always": 1,
            "city": rng.choice(CITIES, n, p=[0.5, 0.3, 0.1, 0.1]),
            "note": [" ".join(rng.choice(words, rng.integers(3, 9))) for _ in range(n)],
            "age": age,
            "label": np.array(["a", "b", "c"])[label],
        }
    )


FAULTS = {
    "other units": (lambda t: t.assign(height=t["height"] / 100), "height"),
    "other units in few rows": (lambda t: t.assign(height=t["height"].where(t.index % 50 > 0, t["height"] * 25.4)), "height"),
    "drift": (lambda t: t.assign(height=t["height"] + 6), "height"),
    "drift of a heavy tail": (lambda t: t.assign(wild=t["wild"] + 5), "wild"),
    "gaps": (lambda t: t.assign(height=t["height"].where(t.index > 3)), "height"),
    "many more gaps": (lambda t: t.assign(age=t["age"].where(t.index % 4 > 0)), "age"),
    "a word for a gap": (lambda t: t.assign(age=t["age"].astype(object).where(t.index > 3, "n/a").astype(str)), "age"),
    "a placeholder": (lambda t: t.assign(age=t["age"].where(t.index > 1, 999)), "age"),
    "swapped columns": (lambda t: t.rename(columns={"height": "income", "income": "height"}), "height"),
    "renamed": (lambda t: t.rename(columns={"height": "size"}), "expect_table_columns_to_match_set"),
    "an unknown city": (lambda t: t.assign(city=t["city"].where(t.index > 0, "gent")), "city"),
    "an unknown class": (lambda t: t.assign(label=t["label"].where(t.index > 0, "d")), "label"),
    "read in another encoding": (lambda t: t.assign(note=t["note"].where(t.index > 0, "caf\u00c3\u00a9")), "note"),
    "an empty text": (lambda t: t.assign(note=t["note"].where(t.index > 0, "")), "note"),
    "most rows lost": (lambda t: t.iloc[:100], "expect_table_row_count_to_be_between"),
    "beyond a true bound": (lambda t: t.assign(pixel=t["pixel"].where(t.index > 0, 17)), "pixel"),
    "a constant that is none": (lambda t: t.assign(always=t.index % 2), "always"),
}  # fmt: skip
