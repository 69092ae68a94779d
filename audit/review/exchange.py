"""Decisions for other tools and from them: CSV, JSON Lines, Label Studio's JSON.

Cells of a CSV that a spreadsheet would take for a formula get an apostrophe before them, and lose it on the way back.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from blake3 import blake3

from audit.dataset import Dataset
from audit.errors import InputError, UnknownName
from audit.render.page.examples import Shelf
from audit.review.decisions import KEEP, RELABEL, UNSURE, Decision, event_of
from audit.review.queue import Plan

COLUMNS = ("row", "given", "suggested", "verdict", "label", "reviewer", "at", "seconds", "id")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
"""What a cell may not begin with unguarded (OWASP, CSV injection); the apostrophe itself, so that the guard comes off."""
LABEL, ITEM = "label", "item"
"""What Label Studio's labelling interface calls the choices and what is judged."""


# -- out ---------------------------------------------------------------------------------------------------------------


def exported(decisions: Sequence[Decision], design: Plan, suffix: str, data: Dataset | None = None) -> bytes:
    """The decisions that stand as a file of that kind. InputError if there is no such kind."""
    if suffix == ".csv":
        return csv_bytes([_record(d, design) for d in decisions], guarded=True)
    if suffix == ".jsonl":
        return b"".join(json.dumps(_record(d, design), ensure_ascii=False).encode() + b"\n" for d in decisions)
    if suffix == ".json":
        tasks = _tasks(decisions, design, None if data is None else Shelf.of(data))
        return json.dumps(tasks, ensure_ascii=False, indent=1).encode() + b"\n"
    raise _kinds(suffix)


def _kinds(suffix: str) -> InputError:
    return InputError(f"{suffix or 'no suffix'}: decisions are kept as .csv, .jsonl, or .json for Label Studio")


def _record(d: Decision, design: Plan) -> dict[str, Any]:
    at = design.place[d.row]
    label = {RELABEL: d.label, KEEP: design.given[at]}.get(d.verdict, "")
    said = {"row": d.row, "given": design.given[at], "suggested": design.suggested[at], "verdict": d.verdict}
    return {**said, "label": label, "reviewer": d.reviewer, "at": d.at, "seconds": round(d.seconds, 2), "id": d.id}


def csv_bytes(records: Sequence[Mapping[str, Any]], *, guarded: bool) -> bytes:
    """A CSV file of records that have the same names; `guarded`: no cell is a formula."""
    held = io.StringIO()
    written = csv.writer(held, lineterminator="\n")
    names = list(records[0]) if records else list(COLUMNS)
    written.writerow(names)
    written.writerows([_guarded(str(r[n])) if guarded else r[n] for n in names] for r in records)
    return held.getvalue().encode()


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


def _tasks(decisions: Sequence[Decision], design: Plan, shelf: Shelf | None) -> list[dict[str, Any]]:
    """A task for each row that was flagged or decided: what is suggested as prediction, what was decided as annotation."""
    said: dict[str, list[Decision]] = {}
    for d in decisions:
        said.setdefault(d.row, []).append(d)
    wanted = [i for i, row in enumerate(design.ids) if design.flagged[i] or row in said]
    return [_task(i, design, said.get(design.ids[i], []), shelf) for i in wanted]


def _task(i: int, design: Plan, said: Sequence[Decision], shelf: Shelf | None) -> dict[str, Any]:
    suggestion = {"model_version": "assay", "score": round(float(design.probability[i]), 4)}
    return {
        "data": {"row": design.ids[i], "given": design.given[i], **_item(design.ids[i], shelf)},
        "predictions": [{**suggestion, "result": [_choice(design.suggested[i])]}],
        "annotations": [_annotation(d, design.given[i]) for d in said],
    }


def _item(row: str, shelf: Shelf | None) -> dict[str, str]:
    if shelf is None:
        return {}
    shown = shelf.show(row)
    if shown.uri:
        return {"image": shown.uri}
    return {"text": str(shown.text) or "\n".join(f"{c.name}: {c.value}" for c in shown.cells) or shown.why}


def _choice(label: str) -> dict[str, Any]:
    return {"from_name": LABEL, "to_name": ITEM, "type": "choices", "value": {"choices": [label]}}


def _annotation(d: Decision, given: str) -> dict[str, Any]:
    label = {RELABEL: d.label, KEEP: given}.get(d.verdict)
    meta = {"verdict": d.verdict, "id": d.id, "at": d.at}
    head = {"completed_by": {"email": d.reviewer}, "lead_time": round(d.seconds, 2), "meta": meta}
    return {**head, "was_cancelled": label is None, "result": [] if label is None else [_choice(label)]}


# -- in ----------------------------------------------------------------------------------------------------------------


def imported(path: Path, design: Plan, reviewer: str) -> list[Decision]:
    """The decisions in a file; `reviewer` is who decided where the file does not say. One that says no verdict gives
    the label that is right. InputError, naming file and place, where it is no such file or names no row of ours."""
    readers: dict[str, Callable[[Path], Iterable[tuple[str, dict[str, Any]]]]] = {
        ".csv": _from_csv,
        ".jsonl": _from_lines,
        ".json": _from_label_studio,
    }
    if path.suffix not in readers:
        raise _kinds(path.suffix)
    try:
        records = list(readers[path.suffix](path))
    except OSError as refused:
        raise InputError(f"{path}: cannot be read: {refused.strerror}") from None
    except (ValueError, csv.Error, RecursionError) as broken:  # a number too long for an int is a ValueError
        raise InputError(f"{path}: not readable as {path.suffix}: {broken}") from None
    labels = {*design.given, *design.suggested}
    return [_decision(values, design, labels, reviewer, f"{path}, {where}") for where, values in records]


def _from_csv(path: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line in (read := csv.DictReader(file)):
            cells = {k: _unguarded(v) for k, v in line.items() if isinstance(k, str) and v}
            yield f"line {read.line_num}", {**cells, "seconds": _seconds(cells.get("seconds"))}


def _seconds(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return -1.0  # which is refused below, with its place


def _from_lines(path: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        values = json.loads(line) if line.strip() else None
        if isinstance(values, dict) and "assay_review" not in values and "undo" not in values:
            yield f"line {number}", values
        elif values is not None and not isinstance(values, dict):
            raise InputError(f"{path}, line {number}: a JSON object is expected")


def _from_label_studio(path: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    tasks = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(tasks, list):
        raise InputError(f"{path}: Label Studio's JSON is a list of tasks, this is a {type(tasks).__name__}")
    for number, task in enumerate(tasks, 1):
        try:
            for a in task.get("annotations", ()):
                about = {"row": str(task["data"]["row"]), "given": task["data"].get("given")}
                yield f"task {number}", {**about, **_annotated(a)}
        except (KeyError, TypeError, AttributeError, IndexError) as broken:
            raise InputError(f"{path}, task {number}: not as Label Studio writes it: {broken!r}") from None


def _annotated(a: Mapping[str, Any]) -> dict[str, Any]:
    who, meta = a.get("completed_by"), a.get("meta") or {}
    chosen = [r["value"]["choices"][0] for r in a.get("result", ()) if r.get("type") == "choices"]
    name = who.get("email") if isinstance(who, dict) else who
    said = {"label": chosen[0]} if chosen else {"verdict": meta.get("verdict", UNSURE)}
    known = {k: meta[k] for k in ("id", "at") if k in meta}
    return {**said, **known, "seconds": a.get("lead_time") or 0.0, **({"reviewer": str(name)} if name else {})}


def _verdict(values: Mapping[str, Any], row: str, label: str, given: str, where: str) -> Any:
    """What was decided, by name or by the label that is right; InputError where it was decided of another label than
    the row has."""
    said = values.get("given")
    if said not in (None, "") and str(said) != given:
        raise InputError(f"{where}: row {row!r} was {said!r} and is {given!r} here: a decision about other data")
    verdict = values.get("verdict") or ((KEEP if label == given else RELABEL) if label else None)
    if label and verdict in (KEEP, RELABEL) and (verdict == KEEP) != (label == given):
        raise InputError(f"{where}: {verdict} and label {label!r} contradict each other: row {row!r} is {given!r}")
    return verdict


def _decision(values: dict[str, Any], design: Plan, labels: set[str], reviewer: str, where: str) -> Decision:
    row, label = str(values.get("row", "")), str(values.get("label") or "")
    if row not in design.place:
        raise InputError(f"{where}: no row {row!r} in this report")
    verdict = _verdict(values, row, label, design.given[design.place[row]], where)
    if verdict == RELABEL and label not in labels:
        raise UnknownName.of("class", label, sorted(labels), where=where)
    who, at = str(values.get("reviewer") or reviewer), str(values.get("at") or "")
    own = blake3("\0".join([row, who, str(verdict), label, at]).encode()).hexdigest(16)
    said = {
        "id": str(values.get("id") or own),
        "row": row,
        "reviewer": who,
        "verdict": verdict,
        "label": label,
        "at": at,
    }
    try:
        made = event_of({**said, "seconds": values.get("seconds") or 0.0})
    except (InputError, UnknownName) as wrong:
        raise InputError(f"{where}: {wrong}") from None
    if not isinstance(made, Decision):  # an undo has no place in a file of decisions
        raise InputError(f"{where}: a decision is expected")
    return made
