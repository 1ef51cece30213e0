"""Measure, and print the table: python -m benchmarks.requests [--rounds 3] [--write]."""

from __future__ import annotations

import argparse
import sys

from benchmarks.requests.calls import ROOT, microseconds
from benchmarks.requests.report import Key, Results, as_page, for_terminal
from benchmarks.requests.servers import Load, loads, missing
from benchmarks.requests.setups import FRAMEWORKS, PATHS, SETUPS

PAGE = ROOT / "docs" / "benchmark-requests.md"
REQUESTS = {"/hello/7/": 200, "/error/7/": 20}
"""In each turn; one that raises takes many times as long."""
TURNS = 40
"""Of each process. In each round they are new ones."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.requests", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="of each run of wrk; 0 for none")
    parser.add_argument("--write", action="store_true", help=f"to {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    times: dict[Key, list[float]] = {}
    found: dict[Key, list[Load]] = {}
    lacking = missing() if options.seconds else "not asked of a server"
    for number in range(options.rounds):
        for framework in FRAMEWORKS:
            _say(f"round {number + 1} of {options.rounds}: {framework}, turns")
            for path, taken in microseconds(framework, SETUPS, REQUESTS, TURNS):
                for setup, each in taken.items():
                    times.setdefault((framework, path, setup), []).append(each)
            for setup in SETUPS if lacking is None else ():
                _say(f"round {number + 1} of {options.rounds}: {framework}, {setup}")
                for path, load in loads(framework, setup, PATHS, options.seconds).items():
                    found.setdefault((framework, path, setup), []).append(load)
    _say("")
    results = Results(microseconds=times, loads=found, rounds=options.rounds, missing=lacking)
    print(for_terminal(results))
    if options.write:
        command = f'make bench-requests ARGS="{" ".join(sys.argv[1:])}"'
        PAGE.write_text(as_page(results, command), encoding="utf-8")


def _say(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


main()
