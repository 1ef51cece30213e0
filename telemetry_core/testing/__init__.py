"""Test what leaves: collect it in a test, look at it, and claim what is not in it.

Needs no test framework; with pytest the fixtures ``telemetry_outbox`` and ``telemetry_canaries``
are there by themselves, see ``docs/testing.md``.
"""

from __future__ import annotations

from telemetry_core.testing.canaries import Canaries
from telemetry_core.testing.collection import collect_telemetry
from telemetry_core.testing.outbox import Outbox

__all__ = ["Canaries", "Outbox", "collect_telemetry"]
