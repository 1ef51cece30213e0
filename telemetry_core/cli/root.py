"""The command ``telemetry`` and its verbs, each loaded when it is called.

A verb is a row of `VERBS` and a module that offers a click command named ``command``.
"""

from __future__ import annotations

# ruff: noqa: ARG002  # click says what a method is passed
import importlib
from collections.abc import Mapping
from typing import Any, Final

import click

from telemetry_core.cli.console import NO_COLOR
from telemetry_core.cli.exits import Exit
from telemetry_core.cli.verb import CONTEXT
from telemetry_core.versions import version_of

VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "audit": (
        "telemetry_core.cli.audit",
        "Run the application with planted values; find those that leave.",
    ),
    "policy": ("telemetry_core.cli.policy", "List what would be sent, field by field."),
    "inspect": ("telemetry_core.cli.inspect", "Show what leaves, as Sentry would get it."),
    "scrub": ("telemetry_core.cli.scrub", "Take what is personal or secret out of a log."),
    "doctor": (
        "telemetry_core.cli.doctor",
        "Find what is wrong with a set-up, and say what to do.",
    ),
}
"""Each verb's module, and what it does in one line."""

HELP: Final = """See, test and enforce that nothing personal leaves.

\b
Examples:
  telemetry policy --django shop.settings
  telemetry inspect --open
  tail -f app.log | telemetry scrub
  telemetry doctor --flask shop:create_app

The same verbs are `manage.py telemetry ...` and `flask telemetry ...`, which know the
application by themselves.
"""


class Root(click.Group):
    """The group of verbs. Its help is printed without loading one of them."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("context_settings", CONTEXT)
        super().__init__(**options)
        self.params.append(NO_COLOR)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all verbs, in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a verb."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(VERBS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs and the exit codes."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in VERBS.items()])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code.value), code.meaning) for code in Exit])


root = Root(name="telemetry", help=HELP)
root.params.append(
    click.Option(
        ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        help="Print the versions of telemetry-core and sentry-sdk.",
        callback=lambda context, _, given: _show_versions(context) if given else None,
    )
)


def _show_versions(context: click.Context) -> None:
    for distribution in ("telemetry-core", "sentry-sdk"):
        click.echo(f"{distribution} {version_of(distribution)}")
    context.exit()
