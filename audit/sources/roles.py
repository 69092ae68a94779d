"""From `Content` and the roles somebody named to a `Dataset`; what nobody named is inferred only where one answer fits.

Never between two: when two columns could be the label, that is an error that says so. Every inference is a sentence
in `Dataset.inferred`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import ROW, Dataset, Roles, sorted_classes
from audit.errors import InputError, UnknownName, some
from audit.sources.content import Content

LABEL_NAMES = ("label", "labels", "target", "class", "category", "y")
TEXT_NAMES = ("text", "sentence", "document", "message")
IMAGE_NAMES = ("image", "img", "picture", "path", "file", "file_name", "filename")
SPLITS = ("train", "training", "test", "val", "valid", "validation", "dev")
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
IMAGE_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"GIF8", b"RIFF", b"II*\x00", b"MM\x00*", b"P5", b"P6")
NAMELESS = re.compile(r"unnamed(_|: )\d+|__index_level_\d+__", re.IGNORECASE)
"""What we and pandas call a column without a name: nearly always the row numbers of the table that was written."""
MOST_REAL_CLASSES = 20
"""A column of fractions with more different values than this is a measurement, not a class."""


@dataclass(frozen=True)
class Named:
    """The roles that somebody named; None is for whoever infers."""

    label: str | None = None
    text: str | None = None
    image: str | None = None
    features: tuple[str, ...] | None = None
    id: str | None = None
    group: str | None = None
    split: str | None = None
    weight: str | None = None
    unlabelled: bool = False
    """There is no label, and that is meant; otherwise one that is neither named nor found is an error."""

    def singles(self) -> dict[str, Any]:
        """Role to column, the features apart."""
        names = ("label", "text", "image", "id", "group", "split", "weight")
        return {role: column for role in names if (column := getattr(self, role)) is not None}


def build(content: Content, named: Named, classes: Sequence[Hashable] | None = None) -> Dataset:
    """Give the columns their roles, the rows their ids and the classes their order."""
    check_named(content, named)
    known = content.roles if named == Named() or content.roles is None else _overridden(content.roles, named)
    roles, sentences = (known, ()) if known is not None else _infer(content, named)
    told = content.roles is not None and content.roles.id == roles.id  # then the source has set the ids itself
    table = content.table if told else _identified(content, roles)
    check_kinds(content.name, table, roles)
    plain = None if classes is None else tuple(v.item() if isinstance(v, np.generic) else v for v in classes)
    order = plain if plain is not None else _known_classes(content, roles)
    remembered = known is not None and roles.label is None  # the source knows of no label
    if not named.unlabelled and not remembered:
        order = order if order is not None else sorted_classes(table[_label(content, roles)], content.name)
        check_label(content.name, table, roles, order)
    notes = (*sentences, *content.notes)
    return Dataset(content.name, table, roles, order or (), content.origin, content.images, notes)


def rebuild(content: Content, roles: Roles, classes: Sequence[Hashable], rows: pd.Index) -> Dataset:
    """The Dataset that `content` was, when roles, classes and row ids were written down."""
    table = content.table.set_index(rows.rename(ROW))
    return Dataset(content.name, table, roles, tuple(classes), content.origin, content.images)


def check_named(content: Content, named: Named) -> None:
    """UnknownName for a column that is not there, InputError for one with two jobs."""
    if named.unlabelled and named.label is not None:
        raise InputError(f"{content.name}: either there is no label, or it is column {named.label!r}; not both")
    for column in [*named.singles().values(), *(named.features or ())]:
        if column not in content.table.columns:
            raise UnknownName.of("column", column, content.table.columns, where=content.name)
    jobs: dict[str, str] = {}
    for role, column in [*named.singles().items(), *(("a feature", c) for c in named.features or ())]:
        if column in jobs and "group" not in (role, jobs[column]) and {role, jobs[column]} != {"id", "image"}:
            raise InputError(f"{content.name}: column {column!r} cannot be both {jobs[column]} and {role}")
        jobs[column] = role
    if named.features is not None and len(set(named.features)) < len(named.features):
        twice = next(c for c in named.features if named.features.count(c) > 1)
        raise InputError(f"{content.name}: column {twice!r} is named twice among the features")


def check_kinds(name: str, table: pd.DataFrame, roles: Roles) -> None:
    """InputError when a column cannot do its job: labels that are lists, texts that are numbers."""
    jobs = ((roles.label, (str, int, float, bool, np.generic)), (roles.text, (str,)), (roles.image, (str, bytes)))
    for (column, kinds), job in zip(jobs, ("label", "text", "image"), strict=True):
        if column is None or (job == "label" and table[column].dtype.kind in "biuf"):
            continue
        wrong = [row for row, v in table[column].dropna().items() if not isinstance(v, kinds)]
        if wrong:
            kind = type(table[column].to_dict()[wrong[0]]).__name__
            raise InputError(f"{name}: column {column!r} cannot be the {job}: it holds {kind} in row {some(wrong)}")
    if roles.weight is not None:
        _check_weights(name, table[roles.weight])


def _check_weights(name: str, column: pd.Series) -> None:
    if column.dtype.kind not in "biuf":
        raise InputError(f"{name}: column {column.name!r} cannot be the weight: it holds words, not numbers")
    values = column.to_numpy("float64", na_value=np.nan)
    wrong = column.index[~(np.isfinite(values) & (values >= 0))]
    if len(wrong):
        raise InputError(f"{name}: column {column.name!r}: weights must be numbers from 0 up: row {some(wrong)}")


def check_label(name: str, table: pd.DataFrame, roles: Roles, classes: tuple[Hashable, ...]) -> None:
    """InputError for labels nobody can learn: one class only, a measurement, or the text itself."""
    given = table[roles.label]
    if given.isna().any():
        return  # the Dataset itself says which rows have no label
    if len(set(classes)) < len(classes):
        raise InputError(f"{name}: a class is named twice: {some(classes)}")
    if len(classes) < 2:
        only = repr(classes[0]) if classes else "none"
        where = "its only row" if len(table) == 1 else f"all {len(table):,} rows"
        raise InputError(f"{name}: column {roles.label!r} has one class, {only}, in {where}")
    fractions = given.dtype.kind == "f" and (given.to_numpy("float64") % 1 != 0).any()
    if fractions and given.nunique() > MOST_REAL_CLASSES:
        raise InputError(f"{name}: column {roles.label!r} holds {given.nunique():,} different fractions, not classes")
    if roles.text is not None and list(given) == list(table[roles.text]):
        raise InputError(f"{name}: the label column {roles.label!r} equals the text column {roles.text!r}")


def _label(content: Content, roles: Roles) -> str:
    if roles.label is None:
        raise InputError(f"{content.name}: no label column; columns are {', '.join(map(str, content.table.columns))}")
    return roles.label


def _known_classes(content: Content, roles: Roles) -> tuple[Hashable, ...] | None:
    return content.classes if content.roles is not None and content.roles.label == roles.label else None


def _overridden(known: Roles, named: Named) -> Roles:
    """What the source knows, with what was named put in its place."""
    roles = replace(known, **named.singles())
    taken = set(named.singles().values())
    features = named.features if named.features is not None else tuple(c for c in known.features if c not in taken)
    if named.text is not None or named.image is not None:
        features = named.features or ()
    if named.unlabelled:
        roles = replace(roles, label=None)
    return replace(roles, features=features, grid=known.grid if features == known.features else None)


def _identified(content: Content, roles: Roles) -> pd.DataFrame:
    if roles.id is None:
        return content.table.rename_axis(ROW)
    ids = content.table[roles.id]
    if ids.isna().any():
        gone = np.flatnonzero(ids.isna().to_numpy())
        raise InputError(f"{content.name}: column {roles.id!r} has no id in row {some(gone.tolist())}")
    return content.table.set_index(pd.Index(ids, name=ROW))


# -- inference -----------------------------------------------------------------------------------------------------


def _infer(content: Content, named: Named) -> tuple[Roles, tuple[str, ...]]:
    said: list[str] = []
    roles = Roles(**named.singles(), features=named.features or ())
    if not named.unlabelled:
        roles = _with(roles, "label", _the_label(content, roles), said)
    if roles.id is None:
        roles = _with(roles, "id", _one(_called(content, ("id",), roles)), said)
    if roles.split is None:
        roles = _with(roles, "split", _one(c for c in _called(content, ("split",), roles) if _splits(content, c)), said)
    if content.images is None and named.features is None and not (roles.text or roles.image):
        roles = _with_example(content, roles, said)
    if content.images is None and named.features is None and not (roles.text or roles.image):
        roles = _with_features(content, roles, said)
    return roles, tuple(said)


def _with(roles: Roles, role: str, column: str | None, said: list[str]) -> Roles:
    if column is None or getattr(roles, role) is not None:
        return roles
    said.append(f"{role} is column {column!r}, by its name")
    values: dict[str, Any] = {role: column}
    return replace(roles, **values)


def _called(content: Content, names: Iterable[str], roles: Roles) -> list[str]:
    """The columns with one of these names, whatever the case, that have no role yet."""
    taken = set(roles.columns())
    return [c for c in content.table.columns if str(c).lower() in names and c not in taken]


def _one(columns: Iterable[str]) -> str | None:
    found = list(columns)
    return found[0] if len(found) == 1 else None


def _the_label(content: Content, roles: Roles) -> str | None:
    if roles.label is not None:
        return None
    found = _called(content, LABEL_NAMES, roles)
    listed = ", ".join(map(str, content.table.columns))
    if len(found) > 1:
        raise InputError(f"{content.name}: columns {' and '.join(map(repr, found))} could each be the label; name one")
    if not found:
        raise InputError(f"{content.name}: no column was named as the label; columns are {listed}")
    return found[0]


def _splits(content: Content, column: str) -> bool:
    return bool(content.table[column].isin(SPLITS).all())


def _with_example(content: Content, roles: Roles, said: list[str]) -> Roles:
    """The text or the picture, when one column and only one looks like it."""
    texts = [c for c in _called(content, TEXT_NAMES, roles) if _is_words(content.table[c])]
    taken = set(roles.columns())
    images = [c for c in content.table.columns if c not in taken and is_pictures(c, content.table[c])]
    if len(texts) + len(images) > 1:
        names = " and ".join(map(repr, texts + images))
        raise InputError(f"{content.name}: columns {names} could each be the example; name one with text or image")
    if images:
        said.append(f"image is column {images[0]!r}, by its content")
        return replace(roles, image=images[0])
    return _with(roles, "text", _one(texts), said)


def _is_words(column: pd.Series) -> bool:
    filled = column.dropna()
    return len(filled) > 0 and bool(filled.map(lambda v: isinstance(v, str)).all())


def is_pictures(name: object, column: pd.Series) -> bool:
    """Whether a column holds pictures: bytes that begin as they do, or paths that end so under a telling name."""
    if column.dtype.kind in "biufcmM":
        return False
    first = column.dropna().iloc[:20]
    if len(first) == 0:
        return False
    if first.map(lambda v: isinstance(v, bytes)).all():
        return bool(first.map(lambda v: v.startswith(IMAGE_STARTS)).any())
    if str(name).lower() not in IMAGE_NAMES or not first.map(lambda v: isinstance(v, str)).all():
        return False
    return bool(first.map(lambda v: PurePath(v).suffix.lower() in IMAGE_SUFFIXES).all())


def _with_features(content: Content, roles: Roles, said: list[str]) -> Roles:
    taken = set(roles.columns())
    free = [c for c in content.table.columns if c not in taken]
    named = [c for c in free if not NAMELESS.fullmatch(str(c))]
    usable = [c for c in named if _is_feature(content.table[c])]
    if not usable:
        beside = ", ".join(repr(c) for c in content.table.columns if c in taken)
        raise InputError(f"{content.name}: nothing to learn from: no usable column beside {beside}")
    said.append(f"features are every other column, {len(usable)} in all: {some(usable)}")
    said.extend(f"column {c!r} is kept and not learnt from: it had no name" for c in free if c not in named)
    unfit = (c for c in named if c not in usable)
    said.extend(f"column {name!r} is kept and not learnt from: it holds neither numbers nor words" for name in unfit)
    return replace(roles, features=tuple(usable))


def _is_feature(column: pd.Series) -> bool:
    if column.dtype != object:
        return True
    return not column.map(lambda v: isinstance(v, (bytes, list, dict, tuple, np.ndarray))).any()
