"""Options that take their defaults from assay.toml or [tool.assay]."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from audit.config import PROFILE_VARIABLE, Config, read_config

C = TypeVar("C")
PARAMETERS = {"no_label": "unlabelled", "format": "form"}
"""A key to what the commands call it, where that differs."""
SOURCES = "assay.sources"
OF_THE_GATE = ("form", "fail_on", "baseline")
"""What is set for the gate alone; other commands have a `--format` of their own."""


def configured(function: C) -> C:
    """Add `--profile`; what the file sets becomes the default of the command's options, so the command line wins."""
    option = click.option(
        "--profile", metavar="NAME", envvar=PROFILE_VARIABLE, is_eager=True, expose_value=False, callback=_apply,
        help="A [profile.NAME] of assay.toml or [tool.assay]; see assay config show.",
    )  # fmt: skip
    return option(function)  # type: ignore[type-var]


def _apply(ctx: click.Context, _parameter: click.Parameter, profile: str | None) -> None:
    config = read_config(Path(), profile)
    own = {p.name for p in ctx.command.params} - set(() if ctx.command.name == "gate" else OF_THE_GATE)
    ctx.meta[SOURCES] = {PARAMETERS.get(name, name): setting.source for name, setting in config.settings.items()}
    ctx.default_map = {k: v for k, v in _defaults(config).items() if k in own}


def _defaults(config: Config) -> dict[str, Any]:
    said = {PARAMETERS.get(name, name): setting.value for name, setting in config.settings.items()}
    return {name: ",".join(value) if isinstance(value, list) else value for name, value in said.items()}


def is_configured(parameter: str) -> bool:
    """Whether the value of the running command's parameter comes from the file, and not from its user's hands."""
    return click.get_current_context().get_parameter_source(parameter) is ParameterSource.DEFAULT_MAP


def source_of(parameter: str) -> str:
    """The file, and the profile in it, that sets a parameter of the running command."""
    return str(click.get_current_context().meta[SOURCES][parameter])
