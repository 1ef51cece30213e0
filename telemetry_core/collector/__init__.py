"""A collector on loopback: receives telemetry, keeps it, shows it, and searches it.

It speaks Sentry's envelope protocol, so any SDK can be pointed at it, and stands in for Sentry
in development and in tests. It uses the standard library alone, and no code of the SDK's.
"""

from __future__ import annotations

from telemetry_core.collector.envelope import Envelope, Item, MalformedEnvelope, parse_envelope
from telemetry_core.collector.leaks import Leak, Planted, find_leaks
from telemetry_core.collector.remarks import ItemRemark, remarks_of
from telemetry_core.collector.search import FORMS, Form, find_value
from telemetry_core.collector.server import Collector
from telemetry_core.collector.store import CollectorError, Received, Store
from telemetry_core.collector.summary import Entry, entries_of

__all__ = [
    "FORMS",
    "Collector",
    "CollectorError",
    "Entry",
    "Envelope",
    "Form",
    "Item",
    "ItemRemark",
    "Leak",
    "MalformedEnvelope",
    "Planted",
    "Received",
    "Store",
    "entries_of",
    "find_leaks",
    "find_value",
    "parse_envelope",
    "remarks_of",
]
