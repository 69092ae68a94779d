"""A streamed audit's folder: the same files as any audit's, the tables written a row group at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import ROW, Dataset
from audit.errors import OutputError
from audit.files import plain, write_bytes, write_json
from audit.large.run import Large
from audit.render.markdown import markdown
from audit.render.page.blocks import OF_A_MIX_UP
from audit.render.page.html import html
from audit.report import DIGEST, FINDING_COLUMNS, Issues, no_rows, report_digest, write_map
from audit.verdict import Verdict

GROUP = 1 << 17
"""Rows of a row group."""
LINES = 1 << 14
"""Findings of a row group: they are texts, which take far more memory than numbers."""
PAGED = 60
"""Findings of a check whose rows the page may show."""


def publish_blocks(large: Large, verdict: Verdict, folder: Path) -> None:
    """Write report.html, report.md, scores.parquet, issues.parquet, map.parquet if there is a map, and audit.json into
    `folder`, the last one last."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "audit.json").unlink(missing_ok=True)
    except OSError as refused:
        raise OutputError(f"{folder}: cannot write here: {refused.strerror}") from None
    page = html(large.report, verdict, shown(large), large.reference, path=f"{folder}/")
    write_bytes(folder / "report.html", page.encode())
    write_bytes(folder / "report.md", markdown(large.report, verdict, path=f"{folder}/").encode())
    _write(folder / "scores.parquet", _scores(large))
    _write(folder / "issues.parquet", _issues(large))
    write_map(large.report.projection, folder)
    values = plain(large.report.to_dict())
    write_json(folder / "audit.json", {**values, DIGEST: report_digest(values, folder)})


def shown(large: Large) -> Dataset:
    """The rows that a page may show: the worst of each check, those they are compared with, and those on the map."""
    data, placed = large.data, large.report.projection
    positions = [np.zeros(1, np.int64)]
    if placed is not None:
        positions.append(_places(data.rows, placed.places.index.astype(str)))
    for check, streamed in large.found.items():
        positions.append(streamed.flagged[:PAGED])
        detail = streamed.issues.detail
        first = streamed.issues.findings.head(PAGED)
        if check == "leakage" and large.reference is not None:  # what is not within this data is a row of the reference
            first = first[first["group"] == detail.get("within", "")]
        twins = first["twin"].dropna()
        sets = [row for s in detail.get("sets", ()) for row in s["rows"][:9]]
        pairs = _leaked(large, detail) if check == "leakage" else []  # those of labels are of classes
        cards = _of_labels(streamed.issues) if check == "labels" else []
        named = pd.Index([str(row) for row in [*twins, *sets, *pairs, *cards]])
        positions.append(_places(data.rows, named))
    return data.at(np.unique(np.concatenate(positions)))


def _leaked(large: Large, detail: Mapping[str, Any]) -> list[Hashable]:
    """The rows of this data in pairs of leaks."""
    pairs, within = detail.get("pairs", ()), detail.get("within", "")
    both = [p for p in pairs if large.reference is None or p.get("against") == within]
    return [*(p["row"] for p in pairs), *(p["reference_row"] for p in both)]


def _of_labels(issues: Issues) -> list[Hashable]:
    """Rows beyond the worst that cards of labels show: some of each mix-up, and the nearest ones of either label."""
    found, why = issues.findings, issues.detail.get("why", ())
    some = found.groupby(["given", "suggested"], dropna=False).cumcount().to_numpy() < OF_A_MIX_UP
    near = [line[side] for line in why for side in ("agreeing", "disagreeing")]
    return [*found.index[some], *(one["row"] for one in near if one is not None)]


def _places(rows: pd.Index, named: pd.Index) -> np.ndarray:
    """Where rows lie whose ids were written down as text."""
    if isinstance(rows, pd.RangeIndex):
        return named.to_numpy().astype(np.int64) if len(named) else np.empty(0, np.int64)
    found = [np.flatnonzero(part.astype(str).isin(named)) + i for i, part in _slices(rows)]
    return np.concatenate(found)


def _slices(rows: pd.Index) -> Iterator[tuple[int, pd.Index]]:
    return ((i, rows[i : i + GROUP]) for i in range(0, len(rows), GROUP))


def _scores(large: Large) -> Iterator[pd.DataFrame]:
    for i, rows in _slices(large.data.rows):
        here = slice(i, i + len(rows))
        columns = {
            f"{check}.{name}": values(here) for check, s in large.found.items() for name, values in s.columns.items()
        }
        yield pd.DataFrame({ROW: rows, **{name: _typed(values) for name, values in columns.items()}})


def _typed(values: np.ndarray) -> Any:
    return pd.Series(values).infer_objects() if values.dtype == object else values


def _issues(large: Large) -> Iterator[pd.DataFrame]:
    blank = True
    for check, s in large.found.items():
        for i in range(0, len(s.flagged), LINES):
            lines = s.lines(s.flagged[i : i + LINES]).assign(check=check).rename_axis(ROW).reset_index()
            blank = False
            yield lines[[ROW, "check", *FINDING_COLUMNS]]
    if blank:
        yield (
            no_rows()
            .assign(check=pd.Series(dtype="object"))
            .rename_axis(ROW)
            .reset_index()[[ROW, "check", *FINDING_COLUMNS]]
        )


def _write(path: Path, tables: Iterator[pd.DataFrame]) -> None:
    """Tables of the same columns as the row groups of one Parquet file, whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
    except OSError as refused:
        raise OutputError(f"{path}: cannot write here: {refused.strerror}") from None
    try:
        first = pa.Table.from_pandas(next(tables), preserve_index=False)
        schema = pa.schema([_filled(field) for field in first.schema], first.schema.metadata)
        with pq.ParquetWriter(temporary, schema) as writer:
            writer.write_table(first.cast(schema))
            for table in tables:
                writer.write_table(pa.Table.from_pandas(table, schema=schema, preserve_index=False))
                pa.default_memory_pool().release_unused()
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as refused:
        raise OutputError(f"{path}: cannot write: {refused.strerror or refused}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _filled(field: Any) -> Any:
    """A column without a value in the first row group may have texts in the next."""
    import pyarrow as pa

    return field.with_type(pa.string()) if pa.types.is_null(field.type) else field
