"""Tables on disk with planted faults, and a model's probabilities for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.audit.stream.made import made

NAMES = ("ant", "bee", "cat", "dog")


def table(n: int = 600, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers, words and a label, with two repeats, one conflict, an empty cell; and (n, 4) probabilities."""
    codes, probabilities = made(n, len(NAMES), seed)
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "height": rng.normal(size=n),
            "legs": rng.integers(0, 10**6, n),
            "word": [f"w{i % 97} of {i}" for i in range(n)],
            "y": np.array(NAMES, dtype=object)[codes],
        }
    )
    frame.loc[7, "height"] = np.nan
    for source, copy in ((3, n - 1), (4, n - 2), (3, n - 3)):
        frame.loc[copy, ["height", "legs", "word"]] = frame.loc[source, ["height", "legs", "word"]].to_numpy()
        frame.loc[copy, "y"] = frame.loc[source, "y"]
    frame.loc[n - 2, "y"] = NAMES[(NAMES.index(str(frame.loc[4, "y"])) + 1) % 4]
    return frame.astype({"height": float, "legs": "int64"}), probabilities


def write(folder: Path, frame: pd.DataFrame, probabilities: np.ndarray, group: int = 97) -> tuple[Path, Path]:
    """The table in row groups, and the probabilities as Parquet with a column a class."""
    folder.mkdir(exist_ok=True)
    data, model = folder / "data.parquet", folder / "model.parquet"
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), data, row_group_size=group)
    pd.DataFrame(probabilities, columns=list(NAMES)).to_parquet(model, index=False)
    return data, model
