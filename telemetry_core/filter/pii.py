"""The filter as a user meets it: usable alone, with no Sentry at all."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from telemetry_core.filter.detectors import build_detectors
from telemetry_core.filter.keys import KeyRules
from telemetry_core.filter.text import FILTERED, TextFilter
from telemetry_core.policy import Policy
from telemetry_core.policy.limits import MAX_TEXT

if TYPE_CHECKING:
    from telemetry_core.settings import Settings

Event = Any
"""An event of the Sentry protocol: any mapping."""


class PIIFilter:
    """Takes what is personal out of texts, mappings and events.

    Promises: what it is given is never changed, the result is new; text is read by the detectors
    (see ``docs/detectors.md``) and mappings are cut to their allowed keys; no method raises, and of
    what is of another type or can't be read nothing is left. Does not promise to find names or
    other free text that has no pattern: what the visitor sent is only known in a request.

    :param allow_fields: further keys that may be kept; ``*`` matches any text: ``duration_*``.
    :param deny_fields: keys that may not, whatever else allows them.
    :param allow_headers: request headers that may be kept.
    :param detectors: as ``TELEMETRY_DETECTORS``.
    :param trusted: strings that are kept as they are, such as the release.
    :param texts: what reads texts, in place of the detectors'.
    :param limit: characters that are kept of a text in an event, at most those of `MAX_TEXT`.
    """

    def __init__(
        self,
        *,
        allow_fields: Iterable[str] = (),
        deny_fields: Iterable[str] = (),
        allow_headers: Iterable[str] = (),
        detectors: Mapping[str, Any] | None = None,
        trusted: Iterable[str] = (),
        texts: TextFilter | None = None,
        limit: int | None = None,
    ) -> None:
        self._texts = texts or TextFilter(build_detectors(detectors or {}))
        self.policy = Policy(
            texts=self._texts,
            keys=KeyRules(allow=allow_fields, deny=deny_fields),
            trusted=tuple(trusted),
            allow_headers=tuple(allow_headers),
            limit=min(limit or MAX_TEXT, MAX_TEXT),
        )

    @classmethod
    def from_settings(cls, settings: Settings) -> PIIFilter:
        """Make the filter that these settings describe."""
        limit = settings.sentry_options.get("max_value_length")
        public_key = (settings.dsn or "").partition("://")[2].partition("@")[0].partition(":")[0]
        trusted = (settings.environment, settings.release, public_key)
        return cls(
            allow_fields=settings.allow_fields,
            deny_fields=settings.deny_fields,
            allow_headers=settings.allow_headers,
            detectors=settings.detectors,
            trusted=[value for value in trusted if value],
            limit=limit if isinstance(limit, int) and limit > 0 else None,
        )

    def filter_string(self, text: str) -> str:
        """Return the text with a token in place of every personal value.

        What is no text is read as ``str()`` writes it, None as an empty one.
        """
        return self._texts.filter(_written(text))

    def filter_dict(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Return the mapping's allowed keys with their values filtered, at any depth.

        A key that is not allowed stays, with ``[Filtered]`` for its value.
        """
        return self._part("extra", values) or {}

    def filter_exception(self, exception: BaseException | Mapping[str, object]) -> dict[str, Any]:
        """Return an exception as the protocol writes it: type, value, module, stack trace.

        Takes an exception object, one value of the ``exception`` interface, or the interface with
        its ``values``. Messages are filtered, paths cut to file names, local variables left out. Of
        an exception object its notes are part of the message, as Sentry has it; its cause and the
        members of a group are exceptions of their own, each to be filtered for itself.
        """
        if isinstance(exception, BaseException):
            exception = _described(exception)
        return self._part("exception", exception) or {}

    def filter_breadcrumbs(self, breadcrumbs: Any) -> Any:
        """Return breadcrumbs filtered, in the shape they came: a list, or ``{"values": [...]}``."""
        empty: Any = {"values": []} if isinstance(breadcrumbs, Mapping) else []
        return self._part("breadcrumbs", breadcrumbs) or empty

    def filter_user_context(self, user: Mapping[str, object] | None) -> dict[str, Any]:
        """Return ``{"id": ...}`` if the id is a random one, else an empty mapping.

        Random are 16 to 64 hexadecimal digits or a UUID, as session ids are.
        """
        return self._part("user", user) or {}

    def filter_event(self, event: Event, _hint: Any = None) -> Event | None:
        """Return a new event of what may leave, or None when it can't be read. Never raises.

        To be passed to ``sentry_sdk.init(before_send=...)``. The hint is not used.
        """
        try:
            is_transaction = event.get("type") == "transaction"
            kind = "transaction" if is_transaction else "event"
            return self.policy.apply(kind, event).payload
        except Exception:
            return None

    def _part(self, name: str, value: object) -> Any:
        try:
            return self.policy.apply_to_part(name, value) if value is not None else None
        except Exception:
            return None


def _written(value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    try:
        return str.__str__(str(value))
    except Exception:
        return FILTERED


def _described(error: BaseException) -> dict[str, object]:
    frames = [
        {
            "function": frame.name,
            "filename": frame.filename,
            "lineno": frame.lineno,
            "context_line": frame.line,
        }
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    described: dict[str, object] = {
        "type": type(error).__name__,
        "module": type(error).__module__,
        "value": "\n".join(map(_written, (error, *_notes(error)))),
    }
    return {**described, "stacktrace": {"frames": frames}} if frames else described


def _notes(error: BaseException) -> list[str]:
    notes = getattr(error, "__notes__", None)
    return [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else []


_default: PIIFilter | None = None


def get_pii_filter() -> PIIFilter:
    """Return a filter with the default settings, shared by the process."""
    global _default  # noqa: PLW0603  # made on first use: importing must stay cheap
    if _default is None:
        _default = PIIFilter()
    return _default


def filter_event(event: Event, hint: Any = None) -> Event | None:
    """Filter an event, as `PIIFilter.filter_event` does: ``init(before_send=filter_event)``."""
    return get_pii_filter().filter_event(event, hint)


__all__ = ["FILTERED", "PIIFilter", "filter_event", "get_pii_filter"]
