"""Prices in templates."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def money(cents: int, currency: str) -> str:
    """Return ``€ 12.50`` for 1250."""
    return f"{currency} {cents / 100:.2f}"
