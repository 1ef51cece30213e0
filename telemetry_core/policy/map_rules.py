"""The rules for mappings, of which an application fills most: their keys are on a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from telemetry_core.filter.text import FILTERED
from telemetry_core.policy import forms
from telemetry_core.policy.limits import MAX_DEPTH
from telemetry_core.policy.remarks import Note, removed, replaced
from telemetry_core.policy.rule import DROP
from telemetry_core.policy.text_rules import digits, scalar, statement, text
from telemetry_core.policy.walk import Walk, plain


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
        walk.note = replaced("type", FILTERED)
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
            walk.note = replaced("allowlist", FILTERED)
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
            walk.note = replaced("allowlist", FILTERED)
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
