"""What is known of the visitor of a request: gathered when something is captured, kept until then.

Most requests never ask for it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from telemetry_core.values import Secret, is_same_stamp

if TYPE_CHECKING:
    from telemetry_core.config import TelemetryConfig
    from telemetry_core.facts import KnownPair, RequestFacts
    from telemetry_core.filter.known import KnownValues


class _Known(NamedTuple):
    """What was known, and by what to tell that it still is all."""

    stamp: list[object]
    pairs: tuple[KnownPair, ...]
    values: KnownValues | None


class Knowledge:
    """What one request's facts tell of its visitor. Facts that fail are counted, never raised.

    :param facts: asked anew whenever they may tell something else than before.
    :param config: makes values ready for its policy, and counts.
    """

    __slots__ = ("_config", "_facts", "_known")

    def __init__(self, facts: RequestFacts, config: TelemetryConfig) -> None:
        self._facts = facts
        self._config = config
        # Replaced as a whole: several threads may ask.
        self._known: _Known | None = None

    def pairs(self) -> tuple[KnownPair, ...]:
        """Return each value that is known by now, with its token. Always gathered anew."""
        pairs: list[KnownPair] = []
        secrets: list[KnownPair] = []
        for token, gather in (
            ("[USER]", self._facts.user_values),
            ("[INPUT]", self._facts.visitor_values),
        ):
            try:
                for value in gather():
                    if isinstance(value, Secret):
                        secrets.append((value, "[SECRET]"))
                    else:
                        pairs.append((value, token))
            except Exception as error:
                self._config.drops.count("facts_error", "known_values", error=error)
        # Of two tokens for a value the first counts.
        return (*secrets, *pairs)

    def values(self) -> KnownValues | None:
        """Return `pairs` ready to be taken out of text; made anew only when they changed."""
        stamp = self._stamp_now()
        known = self._known
        if known is not None and stamp is not None and is_same_stamp(known.stamp, stamp):
            return known.values
        pairs = self.pairs()
        if known is not None and known.pairs == pairs:
            values = known.values
        else:
            values = self._config.filter.policy.known(pairs)
        self._known = _Known(stamp=stamp or [object()], pairs=pairs, values=values)
        return values

    def _stamp_now(self) -> list[object] | None:
        if sys.exc_info()[1] is not None:
            # An error that is being handled is asked for values, too.
            return None
        try:
            return self._facts.stamp()
        except Exception as error:
            self._config.drops.count("facts_error", "known_values", error=error)
            return None
