"""The command that trains what is missing: the comparison's own, with some options set to other values."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise

from train.advice.measured import Measured

EQUAL_STEPS = ":budget=steps"
"""What `--budget` puts behind a model's name."""
OPTIONS = ("--variants", "--sizes", "--seeds", "--models")


def rerun(measured: Measured, changed: Mapping[str, object]) -> str:
    """The comparison's own command with these options (`--seeds` and so on) set; finished models are not trained again.

    A comparison that was made from Python has no command; then one is written from what it compared, where DATA stands
    for how the data are loaded.
    """
    parts = _split(measured.command) or _written(measured)
    for option, value in changed.items():
        parts = _set(parts, option, str(value))
    return shlex.join(parts)


def merged(commands: Sequence[str]) -> str:
    """One command that trains what several ask for: every version, size and model of theirs, with the most seeds."""
    every = [_split(command) for command in commands]
    parts = every[0] if every else []
    for option in OPTIONS:
        said = [value for one in every if (value := _value(one, option)) is not None]
        if said:
            names = dict.fromkeys(name for value in said for name in value.split(","))
            parts = _set(parts, option, _together(option, list(names)))
    return shlex.join(parts)


def _together(option: str, names: Sequence[str]) -> str:
    numbers = [int(n.replace("_", "")) for n in names if n.replace("_", "").strip().isdigit()]
    if option not in ("--sizes", "--seeds") or len(numbers) < len(names):
        return ",".join(names)
    return str(max(numbers)) if option == "--seeds" else ",".join(map(str, sorted(set(numbers))))


def _value(parts: Sequence[str], option: str) -> str | None:
    said = [part.partition("=")[2] for part in parts if part.startswith(f"{option}=")]
    said += [b for a, b in pairwise(parts) if a == option]
    return said[-1] if said else None


def models_with(measured: Measured, model: str) -> str:
    """What `--models` should say to have one more. A budget that `--budget` set is not said again in a model's name."""
    budgeted = any(part.split("=")[0] == "--budget" for part in _split(measured.command))
    return listed([m.removesuffix(EQUAL_STEPS) if budgeted else m for m in (*measured.models, model)])


def listed(*groups: Sequence[str]) -> str:
    """Names with commas between, each once."""
    return ",".join(dict.fromkeys(name for group in groups for name in group))


def _set(parts: Sequence[str], option: str, value: str) -> list[str]:
    joined = next((k for k, part in enumerate(parts) if part.startswith(f"{option}=")), None)
    if joined is not None:
        return [*parts[:joined], option, value, *parts[joined + 1 :]]
    if option not in parts:
        return [*parts, option, value]
    k = parts.index(option)
    return [*parts[: k + 1], value, *parts[k + 2 :]]


def _written(measured: Measured) -> list[str]:
    values = (measured.variants, map(str, measured.sizes), (str(measured.seeds),), measured.models)
    said = [x for option, value in zip(OPTIONS, values, strict=True) for x in (option, ",".join(value))]
    return ["assay", "compare", "DATA", "--test", "TEST", *said, "-o", measured.folders[0]]


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # an unclosed quote: then nothing is known of how it was said
        return []
