"""A value's face in a notebook, found by name when a notebook asks for it: values know no renderer."""

from __future__ import annotations

from importlib import import_module


def shown(renderer: str, value: object) -> str:
    """The HTML that a renderer, named as `module:function`, makes of a value."""
    module, _, function = renderer.partition(":")
    html: str = getattr(import_module(module), function)(value)
    return html
