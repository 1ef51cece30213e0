"""The settings that shape the filter: fields, headers and detectors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from telemetry_core.settings.forms import (
    Fault,
    Form,
    Refused,
    check_mapping,
    json_from_text,
    may_be_private,
    names_form,
    shown,
)


def allowed_field_fault(name: str) -> Fault | None:
    """Say why a field can't be allowed, or return None."""
    literal = re.sub(r"\[.*?\]", "", name)
    if not re.search(r"\w", literal):
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
    from telemetry_core.filter.keys import is_sensitive

    if not is_sensitive(name):
        return None
    return Fault(
        got=shown(name),
        allowed="names that don't speak of secrets",
        hint="What such a name holds never leaves, whatever is allowed.",
    )


_DETECTOR_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _check_detectors(value: object) -> Mapping[str, object]:
    from telemetry_core.filter.detectors import build_detectors

    detectors = check_mapping(value)
    faults: list[Fault] = []
    for name, row in detectors.items():
        if not _DETECTOR_NAME.fullmatch(name):
            hint = "A name is of lower-case letters, digits and _."
            faults.append(Fault(got=f"the name {shown(name)}", hint=hint))
            continue
        try:
            build_detectors({name: row})  # one by one, so that every wrong one is told
        except ValueError as error:
            # It may quote from the pattern.
            hint = "" if may_be_private(str(error)) else f"Refused: {error}."
            faults.append(Fault(got=f"{shown(row)} for {name!r}", hint=hint))
    if faults:
        raise Refused(*faults)
    return MappingProxyType(detectors)


DETECTORS = Form(
    allowed='a mapping from the name of a detector to False or {"pattern": ..., "token": "[NAME]"}',
    check=_check_detectors,
    from_text=json_from_text,
)
