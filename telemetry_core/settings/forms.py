"""The forms that the value of a setting can have: how each is read and what is refused.

A form takes a value as Python code gives it, and text as an environment variable holds it. It
returns the value in the type that `telemetry_core.settings.Settings` promises or raises
`Refused` with every fault it found. No fault ever holds what may be a secret.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar
from urllib.parse import urlsplit

T_co = TypeVar("T_co", covariant=True)

NOT_SHOWN = "a value that is not shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a value; the fields are those of `telemetry_core.errors`."""

    got: str
    kind: str = "value"
    hint: str = ""
    allowed: str = ""
    """What is allowed in this place, where that is narrower than what the setting allows."""


class Refused(Exception):
    """A value has not the form that its setting asks for."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Form(Generic[T_co]):
    """How a value is checked, and how text from the environment becomes such a value."""

    allowed: str
    """What is allowed, in words that complete "should be"."""
    check: Callable[[object], T_co]
    from_text: Callable[[str], object] = str
    empty_is_unset: bool = False
    """Whether an empty string in code means the same as no value."""


def may_be_private(text: str) -> bool:
    """Say whether a text could hold a DSN, another URL or an e-mail address."""
    return "@" in text or "://" in text


def shown(value: object) -> str:
    """Return a ``repr`` cut to 60 characters, or `NOT_SHOWN` for what may be private."""
    try:
        text = repr(value)
    except Exception:  # a repr that fails must not hide the problem it was to illustrate
        return f"a value of type {type(value).__name__}"
    if may_be_private(text):
        return NOT_SHOWN
    return text if len(text) <= 60 else f"{text[:59]}…"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that ``name`` was probably meant to be, or an empty string."""
    names = sorted(known)
    folded = {candidate.lower(): candidate for candidate in names}
    wanted = name.lower()
    matches = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.6)
    if matches:
        return folded[matches[0]]
    longer = [candidate for candidate in names if candidate.lower().startswith(wanted)]
    return longer[0] if len(wanted) >= 3 and longer else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question that suggests the nearest known name, or an empty string."""
    match = nearest(name, known)
    return f"Did you mean {match!r}?" if match else ""


def refuse_type(value: object, hint: str = "") -> NoReturn:
    """Raise `Refused` for a value of the wrong type."""
    raise Refused(Fault(got=shown(value), kind="type", hint=hint))


_BOOLEAN_TEXTS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def _boolean_from_text(text: str) -> object:
    known = _BOOLEAN_TEXTS.get(text.lower())
    if known is None:
        hint = "In the environment write one of 1, 0, true, false, yes, no, on, off."
        raise Refused(Fault(got=shown(text), hint=hint))
    return known


def _check_boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    # Text is refused in code since "False" is true to Python: guessing could switch telemetry on.
    meant = _BOOLEAN_TEXTS.get(str(value).lower()) if isinstance(value, (str, int)) else None
    hint = "" if meant is None else f"Write {meant}; other spellings are for the environment."
    refuse_type(value, hint)


BOOLEAN = Form(allowed="True or False", check=_check_boolean, from_text=_boolean_from_text)


def _number_from_text(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        hint = "Write a decimal number such as 0.1."
        raise Refused(Fault(got=shown(text), hint=hint)) from None


def _check_sample_rate(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse_type(value, "Write a number such as 0.1.")
    if 0 <= value <= 1:  # not so for nan and the infinities
        return float(value)
    hint = f"For {value:g} % write {value / 100:g}." if 1 < value <= 100 else ""
    raise Refused(Fault(got=shown(value), hint=hint))


SAMPLE_RATE = Form(
    allowed="a number from 0.0 to 1.0", check=_check_sample_rate, from_text=_number_from_text
)


def text_form(*, allowed: str, fault: Callable[[str], str]) -> Form[str]:
    """Return the form of a text; ``fault`` says what is wrong with one, or an empty string."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            refuse_type(value)
        hint = fault(value)
        if hint:
            raise Refused(Fault(got=shown(value), hint=hint))
        return value

    return Form(allowed=allowed, check=check, empty_is_unset=True)


def choice_form(*choices: str) -> Form[str]:
    """Return the form of a text that is one of ``choices``."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            refuse_type(value)
        if value not in choices:
            raise Refused(Fault(got=shown(value), hint=did_you_mean(value, choices)))
        return value

    *others, last = (f'"{choice}"' for choice in choices)
    return Form(allowed=f"{', '.join(others)} or {last}", check=check)


def _list_from_text(text: str) -> object:
    return [item for item in (part.strip() for part in text.split(",")) if item]


def names_form(*, allowed: str, fault: Callable[[str], Fault | None]) -> Form[tuple[str, ...]]:
    """Return the form of a list of names, given as any sequence or set of text.

    ``fault`` says what is wrong with one name. Repeated names are kept once, in their order; a
    set, which has none, is sorted.
    """

    def check(value: object) -> tuple[str, ...]:
        if isinstance(value, (str, bytes, bytearray)):
            got = f"a {type(value).__name__}"
            hint = 'For one name write ["name"].'
            raise Refused(Fault(got=got, kind="type", hint=hint))
        if not isinstance(value, (Sequence, Set)):
            refuse_type(value)
        faults: list[Fault] = []
        names: list[str] = []
        for item in value:
            if not isinstance(item, str):
                faults.append(Fault(got=f"{shown(item)} in the list", kind="type"))
            elif not item or item != item.strip():
                hint = "A name is not empty and has no spaces around it."
                faults.append(Fault(got=f"{shown(item)} in the list", hint=hint))
            elif (found := fault(item)) is not None:
                faults.append(found)
            else:
                names.append(item)
        if faults:
            raise Refused(*faults)
        return tuple(dict.fromkeys(sorted(names) if isinstance(value, Set) else names))

    return Form(allowed=allowed, check=check, from_text=_list_from_text)


def json_from_text(text: str) -> object:
    """Return the value that JSON text holds; no part of the text gets into a fault."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        hint = f"In the environment write JSON; at line {error.lineno}, column {error.colno}"
        raise Refused(Fault(got=NOT_SHOWN, hint=f"{hint} it is not.")) from None
    except (ValueError, RecursionError):
        raise Refused(Fault(got=NOT_SHOWN, hint="In the environment write JSON.")) from None


def check_mapping(value: object) -> dict[str, object]:
    """Return ``value`` as a new dict with text keys; values are not looked at."""
    if not isinstance(value, Mapping):
        raise Refused(Fault(got=f"a value of type {type(value).__name__}", kind="type"))
    wrong = [key for key in value if not isinstance(key, str)]
    if wrong:
        raise Refused(*(Fault(got=f"the key {shown(key)}", kind="type") for key in wrong))
    return dict(value)


_PUBLIC_KEY = re.compile(r"[A-Za-z0-9_.~%-]+")
_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]+(?:%[\w.~-]+)?", re.IGNORECASE)


def dsn_fault(dsn: str) -> str:
    """Say which part of a DSN is wrong without repeating it, or return an empty string.

    The form is ``{PROTOCOL}://{PUBLIC_KEY}@{HOST}{PATH}/{PROJECT_ID}`` of
    https://develop.sentry.dev/sdk/foundations/transport/authentication/#dsn, with an optional
    port and the secret key that old DSNs have after the public one. A query is let pass, since
    the SDK lets it pass, too.
    """
    if re.search(r"[\s\x00-\x1f\x7f]", dsn):  # urlsplit would take some of them away silently
        return "It holds a space, a newline or a control character."
    try:
        parts = urlsplit(dsn)
        port = parts.port
    except ValueError:
        return "Its host or its port can't be read."
    if parts.scheme not in ("http", "https"):
        return "It does not start with http:// or https://."
    if not parts.username:
        return "It has no public key before an @."
    if not _PUBLIC_KEY.fullmatch(parts.username):
        return "Its public key holds a character that no key has."
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        return "It has no host name after the @."
    if port == 0:
        return "Its port is 0."
    if not re.fullmatch(r"[0-9]+", parts.path.rpartition("/")[2]):
        return "It does not end with a project id, a number."
    return ""


def _check_dsn(value: object) -> str:
    if not isinstance(value, str):
        raise Refused(Fault(got=f"a value of type {type(value).__name__}", kind="type"))
    hint = dsn_fault(value) if value else ""
    if hint:
        raise Refused(Fault(got=NOT_SHOWN, hint=hint))
    return value


DSN = Form(allowed="a DSN such as https://<public key>@<host>/<project id>", check=_check_dsn)
