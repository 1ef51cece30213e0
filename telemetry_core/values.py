"""Takes the texts out of what a request holds, so that they can be recognised elsewhere."""

from __future__ import annotations

import json
import operator
import re
from base64 import b64decode
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from types import MemberDescriptorType, ModuleType
from typing import Any, Final
from unicodedata import normalize
from urllib.parse import parse_qs, parse_qsl

from telemetry_core.bodies import MAX_KEPT

MAX_TEXTS: Final = 500
"""Texts taken of one request; a form of more fields is rare, a JSON body of more is an import."""
MAX_DEPTH: Final = 20
MAX_PARTS: Final = 20_000
"""Values and keys that are looked at, texts or not."""

# What every browser sends and no visitor chooses; taken out of a text, it would only hide code.
ORDINARY_HEADERS: Final = frozenset(
    """
    accept accept-charset accept-encoding accept-language cache-control connection content-encoding
    content-length content-type date dnt expect host if-match if-modified-since if-none-match
    if-range if-unmodified-since keep-alive max-forwards origin pragma priority range save-data
    sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site
    sec-fetch-user sec-gpc sec-websocket-extensions sec-websocket-version sentry-trace te trailer
    traceparent transfer-encoding upgrade upgrade-insecure-requests via x-forwarded-host
    x-forwarded-port x-forwarded-proto x-requested-with
    """.split()
)


class Secret(str):
    """A text that the application itself has marked as one that nobody may see."""

    __slots__ = ()


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text and number inside containers, and the keys that are no names in code.

    Those nearest to the surface come first; it stops at `MAX_TEXTS` texts, `MAX_DEPTH` levels and
    `MAX_PARTS` parts. Looks at nothing but strings, numbers, mappings, lists, tuples and sets, and
    asks no object for its class, which a lazy one would load itself for. What raises is left out.
    """
    texts_left, parts_left = MAX_TEXTS, MAX_PARTS
    # Held, not only remembered by their ids, which others get when they are gone.
    seen: dict[int, Any] = {}
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for part in level:
            kind = type(part)
            is_plain = kind in _PLAIN_CONTAINERS
            if is_plain and not part:
                continue
            text = part if kind is str else None if is_plain else _text_of(part, kind)
            if text is not None:
                texts_left -= 1
                if texts_left < 0:
                    return
                yield text
            elif (is_plain or issubclass(kind, _CONTAINERS)) and id(part) not in seen:
                seen[id(part)] = part
                inner = _parts_of(part, kind, parts_left)
                parts_left -= len(inner)
                below += inner
        if not below:
            return
        level = below


_CONTAINERS: Final = (Mapping, list, tuple, set, frozenset)
# Nearly all are of these; to ask an abstract class for each costs more than all the rest.
_PLAIN_CONTAINERS: Final = frozenset((dict, list, tuple))
# A key of this form is one that code reads; any other may be what a visitor typed.
_NAME: Final = re.compile(r"[A-Za-z_$][\w.$:\-\[\]]*", re.ASCII)


def _text_of(part: Any, kind: type) -> str | None:
    if issubclass(kind, str):
        return str.__str__(part)
    if issubclass(kind, (bytes, bytearray)):
        return bytes(part).decode("utf-8", "replace")
    if issubclass(kind, (int, float)) and kind is not bool:
        try:
            return str(part)
        except Exception:  # an int of more digits than Python writes
            return None
    return None


def _parts_of(container: Any, kind: type, limit: int) -> list[Any]:
    """Return at most ``limit`` of what is in a container: of what can be read of it."""
    if kind is list or kind is tuple:
        return list(container[:limit])
    found: list[Any] = []
    try:
        if kind is dict or issubclass(kind, Mapping):
            for key, value in islice(container.items(), limit // 2):
                if not issubclass(type(key), str) or not _NAME.fullmatch(key):
                    found.append(key)
                found.append(value)
        else:
            found.extend(islice(container, limit))
    except Exception:
        # Changed by another thread meanwhile, or made to fail: what was read by then counts.
        return found
    return found


_FIELDLESS: Final = frozenset((str, int, float, bool, bytes, type(None)))


MAX_FIELDS: Final = 40
"""Parts of an object that are looked at; of more only how many there are."""


def stamp_of(holder: Mapping[Any, Any], *, looking_inside: bool = False) -> list[object]:
    """Return what is another when something in a holder was put in, taken out, loaded or replaced.

    Two are compared by `is_same_stamp`. Asks nothing that would load what is lazy; leave proxies
    out.

    :param looking_inside: whether it has to be another, too, when a part of a list, a mapping or an
        object in the holder was replaced by another, unless there are more than `MAX_FIELDS`. What
        is deeper and changed in place is not noticed.
    """
    parts = list(holder.values())
    stamp: list[object] = [*holder, *parts]
    for value in parts:
        kind = type(value)
        if kind in _FIELDLESS:
            continue
        fields: Any = value if kind is dict or kind is list else getattr(value, "__dict__", ())
        number = len(fields)
        stamp.append(number)
        if looking_inside and 0 < number <= MAX_FIELDS:
            stamp += fields if kind is list else list(fields.values())
    return stamp


def is_same_stamp(first: list[object], second: list[object]) -> bool:
    """Tell whether two stamps are of the same objects. Calls no ``==`` of theirs."""
    return len(first) == len(second) and all(map(operator.is_, first, second))


def texts_of_body(body: bytes, content_type: str) -> Iterator[str]:
    """Yield the texts of a body that was read, of its first `MAX_KEPT` bytes.

    Those in a JSON document, or in one a line; the fields of a form; of anything else the body as
    it is, its lines, and what stands between its tags. Of JSON that is damaged or cut off there is
    that as well, and the texts in quotes.
    """
    kind = content_type.lower()
    text = body[:MAX_KEPT].decode("utf-8", "replace")
    is_json = "json" in kind or text.lstrip()[:1] in ("{", "[")
    documents = _documents(body, text) if is_json and len(body) <= MAX_KEPT else None
    if documents is not None:
        yield from texts_in(documents)
        return
    if "x-www-form-urlencoded" in kind:
        yield from texts_in(parse_qs(text))
    elif text:
        yield text
        yield from islice(_lines_of(text), MAX_TEXTS)
    if is_json:
        yield from islice(_quoted_in(text), MAX_TEXTS)


def _documents(body: bytes, text: str) -> list[Any] | None:
    # The bytes tell their encoding; the text may be a bit damaged.
    for sources in ([body], [text], text.splitlines()):
        try:
            return [json.loads(source) for source in sources if source.strip()]
        except (ValueError, RecursionError):
            continue
    return None


# What a colon follows is a key. The last may have been cut off.
_QUOTED: Final = re.compile(r'"((?:[^"\\\r\n]|\\.)*+)(?:"|\Z)(\s*+:)?+')


def _quoted_in(text: str) -> Iterator[str]:
    for found in _QUOTED.finditer(text):
        if found[2] is None:
            with suppress(ValueError):
                yield from texts_in(json.loads(f'"{found[1]}"'))


_BREAK: Final = re.compile(r"<[^<>]*+>|[\r\n]+")


def _lines_of(text: str) -> Iterator[str]:
    for part in _BREAK.split(text):
        line = part.strip()
        if line and line != text:
            yield line


def texts_of_query(query: str) -> list[str] | None:
    """Return the names and the values in a query string; None when it has to be decoded.

    A framework takes several times as long, and none of it is needed where nobody has asked.
    """
    if "%" in query or not query.isascii():
        return None
    texts: list[str] = []
    for field in query.replace("+", " ").split("&", MAX_TEXTS)[:MAX_TEXTS]:
        if field:
            name, _, value = field.partition("=")
            texts += (name, value)
    return texts


def texts_of_cookies(cookies: str) -> list[str] | None:
    """Return the values in a ``Cookie`` header, and the names that are no names in code.

    None when it has to be decoded.
    """
    if '"' in cookies or not cookies.isascii():
        return None
    texts: list[str] = []
    for cookie in cookies.split(";", MAX_TEXTS)[:MAX_TEXTS]:
        name, _, value = cookie.partition("=")
        texts += texts_in({name.strip(): value.strip()})
    return texts


def texts_of_headers(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the values of the headers that can tell visitors apart, and what two of them hold."""
    for name, value in headers:
        lowered = name.lower()
        if lowered in ORDINARY_HEADERS or lowered == "cookie":
            continue
        yield value
        if lowered in ("authorization", "proxy-authorization"):
            yield from _credentials(value)
        elif lowered == "referer":
            yield from (given for _, given in parse_qsl(value.partition("?")[2]))


def _credentials(value: str) -> Iterator[str]:
    """Yield what turns up elsewhere of ``Bearer abc`` or ``Basic ...``: not the header as sent."""
    scheme, _, credentials = value.partition(" ")
    if credentials:
        yield credentials
    if scheme.lower() == "basic":
        try:
            user, _, password = b64decode(credentials).decode("utf-8", "replace").partition(":")
        except ValueError:
            return
        yield from (user, password)


# What Django's `get_valid_filename` leaves out of a name, and Werkzeug's `secure_filename`.
_UNSTORED: Final = re.compile(r"[^-\w.]")
_UNSTORED_ASCII: Final = re.compile(r"[^A-Za-z0-9_.-]")


def texts_of_file_names(names: Iterable[Any]) -> Iterator[str]:
    """Yield the names of files that were sent, as sent and as they are stored, and their parts.

    Django's storages put random characters before the first dot of a name that is taken already,
    so what stands before it, and between it and the last, is looked for by itself, too.
    """
    for name in texts_in(list(names)):
        for stored in dict.fromkeys((name, *_stored_names(name))):
            stem = stored.rpartition(".")[0]
            first, _, rest = stem.partition(".")
            yield from dict.fromkeys((stored, stem, first, rest.strip("_")))


def _stored_names(name: str) -> Iterator[str]:
    yield _UNSTORED.sub("", name.strip().replace(" ", "_"))
    ascii_name = normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    words = ascii_name.replace("/", " ").split()
    yield _UNSTORED_ASCII.sub("", "_".join(words)).strip("._")


def texts_of_path(path: str) -> Iterator[str]:
    """Yield a path that no route matched: what was typed or followed, as a whole and in parts."""
    yield path
    yield from filter(None, path.split("/"))


def texts_of_user(user: Any) -> Iterator[str]:
    """Yield the texts of a user that was loaded: a row, a mapping, or an object's own fields.

    Calls no property or method of an object, so that nothing is loaded for its sake.
    """
    fields = _fields_of(user)
    if not fields and hasattr(type(user), "keys"):
        # A row of sqlite3 and its like is no Mapping.
        fields = {name: user[name] for name in user.keys()}  # noqa: SIM118  # iterates values
    for name, value in fields.items():
        if issubclass(type(value), str) and not str(name).startswith("_"):
            yield str.__str__(value)
    names = [fields.get(name) for name in ("first_name", "last_name")]
    if all(isinstance(name, str) and name for name in names):
        yield " ".join(str(name) for name in names)


PERSONAL_FIELDS: Final = frozenset(
    """
    e_mail email email_address family_name first_name full_name fullname given_name last_name
    login nickname phone phone_number preferred_username surname user_name username
    """.split()
)
"""Fields by which an object is recognised as a person, whatever it is called."""


def texts_of_people(holder: Mapping[str, Any], users: Container[str]) -> Iterator[str]:
    """Yield the texts of the users in something that holds all sorts of things for a request.

    :param users: the names under which there is a user, or a user's name. Under others there is
        one where a field says so: see `PERSONAL_FIELDS`.
    """
    for name, value in holder.items():
        # What can't be read is left out, and nothing else with it.
        with suppress(Exception):
            yield from list(_texts_of_entry(name, value, users))


def _texts_of_entry(name: str, value: Any, users: Container[str]) -> Iterator[str]:
    if issubclass(type(value), str | bytes):
        if name in users or name in PERSONAL_FIELDS:
            yield from texts_in(value)
        return
    if name in users:
        yield from texts_of_user(value)
    fields = _fields_of(value)
    # Frameworks wrap users: {"loaded_user": ...}, claims, identities.
    for candidate in (fields, *map(_fields_of, fields.values())):
        if not PERSONAL_FIELDS.isdisjoint(candidate):
            yield from texts_of_user(candidate)


def _fields_of(thing: Any) -> Mapping[Any, Any]:
    """Return what an object holds itself; runs none of its code."""
    kind = type(thing)
    if issubclass(kind, dict):
        return dict.copy(thing)
    if issubclass(kind, type | ModuleType):
        return {}
    if issubclass(kind, tuple):
        return dict(zip(getattr(thing, "_fields", ()), thing, strict=False))
    fields: dict[Any, Any] = {}
    for base in kind.__mro__:
        for name, slot in vars(base).items():
            if type(slot) is MemberDescriptorType:
                with suppress(AttributeError):
                    fields[name] = slot.__get__(thing)
    fields.update(getattr(thing, "__dict__", {}))
    return fields
