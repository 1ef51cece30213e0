"""Forms: what an id, a number, a time or an enumerated value has to look like to be kept as it is.

A value that leaves without being read by the detectors must not be able to hold anything personal,
so every form is narrow: a fixed alphabet and length, a range, or a closed list. The forms follow
the protocol's documentation (https://develop.sentry.dev/sdk/foundations/transport/event-payloads/).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

Holds = Callable[[object], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A named test of a value. ``holds`` never raises and never changes the value."""

    name: str
    means: str
    """What the form allows, in words, for the published table."""
    holds: Holds


def matches(name: str, means: str, pattern: str) -> Form:
    """Make a form of a regular expression that the whole of a ``str`` must match."""
    fullmatch = re.compile(pattern).fullmatch
    return Form(
        name=name,
        means=means,
        holds=lambda value: type(value) is str and fullmatch(value) is not None,
    )


def one_of(name: str, *values: str) -> Form:
    """Make a form of a closed list of words."""
    known = frozenset(values)
    return Form(
        name=name,
        means=", ".join(values),
        holds=lambda value: type(value) is str and value in known,
    )


def _number_between(low: float, high: float) -> Holds:
    def holds(value: object) -> bool:
        kind = type(value)
        return (kind is int or kind is float) and low <= value <= high  # type: ignore[operator]  # narrowed by kind

    return holds


def _integer_between(low: int, high: int) -> Holds:
    return lambda value: type(value) is int and low <= value <= high


# The years 2000 to 2100: wide enough for every clock, too narrow for a card or phone number.
_seconds = _number_between(946_684_800, 4_102_444_800)


def _is_timestamp(value: object) -> bool:
    if type(value) is not str:
        return _seconds(value)
    # The parser takes what is no time of RFC 3339, too, such as 20260102; a date and a time with
    # their separators have no room for anything else.
    if not (19 <= len(value) <= 35 and value[4] == value[7] == "-" and value[13] == ":"):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_measure(value: object) -> bool:
    """A finite number; JSON has no other. Ten digits or more could be somebody's number."""
    kind = type(value)
    if kind is float:
        return math.isfinite(value) and (abs(value) < 1e9 or not value.is_integer())  # type: ignore[arg-type,attr-defined]  # narrowed by kind
    return kind is int and -1_000_000_000 < value < 1_000_000_000  # type: ignore[operator]  # narrowed by kind


EVENT_ID = matches(
    "event id",
    "32 hexadecimal digits, or a UUID",
    r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
)
TRACE_ID = matches(
    "trace id",
    "32 lower-case hexadecimal digits, or a UUID",
    r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
)
SPAN_ID = matches("span id", "16 hexadecimal digits", r"[0-9a-f]{16}")
TIMESTAMP = Form(
    name="timestamp",
    means="an RFC 3339 time, or seconds since 1970 in the years 2000 to 2100",
    holds=_is_timestamp,
)
MEASURE = Form(name="number", means="a finite number of at most nine digits", holds=_is_measure)
COUNT = Form(name="count", means="an integer from 0 to 1e9", holds=_integer_between(0, 10**9))
BOOLEAN = Form(name="boolean", means="true or false", holds=lambda value: type(value) is bool)
LINE = Form(name="line number", means="an integer from 0 to 1e7", holds=_integer_between(0, 10**7))
THREAD_ID = Form(
    name="thread id",
    means="an integer, or its digits",
    holds=lambda value: (
        (type(value) is int and 0 <= value < 2**64)
        or (type(value) is str and len(value) <= 20 and value.isascii() and value.isdigit())
    ),
)
NANOSECONDS = matches("nanoseconds", "up to 20 digits", r"\d{1,20}")
RATE = Form(
    name="rate",
    means="a number from 0 to 1, or its digits",
    holds=lambda value: (
        _number_between(0, 1)(value)
        or (
            type(value) is str
            and re.fullmatch(r"(?:0|1|0?\.\d{1,20}|1\.0{1,20})", value) is not None
        )
    ),
)
TRUTH = one_of("truth word", "true", "false")
LEVEL = one_of(
    "level", "fatal", "critical", "error", "warning", "warn", "info", "log", "debug", "trace"
)
METHOD = one_of(
    "HTTP method",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "QUERY",
)
STATUS = one_of(
    "span status",
    "ok",
    "cancelled",
    "unknown",
    "unknown_error",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal_error",
    "unavailable",
    "data_loss",
    "unauthenticated",
    "error",
)
PLATFORM = one_of("platform", "python", "native", "javascript", "node", "other")
SOURCE = one_of(
    "transaction source", "custom", "url", "route", "view", "component", "task", "unknown"
)
CHECK_IN_STATUS = one_of("check-in status", "ok", "error", "in_progress", "missed", "timeout")
SESSION_STATUS = one_of(
    "session status", "ok", "exited", "crashed", "abnormal", "errored", "unhandled"
)
METRIC_TYPE = one_of("metric type", "counter", "gauge", "distribution", "set")
SCHEDULE = one_of("schedule type", "crontab", "interval")
SCHEDULE_UNIT = one_of("schedule unit", "year", "month", "week", "day", "hour", "minute")
CRONTAB = matches(
    "crontab",
    "five crontab fields, or @daily and its kin",
    r"[\d*/,\-A-Za-z?#]{1,40}(?: [\d*/,\-A-Za-z?#]{1,40}){4}|@[a-z]{4,8}",
)
TIMEZONE = matches(
    "time zone", "an IANA time-zone name", r"[A-Z][A-Za-z]{1,20}(?:[/_+\-][A-Za-z0-9]{1,20}){0,4}"
)
UNIT = matches("unit", "a word of lower-case letters", r"[a-z]{1,15}(?:/[a-z]{1,15})?")
DIGEST = matches("digest", "a hexadecimal hash of 8 to 64 digits", r"[0-9a-f]{8,64}")
NUMBER_WORD = matches("number word", "up to 19 digits", r"\d{1,19}")
LABEL = matches(
    "label",
    "one word, as versions and releases are",
    r"[A-Za-z0-9_][\w.@+\-:/()]{0,199}",
)
SLUG = matches(
    "slug",
    "lower-case words joined by . _ - : /",
    r"[a-z][a-z0-9]{0,40}(?:[._\-:/][a-z0-9]{1,40}){0,8}",
)
NAME = matches(
    "name in code",
    "an identifier, dotted, with <locals>, <lambda> and the like",
    r"[\w<][\w<>.:$@\-\[\],*]{0,300}",
)
CONTENT_TYPE = matches(
    "content type", "a media type without parameters", r"[a-z]{1,20}/[a-z0-9.+\-]{1,60}"
)
