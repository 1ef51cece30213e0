"""Forms: what an id, a number, a time or an enumerated value has to look like to be kept as it is.

A value that leaves without being read by the detectors must not be able to hold anything personal,
so every form is narrow: a fixed alphabet and length, a range, or a closed list. The forms follow
the protocol's documentation (https://develop.sentry.dev/sdk/foundations/transport/event-payloads/).
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from stdnum import luhn

Holds = Callable[[object], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A named test of a value. ``holds`` never raises and never changes the value."""

    name: str
    means: str
    """What the form allows, in words, for the published table."""
    holds: Holds
    words: frozenset[str] | None = None
    """The values of a closed list."""
    most: int | None = None
    """The largest of the integers from 0 on."""
    all_hold: Callable[[list[Any]], bool] | None = None
    """Whether all of many values of plain types hold, where that is told faster than of each."""

    def hold_all(self, values: list[Any]) -> bool:
        """Tell whether all of many values of plain types hold."""
        if len(values) > 3 and self.all_hold is not None and self.all_hold(values):
            return True
        return all(map(self.holds, values))


def matches(name: str, means: str, pattern: str) -> Form:
    """Make a form of a regular expression that the whole of a ``str`` must match."""
    fullmatch = re.compile(pattern).fullmatch
    return Form(
        name=name,
        means=means,
        holds=lambda value: type(value) is str and fullmatch(value) is not None,
        all_hold=lambda values: (
            # One trace id stands in every span.
            set(map(type, values)) == {str} and all(map(fullmatch, set(values)))
        ),
    )


def one_of(name: str, *values: str) -> Form:
    """Make a form of a closed list of words."""
    known = frozenset(values)
    return Form(
        name=name,
        means=", ".join(values),
        holds=lambda value: type(value) is str and value in known,
        words=known,
    )


def up_to(name: str, most: int) -> Form:
    """Make a form of the integers from 0 to ``most``."""
    return Form(
        name=name,
        means=f"an integer from 0 to {most:,}",
        holds=lambda value: type(value) is int and 0 <= value <= most,
        most=most,
    )


def _number_between(low: float, high: float) -> Holds:
    def holds(value: object) -> bool:
        kind = type(value)
        return (kind is int or kind is float) and low <= value <= high  # type: ignore[operator]  # narrowed by kind

    return holds


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


_SECONDS_PER_YEAR: Final = 31_556_952
_YEARS_BACK: Final = 5


_recent: Final[set[int]] = set()


def _is_recent(year: int) -> bool:
    """Tell whether a time may lie in a year; those that may are remembered, as they stay recent.

    A process that runs for years is the worse for it by as many.
    """
    # A clock that is two days ahead has to be believed.
    age = 1970 + int((time.time() + 172_800) // _SECONDS_PER_YEAR) - year
    if not 0 <= age <= _YEARS_BACK:
        return False
    _recent.add(year)
    return True


def _is_timestamp(value: object) -> bool:
    """A time of the last years: wide enough for a late clock, too narrow for a date of birth.

    Nor is there a telephone number with an area code among these seconds.
    """
    kind = type(value)
    if kind is str:
        # The parser takes what is no time of RFC 3339, too, such as 20260102; a date and a time
        # with their separators have no room for anything else.
        if not (19 <= len(value) <= 35 and value[4] == value[7] == "-" and value[13] == ":"):  # type: ignore[arg-type,index]  # narrowed by kind
            return False
        try:
            year = datetime.fromisoformat(value).year  # type: ignore[arg-type]  # narrowed by kind
        except ValueError:
            return False
        return year in _recent or _is_recent(year)
    if kind is float or kind is int:
        return 0 < value < 1e10 and _is_recent(1970 + int(value // _SECONDS_PER_YEAR))  # type: ignore[operator]  # narrowed by kind
    return False


def _written(values: list[Any]) -> bytes:
    """Return strings with a space after each; nothing where there is anything else."""
    if set(map(type, values)) != {str}:
        return b""
    return (" ".join(values) + " ").encode("utf-8", "replace")


_DIGITS_TO_ZERO: Final = bytes.maketrans(b"123456789", b"000000000")


def _are_timestamps(values: list[Any]) -> bool:
    # As the SDK writes them: with their layout known, the parser can take them for nothing else.
    layout = b"0000-00-00T00:00:00.000000Z "
    if _written(values).translate(_DIGITS_TO_ZERO) != layout * len(values) or not values:
        return False
    last = max(values)
    # Up to a time there are only times in its minute.
    if min(values)[:17] == last[:17]:
        return _is_timestamp(last)
    return all(map(_is_timestamp, values))


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
_is_hexadecimal_16 = re.compile(r"[0-9a-f]{16}").fullmatch


def _is_span_id(value: object) -> bool:
    # One random id in 1,800 is all decimal, and one of ten of those could be a payment card.
    return (
        type(value) is str
        and _is_hexadecimal_16(value) is not None
        and not (value.isdigit() and luhn.is_valid(value))
    )


_HEXADECIMAL_TO_F: Final = bytes.maketrans(b"0123456789abcde", b"fffffffffffffff")


def _are_span_ids(values: list[Any]) -> bool:
    written = _written(values)
    return (
        bool(values)
        and written.translate(_HEXADECIMAL_TO_F) == b"ffffffffffffffff " * len(values)
        # One that is all decimal is looked at for itself.
        and b"0000000000000000 " not in written.translate(_DIGITS_TO_ZERO)
    )


SPAN_ID = Form(
    name="span id",
    means="16 hexadecimal digits, unless they are a card's",
    holds=_is_span_id,
    all_hold=_are_span_ids,
)
TIMESTAMP = Form(
    name="timestamp",
    means="an RFC 3339 time or seconds since 1970, in the last five years",
    holds=_is_timestamp,
    all_hold=_are_timestamps,
)
MEASURE = Form(name="number", means="a finite number of at most nine digits", holds=_is_measure)
COUNT = up_to("count", 1_000_000_000)
BOOLEAN = Form(name="boolean", means="true or false", holds=lambda value: type(value) is bool)
LINE = up_to("line number", 10_000_000)
DIGITS = Form(
    name="digits",
    means="an integer of up to 20 digits, or its digits",
    holds=lambda value: (
        (type(value) is int and 0 <= value < 10**20)
        or (type(value) is str and len(value) <= 20 and value.isascii() and value.isdigit())
    ),
)
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
OUTCOME = one_of("outcome", "ok", "failed", "fallback", "passed", "cancelled")
_is_error_word = re.compile(r"E[A-Z0-9]{2,20}|SQLITE_[A-Z_]{2,40}|[0-9A-Z]{5}").fullmatch
ERROR_CODE = Form(
    name="error code",
    means="an integer of up to three digits, ENOENT and its like, SQLITE_BUSY and its like, or an "
    "SQLSTATE",
    holds=lambda value: (
        (type(value) is int and -1000 < value < 1000)
        or (type(value) is str and _is_error_word(value) is not None)
    ),
)
METRIC_TYPE = one_of("metric type", "counter", "gauge", "distribution", "set")
SCHEDULE = one_of("schedule type", "crontab", "interval")
SCHEDULE_UNIT = one_of("schedule unit", "year", "month", "week", "day", "hour", "minute")
_MONTHS_AND_DAYS: Final = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat"
)
_CRONTAB_FIELD: Final = rf"(?:\d{{1,2}}(?!\d)|[*/,\-?#LW]|(?i:{_MONTHS_AND_DAYS})){{1,40}}"
CRONTAB = matches(
    "crontab",
    "five crontab fields, or @daily and its kin",
    rf"{_CRONTAB_FIELD}(?: {_CRONTAB_FIELD}){{4}}"
    r"|@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)",
)
TIMEZONE = Form(
    name="time zone",
    means="an IANA time-zone name",
    holds=lambda value: type(value) is str and value in _time_zones(),
)
UNIT = one_of(
    # https://getsentry.github.io/relay/relay_metrics/enum.MetricUnit.html
    "unit", "none", "ratio", "percent", "nanosecond", "microsecond", "millisecond", "second",
    "minute", "hour", "day", "week", "bit", "byte", "kilobyte", "kibibyte", "megabyte", "mebibyte",
    "gigabyte", "gibibyte", "terabyte", "tebibyte", "petabyte", "pebibyte", "exabyte", "exbibyte",
)  # fmt: skip
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
FILE_NAME = matches(
    "file name",
    "letters, digits, . - _, and an extension",
    r"[A-Za-z0-9][A-Za-z0-9._\-]{0,60}\.[a-z]{1,5}",
)
