"""`require`: go on only with data that a certificate lets through; `verify`, the same as an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from audit.address import is_address, without_passwords
from audit.certificate.record import Certificate, Uncertified
from audit.certificate.rows import LEARNT, changes_between, content_changes, cut, learnt_of, named_changes, rows_of_data
from audit.certificate.signing import read_key
from audit.certificate.trees import split_query
from audit.certificate.verify import REFUSED, UNDECIDED, Reason, Verification, objections, verify_files
from audit.dataset import ROW, Dataset, Roles
from audit.errors import InputError, Undecided, some
from audit.sources import read
from audit.sources.content import Content
from audit.sources.roles import rebuild
from audit.suite import read_suite


def require(
    data: Any,
    certificate: str | Path | Certificate,
    *,
    key: str | Path | None = None,
    suite: str | Path | None = None,
    part: bool = False,
) -> Certificate:
    """Return the certificate if it lets this data be trained on; raise Uncertified, or Undecided, with the reasons.

    Args:
        data: a path, whose bytes are compared; or what was loaded: a Dataset, a table, (X, y), whose content is.
        certificate: the file, or what `Certificate.read` gives.
        key: the key file by which it must be signed.
        suite: the suite by which the data must have been judged.
        part: let through some of the certified rows, in any order; only for loaded data.
    """
    answer = verify(data, certificate, key=key, suite=suite, part=part)
    if answer.exit_code == 0:
        return answer.certificate
    lines = [r.why for r in answer.reasons] + (answer.changes.sentences() if answer.changes else [])
    refusal = Undecided if answer.exit_code == UNDECIDED else Uncertified
    raise refusal(f"{answer.where}: not to be trained on: {'; '.join(lines)}")


def verify(
    data: Any,
    certificate: str | Path | Certificate,
    *,
    key: str | Path | None = None,
    suite: str | Path | None = None,
    part: bool = False,
    now: datetime | None = None,
) -> Verification:
    """Whether a certificate lets this data be trained on, and which rows stand against it. Arguments as `require`."""
    held = certificate if isinstance(certificate, Certificate) else Certificate.read(certificate)
    opened, demanded = None if key is None else read_key(key), None if suite is None else read_suite(suite)
    if isinstance(data, (str, Path)) and not is_address(data):
        if part:
            raise InputError(f"{data}: a part of a file's bytes cannot be verified; load it and give the rows")
        if held.gated.kind != "memory":
            answer = verify_files(data, held, key=opened, suite=demanded, now=now)
            return replace(answer, changes=_named(data, answer))
    reasons = objections(held, key=opened, suite=demanded, now=now)
    loaded, where = _loaded(data, held, part=part), _called(data)
    if isinstance(loaded, Verification):
        return replace(loaded, reasons=(*reasons, *loaded.reasons))
    if part:
        return Verification(where, held, (*reasons, *_strangers(loaded, held)))
    if loaded.fingerprint == held.gated.fingerprint:
        return Verification(where, held, tuple(reasons))
    changes = changes_between(held, rows_of_data(loaded), len(loaded))
    said = _roles_differ(loaded, held) or "the data is not what the gate judged"
    return Verification(where, held, (*reasons, Reason(said, REFUSED)), differs=True, changes=changes)


def _named(where: str | Path, answer: Verification) -> Any:
    """The rows that changed, where a table holds them; the files of a folder of pictures are its rows."""
    gated = answer.certificate.gated
    if not answer.differs or gated.format == "folder" or not split_query(where)[0].exists():
        return answer.changes
    return named_changes(where, answer.certificate)


def _called(data: Any) -> str:
    if isinstance(data, Dataset):
        return data.name
    return without_passwords(str(data)) if isinstance(data, (str, Path)) else "the data"


def _loaded(data: Any, certificate: Certificate, *, part: bool) -> Dataset | Verification:
    """The data with the roles that were judged; a refusal where it cannot have them."""
    if isinstance(data, Dataset):
        return replace(data)  # without hashes kept from before an edit in place
    gated, judged = certificate.gated, [name for name, _ in certificate.gated.columns]
    content = _content(data, certificate)
    roles, classes = Roles.from_dict(gated.roles), gated.classes
    roles = _learnt(roles) if part else roles
    if part and (why := _unjudged(content, roles.columns() if _is_pair(data) else judged)):
        return Verification(_called(data), certificate, (Reason(why, REFUSED),), differs=True)
    lacking = [c for c in roles.columns() if c not in content.table.columns]
    if not lacking and roles.label is not None:
        strange = content.table[roles.label].isna() | ~content.table[roles.label].isin(classes)
        lacking = (
            [f"rows with a label that no certified row has: {some(strange.index[strange])}"] if strange.any() else []
        )
    elif lacking:
        lacking = [f"there is no column {some(map(repr, lacking))}"]
    if lacking:
        reason = Reason(f"the data is not what the gate judged: {'; '.join(lacking)}", REFUSED)
        changes = content_changes(content, certificate)
        return Verification(_called(data), certificate, (reason,), differs=True, changes=changes)
    rows = content.table.index if roles.id is None else pd.Index(content.table[roles.id], name=ROW)
    return rebuild(content, roles, classes, rows)


def _unjudged(content: Content, judged: Sequence[str]) -> str:
    """What rows that are compared by what was judged would carry past the gate; all of an X is learnt from."""
    new = [c for c in content.table.columns if c not in judged]
    return f"columns that the gate did not judge as what is learnt from: {some(map(repr, new))}" if new else ""


def _is_pair(data: Any) -> bool:
    return isinstance(data, (tuple, list)) and len(data) == 2


def _content(data: Any, certificate: Certificate) -> Content:
    """What was given, with the columns of an (X, y) pair called as they were when they were judged."""
    if not _is_pair(data):
        return read(data)
    x, y = data
    roles = Roles.from_dict(certificate.gated.roles)
    table, images = _examples(x, roles)
    if roles.label is None or roles.label in table.columns:
        raise InputError("(X, y) needs a label beside X; the certificate is of data without one, or X holds it already")
    table = table.assign(**{roles.label: np.asarray(y)})
    known = [name for name, _ in certificate.gated.columns if name in table.columns]
    ordered = table[[*known, *(c for c in table.columns if c not in known)]]
    return Content("(X, y)", ordered.rename_axis(ROW), images=images)


def _examples(x: Any, roles: Roles) -> tuple[pd.DataFrame, np.ndarray | None]:
    """X as columns called as they were, or as pictures."""
    if isinstance(x, pd.DataFrame):
        if not x.columns.is_unique:
            raise InputError(f"X: columns that stand twice: {some(map(repr, x.columns[x.columns.duplicated()]))}")
        return x.reset_index(drop=True), None
    values = np.asarray(x)
    names = [roles.text] if roles.text is not None else list(roles.features)
    if not names and values.dtype == np.uint8 and values.ndim in (3, 4):
        return pd.DataFrame(index=range(len(values))), values if values.ndim == 4 else values[..., None]
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or values.shape[1] != len(names):
        raise InputError(f"X is {values.shape}; the certificate is of data with {len(names)} columns to learn from")
    return pd.DataFrame({str(name): values[:, i] for i, name in enumerate(names)}), None


def _learnt(roles: Roles) -> Roles:
    """What rows are learnt from, whatever else was known of them."""
    return Roles(label=roles.label, text=roles.text, image=roles.image, features=roles.features, grid=roles.grid)


def _roles_differ(data: Dataset, certificate: Certificate, *, part: bool = False) -> str:
    """How the columns are used otherwise than they were judged."""
    then, now = Roles.from_dict(certificate.gated.roles), data.roles
    then, now = (_learnt(then), _learnt(now)) if part else (then, now)
    said = [
        f"{name} is {getattr(now, name)!r}, it was judged with {getattr(then, name)!r}"
        for name in now.__dataclass_fields__
        if getattr(now, name) != getattr(then, name)
    ]
    if tuple(data.classes) != tuple(certificate.gated.classes):
        said.append(f"classes are {some(data.classes)}, they were {some(certificate.gated.classes)}")
    return f"the data is not put to the use that was judged: {'; '.join(said)}" if said else ""


def _strangers(data: Dataset, certificate: Certificate) -> Sequence[Reason]:
    """Rows that no certified row equals in what is learnt from it."""
    listing = certificate.rows()
    if listing is None:
        return [Reason("rows cannot be compared: the .rows.json beside the certificate is gone", UNDECIDED)]
    differ = _roles_differ(data, certificate, part=True)
    if differ:
        return [Reason(differ, REFUSED)]
    known = set(cut(listing.learnt, LEARNT))
    strange = [row for row, h in zip(data.rows, learnt_of(data), strict=True) if h not in known]
    return [Reason(f"rows that the gate did not judge: {some(strange, 10)}", REFUSED)] if strange else []
