"""`assay config`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from audit.commands import options as opt


@click.group("config")
def command() -> None:
    """Show how this working directory sets assay up."""


@command.command("show")
@click.option("--profile", metavar="NAME", envvar="ASSAY_PROFILE", help="With this profile on top.")
@opt.format_option("text", "json")
def show_command(profile: str | None, form: str) -> int:
    """Say every setting of the commands that load data, and where its value comes from.

    What a command line says goes before the profile, that before the rest of the file, and that before the default.
    """
    from audit.config import KEYS, read_config

    config = read_config(Path(), profile)
    rows = {
        name: (_shown(config.settings[name].value), config.settings[name].source)
        if name in config.settings
        else (key.default, "default")
        for name, key in KEYS.items()
    }
    if form == "json":
        values = {name: {"value": value, "source": source} for name, (value, source) in rows.items()}
        click.echo(json.dumps(values, ensure_ascii=False, indent=1))
        return 0
    shown = {name: "-" if value is None else json.dumps(value, ensure_ascii=False) for name, (value, _) in rows.items()}
    widest = max(map(len, shown.values()))
    for name, (_, source) in rows.items():
        click.echo(f"{name:<10} {shown[name]:<{widest}}  {source}")
    return 0


def _shown(value: Any) -> Any:
    """A setting without the password that an address in it may have."""
    from audit.address import remember, without_passwords

    if not isinstance(value, str):
        return value
    remember(value)
    return without_passwords(value)
