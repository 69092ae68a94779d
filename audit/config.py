"""What a project says once instead of on every command line: assay.toml, or [tool.assay] of pyproject.toml.

label = "target"                 any of KEYS
suite = "suites/train.toml"

[profile.ci]                     on top of the above where --profile ci or ASSAY_PROFILE=ci says so
fail_on = "warning"
format = "github"

Only the working directory is looked into, never its parents: what is above a checkout must not change what it does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from audit.errors import InputError, UnknownName

OWN, SHARED = "assay.toml", "pyproject.toml"
PROFILE = "profile"
PROFILE_VARIABLE = "ASSAY_PROFILE"


@dataclass(frozen=True)
class Key:
    """One thing that can be set."""

    about: str
    kind: Literal["text", "names", "yes or no", "whole number"] = "text"
    choices: tuple[str, ...] = ()
    default: str | int | bool | None = None


KEYS: Mapping[str, Key] = {
    "suite": Key("what is demanded: a file, or the name of a shipped suite"),
    "reference": Key("the test set, for leakage"),
    "baseline": Key("an earlier audit.json that limits are loosened to"),
    "fail_on": Key("the least severity that fails the gate", choices=("critical", "warning"), default="critical"),
    "format": Key(
        "how the gate answers", choices=("text", "json", "markdown", "junit", "sarif", "github"), default="text"
    ),
    "cache": Key("a folder to keep evidence in"),
    "seed": Key("one seed, one result", "whole number", default=0),
    "label": Key("column of the labels"),
    "text": Key("column of the texts"),
    "image": Key("column of image paths or encoded bytes"),
    "features": Key("columns to learn from", "names"),
    "id": Key("column that names the rows"),
    "group": Key("rows of one group are never split between folds"),
    "split": Key("column that says train, test, …"),
    "weight": Key("column of the rows' weights"),
    "columns": Key("names of the columns of a file that has no header line", "names"),
    "no_label": Key("there is no label", "yes or no", default=False),
}


@dataclass(frozen=True)
class Setting:
    """A value, and where it was said."""

    value: Any
    source: str


@dataclass(frozen=True)
class Config:
    """What the working directory sets; keys that nobody set are absent."""

    settings: Mapping[str, Setting]
    file: str | None = None
    profile: str | None = None


def read_config(folder: Path, profile: str | None = None) -> Config:
    """Read assay.toml, or [tool.assay] of pyproject.toml, in `folder`, with a profile on top where one is named.

    An unknown key is an UnknownName that says the near match, in a profile that is not used too. Both files at once,
    or a value of the wrong kind, is an InputError.
    """
    found = _tables(folder)
    if len(found) > 1:
        raise InputError(f"{OWN} and [tool.assay] of {SHARED} both set assay up; keep one of them")
    if not found:
        if profile is not None:
            raise InputError(f"profile {profile!r}: there is no {OWN} and no [tool.assay] in {SHARED} here")
        return Config({})
    ((where, table),) = found.items()
    profiles = table.get(PROFILE, {})
    if not isinstance(profiles, Mapping) or not all(isinstance(p, Mapping) for p in profiles.values()):
        raise InputError(f"{where}: a profile is a table: write [profile.ci]")
    settings = _settings({k: v for k, v in table.items() if k != PROFILE}, where, (PROFILE,))
    named = {name: _settings(values, f"{where} [profile.{name}]") for name, values in profiles.items()}
    if profile is not None and profile not in named:
        raise UnknownName.of("profile", profile, named, where=where)
    return Config({**settings, **(named[profile] if profile else {})}, where, profile)


def _tables(folder: Path) -> dict[str, Mapping[str, Any]]:
    """What assay.toml holds and what pyproject.toml holds for assay, each only where it is there."""
    found: dict[str, Mapping[str, Any]] = {}
    if (folder / OWN).is_file():
        found[OWN] = _toml(folder / OWN)
    if (folder / SHARED).is_file():
        tool = _toml(folder / SHARED).get("tool", {})
        if isinstance(tool, Mapping) and "assay" in tool:
            if not isinstance(tool["assay"], Mapping):
                raise InputError(f"{SHARED}: tool.assay is a table: write [tool.assay]")
            found[f"{SHARED} [tool.assay]"] = tool["assay"]
    return found


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise InputError(f"{path}: not TOML: {broken}") from None
    except OSError as refused:
        raise InputError(f"{path}: cannot be read: {refused.strerror}") from None


def _settings(values: Mapping[str, Any], where: str, also: tuple[str, ...] = ()) -> dict[str, Setting]:
    for name in values:
        if name not in KEYS:
            raise UnknownName.of("key", name, [*KEYS, *also], where=where)
    return {name: Setting(_value(name, value, where), where) for name, value in values.items()}


def _value(name: str, value: Any, where: str) -> Any:
    key = KEYS[name]
    fits = {
        "text": isinstance(value, str) and bool(value),
        "names": isinstance(value, list) and bool(value) and all(isinstance(v, str) and v for v in value),
        "yes or no": isinstance(value, bool),
        "whole number": isinstance(value, int) and not isinstance(value, bool),
    }[key.kind]
    if not fits:
        kind = {"text": "a text", "names": "a list of names", "yes or no": "true or false"}.get(
            key.kind, "a whole number"
        )
        raise InputError(f"{where}: {name} must be {kind}, got {value!r}")
    if key.choices and value not in key.choices:
        raise UnknownName.of(name, value, key.choices, where=where)
    return value
