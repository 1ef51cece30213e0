"""The rules of the policy, each a function from a value to what may leave of it."""

from __future__ import annotations

import marshal
import re
from collections.abc import Callable, Mapping
from sys import getsizeof
from typing import Final

from telemetry_core.filter.text import FILTERED
from telemetry_core.policy import forms
from telemetry_core.policy.forms import Form
from telemetry_core.policy.statement import (
    without_row_data,
    without_url_details,
)
from telemetry_core.policy.walk import (
    CUT_ZONE,
    MAX_DEPTH,
    Note,
    Walk,
    plain,
    remarked,
    removed,
)


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
        walk.note = remarked(("form", "s", 0, len(FILTERED)))
    elif len(parts) > 1 and walk.note is None:
        walk.note = remarked(("path", "s", 0, len(result)))
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
        walk.note = remarked(("route", "s", 0, len(UNPARAMETERIZED)))
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
            walk.note = remarked((rule, "s", 0, len(result)))
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


def session(value: object, walk: Walk) -> object:
    """Reduce a user to the anonymous session id.

    Inside the gate the id is the current session's, whatever the app put there. Standing alone, the
    filter keeps an id only if it has the form of one that is random.
    """
    given = value.get("id") if type(value) is dict or isinstance(value, Mapping) else None
    session_id: str | None = None
    if walk.session is not None:
        session_id = walk.session.session_id
    elif isinstance(given, str) and _RANDOM_ID.fullmatch(given):
        session_id = given
    if session_id is None or given != session_id or len(value) != 1:  # type: ignore[arg-type]  # a mapping, given has an id
        walk.note = removed("session")
    return {"id": session_id} if session_id is not None else DROP


_RANDOM_ID = re.compile(
    r"(?:(?:anon|anonymous|session|visitor)[-_])?"
    # One that is all digits is somebody's number, not a random one.
    r"(?:(?=[0-9]*[a-fA-F])[0-9a-fA-F]{16,64}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
)


def nested(value: object, walk: Walk, depth: int = 0) -> object:
    """Read a value that stands under an allowed key, whatever its shape."""
    if isinstance(value, str):
        return walk.read(str.__str__(value), known=True)
    if value is None or value is True or value is False:
        return value
    # Numbers first: asking whether something is a mapping is what takes longest.
    if not isinstance(value, int | float) and isinstance(value, Mapping):
        return _map(value, walk, depth + 1)
    if type(value) is list or type(value) is tuple:
        if depth >= MAX_DEPTH:
            walk.note = removed("depth")
            return FILTERED
        walk.spend(len(value))
        result: list[object] = []
        notes: Note = {}
        for index, part in enumerate(value):
            new = nested(part, walk, depth + 1)
            if walk.note is not None:
                notes[str(index)] = walk.note
                walk.note = None
            result.append(FILTERED if new is DROP else new)
        walk.note = notes or None
        return result
    new = scalar(value, walk)
    if new is DROP:
        walk.note = remarked(("type", "s", 0, len(FILTERED)))
        return FILTERED
    return new


def _map(value: Mapping[object, object], walk: Walk, depth: int) -> object:
    if depth > MAX_DEPTH:
        walk.note = removed("depth")
        return FILTERED
    walk.spend(len(value))
    result: dict[str, object] = {}
    notes: Note | None = None
    allows = walk.keys.allows
    named = walk.keys.named
    seen = walk.texts_seen
    for key, part in value.items() if type(value) is dict else plain(value).items():
        if isinstance(key, str) and allows(name := str.__str__(key)):
            kind = part.__class__
            shown = name if name in named else walk.read_key(name)
            if (kind is str and part in seen) or (kind is int and part in _SMALL):
                result[shown] = part
                continue
            new: object = nested(part, walk, depth)
        else:
            # The name tells a developer what to allow; the value is not looked at.
            shown = walk.read_key(key)
            new = FILTERED
            walk.note = remarked(("allowlist", "s", 0, len(FILTERED)))
        if walk.note is not None:
            notes = notes if notes is not None else {}
            notes[shown] = walk.note
            walk.note = None
        result[shown] = new
    walk.note = notes
    return result


# Too short to be anybody's number, also where numbers are known from the request.
_SMALL: Final = range(-999, 1_000)


def map_(value: object, walk: Walk) -> object:
    """Keep the allowed keys of a map the app filled; tags may also be a list of pairs."""
    if type(value) is dict or isinstance(value, Mapping):
        return _map(value, walk, 0)
    if isinstance(value, (list, tuple)):
        walk.spend(len(value))
        pairs = [pair for pair in value if isinstance(pair, (list, tuple)) and len(pair) == 2]
        if len(pairs) == len(value) and all(isinstance(key, str) for key, _ in pairs):
            return _map({str(key): part for key, part in pairs}, walk, 0)
    walk.refused += 1
    return DROP


_ATTRIBUTE_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "double": (int, float),
    "boolean": bool,
}


def attributes(value: object, walk: Walk) -> object:
    """Keep the allowed attributes of a log, metric or streamed span: ``{key: {value, type}}``."""
    if not isinstance(value, Mapping):
        walk.refused += 1
        return DROP
    walk.spend(len(value))
    result: dict[str, object] = {}
    notes: Note = {}
    for key, part in plain(value).items():
        name = str.__str__(key) if isinstance(key, str) else ""
        allowed = walk.keys.allows(name)
        shown = name if allowed and name in walk.keys.named else walk.read_key(key)
        given = part.get("value") if isinstance(part, Mapping) else part
        if allowed:
            is_statement = shown in ("db.query.text", "db.statement", "sentry.description")
            new = statement(given, walk) if is_statement else nested(given, walk)
        else:
            new = FILTERED
            walk.note = remarked(("allowlist", "s", 0, len(FILTERED)))
        if walk.note is not None:
            notes[shown] = {"value": walk.note}
            walk.note = None
        kind = part.get("type") if isinstance(part, Mapping) else None
        expected = _ATTRIBUTE_TYPES.get(kind) if isinstance(kind, str) else None
        if expected is None or not isinstance(new, expected):
            kind = _attribute_type(new)
        if kind is not None:
            result[shown] = {"value": new, "type": kind}
    walk.note = notes or None
    return result


def _attribute_type(value: object) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "double"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else None


_NEVER_HEADERS = re.compile(
    r"(?i)cookie|auth|token|secret|csrf|xsrf|api[-_]?key|forwarded|-ip\b|baggage"
)


def never_leaves(header: str) -> bool:
    """Tell whether a request header identifies or admits a visitor, whoever lists it."""
    return _NEVER_HEADERS.search(header) is not None


def headers(value: object, walk: Walk) -> object:
    """Keep the headers that the settings list, never one that identifies or admits a visitor."""
    pairs = value.items() if isinstance(value, Mapping) else value
    result: dict[str, object] = {}
    notes: Note = {}
    if isinstance(pairs, (list, tuple)) or isinstance(value, Mapping):
        for key, part in list(pairs):  # type: ignore[call-overload]  # hostile pairs raise: dropped
            if (
                isinstance(key, str)
                and isinstance(part, str)
                and key.lower() in walk.allow_headers
                and not never_leaves(key)
            ):
                result[str.__str__(key)] = walk.read(str.__str__(part), known=True)
                if walk.note is not None:
                    notes[key] = walk.note
                    walk.note = None
            else:
                walk.refused += 1
    walk.note = notes or None
    return result or DROP


PUBLIC_PACKAGES: Final = frozenset(
    """
    aiohttp amqp asgiref billiard blinker boto3 celery certifi channels click cryptography daphne
    django django-filter djangorestframework dramatiq elasticsearch flask flask-login
    flask-sqlalchemy gevent graphene greenlet gunicorn h11 httpcore httptools httpx huey hypercorn
    idna itsdangerous jinja2 kombu lxml mako markupsafe marshmallow mysqlclient numpy
    opentelemetry-api opentelemetry-sdk pandas pillow pip psycopg psycopg2 psycopg2-binary pydantic
    pymongo pymysql redis requests rq sentry-sdk setuptools sqlalchemy sqlparse starlette structlog
    telemetry-core urllib3 uvicorn uvloop uwsgi werkzeug wheel whitenoise wsproto
    """.split()
)


def packages(value: object, walk: Walk) -> object:
    """Keep the versions of packages that everybody may know of."""
    if not isinstance(value, Mapping):
        walk.refused += 1
        return DROP
    result: dict[str, object] = {}
    for key, part in plain(value).items():
        if isinstance(key, str) and key in PUBLIC_PACKAGES and forms.LABEL.holds(part):
            result[str.__str__(key)] = walk.read(str(part), known=False)
    walk.note = None
    return result or DROP


def threads(value: object, walk: Walk) -> object:
    """Keep the names of threads by their ids, to which a profile's samples refer."""
    if not isinstance(value, Mapping):
        walk.refused += 1
        return DROP
    walk.spend(len(value))
    result: dict[str, object] = {}
    notes: Note = {}
    for key, part in plain(value).items():
        number = digits(key, walk)
        named = part.get("name") if isinstance(part, Mapping) else None
        if walk.note is not None or not isinstance(number, str):
            walk.note = None
            continue
        shown = text(named, walk) if named is not None else DROP
        result[number] = {"name": shown} if shown is not DROP else {}
        if walk.note is not None:
            notes[number] = {"name": walk.note}
            walk.note = None
    walk.note = notes or None
    return result


def drop(value: object, walk: Walk) -> object:
    """Leave the value out; say so where there was something."""
    if value not in ("", 0):
        walk.refused += 1
        walk.note = removed("policy")
    return DROP


def anew(value: object, walk: Walk) -> object:  # noqa: ARG001  # a rule has this form
    """Leave the value out without a word: another takes its place."""
    return DROP


RULE_HANDLERS: Mapping[str, Handler] = {
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
