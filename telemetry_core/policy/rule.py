"""What a rule of the policy is: a function from a value to what may leave of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from telemetry_core.policy.forms import Form
from telemetry_core.policy.walk import Walk


class _Drop:
    def __repr__(self) -> str:
        return "DROP"


DROP: Final = _Drop()
"""What a rule returns for a value of which nothing may leave."""

Handler = Callable[[object, Walk], object]

UNPARAMETERIZED: Final = "<< unparameterized >>"
"""Sentry's own marker for a transaction that has no better name than a raw URL."""


def keep(form: Form) -> Handler:
    """Keep a value that has the form; drop another."""
    holds = form.holds

    def apply(value: object, walk: Walk) -> object:
        if holds(value):
            return value
        if isinstance(value, str) and holds(plain := str.__str__(value)):
            return plain
        walk.refused += 1
        return DROP

    return apply
