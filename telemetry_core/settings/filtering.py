"""The settings that shape the filter: fields, headers and detectors."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from telemetry_core.settings.forms import (
    Fault,
    Form,
    Refused,
    check_mapping,
    did_you_mean,
    json_from_text,
    names_form,
    shown,
)


def allowed_field_fault(name: str) -> Fault | None:
    """Say why a field can't be allowed, or return None."""
    if not re.search(r"\w", name):
        return Fault(got=shown(name), hint="A pattern needs at least one letter: name what leaves.")
    return _secret_fault(name)


def denied_field_fault(_name: str) -> Fault | None:
    """Return None: whatever the name, denying it can only make less leave."""
    return None


_HEADER = re.compile(r"[!#$%&'+.^_`|~0-9A-Za-z-]+")


def _header_fault(name: str) -> Fault | None:
    """Say why a request header can't be allowed, or return None.

    A name is a token of RFC 9110, section 5.6.2, but without ``*``: headers are named one by one.
    """
    if not _HEADER.fullmatch(name):
        return Fault(
            got=shown(name), hint="It is not the name of a header; patterns are not taken."
        )
    if name.startswith("HTTP_"):
        header = name.removeprefix("HTTP_").replace("_", "-").title()
        return Fault(got=shown(name), hint=f"Write it as it is sent: {header!r}.")
    return _secret_fault(name)


_HEADER_NAMES = names_form(
    allowed="a list of names of request headers, such as Accept-Language", fault=_header_fault
)


def _check_headers(value: object) -> tuple[str, ...]:
    # Lower case, since the names of headers are compared without regard to it.
    return tuple(dict.fromkeys(name.lower() for name in _HEADER_NAMES.check(value)))


HEADERS = replace(_HEADER_NAMES, check=_check_headers)


def _secret_fault(name: str) -> Fault | None:
    keys = _filter_keys()
    if keys is None or not keys.is_sensitive(name):
        return None
    return Fault(
        got=shown(name),
        allowed="names that don't speak of secrets",
        hint="What such a name holds never leaves, whatever is allowed.",
    )


def _filter_keys() -> Any:
    if importlib.util.find_spec("telemetry_core.filter") is None:
        return None
    if importlib.util.find_spec("telemetry_core.filter.keys") is None:
        return None
    return importlib.import_module("telemetry_core.filter.keys")


_DETECTOR_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DETECTOR_TEXTS = (
    ("pattern", r"(?s).+", "A pattern is the text of a regular expression."),
    ("token", r"\[[A-Z][A-Z0-9_]{0,30}\]", "A token has the form [NAME], in capitals."),
)
_DETECTOR_KEYS = tuple(key for key, _, _ in _DETECTOR_TEXTS)


def _check_detectors(value: object) -> Mapping[str, object]:
    """Return a mapping from a detector's name to False or to its pattern and token.

    Only its structure is checked: what a pattern may do is for the filter to say.
    """
    faults: list[Fault] = []
    detectors = check_mapping(value)
    for name, row in detectors.items():
        if not _DETECTOR_NAME.fullmatch(name):
            hint = "A name is of lower-case letters, digits and _."
            faults.append(Fault(got=f"the name {shown(name)}", hint=hint))
        elif isinstance(row, Mapping):
            faults += _row_faults(name, row)
        elif row is not False:
            hint = "Leave it out: every detector is on." if row is True else ""
            got = f"{shown(row)} for {name!r}"
            faults.append(Fault(got=got, kind="type", hint=hint))
    if faults:
        raise Refused(*faults)
    return MappingProxyType(detectors)


def _row_faults(name: str, row: Mapping[object, object]) -> list[Fault]:
    faults: list[Fault] = []
    for key in row:
        if key not in _DETECTOR_KEYS:
            hint = did_you_mean(key, _DETECTOR_KEYS) if isinstance(key, str) else ""
            faults.append(Fault(got=f"the key {shown(key)} in {name!r}", kind="unknown", hint=hint))
    for key, right, hint in _DETECTOR_TEXTS:
        text = row.get(key)
        if text is None:
            faults.append(Fault(got=f"no {key} in {name!r}", kind="missing", hint=hint))
        elif not isinstance(text, str):
            faults.append(
                Fault(got=f"{shown(text)} as the {key} of {name!r}", kind="type", hint=hint)
            )
        elif not re.fullmatch(right, text):
            faults.append(Fault(got=f"{shown(text)} as the {key} of {name!r}", hint=hint))
    return faults


DETECTORS = Form(
    allowed='a mapping from the name of a detector to False or {"pattern": ..., "token": ...}',
    check=_check_detectors,
    from_text=json_from_text,
)
