"""``telemetry doctor``: what is wrong with a set-up, and what to do about it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

import click

from telemetry_core.cli.application import Application, Finding, takes_application
from telemetry_core.cli.console import console, print_table, table
from telemetry_core.cli.exits import Exit
from telemetry_core.cli.verb import Verb

HELP = """Find what is wrong with a set-up, and say what to do.

Looks at the settings, the versions, the framework's set-up (app, middleware and its order,
extension), other clients of sentry-sdk, variables of the environment, and what else sends on its
own. Prints no key, and sends nothing unless asked to.

With --send-test, a test event goes the whole way to the server of TELEMETRY_DSN, and what the
server answers, or what went wrong on the way, is explained.

\b
Examples:
  telemetry doctor --django shop.settings
  telemetry doctor --flask shop:create_app --send-test
  python manage.py telemetry doctor --strict

\b
Exit codes:
  0  no problem was found
  1  at least one problem was found; with --strict, one warning suffices
  3  the application can't be loaded
"""

STYLES: Final[Mapping[str, str]] = {
    "problem": "bold red",
    "warning": "yellow",
    "note": "cyan",
    "ok": "green",
}
"""The levels of findings, the worst first."""


@click.command("doctor", cls=Verb, help=HELP)
@click.option("--send-test", is_flag=True, help="Send a test event and explain the answer.")
@click.option("--strict", is_flag=True, help="Let warnings count as problems.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print what was found.",
)
@takes_application
@click.pass_context
def command(
    context: click.Context, *, application: Application, send_test: bool, strict: bool, form: str
) -> None:
    """Examine an application."""
    from telemetry_core.cli.examination import examine

    findings = list(examine(application))
    if send_test:
        findings.append(_tested(application))
    if form == "json":
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _print(findings)
    bad = ("problem", "warning") if strict else ("problem",)
    if any(finding.level in bad for finding in findings):
        context.exit(Exit.FOUND)


def _tested(application: Application) -> Finding:
    from telemetry_core.cli.sending import SUBJECT, send_test_event
    from telemetry_core.errors import SettingsError

    try:
        settings = application.settings()
        with console(stderr=True).status("Sending a test event ..."):
            return send_test_event(settings)
    except SettingsError:
        text = "None was sent: the settings are wrong."
        return Finding(level="problem", subject=SUBJECT, text=text, hint="See above.")


def _print(findings: Sequence[Finding]) -> None:
    from rich.text import Text

    out = console()
    made = table("", "What", "Finding", out=out)
    for finding in findings:
        said = f"{finding.text} {finding.hint}".rstrip()
        made.add_row(Text(finding.level, style=STYLES[finding.level]), finding.subject, said)
    print_table(made, out)
    counts = Counter(finding.level for finding in findings)
    found = [
        f"{counts[level]} {level}{'s' if counts[level] > 1 else ''}"
        for level in ("problem", "warning")
        if counts[level]
    ]
    out.print(f"\n{' and '.join(found) or 'No problem'} found.")
