"""The gate: the one place through which everything passes that the SDK sends.

It stands around the transport. For every envelope it makes a new one of new items. An item, and
what stands before it, is filtered when it is serialised, which the SDK's transports do on their own
thread; what fails, is unknown or can't be read is dropped and counted.
"""

from __future__ import annotations

import builtins
import io
import json
from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sentry_sdk.envelope import Envelope, Item, PayloadRef

from telemetry_core.attachments import FILTERED_TEXT
from telemetry_core.hooks import WITHHELD
from telemetry_core.policy import Refused, Session
from telemetry_core.policy.table import ITEMS

if TYPE_CHECKING:
    from telemetry_core.circumstances import Circumstances
    from telemetry_core.drops import Drops
    from telemetry_core.filter.known import KnownValues
    from telemetry_core.policy import Policy

_MAX_BYTES: Final = 50_000_000
"""Bytes of a payload that is not yet parsed; a larger one is dropped unread."""


_BATCHED: Final = frozenset(
    ("log", "trace_metric", "span", "session", "sessions", "client_report", "profile_chunk")
)
_BATCHED_BESIDE_TRANSACTIONS: Final = _BATCHED - {"span"}
"""The SDK takes spans of AI models out of their transaction and sends them beside it."""
_KINDS: Final = frozenset((*ITEMS, "attachment"))
"""The types of items that there are rules for."""

_NAMING_A_SESSION: Final = frozenset(("event", "transaction", "feedback"))


class Gate:
    """Lets through what the policy names, in new envelopes of new items. Never raises.

    :param policy: what may leave.
    :param drops: counts what may not.
    :param circumstances: tells in which session and request an envelope is handed over, and what
        values are known from that request. Called on the thread that captures.
    """

    def __init__(
        self, *, policy: Policy, drops: Drops, circumstances: Callable[[], Circumstances]
    ) -> None:
        self._policy = policy
        self._drops = drops
        self._circumstances = circumstances

    def admit(self, envelope: Envelope) -> Envelope | None:
        """Return a new envelope of what may leave, or None when nothing may.

        Cheap: what its headers and items hold is read only when they are asked for.
        """
        try:
            circumstances = self._circumstances()
            batched = _BATCHED
            if any(item.headers.get("type") == "transaction" for item in envelope.items):
                batched = _BATCHED_BESIDE_TRANSACTIONS
            items = [
                admitted
                for item in envelope.items
                if (admitted := self._admit_item(item, circumstances, batched)) is not None
            ]
            if not items:
                return None
            return GatedEnvelope(partial(self.admit_headers, envelope.headers), items)
        except Exception as error:
            self._drops.count("gate_error", "envelope", error=error)
            return None

    def admit_item(self, item: Item) -> Item | None:
        """Return a new item of what may leave of one that belongs to no request. Never raises."""
        try:
            return self._admit_item(item, None, _BATCHED)
        except Exception as error:
            self._drops.count("gate_error", "item", error=error)
            return None

    def admit_headers(self, headers: Any) -> dict[str, Any]:
        """Return what may leave of an envelope's headers. Never raises."""
        try:
            return self._policy.envelope_headers(headers)
        except Exception as error:
            self._drops.count("gate_error", "envelope headers", error=error)
            return {}

    def _admit_item(
        self, item: Item, circumstances: Circumstances | None, batched: Container[str]
    ) -> Item | None:
        kind = item.headers.get("type")
        if type(kind) is not str or kind not in _KINDS:
            self._drops.count("unknown_type", _shown_type(item))
            return None
        if kind in batched:
            # Collected over many requests and threads: the one at hand says nothing of them.
            circumstances = None
        elif circumstances is not None and (
            ("transaction" if kind == "span" else kind) not in circumstances.admitted
        ):
            self._drops.count("consent", kind)
            return None
        if kind == "attachment":
            return self._admit_text(item, circumstances)
        make = partial(self.filtered, item, kind, circumstances)
        make_headers = partial(self.item_headers, item.headers, kind)
        return GatedItem(make_headers, _GatedPayload(make, self, kind))

    def item_headers(
        self, headers: Any, kind: str, circumstances: Circumstances | None = None
    ) -> dict[str, Any]:
        """Build what may leave of an item's headers, in which its type stands. Never raises."""
        needed = {"type": kind, "content_type": "application/json"}
        try:
            return needed | self._policy.item_headers(headers, self._known(circumstances))
        except Exception as error:
            self._drops.count("gate_error", "item headers", error=error)
            return needed

    def _admit_text(self, item: Item, circumstances: Circumstances | None) -> Item | None:
        if item.headers.get("content_type") != FILTERED_TEXT:
            self._drops.count("attachment", "attachment")
            return None
        make = partial(self.filtered_text, item, circumstances)
        make_headers = partial(self.text_headers, item.headers, circumstances)
        return GatedItem(make_headers, _GatedPayload(make, self, "attachment"))

    def text_headers(self, headers: Any, circumstances: Circumstances | None) -> dict[str, Any]:
        """Build what may leave of an attached text's headers. Never raises."""
        made = {
            "filename": "attachment.txt",
            **self.item_headers(headers, "attachment", circumstances),
        }
        return made | {"content_type": "text/plain"}

    def filtered_text(self, item: Item, circumstances: Circumstances | None) -> str | None:
        """Build what may leave of an attached text; None when it is dropped. Never raises."""
        try:
            text = item.payload.get_bytes().decode("utf-8", "replace")
            return self._policy.apply_to_text(text, known=self._known(circumstances))
        except Exception as error:
            self._drops.count("filter_error", "attachment", error=error)
            return None

    def filtered(
        self, item: Item, kind: str, circumstances: Circumstances | None
    ) -> dict[str, Any] | None:
        """Build what may leave of an item's payload; None when it is dropped. Never raises."""
        try:
            payload = item.payload.json
            if payload is None:
                body = item.payload.get_bytes()
                if len(body) > _MAX_BYTES:
                    raise Refused("too_large")
                payload = json.loads(body)
            if kind == "span":
                payload = _without_withheld(payload)
            result = self._policy.apply(
                kind,
                payload,
                known=self._known(circumstances),
                session=Session(circumstances.session_id if circumstances is not None else None),
                route=circumstances.route if circumstances is not None else None,
            )
            if kind in _NAMING_A_SESSION and circumstances is not None:
                _name_session(result.payload, circumstances.session_id)
            if result.payload.get("items") == []:
                # Every span in it was withheld, or nothing in it could be read.
                return None
            return result.payload
        except Refused as refused:
            self._drops.count(refused.reason, kind)
        except Exception as error:
            self._drops.count("filter_error", kind, error=error)
        return None

    def _known(self, circumstances: Circumstances | None) -> KnownValues | None:
        return self._policy.known(circumstances.known) if circumstances is not None else None

    def drop(self, reason: str, kind: str, error: BaseException | None = None) -> None:
        """Count an item that was dropped outside the filter."""
        self._drops.count(reason, kind, error=error)


def _without_withheld(payload: Any) -> Any:
    """Return a batch of spans without those of requests whose permission doesn't cover them.

    The SDK lets no hook drop a span, so `telemetry_core.hooks` marks it.
    """
    items = payload.get("items") if isinstance(payload, dict) else None
    if not isinstance(items, list):
        return payload
    return {**payload, "items": [item for item in items if not _is_withheld(item)]}


def _is_withheld(span: Any) -> bool:
    attributes = span.get("attributes") if isinstance(span, dict) else None
    return isinstance(attributes, dict) and WITHHELD in attributes


def _name_session(payload: dict[str, Any], session_id: str | None) -> None:
    if session_id is None:
        return
    payload["user"] = {"id": session_id}
    tags = payload.setdefault("tags", {})
    if isinstance(tags, dict):
        tags["session_id"] = session_id


def _shown_type(item: Item) -> str:
    """Return an item's type for counting: only a type of the protocol is shown."""
    kind = item.headers.get("type") if isinstance(item.headers, Mapping) else None
    return kind if kind in ("attachment", "replay_event", "replay_recording") else "unknown"


class _GatedPayload(PayloadRef):
    """A payload that is filtered when somebody first asks for it. It has no way to the original.

    :param make: builds what may leave: a mapping, a text, or None when the item is dropped.
    """

    def __init__(
        self, make: Callable[[], dict[str, Any] | str | None], gate: Gate, kind: str
    ) -> None:
        self._make: Callable[[], dict[str, Any] | str | None] | None = make
        self._gate = gate
        self._kind = kind
        self._body = b""
        self.item_count: int | None = None

    @property
    def json(self) -> Any:  # type: ignore[override]  # read-only on purpose
        body = self.get_bytes()
        return json.loads(body) if body and self._kind != "attachment" else None

    @property
    def bytes(self) -> builtins.bytes | None:  # type: ignore[override]  # read-only on purpose
        return self.get_bytes() or None

    @property
    def path(self) -> None:  # type: ignore[override]  # read-only on purpose
        return None

    def get_bytes(self) -> builtins.bytes:
        make, self._make = self._make, None
        if make is not None:
            self._body = self._serialised(make())
        return self._body

    def _serialised(self, payload: dict[str, Any] | str | None) -> builtins.bytes:
        if payload is None:
            return b""
        if isinstance(payload, str):
            return payload.encode()
        items = payload.get("items")
        if isinstance(items, list):
            self.item_count = len(items)
        try:
            return json.dumps(payload, separators=(",", ":"), allow_nan=False).encode()
        except Exception as error:
            self._gate.drop("not_serialisable", self._kind, error)
            return b""

    @property
    def inferred_content_type(self) -> str:
        return "text/plain" if self._kind == "attachment" else "application/json"


class _LateHeaders:
    """Headers that are filtered when somebody first asks for them."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make_headers = make
        self._headers: dict[str, Any] | None = None

    @property
    def headers(self) -> dict[str, Any]:
        """What may leave of the headers, and what a transport has put there."""
        if self._headers is None:
            self._headers = self._make_headers()
        return self._headers

    @headers.setter
    def headers(self, headers: dict[str, Any]) -> None:
        self._headers = headers

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has asked for the headers yet."""
        return self._headers is None


class GatedItem(_LateHeaders, Item):
    """An item that holds nothing but what may leave; a dropped one writes nothing at all.

    :param make_headers: makes what may leave of its headers.
    """

    payload: _GatedPayload

    def __init__(self, make_headers: Callable[[], dict[str, Any]], payload: _GatedPayload) -> None:
        # Not Item's, which asks for the headers.
        super().__init__(make_headers)
        self.payload = payload

    def serialize_into(self, f: io.BytesIO) -> None:
        """Write the item; of a dropped one nothing."""
        if not self.get_bytes():
            return
        if self.payload.item_count is not None:
            self.headers["item_count"] = self.payload.item_count
        super().serialize_into(f)

    def get_transaction_event(self) -> None:
        """Return None: the SDK asks only to count lost spans, and must not filter for that."""
        return


class GatedEnvelope(_LateHeaders, Envelope):
    """An envelope that holds nothing but what may leave.

    :param make_headers: makes what may leave of its headers.
    :param items: filtered ones.
    """

    def __init__(self, make_headers: Callable[[], dict[str, Any]], items: list[Item]) -> None:
        # Not Envelope's, which sets the headers.
        super().__init__(make_headers)
        self.items = items
