"""The policy with its settings, ready to be applied to items."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from telemetry_core.filter.known import KnownValues
from telemetry_core.policy import table
from telemetry_core.policy.interpreter import compile_rows
from telemetry_core.policy.limits import CUT_ZONE, MAX_TEXT
from telemetry_core.policy.remarks import Note, size_of
from telemetry_core.policy.rule import DROP, UNPARAMETERIZED, Handler
from telemetry_core.policy.statement import without_literals, without_row_data
from telemetry_core.policy.texts import ended, without_lone_surrogates
from telemetry_core.policy.walk import Memory, Session, Walk

if TYPE_CHECKING:
    from telemetry_core.filter.keys import KeyRules
    from telemetry_core.filter.text import TextFilter

_ENVELOPE_HEADERS: Final = compile_rows(table.ENVELOPE_HEADERS)
_ITEM_HEADERS: Final = compile_rows(table.ITEM_HEADERS)


# Compiled when they are first asked for: most processes send one or two kinds, and many none.
@cache
def _item_handler(kind: str) -> Handler:
    rows = table.ITEMS[kind]
    return compile_rows(rows, "event" if rows is table.EVENT else "")


@cache
def _event_part(part: str) -> Handler:
    return compile_rows(
        row for row in table.EVENT if row.path.split(".")[0].removesuffix("[]") == part
    )


# With these sources Sentry itself says that the name is not built from the visitor's URL.
_NAMED_SOURCES: Final = frozenset(("route", "view", "component", "task"))


MAX_ATTACHED: Final = 1_000_000
"""Characters of an attached text that are kept."""


MAX_TYPED: Final = 1_000
"""Characters of a known value within which it is looked for what it is."""
_ONE_TOKEN: Final = re.compile(r"\[[A-Z]+\]")


_DIGITS: Final = bytes(
    ord("0") if chr(code).isdecimal() and code < 128 else code for code in range(256)
)


class Refused(Exception):
    """The item is of no known type, or of no shape that the policy could read.

    ``reason`` is one of a few fixed words, so that it can be counted and shown.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A new payload, and how many fields of the old one were left out."""

    payload: dict[str, Any]
    refused: int


class Policy:
    """Applies the table with the user's settings. Safe to share between threads.

    :param texts: reads texts for personal values.
    :param keys: says which keys of maps may leave.
    :param trusted: strings the settings gave (release, environment, public key): kept as they are.
    :param allow_headers: names of request headers that may leave, in lower case.
    :param limit: characters of a text that may leave.
    """

    def __init__(
        self,
        *,
        texts: TextFilter,
        keys: KeyRules,
        trusted: Collection[str] = (),
        allow_headers: Collection[str] = (),
        limit: int = MAX_TEXT,
    ) -> None:
        self._limit = limit
        self.texts = texts
        self.keys = keys
        self._memory = Memory()
        self._trusted = frozenset(trusted)
        self._allow_headers = frozenset(name.lower() for name in allow_headers)

    @property
    def max_bytes(self) -> int:
        """About how many bytes of memory are used at most for what was read before."""
        return self._memory.max_bytes + self.texts.cache_bytes

    def apply(
        self,
        kind: str,
        payload: object,
        *,
        known: KnownValues | None = None,
        session: Session | None = None,
        route: str | None = None,
    ) -> Result:
        """Build what may leave of one item.

        :param kind: the item's type as its header says.
        :param payload: its payload, as parsed JSON or as the SDK made it; it is not changed.
        :param known: values known from the request, to be taken out of free text.
        :param session: the session to name; without it an id of a random form is kept.
        :param route: the current request's route, which is code and not what somebody typed.
        :raises Refused: when the type is not in the table or the payload is no mapping.
        :raises ItemTooLarge: when there is more than can be read in reasonable time.
        :raises Exception: whatever a hostile payload raises while it is read.
        """
        if kind not in table.ITEMS:
            raise Refused("unknown_type")
        if kind == "span":
            payload = _with_named_segments(payload, route)
        walk = self._walk(known, session, route, payload)
        if type(payload) is dict or isinstance(payload, Mapping):
            walk.route_is_url = _names_a_url(payload)
        result = _item_handler(kind)(payload, walk)
        if not isinstance(result, dict):
            raise Refused("no_mapping")
        _annotate(result, walk.note)
        return Result(payload=result, refused=walk.refused)

    def known(self, pairs: Iterable[tuple[str, str]]) -> KnownValues | None:
        """Make known values of pairs of value and token; None when there are none.

        A value that is an e-mail address, a card number, ... gets the token of what it is.
        """
        known = KnownValues(
            (text, self._token_of(text) or token)
            for value, token in pairs
            for text in _as_read(value)
        )
        return known or None

    def _token_of(self, value: str) -> str | None:
        value = value[:MAX_TYPED]
        if value in self.texts.clean:
            return None
        key = hash(value)
        found = self._memory.results.get(key)
        if found is None:
            found = self.texts.filter_with_remarks(value)
            if found[1]:
                self._memory.results.put(key, found, size_of(*found))
        return found[0] if _ONE_TOKEN.fullmatch(found[0]) else None

    def apply_to_text(self, text: str, *, known: KnownValues | None = None) -> str:
        """Return what may leave of an attached text; at most a million characters of it."""
        length = len(text)
        text = text[: MAX_ATTACHED + CUT_ZONE]
        if known:
            text = known.filter(text)
        return ended(self.texts.filter(text), length, MAX_ATTACHED)

    def apply_to_message(self, text: str, *, known: KnownValues | None = None) -> str:
        """Return what may be said of a log message or a traceback; at most the limit of it.

        As of an event's: SQL loses its literals, a database error the row it quotes.
        """
        if len(text) > self._limit:
            # Through the same steps as an event's, which cut when they have read.
            return str(self.apply_to_part("message", text, known=known) or "")
        if known is not None:
            text = known.filter(text)
        seen = self._memory.messages
        if text in seen.values:
            return text
        # Most lines differ from others in their numbers alone.
        shape = text.encode("ascii", "replace").translate(_DIGITS)
        shapes = self._memory.shapes
        if not text.isascii():
            text = without_lone_surrogates(text)
        elif shape in shapes.values:
            return text
        read, is_plain = self.texts.filter_line(without_row_data(without_literals(text)))
        if read == text:
            if is_plain:
                shapes.add(shape)
            else:
                seen.add(text)
        return read

    def apply_to_part(self, part: str, value: object, *, known: KnownValues | None = None) -> Any:
        """Build what may leave of one part of an event, by its name; None when nothing may."""
        walk = self._walk(known, payload={part: value})
        result = _event_part(part)({part: value}, walk)
        return result.get(part) if isinstance(result, dict) else None

    def envelope_headers(self, headers: object) -> dict[str, Any]:
        """Build what may leave of an envelope's headers."""
        return self._headers(_ENVELOPE_HEADERS, headers)

    def item_headers(self, headers: object, known: KnownValues | None = None) -> dict[str, Any]:
        """Build what may leave of an item's headers."""
        return self._headers(_ITEM_HEADERS, headers, known)

    def _headers(
        self, handler: Handler, headers: object, known: KnownValues | None = None
    ) -> dict[str, Any]:
        result = handler(headers, self._walk(known))
        return result if isinstance(result, dict) else {}

    def _walk(
        self,
        known: KnownValues | None = None,
        session: Session | None = None,
        route: str | None = None,
        payload: object = None,
    ) -> Walk:
        return Walk(
            texts=self.texts,
            keys=self.keys,
            known=known,
            trusted=self._trusted,
            allow_headers=self._allow_headers,
            session=session,
            route=route,
            memory=self._memory,
            limit=self._limit,
            # Only plain containers are looked through for new texts.
            payload=payload if type(payload) is dict else None,
        )


def _names_a_url(payload: Mapping[object, object]) -> bool:
    info = payload.get("transaction_info")
    source = info.get("source") if type(info) is dict or isinstance(info, Mapping) else None
    if isinstance(source, str) and source in _NAMED_SOURCES:
        return False
    name = payload.get("transaction")
    return source == "url" or not isinstance(name, str) or "/" in name


_SEGMENT_NAME: Final = "sentry.segment.name"
_SEGMENT_SOURCE: Final = "sentry.segment.name.source"


def _with_named_segments(payload: object, route: str | None) -> object:
    """Return a batch of spans without raw URLs as the names of their roots.

    They are what a transaction's name is to it; only the root says where its name is from.
    """
    items = payload.get("items") if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not isinstance(items, list):
        return payload
    return {**payload, "items": [_with_named_segment(span, route) for span in items]}


def _with_named_segment(span: Any, route: str | None) -> Any:
    if not isinstance(span, dict):
        return span
    given = span.get("attributes")
    attributes: dict[str, Any] = given if isinstance(given, dict) else {}
    source = _value_in(attributes.get(_SEGMENT_SOURCE))
    is_named = isinstance(source, str) and source in _NAMED_SOURCES

    def is_raw(name: object) -> bool:
        if not isinstance(name, str) or name == route:
            return False
        return "://" in name or "?" in name or (not is_named and (source == "url" or "/" in name))

    if span.get("is_segment") is True and is_raw(span.get("name")):
        span = {**span, "name": UNPARAMETERIZED}
    if is_raw(_value_in(attributes.get(_SEGMENT_NAME))):
        named = {"value": UNPARAMETERIZED, "type": "string"}
        span = {**span, "attributes": {**attributes, _SEGMENT_NAME: named}}
    return span


def _value_in(attribute: object) -> object:
    return attribute.get("value") if isinstance(attribute, dict) else attribute


def _as_read(value: str) -> Iterator[str]:
    """Yield a value as it was sent and as an application may have read it, as from a cookie."""
    yield value
    if "%" in value and (read := unquote(value)) != value:
        yield read


def _annotate(result: dict[str, Any], note: Note | None) -> None:
    """Put the remarks where the server looks for them.

    An event has one ``_meta`` beside its fields; each log, metric or span of a batch has its own.
    """
    if note is None:
        return
    items = result.get("items")
    notes = note.get("items")
    if isinstance(items, list) and isinstance(notes, dict):
        for index, remarks in notes.items():
            if index != "":
                items[int(index)]["_meta"] = remarks
        return
    result["_meta"] = note


__all__ = ["DROP", "Policy", "Refused", "Result"]
