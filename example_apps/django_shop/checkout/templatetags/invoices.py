"""How names are written on invoices."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def surname_first(name: str) -> str:
    """Return ``Doe, Jane`` for ``Jane Doe``."""
    parts = name.split()
    # Bug: many people have one name, or three.
    if len(parts) != 2:
        raise ValueError(f"no first and last name in {name!r}")
    return f"{parts[1]}, {parts[0]}"
