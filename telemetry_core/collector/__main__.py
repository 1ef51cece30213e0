"""Run a collector from the command line: ``python -m telemetry_core.collector``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from telemetry_core.collector.server import Collector
from telemetry_core.collector.store import CollectorError, Received
from telemetry_core.collector.summary import entries_of

PORT = 8990
"""A fixed port, so that a DSN can stay in a settings file."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Collect until interrupted. Return 0 then, and 2 when it can't start."""
    options = _parser().parse_args(arguments)
    try:
        collector = Collector(
            host=options.host, port=options.port, keep=options.keep, on_received=_report
        )
    except CollectorError as error:
        sys.stderr.write(f"telemetry collector: {error}\n")
        return 2
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with collector:
        _say(
            f"Page  {collector.url}",
            f"DSN   {collector.dsn}",
            "",
            "Start an app with this in its environment:",
            f"  TELEMETRY_ENABLED=true TELEMETRY_DSN={collector.dsn}",
            "Stop with Ctrl-C.",
            "",
        )
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m telemetry_core.collector",
        description="Receive what Sentry SDKs send, on this machine only, and show it.",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=PORT,
        help="port to listen on; 0 takes any free one (default: %(default)s)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="loopback address to listen on: 127.0.0.1, ::1 or localhost (default: %(default)s)",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="also write each envelope's bytes to a file of its own in this folder",
    )
    return parser


def _report(received: Received) -> None:
    for entry in entries_of(received):
        name = entry.name.encode("ascii", "backslashreplace").decode()
        _say(f"{entry.received.at:%H:%M:%S}  {entry.type:<12} {name}")


def _say(*lines: str) -> None:
    # At once, also into a pipe or a log file.
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
