"""The rules of the policy by the names that its table has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from telemetry_core.policy.map_rules import attributes, headers, map_, packages, session, threads
from telemetry_core.policy.remarks import removed
from telemetry_core.policy.rule import DROP, Handler
from telemetry_core.policy.text_rules import (
    digits,
    file,
    file_name,
    label,
    message,
    name,
    path,
    route,
    slug,
    source,
    statement,
    text,
    title,
)
from telemetry_core.policy.walk import Walk


def drop(value: object, walk: Walk) -> object:
    """Leave the value out; say so where there was something."""
    if value not in ("", 0):
        walk.refused += 1
        walk.note = removed("policy")
    return DROP


def anew(value: object, walk: Walk) -> object:  # noqa: ARG001  # a rule has this form
    """Leave the value out without a word: another takes its place."""
    return DROP


RULE_HANDLERS: Final[Mapping[str, Handler]] = {
    "label": label,
    "digits": digits,
    "name": name,
    "title": title,
    "slug": slug,
    "text": text,
    "source": source,
    "path": path,
    "file": file,
    "file name": file_name,
    "route": route,
    "statement": statement,
    "message": message,
    "map": map_,
    "attributes": attributes,
    "headers": headers,
    "packages": packages,
    "threads": threads,
    "session": session,
    "anew": anew,
    "drop": drop,
}
