"""Filters a log line by line: lines of text, and lines that are JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from telemetry_core.collector.remarks import remarks_of
from telemetry_core.filter.pii import PIIFilter
from telemetry_core.filter.text import FILTERED
from telemetry_core.policy.statement import without_literals, without_row_data


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What was taken out of a line: by which rule, and in a line of JSON at which place.

    Never the value itself.
    """

    rule: str
    path: str = ""


LOG_KEYS: Final = (
    "msg", "event", "text", "exception", "exc_info", "exc_text", "stack", "stack_info",
    "stack_trace", "stacktrace", "traceback", "error.message", "error.stack_trace",
    "time", "ts", "@timestamp", "asctime", "created", "severity", "levelname", "levelno",
    "log.level", "log.logger", "lineno", "funcName", "module", "process", "thread", "route",
    "trace_id", "span_id", "trace.id", "span.id", "ecs.version",
)  # fmt: skip
"""Keys under which formatters write a message, an error, a time or a place: those of the standard
library, structlog, python-json-logger and Elastic's common schema."""

Line = tuple[str, tuple[Removal, ...]]
"""A line as it may be shown, and what was taken out of it."""

UNREADABLE: Final[Line] = (FILTERED, (Removal(rule="unreadable"),))
TOO_LONG: Final[Line] = (FILTERED, (Removal(rule="too_long"),))


class LineFilter:
    """Takes what is personal out of a log, line by line, in the order of the log.

    Promises: no line raises; a line of which nothing is taken comes back as it was; a secret that
    goes on over lines (a private key) is taken out to its end, with no line held back. Doesn't
    promise to find a personal value that is broken in two by the end of a line.

    Text is read as a logged message is (docs/what-is-sent.md, rule ``message``). With
    ``json_lines``, a line that is JSON is read as a map that the application filled (rule ``map``):
    allowed keys only, each text among the values like a message; and written as JSON again. A line
    that isn't is text.
    """

    def __init__(self, pii_filter: PIIFilter, *, json_lines: bool = False) -> None:
        self._policy = pii_filter.policy
        self._json_lines = json_lines
        self._blocks = _Blocks()

    def filter(self, lines: Sequence[str]) -> list[Line]:
        """Return the lines, given without their ends, filtered."""
        if self._json_lines:
            return [self._record(line) for line in lines]
        return self._texts(lines)

    def _texts(self, lines: Sequence[str]) -> list[Line]:
        times = [_time_before(line) for line in lines]
        prepared = self._prepared(
            [line[len(time) :] for time, line in zip(times, lines, strict=True)]
        )
        # All at once: the detectors read many lines for little more than one.
        changed = self._policy.texts.prime(text for text, _ in prepared)
        filtered: list[Line] = []
        for time, (text, removals) in zip(times, prepared, strict=True):
            read, remarks = changed.get(text, (text, ()))
            found = tuple(Removal(rule=remark.rule) for remark in remarks)
            filtered.append((time + read, (*removals, *found)))
        return filtered

    def _prepared(self, lines: Sequence[str]) -> list[Line]:
        """Take out what a single line, or a detector, doesn't show to be personal."""
        if not self._blocks.is_open and _NOTEWORTHY("\n".join(lines)) is None:
            return [(line, ()) for line in lines]
        return [self._without_data(line, is_line=True) for line in lines]

    def _without_data(self, text: str, *, is_line: bool) -> Line:
        shorter = self._blocks.without_body(text, is_line=is_line)
        removals = (Removal(rule="pem_key"),) if shorter != text else ()
        statement = _STATEMENT(shorter)
        if statement is not None:
            start = statement.start()
            shorter = shorter[:start] + without_literals(shorter[start:])
        without = without_row_data(shorter)
        if not removals and without != text:
            removals = (Removal(rule="database"),)
        return without, removals

    def _record(self, line: str) -> Line:
        mark = "\ufeff" if line.startswith("\ufeff") else ""
        repeats: list[str] = []

        def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            made = dict(pairs)
            if len(made) < len(pairs):
                repeats.append("")
            return made

        try:
            record = json.loads(line.removeprefix(mark), object_pairs_hook=mapping)
        except RecursionError:
            return UNREADABLE
        except ValueError:
            return self._texts((line,))[0]
        try:
            read, removals = self._value(record)
        except Exception:
            # More than can be read in reasonable time, or nested too deeply.
            return json.dumps(FILTERED), UNREADABLE[1]
        if not removals and not repeats and read == record:
            return line, ()
        written = json.dumps(
            read,
            ensure_ascii=line.isascii(),
            separators=None if '": ' in line else (",", ":"),
        )
        # Of a key that comes twice the first value was never read.
        return mark + written, removals or (Removal(rule="form"),)

    def _value(self, record: Any) -> tuple[Any, tuple[Removal, ...]]:
        taken: list[Removal] = []
        prepared = self._without_data_inside(record, (), taken)
        is_mapping = isinstance(prepared, dict)
        extra = prepared if is_mapping else {_BARE: prepared}
        payload = self._policy.apply("event", {"extra": extra}).payload
        read = payload.get("extra", {})
        below = "extra." if is_mapping else f"extra.{_BARE}"
        taken += [
            Removal(rule=remark.rule, path=remark.path.removeprefix(below))
            for remark in remarks_of(payload)
        ]
        return (read if is_mapping else read.get(_BARE, FILTERED)), tuple(taken)

    def _without_data_inside(self, value: Any, path: tuple[str, ...], taken: list[Removal]) -> Any:
        if isinstance(value, str):
            # Docker's records have the end of the line they hold; a short word is another field's.
            text, removals = self._without_data(value, is_line=value.endswith("\n"))
            taken += [Removal(rule=removal.rule, path=".".join(path)) for removal in removals]
            return text
        if isinstance(value, dict):
            return {
                key: self._without_data_inside(part, (*path, key), taken)
                for key, part in value.items()
            }
        if isinstance(value, list):
            return [
                self._without_data_inside(part, (*path, str(index)), taken)
                for index, part in enumerate(value)
            ]
        return value


_BARE: Final = "message"
"""The key under which a record that is no mapping is read."""

# Most logs begin each line with its time, and are otherwise the same few lines: what was read
# before need not be read anew.
_TIME = re.compile(
    r"\[?(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]|[A-Z][a-z]{2} [ 0-9][0-9] )[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?\]?[ \t]{1,4}"
).match


def _time_before(line: str) -> str:
    found = _TIME(line)
    return found[0] if found is not None else ""


_STATEMENT = re.compile(
    r"\b(?:SELECT|INSERT INTO|REPLACE INTO|UPDATE|DELETE FROM|MERGE INTO|WITH|VALUES) "
).search
# Whether any of some lines has to be looked at closer; see `_Blocks` and `without_row_data`.
_NOTEWORTHY = re.compile(
    r"-- ?BEGIN|PuTTY-User|\[parameters: |\)=\(|Failing row|Duplicate entry|invalid input syntax"
    r"|\[(?:generated in|cached since|caching|no key|raw sql|dialect) "
    r"|\b(?:SELECT|INSERT INTO|REPLACE INTO|UPDATE|DELETE FROM|MERGE INTO|WITH|VALUES) "
).search


class _Blocks:
    """Knows whether a log is inside a block of lines that is a secret, such as a PEM key.

    A block ends with its last line, or after `MOST` lines. Inside it, what has the form of its
    body is taken out; lines that other threads wrote in between stay.
    """

    MOST: Final = 500
    """Lines; the longest keys in use take 200."""

    # The detector pem_key takes the first line out, and the rest where it is in the same text.
    KINDS: Final[Iterable[tuple[re.Pattern[str], str]]] = (
        (
            re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}(?:PRIVATE KEY|CERTIFICATE)(?: BLOCK)?-----"),
            "-----END ",
        ),
        (re.compile(r"---- BEGIN SSH2 [A-Z ]{0,40}PRIVATE KEY ----"), "---- END SSH2 "),
        (re.compile(r"PuTTY-User-Key-File-[0-9]"), "Private-MAC:"),
    )
    LINE: Final = re.compile(r"(?m)^([\s>|]{0,40})[A-Za-z0-9+/=]{1,200}(?=\s*$)")
    # Too long for a word, wherever a prefix put it.
    RUN: Final = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")

    def __init__(self) -> None:
        self._end = ""
        self._left = 0

    @property
    def is_open(self) -> bool:
        return self._left > 0

    def without_body(self, text: str, *, is_line: bool) -> str:
        """Return the next text of the log without what belongs to the body of a block.

        :param is_line: whether the text is a line or more of the log; else it may be one word of
            one, which is told from a short last line of a body by that.
        """
        if self.is_open:
            self._left -= 1
            body, mark, rest = text.partition(self._end)
            if is_line:
                body = self.LINE.sub(r"\1[SECRET]", body)
            body = self.RUN.sub("[SECRET]", body)
            if not mark:
                return body
            self._left = 0
            return f"{body}{mark}{self.without_body(rest, is_line=is_line)}"
        for begin, end in self.KINDS:
            found = begin.search(text)
            if found is not None and end not in text[found.end() :]:
                self._end = end
                self._left = self.MOST
        return text
