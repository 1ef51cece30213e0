"""``telemetry policy``: the list that a data-protection officer asks for."""

from __future__ import annotations

import click

from telemetry_core.cli.application import Application, takes_application
from telemetry_core.cli.verb import Verb

HELP = """List what would be sent, field by field.

\b
Examples:
  telemetry policy > what-is-sent.md
"""


@click.command("policy", cls=Verb, help=HELP)
@takes_application
def command(application: Application) -> None:
    """List what would be sent."""
    from telemetry_core.policy.catalogue import what_is_sent

    application.settings()
    click.echo(what_is_sent(), nl=False)
