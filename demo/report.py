"""What the demo prints: fits 100 columns, reads top to bottom, plain text without a terminal."""

from __future__ import annotations

import json
import os
import re
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from demo.backend import Bugsink, Stored
from demo.local_logs import LocalLog
from demo.planting import PLACES, Plantings
from demo.requests import Sent
from demo.verdict import Match, Verdict, expected_events, session_of
from telemetry_core.collector import FORMS, Collector, Entry, entries_of

WIDTH = 98

_CODES = {"bold": "1", "dim": "2", "red": "1;31", "green": "1;32", "yellow": "33", "cyan": "36"}


@dataclass(slots=True, kw_only=True)
class Report:
    """Prints to ``out``, in colour when that is a terminal and nobody has asked for none."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    started: float = field(default_factory=time.monotonic)

    @property
    def in_colour(self) -> bool:
        """Whether colours are used: see https://no-color.org."""
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return self.out.isatty() and not plain

    def line(self, text: str = "") -> None:
        """Print a line at once."""
        self.out.write(f"{text}\n")
        self.out.flush()

    def paint(self, text: str, colour: str) -> str:
        """Return the text in a colour, or as it is."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.in_colour else text

    def title(self) -> None:
        """Say what this is."""
        self.line(self.paint("telemetry-core demo", "bold"))
        self.line("Two real apps get requests full of personal data. What do they tell Sentry?")
        self.line()

    def step(self, text: str) -> None:
        """Say what is being done now."""
        clock = self.paint(f"{time.monotonic() - self.started:5.1f} s", "dim")
        self.line(f"  {clock}  {text}")

    def heading(self, number: int, text: str) -> None:
        """Begin a part of the report."""
        self.line()
        self.line(self.paint(f"{number}. {text}", "bold"))
        self.line()

    def planted(self, plantings: Plantings, requests: int) -> None:
        """Show what was planted, by kind and by place, with an example of each kind."""
        total = sum(plantings.counts.values())
        self.heading(
            1,
            f"Planted: {len(plantings.planted)} values, made up for this run, "
            f"in {total} places of {requests} requests",
        )
        places = "".join(f"{place:>7}" for place in PLACES)
        self.line(self.paint(f"   {'kind':<15}{places}   for example", "dim"))
        for kind, planted in plantings.kinds():
            counts = (plantings.counts[kind, place] for place in PLACES)
            row = "".join(f"{count or '-':>7}" for count in counts)
            room = WIDTH - 3 - 15 - 7 * len(PLACES) - 3
            self.line(f"   {kind:<15}{row}   {_cut(planted[0].value, room)}")

        self.line()
        self.line("   The apps put them into exception messages, log lines, tags and contexts.")

    def arrived(self, sent: Sequence[Sent], verdict: Verdict, collector: Collector) -> None:
        """Show how many items arrived, and for each error where it came from."""
        entries = [entry for received in collector.store for entry in entries_of(received)]
        types = Counter(entry.type for entry in entries)
        counts = ", ".join(f"{count} {_plural(kind, count)}" for kind, count in types.most_common())
        self.heading(2, f"Arrived: {counts or 'nothing'}")
        self.line(self.paint(f"   {'':<5}{'a visitor ...':<36}{'event':<21}route", "dim"))
        for app in dict.fromkeys(each.scenario.app for each in sent):
            self.line(f"   {self.paint(app, 'cyan')}")
            for found in expected_events(verdict.matches):
                if found.expected.sent.scenario.app == app:
                    self.line(self._arrival(found))
        removed = Counter(
            remark.text or f"({remark.kind})" for entry in entries for remark in entry.remarks
        )
        if removed:
            most = ", ".join(f"{count} × {text}" for text, count in _tokens(removed))
            self.line()
            for line in _wrap(f"Noted in the items as removed: {most}", WIDTH - 3):
                self.line(f"   {line}")

    def _arrival(self, found: Match) -> str:
        scenario = found.expected.sent.scenario
        if found.entry is None:
            event = self.paint(f"{'MISSING':<21}", "red")
        else:
            event = f"{_cut(_short(found.entry), 20):<21}"
        title = _cut(scenario.title, 35)
        route = _cut_middle(scenario.route, WIDTH - 3 - 5 - 36 - 21)
        return f"   {found.expected.sent.status:<5}{title:<36}{event}{route}"

    def found(self, plantings: Plantings, verdict: Verdict, collector: Collector) -> None:
        """Show how many of the planted values were found in what arrived."""
        values = {leak.planted.value for leak in verdict.leaks}
        size = len(collector.body())
        count = self.paint(str(len(values)), "red" if values else "green")
        self.heading(3, f"Found: {count} of {len(plantings.planted)} planted values")
        self.line(f"   in {size:,} bytes, headers included, each value looked for in these forms:")
        for line in _wrap(", ".join(form.name for form in FORMS), WIDTH - 6):
            self.line(f"      {line}")

    def event(self, verdict: Verdict, logs: Sequence[LocalLog], wrong: Sequence[str]) -> list[str]:
        """Show an event in full, and what the app has logged in its session.

        It is the shortest exception from which several things were removed.

        :param wrong: what is wrong with the logs.
        :return: a sentence when there is no event with lines of its session.
        """
        logged: dict[str, list[Mapping[str, Any]]] = {}
        for each in (each for log in logs for each in log.lines):
            logged.setdefault(str(each.get("session_id")), []).append(each)
        arrived = [
            (found.expected.sent.scenario.title, found.entry)
            for found in expected_events(verdict.matches)
            if found.entry is not None and session_of(found.entry) in logged
        ]
        if not arrived:
            return ["LOCAL LOG: no line has the session of an event"]
        title, entry = max(arrived, key=lambda each: _worth_showing(each[1]))
        self.heading(4, f"One event in full, as it arrived: a visitor {title}")
        payload = dict(entry.item.json) if entry.item is not None else {}
        notes = payload.pop("_meta", {})
        for line in compact(payload, WIDTH - 3):
            self.line(f"   {self._coloured(line)}")
        self.line()
        self.line(
            f"   and its _meta, {len(json.dumps(notes)):,} bytes, which notes what was removed:"
        )
        tokens = [remark for remark in entry.remarks if remark.text.startswith("[")]
        for remark in dict.fromkeys(map(str, tokens)):
            self.line(f"   {self._coloured(_cut(remark, WIDTH - 3))}")
        others = Counter(
            (remark.rule, "cut" if remark.text else remark.kind)
            for remark in entry.remarks
            if remark not in tokens
        )
        for (rule, what), count in others.items():
            self.line(f"   {count} × {what} by rule {rule}")
        total = sum(len(log.lines) for log in logs)
        found_there = self.paint(str(len(wrong)), "red" if wrong else "green")
        self.heading(
            5, f"In the apps' own logs: {total} JSON lines, with {found_there} planted values"
        )
        self.line("   What was logged in the session of that event, its user's id:")
        for each in logged[session_of(entry)]:
            self.line()
            for part in compact(dict(each), WIDTH - 3):
                self.line(f"   {self._coloured(_cut(part, WIDTH - 3))}")
        return []

    def _coloured(self, line: str) -> str:
        if not self.in_colour:
            return line
        line = re.sub(r'^(\s*)("(?:[^"\\]|\\.)*")(: )', "\\1\x1b[36m\\2\x1b[0m\\3", line)
        return re.sub(r"\[[A-Z][A-Za-z_ ]+\]", lambda token: self.paint(token[0], "yellow"), line)

    def stored(
        self, bugsink: Bugsink, stored: Stored, problems: Sequence[str], *, stays: bool
    ) -> None:
        """Show what a real server made of it."""
        found = sum("it stored" in problem for problem in problems)
        count = self.paint(str(found), "red" if found else "green")
        self.heading(
            6,
            f"Stored by Bugsink: {len(stored.events)} events as {stored.issues} issues, "
            f"with {count} planted values",
        )
        if stays:
            self.line(f"   {bugsink.url}   user demo, password {bugsink.password}")
        else:
            self.line("   With --keep-open it stays up, so that you can look at them there.")

    def next(self) -> None:
        """Say what else can be looked at."""
        python = Path(sys.executable)
        if python.is_relative_to(Path.cwd()):
            python = python.relative_to(Path.cwd())
        self.line()
        self.line(self.paint("Where to look next", "bold"))
        self.line()
        for command, what in (
            ("-m demo --keep-open", "leaves the collector's page open for your browser"),
            ("-m demo --prove leak", "shows that a value that gets through is found"),
            ("-m demo --backend bugsink", "also stores the events in a real server"),
            ("-m telemetry_core inspect", "the collector alone, for an app of your own"),
        ):
            self.line(f"   {python} {command:<29}{what}")

    def outcome(self, verdict: Verdict, problems: Sequence[str], plantings: Plantings) -> None:
        """Say in one line whether it went well, or list what did not."""
        self.line()
        if not problems:
            events = sum(1 for _ in expected_events(verdict.matches))
            self.line(
                self.paint("PASSED", "green")
                + f": {events} expected events arrived, "
                + f"0 of {len(plantings.planted)} planted values got through."
            )
            return
        for problem in problems[:40]:
            self.line(f"  {self.paint(problem, 'red')}")
        if len(problems) > 40:
            self.line(f"  ... and {len(problems) - 40} more")
        noun = "problem" if len(problems) == 1 else "problems"
        self.line(f"{self.paint('FAILED', 'red')}: {len(problems)} {noun}.")


def compact(value: Any, width: int, indent: int = 0) -> Iterator[str]:
    """Yield JSON in lines, each array or object on one line where it fits into ``width``."""
    pad = " " * indent
    whole = json.dumps(value, ensure_ascii=False)
    if len(pad) + len(whole) <= width or not isinstance(value, dict | list) or not value:
        yield pad + whole
        return
    pairs: list[tuple[str, Any]] = (
        [(f"{json.dumps(key, ensure_ascii=False)}: ", below) for key, below in value.items()]
        if isinstance(value, dict)
        else [("", below) for below in value]
    )
    yield pad + ("{" if isinstance(value, dict) else "[")
    for number, (key, below) in enumerate(pairs):
        lines = list(compact(below, width - len(key) - 1, indent + 2))
        lines[0] = f"{pad}  {key}{lines[0].lstrip()}"
        lines[-1] += "," if number < len(pairs) - 1 else ""
        yield from lines
    yield pad + ("}" if isinstance(value, dict) else "]")


def _worth_showing(entry: Entry) -> tuple[int, int]:
    tokens = {remark.text for remark in entry.remarks if remark.text.startswith("[")}
    is_exception = b'"stacktrace"' in entry.data
    return min(len(tokens), 3) if is_exception else 0, -entry.size


def _tokens(removed: Counter[str]) -> list[tuple[str, int]]:
    tokens = Counter[str]()
    for text, count in removed.items():
        tokens[text if re.fullmatch(r"\[.+\]|\(.+\)", text) else "a path's folders"] += count
    return tokens.most_common()


def _short(entry: Entry) -> str:
    return entry.name.split(":")[0]


def _plural(kind: str, count: int) -> str:
    return kind if count == 1 or kind.endswith("s") else f"{kind}s"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _cut_middle(text: str, width: int) -> str:
    # What tells routes apart is how they begin and how they end.
    half = (width - 1) // 2
    return text if len(text) <= width else f"{text[: width - 1 - half]}…{text[-half:]}"


def _wrap(text: str, width: int) -> Iterator[str]:
    yield from textwrap.wrap(text, width)
