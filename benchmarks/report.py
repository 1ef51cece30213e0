"""The one table of all that was measured, for the terminal, as JSON and as a page."""

from __future__ import annotations

import dataclasses
import os
import platform
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.accuracy import PACKAGES, Accuracy, groups
from benchmarks.extremes import LONG, Extreme, Memory
from benchmarks.peers import Missing, Subject
from benchmarks.timing import BATCH, CASES, IN_REQUEST, SEEN, Case, Time

Table = list[tuple[str, list[str]]]
"""Rows of a label and a cell for each subject; a row without cells is a heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Personal values in what a subject made of an event, and how many there were."""

    left: int
    planted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All that one run measured; mappings go by name of subject."""

    subjects: Sequence[Subject]
    missing: Sequence[Missing]
    accuracy: Mapping[str, Accuracy]
    left: Mapping[str, Left]
    times: Mapping[tuple[str, str], Time]
    sizes: Mapping[str, tuple[int, int]]
    """Bytes and strings of each event."""
    extremes: Sequence[Extreme]
    memory: Sequence[Memory]
    rounds: int


def percent(share: float) -> str:
    """Write a share so that only all of it reads as 100 %."""
    text = f"{100 * share:.1f}"
    return "> 99.9" if text == "100.0" and share < 1 else text


def table(results: Results) -> Table:
    """Return the rows of the table."""
    names = [subject.name for subject in results.subjects]
    accuracy = [results.accuracy[name] for name in names]
    rows: Table = [("Personal values removed, % of texts", [])]
    rows += [(group, [percent(each.removed(group)) for each in accuracy]) for group in groups()]
    rows.append(("all of these", [percent(each.removed_in_all) for each in accuracy]))
    rows.append(
        ("all, in texts of a second hand", [percent(each.removed_held_out) for each in accuracy])
    )
    left = [results.left[name] for name in names]
    rows.append((f"left of {left[0].planted} in the error", [str(each.left) for each in left]))
    first = accuracy[0]
    rows.append(("Text changed that holds no value", []))
    rows.append((f"of {first.plain_total} short texts", [str(a.plain_changed) for a in accuracy]))
    rows.append(
        (f"of {first.source_total} source lines", [str(a.source_changed) for a in accuracy])
    )
    total = first.planted.total()
    rows.append((f"words beside a value, of {total}", [str(a.around) for a in accuracy]))
    rows.append(("Time, as a multiple of json.dumps", []))
    rows += [(case.name, [_ratio(results, name, case) for name in names]) for case in CASES]
    rows += [(case.name, [_ratio(results, name, case) for name in names]) for case in IN_REQUEST]
    rows.append(("Time, microseconds", []))
    for case in CASES[:3]:
        cells = [f"{results.times[name, case.name].seconds * 1e6:.0f}" for name in names]
        rows.append((case.name, cells))
    rows.append(("a text with a value", [f"{a.seconds_per_text * 1e6:.1f}" for a in accuracy]))
    return rows


def _ratio(results: Results, name: str, case: Case) -> str:
    time = results.times.get((name, case.name))
    return f"{time.ratio:.2f}" if time is not None else "-"


def terminal(results: Results) -> str:
    """Return the table as plain text, with what else was measured below it."""
    rows = table(results)
    heads = [_two_lines(subject.name) for subject in results.subjects]
    label_width = max(len(label) for label, _ in rows) + 2
    widths = [
        max(*(len(part) for part in head), *(len(cells[index]) for _, cells in rows if cells)) + 2
        for index, head in enumerate(heads)
    ]
    lines = [
        " " * label_width + "".join(head[n].rjust(w) for head, w in zip(heads, widths, strict=True))
        for n in (0, 1)
    ]
    for label, cells in rows:
        if not cells:
            lines += ["", label]
            continue
        shown = "".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        lines.append(f"  {label}".ljust(label_width) + shown)
    lines += ["", *_conditions(results), "", *_ours_alone(results)]
    lines += [f"not measured: {each.subject.name}: {each.reason}" for each in results.missing]
    return "\n".join(line.rstrip() for line in lines)


def _two_lines(name: str) -> tuple[str, str]:
    if "-" in name:
        first, _, second = name.rpartition("-")
        return f"{first}-", second
    return "", name


def _conditions(results: Results) -> list[str]:
    sizes = "; ".join(
        f"{name} of {size / 1000:.1f} kB with {strings} strings"
        for name, (size, strings) in results.sizes.items()
    )
    dumps = "; ".join(
        f"{case.event} {results.times[results.subjects[0].name, case.name].dumps_seconds * 1e6:.0f}"
        for case in SEEN.values()
    )
    return [
        f"Events: {sizes}. json.dumps of one takes, in microseconds: {dumps}.",
        (
            f"Times are the process's own (CPU), medians of {results.rounds} interleaved rounds"
            f" of {BATCH} events each."
        ),
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores.",
    ]


def _ours_alone(results: Results) -> list[str]:
    lines = [f"Worst texts for telemetry-core, up to {LONG // 1000} kB:"]
    for each in results.extremes:
        lines.append(
            f"  {each.seconds:6.2f} s for {each.length // 1000} kB,"
            f" {each.growth:.1f} times as long as half of it: {each.unit[:40]!r} repeated"
        )
    lines += _memory(results)
    return lines


def _memory(results: Results) -> list[str]:
    return [
        f"Memory held after {each.count} {each.what}: {each.held / 1e6:.2f} MB"
        f" (half way: {each.held_half_way / 1e6:.2f} MB; bound {each.bound / 1e6:.2f} MB)."
        for each in results.memory
    ]


def markdown(results: Results) -> str:
    """Return the page that is published."""
    names = [subject.name for subject in results.subjects]
    lines = [_INTRODUCTION, f"| | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    for label, cells in table(results):
        if cells:
            lines.append(f"| {label} | {' | '.join(cells)} |")
        else:
            lines.append(f"| **{label}** |" + " |" * len(names))
    lines += ["", *_conditions(results), "", "## What is lost", ""]
    lines += _losses(results)
    lines += ["", "## The worst text, and memory", "", _EXTREMES, ""]
    lines += ["| Repeated | Characters | Seconds | Against half of it |", "|---|---:|---:|---:|"]
    lines += [
        f"| {_code(each.unit)} | {each.length} | {each.seconds:.2f} | {each.growth:.1f} |"
        for each in results.extremes
    ]
    lines += [
        "",
        *(f"- {line}" for line in _memory(results)),
        "",
        "## Who is measured, and how",
        "",
    ]
    lines += [
        f"- **{subject.name}** ({subject.package} {subject.version()}): {subject.note}"
        for subject in results.subjects
    ]
    lines += [
        f"- **{each.subject.name}** is not measured: {each.reason}" for each in results.missing
    ]
    return "\n".join(_filled(lines)) + "\n"


def _losses(results: Results) -> list[str]:
    """Return what the first subject is not the best at, and by how much."""
    ours, *others = (subject.name for subject in results.subjects)
    lost: list[str] = []
    mine = results.accuracy[ours]
    for group in groups():
        if mine.removed(group) < 1:
            lost.append(f"- {group}: {percent(mine.removed(group))} % removed, not all.")
    for count, total, what in (
        (mine.plain_changed, mine.plain_total, "short texts"),
        (mine.source_changed, mine.source_total, "source lines"),
    ):
        if count:
            lost.append(f"- {count} of {total} {what} with no value are changed.")
    if mine.around:
        lost.append(
            f"- In {mine.around} of {mine.planted.total()} texts, something beside the value goes."
        )
    for case in CASES:
        time = results.times[ours, case.name].ratio
        faster = [
            f"{name} ({results.times[name, case.name].ratio:.2f})"
            for name in others
            if results.times[name, case.name].ratio < time
        ]
        if faster:
            lost.append(f"- {case.name}: {time:.2f} is slower than {', '.join(faster)}.")
    return lost or ["- Nothing in this run."]


def as_json(results: Results) -> dict[str, Any]:
    """Return all figures under the names of the table."""
    return {
        "rows": {
            label: dict(zip((s.name for s in results.subjects), cells, strict=True))
            for label, cells in _under_headings(table(results))
        },
        "versions": {subject.package: subject.version() for subject in results.subjects},
        "missing": {each.subject.name: each.reason for each in results.missing},
        "extremes": [
            {
                "unit": each.unit,
                "length": each.length,
                "seconds": each.seconds,
                "growth": each.growth,
            }
            for each in results.extremes
        ],
        "memory": [dataclasses.asdict(each) for each in results.memory],
        "python": platform.python_version(),
        "rounds": results.rounds,
    }


def _under_headings(rows: Table) -> list[tuple[str, list[str]]]:
    heading, flat = "", []
    for label, cells in rows:
        if cells:
            flat.append((f"{heading}: {label}", cells))
        else:
            heading = label
    return flat


def _code(text: str) -> str:
    shown = text[:40].encode("unicode_escape").decode("ascii").replace("|", "\\|")
    return f"`` {shown} ``"


def _filled(lines: Sequence[str]) -> list[str]:
    """Break long paragraphs and list items, not tables."""
    filled: list[str] = []
    for line in lines:
        if len(line) <= 100 or line.startswith("|") or "\n" in line:
            filled.append(line)
        else:
            filled += textwrap.wrap(
                line,
                100,
                subsequent_indent="  " if line.startswith("- ") else "",
                break_long_words=False,
                break_on_hyphens=False,
            )
    return filled


_INTRODUCTION = f"""\
# Benchmarks

Ours beside what else there is, on the same texts and events in one run. This page is made by
`make bench ARGS=--markdown`, its figures are not edited.

- **Texts** are labelled: made from a seed with Faker in a dozen locales, a value of a known kind in
  each, plain and in URLs, JSON, SQL, `repr`, HTML, in other scripts, encoded once and twice
  (`benchmarks/labelled.py`). They are the texts that ours is tested with. A value is removed when
  no part that gives it away can be read in the output, decoded. *Texts of a second hand*
  (`benchmarks/heldout.py`) have other locales, formats and sentences. When they were first tried,
  ours removed 99.4 % (5,897 of 5,934); what was missed was mended since, so that they, too, are
  texts that ours is tested with now.
- **Source lines** are those of {", ".join(map(str.title, PACKAGES))}; a few do hold an address.
- **Events** are made by running a little Django shop through sentry-sdk, as it hands them to its
  transport (`benchmarks/shop.py`). Each event that is timed has ids and times of its own;
  *new text* means other words in every message, source line, breadcrumb, address and query;
  *new text and code* also other names of functions and files. *Its visitor known* means that what
  the request holds is looked for in all text of its event, which no other does. Objects are fresh,
  and the garbage collector is off while the clock runs, for all alike.
"""

_EXTREMES = """\
The worst texts for ours are made from every row of its table of detectors: what it looks for, what
comes near, and its beginnings, repeated. The slowest few:"""
