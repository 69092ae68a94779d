"""A suite as the TOML that `read_suite` reads, with a comment above each demand."""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from audit.errors import InputError
from audit.suite.value import NULL, Expectation, Limit, Suite

WIDTH = 118
BARE = re.compile(r"[A-Za-z0-9_-]+")


def suite_text(suite: Suite, *, head: Sequence[str] = (), because: Mapping[str, str] | None = None) -> str:
    """Write `suite` as TOML that reads back as it is.

    Args:
        suite: what is demanded.
        head: paragraphs of comment at the top.
        because: a comment for an expectation by its key, for a limit by its measure.
    """
    said = because or {}
    parts = ["\n#\n".join(_comment(paragraph) for paragraph in head)] if head else []
    parts += ["\n".join(["[about]", *_lines(suite.about)])] if suite.about else []
    parts += [_expectation(e, said.get(e.key, "")) for e in suite.expectations]
    if suite.limits:
        parts.append("\n".join(["[limits]", *(line for x in suite.limits for line in _limit(x, said))]))
    parts += ["\n".join([f"[checks.{_key(name)}]", *_lines(options)]) for name, options in suite.options.items()]
    return "\n\n".join(parts) + "\n"


def _expectation(expectation: Expectation, because: str) -> str:
    values = {"type": expectation.type, **expectation.kwargs}
    values |= {"severity": expectation.severity} if expectation.severity != "critical" else {}
    values |= {"about": expectation.about} if expectation.about else {}
    return "\n".join([*([_comment(because)] if because else []), "[[expectations]]", *_lines(values)])


def _limit(limit: Limit, said: Mapping[str, str]) -> list[str]:
    most = _number(limit.max)
    value = most if limit.severity == "critical" else f'{{ max = {most}, severity = "{limit.severity}" }}'
    because = said.get(limit.measure, "")
    return [*([_comment(because)] if because else []), f"{_text(limit.measure)} = {value}"]


def _lines(values: Mapping[str, Any]) -> list[str]:
    return [f"{_key(k)} = {toml_value(v)}" for k, v in values.items()]


def _comment(text: str) -> str:
    """Comment lines; control characters of the data have no place in them."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return "\n".join(f"# {line}" for line in textwrap.wrap(plain, WIDTH) or [""])


def toml_value(value: Any) -> str:
    """A JSON value (or a date) as TOML on one line; InputError for what TOML cannot hold."""
    if value is None:
        return toml_value(NULL)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value) if isinstance(value, int) else _float(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(k))} = {toml_value(v)}" for k, v in value.items()) + " }" if value else "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    raise InputError(f"a {type(value).__name__} cannot be written into a suite: {value!r}")


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else _float(value)


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    """JSON's escapes are TOML's, but for DEL, and a lone surrogate is in neither."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise InputError(f"{text!r} holds half a character (a lone surrogate); no suite can")
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
