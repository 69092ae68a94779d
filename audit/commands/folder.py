"""Whether a folder is a report or data, which decides what a gate passes, and that no report is written into data."""

from __future__ import annotations

import os
from pathlib import Path

from audit.errors import InputError, OutputError, some
from audit.publish import EVIDENCE
from audit.report import MAP, TABLES
from audit.review.journal import FOLDER
from audit.sources import SUFFIXES
from audit.sources.delimited import plain_suffix
from audit.sources.folders import is_picture

TABLES_OF_A_REPORT = (*TABLES, MAP)
FOLDERS_OF_A_REPORT = (EVIDENCE, FOLDER)


def is_report(where: Path) -> bool:
    """Whether a report lies there; InputError where data lies beside it, since either could be meant."""
    if not (where / "audit.json").is_file():
        return False
    if beside := sorted(p.name for p in where.iterdir() if _is_data(p)):
        raise InputError(
            f"{where}: holds a report, and beside it what no audit writes: {some(beside)}; "
            f"the report or the data? Give each a folder of its own"
        )
    return True


def _is_data(path: Path) -> bool:
    """Whether it could be read as data, or as a class of pictures; whatever else people keep beside a report may stay."""
    if not path.is_dir():
        return is_picture(path) or (plain_suffix(path) in SUFFIXES and path.name not in TABLES_OF_A_REPORT)
    if path.name in FOLDERS_OF_A_REPORT:
        return any(map(is_picture, path.rglob("*")))
    return not path.name.startswith(".")


def refuse_within(data: str, output: Path) -> None:
    """OutputError where a report would lie in the folder that is audited, and be taken for data by whoever reads it next."""
    is_folder = os.path.isdir(data)  # noqa: PTH112  Path's raises where an address is too long for a file's name
    if is_folder and output.resolve().is_relative_to(Path(data).resolve()):
        raise OutputError(f"{output}: lies in {data}, whose files are the data; write the report elsewhere with -o")
