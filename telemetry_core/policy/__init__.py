"""What may leave, as a table, and the function that applies it.

`table.ITEMS` is the table; `Policy` applies it to one item at a time and builds a new one.
"""

from __future__ import annotations

from telemetry_core.policy.policy import Policy, Refused, Result
from telemetry_core.policy.rule import DROP
from telemetry_core.policy.walk import ItemTooLarge, Session

__all__ = ["DROP", "ItemTooLarge", "Policy", "Refused", "Result", "Session"]
