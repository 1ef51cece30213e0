"""The rules for single values: words, numbers, paths, statements and free text."""

from __future__ import annotations

import marshal
import re
from collections.abc import Callable
from sys import getsizeof
from typing import Final

from telemetry_core.filter.text import FILTERED
from telemetry_core.policy import forms
from telemetry_core.policy.forms import Form
from telemetry_core.policy.limits import CUT_ZONE
from telemetry_core.policy.remarks import removed, replaced
from telemetry_core.policy.rule import DROP, UNPARAMETERIZED, Handler
from telemetry_core.policy.statement import (
    without_row_data,
    without_url_details,
)
from telemetry_core.policy.walk import Walk


def text(value: object, walk: Walk) -> object:
    """Read free text, also for values known from the request."""
    if isinstance(value, str):
        return walk.read(str.__str__(value), known=True)
    return scalar(value, walk)


def source(value: object, walk: Walk) -> object:
    """Read a line of source code, in which a known value would be a coincidence."""
    if isinstance(value, str):
        return walk.read(str.__str__(value), known=False)
    walk.refused += 1
    return DROP


def scalar(value: object, walk: Walk) -> object:
    """Keep numbers and booleans where text may stand, too; a long number is read like text."""
    if value is True or value is False:
        return value
    if isinstance(value, (int, float)):
        value = int(value) if isinstance(value, int) else float(value)
        if forms.MEASURE.holds(value) and not walk.knows_number(value):
            return value
        if isinstance(value, int) and value.bit_length() <= 128:
            read = walk.read(str(value), known=True)
            return value if walk.note is None else read
    walk.refused += 1
    return DROP


def _shaped(form: Form, seen: str, *, known: bool) -> Handler:
    """Make a rule for texts of one form; those it leaves as they are go into the set ``seen``."""
    holds = form.holds

    def apply(value: object, walk: Walk) -> object:
        if holds(value):
            read = walk.read(value, known=known)  # type: ignore[arg-type]  # the form is one of str
            if walk.note is None:
                if known and walk.known and read not in walk.free:
                    getattr(walk, seen)[read] = None
                else:
                    getattr(walk.memory, seen).add(read)
            return read
        if value.__class__ is str and not value:
            return DROP  # "none", as of a release: nothing was removed
        walk.refused += 1
        walk.note = removed("form")
        return DROP

    return apply


name = _shaped(forms.NAME, "names", known=False)
title = _shaped(forms.NAME, "titles", known=True)
slug = _shaped(forms.SLUG, "slugs", known=True)
_word = _shaped(forms.LABEL, "labels", known=True)


def label(value: object, walk: Walk) -> object:
    """Keep what the settings gave, or one word."""
    if isinstance(value, str) and value in walk.trusted:
        return str.__str__(value)
    if type(value) is int and 0 <= value < 1000:
        return value
    return _word(value, walk)


def file_name(value: object, walk: Walk) -> object:
    """Keep the file name of an attached text if there is nothing in it to take out."""
    if forms.FILE_NAME.holds(value):
        walk.read(value, known=True)  # type: ignore[arg-type]  # the form is one of str
        if walk.note is None:
            return value
    walk.refused += 1
    walk.note = None
    return DROP


SHORTEST_NUMBER: Final = 8
"""Digits of the shortest number that could be somebody's without a word beside it."""


def digits(value: object, walk: Walk) -> object:
    """Keep the number of a thread or a clock, unless it is somebody's."""
    if forms.DIGITS.holds(value) and not walk.knows_number(value):
        if len(str(value)) < SHORTEST_NUMBER:
            return value
        read = walk.read(str(value), known=False)
        return value if walk.note is None else read
    walk.refused += 1
    return DROP


_ABSOLUTE = re.compile(r"(?i)[/\\~]|[a-z]:[/\\]|[a-z][a-z0-9+.\-]*:/")
_INSIDE_PROJECT = re.compile(r"(?:[\w.@+\-]+[/\\])*[\w.@+\-]+")
_FILE_NAME = re.compile(r"[\w.@+\-]{1,200}")
_MADE_UP = re.compile(r"<[\w. \-]{1,80}>")
_SEPARATOR = re.compile(r"[/\\]")
# Where a path that lost its leading slash still begins with the folder of somebody's files.
_HOME_FOLDERS = frozenset(("home", "users", "root", "documents and settings"))


def path(value: object, walk: Walk) -> object:
    """Keep a path inside the project; cut any other to its file name."""
    if not isinstance(value, str):
        walk.refused += 1
        return DROP
    value = str.__str__(value)
    if _MADE_UP.fullmatch(value):
        return walk.read(value, known=False)
    parts = _SEPARATOR.split(value)
    if (
        len(parts) > 1
        and not _ABSOLUTE.match(value)
        and _INSIDE_PROJECT.fullmatch(value)
        and ".." not in parts
        and parts[0].lower() not in _HOME_FOLDERS
    ):
        result = "/".join(walk.read(part, known=False) for part in parts)
        if walk.note is None and result == value:
            walk.memory.paths.add(result)
        return result
    # A file of code has no space in its name; a sentence that poses as one does.
    name = parts[-1] if _FILE_NAME.fullmatch(parts[-1]) else FILTERED
    result = walk.read(name, known=False)
    if name is FILTERED:
        walk.note = replaced("form", FILTERED)
    elif len(parts) > 1 and walk.note is None:
        walk.note = replaced("path", result)
    return result


def file(value: object, walk: Walk) -> object:
    """Keep the file name of the absolute path that every frame has."""
    if not isinstance(value, str):
        walk.refused += 1
        return DROP
    key = hash(("file", value))
    result = walk.memo.get(key)
    if result is None:
        result = path(value, walk)
        if isinstance(result, str):
            walk.note = None
            walk.memo.put(key, result, getsizeof(result))
    return result


def route(value: object, walk: Walk) -> object:
    """Keep the name of a route, a task or code; put Sentry's marker in place of a raw URL."""
    if not isinstance(value, str):
        walk.refused += 1
        return DROP
    value = str.__str__(value)
    if value == walk.route:
        # Written in the app's code; a route may well look like a file's path.
        return value
    if walk.route_is_url or "://" in value or "?" in value:
        walk.note = replaced("route", UNPARAMETERIZED)
        return UNPARAMETERIZED
    return walk.read(value, known=True)


def _shortened(rule: str, seen: str, *steps: Callable[[str], str]) -> Handler:
    """Make a rule that takes literals and other data out of a text before the text is read."""

    def apply(value: object, walk: Walk) -> object:
        if not isinstance(value, str):
            return scalar(value, walk)
        value = str.__str__(value)
        key = hash((rule, value))
        if walk.known is None:
            remembered = walk.memo.get(key)
            if remembered is not None:
                result, walk.note = marshal.loads(remembered)
                return result
        passed = getattr(walk.memory, seen)
        beginning = shorter = value[: walk.limit + CUT_ZONE]
        if value not in passed.values:
            shorter = walk.without_literals(shorter)
            for step in steps:
                shorter = step(shorter)
        # A literal that was cut is gone up to the end.
        length = len(value) if shorter == beginning else len(shorter)
        result = walk.read(shorter, known=True, length=length)
        if shorter != value and walk.note is None:
            walk.note = replaced(rule, result)
        if walk.note is None:
            passed.add(result)
            if walk.known is not None:
                getattr(walk, seen)[result] = None
        elif walk.known is None:
            remembered = marshal.dumps((result, walk.note), 4)
            walk.memo.put(key, remembered, getsizeof(remembered))
        return result

    return apply


statement = _shortened("statement", "statements", without_row_data, without_url_details)
message = _shortened("database", "messages", without_row_data)
