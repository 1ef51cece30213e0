"""Ours and the peers in one table: python -m benchmarks [--json] [--markdown] [--failures]."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import extremes, report, timing
from benchmarks.events import PLANTED, SEED, Event, Variation, make_events, strings_of
from benchmarks.peers import SUBJECTS, Missing, Ours, Ready, ready

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--markdown", action="store_true", help="write docs/benchmarks.md, too")
    parser.add_argument("--failures", action="store_true", help="list where ours fails, and end")
    parser.add_argument("--seed", type=int, default=SEED, help="of texts (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=11, help="default: %(default)s")
    parser.add_argument("--per-kind", type=int, default=235, help="texts, default: %(default)s")
    parser.add_argument("--source-lines", type=int, default=20_000, help="default: %(default)s")
    options = parser.parse_args(arguments)
    if importlib.util.find_spec("faker") is None:
        sys.exit("Faker is not installed: pip install --group bench")
    if options.failures:
        print(failures(options))
        return
    results = run(options)
    print(json.dumps(report.as_json(results)) if options.json else report.terminal(results))
    if options.markdown:
        PAGE.write_text(report.markdown(results), "utf-8")
        print(f"wrote {PAGE.relative_to(PAGE.parent.parent)}", file=sys.stderr)


def run(options: argparse.Namespace) -> report.Results:
    """Measure everything once."""
    from benchmarks import accuracy

    made = [ready(subject) for subject in SUBJECTS]
    works = [each for each in made if isinstance(each, Ready)]
    adapters = {each.subject.name: each.adapter for each in works}
    _tell("making events")
    events = make_events(options.seed)
    _tell("timing events")
    times = timing.measure(
        {name: adapter.event for name, adapter in adapters.items()}, events, rounds=options.rounds
    )
    times |= timing.measure(
        {SUBJECTS[0].name: Ours().event_in_request},
        events,
        rounds=options.rounds,
        cases=timing.IN_REQUEST,
    )
    left = {name: _left(adapter.event, events["error"]) for name, adapter in adapters.items()}
    texts = accuracy.make_texts(
        options.seed, per_kind=options.per_kind, plain=3_000, source=options.source_lines
    )
    judged = {}
    for name, adapter in adapters.items():
        _tell(f"texts: {name}")
        judged[name] = accuracy.judge(adapter.string, texts)
    _tell("worst texts")
    ours = adapters[SUBJECTS[0].name]
    worst = extremes.worst(extremes.seconds_of(ours.string), candidates=extremes.units())
    _tell("memory")
    return report.Results(
        subjects=[each.subject for each in works],
        missing=[each for each in made if isinstance(each, Missing)],
        accuracy=judged,
        left=left,
        times=times,
        sizes={
            name: (len(json.dumps(event)), len(strings_of(event))) for name, event in events.items()
        },
        extremes=worst,
        memory=(extremes.remembered_texts(), extremes.remembered_events()),
        rounds=options.rounds,
    )


def failures(options: argparse.Namespace) -> str:
    """Return where ours fails, by kind and form, with examples."""
    from benchmarks import accuracy

    texts = accuracy.make_texts(
        options.seed, per_kind=options.per_kind, plain=3_000, source=options.source_lines
    )
    made = ready(SUBJECTS[0])
    if isinstance(made, Missing):
        sys.exit(made.reason)
    judged = accuracy.judge(made.adapter.string, texts)
    lines = [f"missed, {judged.missed.total()} of {judged.planted.total()}:"]
    lines += accuracy.by_kind_and_form(judged, examples=3)
    lines += [f"changed with no value, {len(judged.changes)}:"]
    lines += [f"        {text!r} -> {output!r}" for text, output in judged.changes]
    return "\n".join(lines)


def _left(filter_event: timing.Filter, event: Event) -> report.Left:
    fresh = Variation().of(event)
    planted = sum(json.dumps(fresh).count(value) for value in PLANTED)
    made = json.dumps(filter_event(fresh))
    return report.Left(left=sum(made.count(value) for value in PLANTED), planted=planted)


def _tell(step: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{step} ...", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
