"""``telemetry inspect``: what leaves, on a page of this machine and in its terminal."""

from __future__ import annotations

import signal
import sys
import threading
import webbrowser
from collections import Counter
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import click

from telemetry_core.cli.console import console
from telemetry_core.cli.verb import Verb

if TYPE_CHECKING:
    from rich.text import Text

    from telemetry_core.collector import Entry, Received

HELP = """Show what leaves, as Sentry would get it.

Listens on this machine only and takes whatever is sent to its DSN. A page shows each item in full,
with what was removed from it and by which rule; the terminal shows a line for each. Nothing is
passed on, and all is forgotten at the end. Ctrl-C ends it.

\b
Examples:
  telemetry inspect --open
  telemetry inspect --keep envelopes/
  telemetry inspect --json | jq 'select(.type == "event").payload'

\b
Exit codes:
  0  ended by Ctrl-C
  5  the port is taken, or it can't listen there
"""

PORT = 8990
"""A fixed port, so that a DSN can stay in a settings file."""

STYLES = {"fatal": "bold red", "error": "red", "warning": "yellow"}


@click.command("inspect", cls=Verb, help=HELP)
@click.option(
    "--port", default=PORT, show_default=True, help="Port to listen on; 0 takes any free one."
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Loopback address to listen on: 127.0.0.1, ::1 or localhost.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Also write each envelope's bytes to a file of its own there.",
)
@click.option("--open", "opened", is_flag=True, help="Open the page in the browser.")
@click.option("--json", "as_json", is_flag=True, help="Print each item in full, a line of JSON.")
def command(port: int, host: str, keep: Path | None, opened: bool, as_json: bool) -> None:
    """Show what leaves."""
    from telemetry_core.collector import Collector

    printer = _Printer(as_json=as_json)
    collector = Collector(host=host, port=port, keep=keep, on_received=printer.received)
    before = {
        number: signal.signal(number, lambda *_: printer.ended.put(None))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        with collector:
            # Not where the items go, which may be another program's input.
            click.echo(_welcome(collector.url, collector.dsn), err=True)
            if opened:
                webbrowser.open(collector.url)
            printer.ended.get()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if printer.is_pipe_closed:
        raise BrokenPipeError
    click.echo(f"\n{printer.count} item{'s' * (printer.count != 1)} received.", err=True)


def _welcome(url: str, dsn: str) -> str:
    return (
        f"Page     {url}\n"
        f"DSN      {dsn}\n\n"
        "Django   TELEMETRY_ENABLED = True           in the settings\n"
        f'         TELEMETRY_DSN = "{dsn}"\n'
        f"Flask    the same two in app.config, or in the environment of either:\n"
        f"         TELEMETRY_ENABLED=true TELEMETRY_DSN={dsn}\n\n"
        "Waiting for items; Ctrl-C ends it."
    )


class _Printer:
    """Prints a line for each item, from whatever thread receives it."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._lock = threading.Lock()
        self._console = console()
        # No event: a signal's handler can't set one whose lock the main thread has just taken.
        self.ended: SimpleQueue[None] = SimpleQueue()
        self.is_pipe_closed = False
        self.count = 0

    def received(self, received: Received) -> None:
        from telemetry_core.collector import entries_of

        with self._lock:
            try:
                for entry in entries_of(received):
                    self.count += 1
                    self._print(entry)
                sys.stdout.flush()
            except BrokenPipeError:
                self.is_pipe_closed = True
                self.ended.put(None)

    def _print(self, entry: Entry) -> None:
        if self._as_json:
            click.echo(entry.as_json)
        else:
            # One line each also in a narrow terminal, where the page has the rest.
            self._console.print(_line(entry), no_wrap=True, overflow="ellipsis", soft_wrap=False)


def _line(entry: Entry) -> Text:
    from rich.text import Text

    removed = Counter(remark.rule for remark in entry.remarks)
    line = Text(f"{entry.received.at.astimezone():%H:%M:%S}  ", style="")
    line.append(f"{_shown(entry.type):<12} ", style=STYLES.get(entry.level, "cyan"))
    if removed:
        rules = ", ".join(f"{rule} {count}" for rule, count in removed.most_common(3))
        line.append(f"-{sum(removed.values())} ({rules})  ", style="dim")
    line.append(_shown(entry.name))
    return line


def _shown(text: str) -> str:
    # Whatever was received must not steer the terminal.
    return "".join(character if character.isprintable() else "�" for character in text)
