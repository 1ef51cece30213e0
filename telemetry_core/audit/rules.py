"""Which rule of the filter takes care of which planted value."""

from __future__ import annotations

from typing import Final

from telemetry_core.audit.canaries import Canaries
from telemetry_core.cli.lines import LineFilter
from telemetry_core.filter.pii import PIIFilter

KNOWN: Final = "known values"
"""The rule for what has no pattern: what the request is known to hold."""


def rules_for(canaries: Canaries) -> dict[str, str]:
    """Return by kind the rule that catches it in text with the default settings."""
    lines = LineFilter(PIIFilter())
    kinds = list(canaries.values)
    filtered = lines.filter([canaries[kind] for kind in kinds])
    return {
        kind: removals[0].rule if removals else KNOWN
        for kind, (_, removals) in zip(kinds, filtered, strict=True)
    }
