"""The one table, for the terminal and as a page."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from benchmarks.requests.servers import CONNECTIONS, Load
from benchmarks.requests.setups import FRAMEWORKS, NONE, PATHS, SETUPS, Setup

Key = tuple[str, str, Setup]
"""Framework, path, set-up."""

BARS = {
    ("Flask", "/hello/7/", 0): 0.10,
    ("Flask", "/hello/7/", 10): 0.25,
    ("Flask", "/error/7/", 0): 0.5,
    ("Django", "/hello/7/", 0): 0.06,
    ("Django", "/hello/7/", 10): 0.25,
    ("Django", "/error/7/", 0): 0.5,
}
"""The share of what sentry-sdk adds that the project allows itself."""

HEADINGS = ("", "µs", "added", "share", "at most", "requests/s", "p99 ms")
_WORDS = {"none": "no SDK", "ours": "telemetry-core", "theirs": "sentry-sdk"}
_VIEWS = {"/hello/7/": "answers", "/error/7/": "raises"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All turns and rounds of one run; of the loads there are none where wrk is missing."""

    microseconds: Mapping[Key, Sequence[float]]
    loads: Mapping[Key, Sequence[Load]]
    rounds: int
    missing: str | None

    def added(self, framework: str, path: str, setup: Setup) -> float:
        """Return the microseconds that a set-up adds to a request: of the turns, the median."""
        times = self.microseconds[framework, path, setup]
        none = self.microseconds[framework, path, NONE]
        return statistics.median(a - b for a, b in zip(times, none, strict=True))

    def share(self, framework: str, path: str, setup: Setup) -> float | None:
        """Return what ours adds as a share of what sentry-sdk's adds at the same rate."""
        if setup.who != "ours":
            return None
        theirs = self.added(framework, path, Setup("theirs", setup.percent))
        return self.added(framework, path, setup) / theirs

    def row(self, framework: str, path: str, setup: Setup) -> list[str]:
        """Return the cells of one set-up."""
        name = _WORDS[setup.who]
        if setup != NONE:
            name += f", {setup.percent} % traced" if setup.percent else ", not traced"
        share = self.share(framework, path, setup)
        bar = BARS.get((framework, path, setup.percent)) if setup.who == "ours" else None
        loads = self.loads.get((framework, path, setup), ())
        return [
            name,
            f"{statistics.median(self.microseconds[framework, path, setup]):.0f}",
            f"{self.added(framework, path, setup):.0f}" if setup != NONE else "",
            f"{share:.2f}" if share is not None else "",
            f"{bar:.2f}" if bar is not None else "",
            f"{statistics.median(load.per_second for load in loads):.0f}" if loads else "",
            f"{statistics.median(load.p99 for load in loads):.1f}" if loads else "",
        ]


def rows(results: Results) -> list[tuple[str, list[list[str]]]]:
    """Return the headings of the table's parts, and the rows under each."""
    return [
        (
            f"{framework}, a view that {_VIEWS[path]}",
            [results.row(framework, path, setup) for setup in SETUPS],
        )
        for framework in FRAMEWORKS
        for path in PATHS
    ]


def for_terminal(results: Results) -> str:
    """Return the table in plain text."""
    lines = [_line(list(HEADINGS))]
    for heading, part in rows(results):
        lines += ["", heading, *map(_line, part)]
    return "\n".join([*lines, "", *filter(None, [results.missing])])


def _line(cells: list[str]) -> str:
    return f"{cells[0]:<28}" + "".join(f"{cell:>12}" for cell in cells[1:])


def as_page(results: Results, command: str) -> str:
    """Return the page that is published."""
    names = ("Django", "Flask", "sentry-sdk", "gunicorn")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    table = [f"| {' | '.join(HEADINGS)} |", f"|---|{'---:|' * (len(HEADINGS) - 1)}"]
    for heading, part in rows(results):
        table.append(f"| **{heading}** {'|' * len(HEADINGS)}")
        table += [f"| {' | '.join(cells)} |" for cells in part]
    return _PAGE.format(
        command=command,
        python=platform.python_version(),
        versions=versions,
        turns=len(next(iter(results.microseconds.values()))),
        rounds=results.rounds,
        connections=CONNECTIONS,
        table="\n".join(table),
        missing=f"\n{results.missing}: no requests a second.\n" if results.missing else "",
    )


_PAGE = """\
# What telemetry adds to a request

Written by `{command}`; its figures are not edited. Python {python}, {versions}.

- **µs**: one request, by the time of its thread: the WSGI application called with no server around,
  in a process of its own for each set-up. The transport throws away what it gets. The processes
  take turns of a few requests, so that a machine that slows down slows all of them alike; the
  medians of {turns} turns.
- **added**: what that is more than without an SDK. **share**: as a part of what sentry-sdk's own
  integration adds, in its default set-up, at the same sampling. **at most**: what this project
  allows itself. An error includes what the framework logs of it.
- **requests/s**, **p99**: under gunicorn with one worker of four threads, asked by wrk over
  {connections} connections, the medians of {rounds} rounds. Everything is serialised and compressed
  on the sender's thread, and then not sent. Each server has collected its garbage before. Else
  Python makes one full collection of what was imported within the first 25,000 requests: of 71,000
  objects with this project, which takes 37 ms, of 98,000 with sentry-sdk's own set-up. wrk counts
  the requests that it would have made meanwhile: in whichever seconds that pause fell, it was their
  p99.

{table}
{missing}"""
