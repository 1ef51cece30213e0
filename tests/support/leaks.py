"""Assert that what a collector received holds none of some values, in any form."""

from __future__ import annotations

from collections.abc import Iterable

from telemetry_core.collector import Collector, Planted, find_leaks


def assert_nothing_leaked(collector: Collector, values: Iterable[str]) -> None:
    """Fail with item, field and form of each place where one of ``values`` was received.

    A collector that received nothing proves nothing, so that fails as well.
    """
    assert collector.body(), "the collector received nothing, so nothing can have been searched"
    leaks = find_leaks(collector.store, [Planted(kind="value", value=value) for value in values])
    assert not leaks, "\n".join(map(str, leaks))
