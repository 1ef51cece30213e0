"""The filter for handlers whose formatter is somebody else's."""

from __future__ import annotations

import logging
import sys
from typing import Any, Final

from telemetry_core.logging.formatters import ABSENT
from telemetry_core.logging.lines import CONTEXT_FIELDS, filtered_record

_CAN_REPLACE: Final = sys.version_info >= (3, 12)
"""Whether a filter may return a record in place of the one it was given."""


class TelemetryFilter(logging.Filter):
    """Lets a handler see a filtered record in place of each, whatever its formatter.

    Put it on handlers, and not on loggers: what a logger's filter replaces is replaced for
    sentry-sdk, too. Where the formatter can be chosen, `JsonFormatter` and its kin cost less and do
    the same, since they make no record.

    The new record is as `telemetry_core.logging.lines.filtered_record` says, with a value for each
    of the fields of the context, so that format strings can name them. The record that was given is
    not changed, and other handlers see it as it was.
    """

    def filter(self, record: logging.LogRecord) -> Any:
        """Return the new record."""
        new = filtered_record(record)
        for name in CONTEXT_FIELDS:
            new.__dict__.setdefault(name, ABSENT)
        if _CAN_REPLACE:
            return new
        return self._handed_to_caller(new)

    def _handed_to_caller(self, new: logging.LogRecord) -> Any:
        """Do what Python 3.12 does by itself: let the handler that asks go on with the new record.

        Of its own accord Python 3.11's goes on with the old one, so that one is turned away.
        """
        handler = sys._getframe(2).f_locals.get("self")  # of Filterer.filter, which asks
        if not isinstance(handler, logging.Handler) or self not in handler.filters:
            return new
        for later in handler.filters[handler.filters.index(self) + 1 :]:
            lets_pass: Any = getattr(later, "filter", later)
            if not lets_pass(new):
                return False
        handler.acquire()
        try:
            handler.emit(new)
        finally:
            handler.release()
        return False
