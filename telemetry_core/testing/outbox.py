"""What was sent within a block, as bytes and as parsed items."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NoReturn

from telemetry_core.collector import Item, Leak, Planted, Store, find_leaks, parse_envelope
from telemetry_core.diversion import Diversion
from telemetry_core.errors import TelemetryError
from telemetry_core.testing.report import report_of

RECORD_LISTS: Final = frozenset(("log", "trace_metric", "span"))
"""Types of items that hold a list of records."""
SHORTEST: Final = 4
"""Characters; shorter values are found by chance, in ids and in words."""
MOST: Final = 100_000
"""Envelopes kept in one block."""


class Outbox:
    """What was sent within a block of `telemetry_core.testing.collect_telemetry`.

    Every property first waits for what is still on its way, so ``flush`` is seldom needed. Payloads
    are as a server would get them: parsed from the bytes, anew each time.

    :raises telemetry_core.TelemetryError: from every property, when ``sentry_sdk.init()`` was
        called within the block, so that not all that was sent is here.
    """

    def __init__(self) -> None:
        self.diversion = Diversion(self._keep)
        self._store = Store(max_count=MOST, max_bytes=1 << 30)
        self._ungated: set[int] = set()

    def _keep(self, body: bytes, gated: bool) -> None:
        envelope = parse_envelope(body)
        received = self._store.add(request_line="", headers=(), body=body, envelope=envelope)
        if not gated:
            self._ungated.add(received.number)

    def flush(self, timeout: float = 2.0) -> None:
        """Collect what is still on its way: logs, metrics and counts wait to be sent together."""
        self.diversion.flush(timeout)
        if self.diversion.strangers:
            raise TelemetryError(
                "sentry_sdk.init() was called while telemetry was collected, and what that client "
                "sends is not collected. Call it before: in a fixture that comes first, or where "
                "the application starts."
            )

    def clear(self) -> None:
        """Forget all that was sent until now, also what is still on its way."""
        self.diversion.flush(2.0)
        self._store.clear()
        self._ungated.clear()

    @property
    def bytes(self) -> bytes:
        """Every byte that would have left, uncompressed, the oldest first."""
        self.flush()
        return b"\n".join(received.body for received in self._store)

    @property
    def items(self) -> list[Item]:
        """All items, the oldest first: their ``type``, ``headers``, ``payload`` and ``json``."""
        self.flush()
        return [item for received in self._store for item in received.items]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Errors and messages."""
        return self._payloads("event")

    @property
    def transactions(self) -> list[dict[str, Any]]:
        """Traced requests and jobs, each with its ``spans``."""
        return self._payloads("transaction")

    @property
    def spans(self) -> list[dict[str, Any]]:
        """All spans: those of the transactions, and those that were sent by themselves."""
        within = [span for payload in self.transactions for span in payload.get("spans") or ()]
        return within + self._payloads("span")

    @property
    def logs(self) -> list[dict[str, Any]]:
        """Records of Sentry's logs, each with its ``body`` and ``attributes``."""
        return self._payloads("log")

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """Measured values, each with its ``name``, ``value`` and ``attributes``."""
        return self._payloads("trace_metric")

    @property
    def check_ins(self) -> list[dict[str, Any]]:
        """Check-ins of scheduled jobs."""
        return self._payloads("check_in")

    @property
    def sessions(self) -> list[dict[str, Any]]:
        """How requests ended, as counts for Sentry's release health."""
        return self._payloads("session") + self._payloads("sessions")

    @property
    def feedback(self) -> list[dict[str, Any]]:
        """What users wrote in feedback forms."""
        return self._payloads("feedback")

    @property
    def attachments(self) -> list[Item]:
        """Attached texts; the ``payload`` is the text, the ``headers`` have its name."""
        return [item for item in self.items if item.type == "attachment"]

    def leaks(self, *values: str | Planted) -> list[Leak]:
        """Find each of the values in all that was sent, whatever form it is in.

        :raises ValueError: for a value of fewer than `SHORTEST` characters.
        :raises TelemetryError: when more was sent than is kept, so not all can be searched.
        """
        planted = [
            value if isinstance(value, Planted) else Planted(kind="value", value=str(value))
            for value in values
        ]
        if any(len(each.value) < SHORTEST for each in planted):
            raise ValueError(
                f"A value to look for should have at least {SHORTEST} characters: "
                "a shorter one is found by chance, in ids and in words."
            )
        self.flush()
        if self._store.forgotten:
            raise TelemetryError("more was sent than is kept, so not all of it can be searched")
        return find_leaks(self._store, planted)

    def assert_no_leak(self, *values: str | Planted, allow_empty: bool = False) -> None:
        """Claim that none of the values is in anything that was sent.

        They are looked for in the bytes, in the forms of `telemetry_core.collector.FORMS`:
        percent-encoded, base64, escaped, in other case, ... The message names each item, field
        and rule, and masks the value.

        An outbox with nothing in it fails as well, for that proves nothing, unless
        ``allow_empty``.

        :raises AssertionError: when one was found, or there is nothing to look at.
        """
        __tracebackhide__ = True
        if not values:
            raise TypeError("assert_no_leak() takes the values that should not have been sent")
        leaks = self.leaks(*values)
        if leaks:
            _fail(report_of(leaks, asked=len(values), received=self._store, ungated=self._ungated))
        if not allow_empty and not len(self._store):
            _fail(
                "nothing was sent, so this proves nothing.\n"
                "Capture something first: let a view fail, log an error.\n"
                "Where nothing should be sent, claim that: assert telemetry_outbox.items == []"
            )

    def _payloads(self, type: str) -> list[dict[str, Any]]:
        payloads = [item.json for item in self.items if item.type == type]
        if type in RECORD_LISTS:
            payloads = [record for payload in payloads for record in payload["items"]]
        return payloads

    def __repr__(self) -> str:
        counts = Counter(item.type for received in self._store for item in received.items)
        shown = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        return f"<Outbox: {shown or 'empty'}>"


def _fail(message: str) -> NoReturn:
    __tracebackhide__ = True
    raise AssertionError(message)
