"""``telemetry scrub``: any log through the filter."""

from __future__ import annotations

import codecs
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import click

from telemetry_core.cli.application import Application, takes_application
from telemetry_core.cli.exits import Exit
from telemetry_core.cli.stream import Lines, Read
from telemetry_core.cli.verb import Verb

if TYPE_CHECKING:
    from io import BufferedReader

    from telemetry_core.cli.lines import LineFilter, Removal
    from telemetry_core.filter.pii import PIIFilter

HELP = """Take what is personal or secret out of a log.

Reads FILES, or what is piped in, and writes each line as soon as it has come to its end. A line
that holds nothing comes out as it was. Names and other free text have no pattern and are not
found; within a request the application knows them, here nobody does.

With --json-lines, keys count, too: those that neither the policy (see `telemetry policy keys`) nor
TELEMETRY_ALLOW_FIELDS nor --allow names lose their values. Kept are also those under which
formatters write message, error, time and place, such as msg, event, exc_info and @timestamp.

\b
Examples:
  telemetry scrub app.log > clean.log
  tail -f app.log | telemetry scrub
  kubectl logs web | telemetry scrub --json-lines --allow 'http.*'
  telemetry scrub --check --explain tests/data/*.log

\b
Exit codes:
  0  done
  1  with --check: there is something to take out
  3  the application can't be loaded, or its settings are wrong
  5  a file can't be read; the others have been
"""

CHUNK: Final = 65_536


@click.command("scrub", cls=Verb, help=HELP)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json-lines", is_flag=True, help="Each line is JSON; one that isn't is text.")
@click.option(
    "--allow",
    metavar="KEY",
    multiple=True,
    help="With --json-lines: keep this key, too; * matches any text. May come more than once."
    " A key that names a credential is never kept.",
)
@click.option("--explain", is_flag=True, help="Say on stderr which rules changed which lines.")
@click.option(
    "--check",
    is_flag=True,
    help="Write no lines; exit with 1 if there is something to take out.",
)
@click.option(
    "--encoding",
    metavar="NAME",
    help="Encoding of the text, such as cp1252 or shift_jis. Found out for UTF-8, UTF-16, UTF-32"
    " and Latin-1.",
)
@takes_application
@click.pass_context
def command(
    context: click.Context,
    *,
    application: Application,
    files: Sequence[Path],
    json_lines: bool,
    allow: Sequence[str],
    explain: bool,
    check: bool,
    encoding: str | None,
) -> None:
    """Filter files, or standard input, to standard output."""
    from telemetry_core.cli.lines import LineFilter

    if encoding is not None:
        _require_encoding(encoding)
    pii_filter = _filter(application, allow)
    report = Report(explains=explain)
    failed = False
    for path in files or (Path("-"),):
        # Of its own for each file: a block that is cut off at the end of one ends there.
        lines = LineFilter(pii_filter, json_lines=json_lines)
        report.begin("" if str(path) == "-" else f"{path}:")
        try:
            with _opened(path) as read:
                _scrub(Lines(read, encoding), lines, report, writes=not check)
        except BrokenPipeError:
            raise
        except OSError as error:
            click.echo(f"telemetry: {path}: {error.strerror}", err=True)
            failed = True
    report.end()
    if failed:
        context.exit(Exit.IMPOSSIBLE)
    if check and report.changed:
        context.exit(Exit.FOUND)


def _require_encoding(name: str) -> None:
    try:
        is_text = codecs.lookup(name)._is_text_encoding
    except LookupError:
        is_text = False
    if not is_text:
        raise click.BadParameter(f"Python knows no encoding {name!r}.", param_hint="--encoding")


def _filter(application: Application, allow: Sequence[str]) -> PIIFilter:
    from telemetry_core.cli.lines import LOG_KEYS
    from telemetry_core.filter.pii import PIIFilter

    settings = application.settings()
    return PIIFilter(
        allow_fields=(*LOG_KEYS, *settings.allow_fields, *allow),
        deny_fields=settings.deny_fields,
        detectors=settings.detectors,
    )


@contextmanager
def _opened(path: Path) -> Iterator[Read]:
    """Open a file, or standard input for ``-``; show how far a file is read.

    That only where nothing but the progress goes to the terminal.
    """
    if str(path) == "-":
        stream = cast("BufferedReader", sys.stdin.buffer)
        if sys.stdin.isatty():
            click.echo("telemetry: reading from the terminal; Ctrl-D ends it", err=True)
        yield lambda: stream.read1(CHUNK)
        return
    with path.open("rb") as file:
        size = path.stat().st_size
        if not size or not sys.stderr.isatty() or sys.stdout.isatty():
            yield lambda: file.read1(CHUNK)
            return
        with click.progressbar(length=size, label=str(path), file=sys.stderr) as bar:

            def read() -> bytes:
                chunk = file.read1(CHUNK)
                bar.update(len(chunk))
                return chunk

            yield read


def _scrub(reader: Lines, lines: LineFilter, report: Report, *, writes: bool) -> None:
    from telemetry_core.cli.lines import TOO_LONG

    output = sys.stdout.buffer
    for batch in reader:
        filtered = lines.filter([line.text for line in batch])
        written: list[bytes] = []
        for raw, line in zip(batch, filtered, strict=True):
            text, removals = line if raw.is_complete else TOO_LONG
            written.append(raw.encoded(text))
            report.add(removals)
        if writes:
            # At once: whoever watches a log wants to see what has happened.
            output.write(b"".join(written))
            output.flush()


class Report:
    """Counts what was taken out, and says so on stderr if it is to explain."""

    def __init__(self, *, explains: bool) -> None:
        self.changed = 0
        self._explains = explains
        self._lines = 0
        self._rules: Counter[str] = Counter()
        self._place = ""
        self._number = 0

    def begin(self, place: str) -> None:
        """Begin a file."""
        self._place = place
        self._number = 0

    def add(self, removals: Sequence[Removal]) -> None:
        """Count a line, and explain what was taken out of it."""
        self._lines += 1
        self._number += 1
        if not removals:
            return
        self.changed += 1
        self._rules.update(removal.rule for removal in removals)
        if self._explains:
            found = Counter(
                f"{removal.rule} at {removal.path}" if removal.path else removal.rule
                for removal in removals
            )
            click.echo(f"{self._place}{self._number}: {_counted(found)}", err=True)

    def end(self) -> None:
        """Say what there was in all."""
        if self._explains:
            rules = f": {_counted(self._rules)}" if self._rules else ""
            click.echo(f"{self.changed} of {self._lines} lines changed{rules}", err=True)


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{what} x{count}" if count > 1 else what for what, count in found.items())
