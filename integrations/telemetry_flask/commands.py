"""``flask telemetry VERB ...``: the verbs of ``telemetry``, for the current application.

Flask loads this module for ``flask --help``, too: what it imports must be light.
"""

from __future__ import annotations

from typing import Any

import click
from flask.cli import ScriptInfo

from telemetry_core.cli import main


@click.command(
    "telemetry",
    # Nothing is read here: `main` does, and it also says what to install where rich is missing.
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def telemetry(context: click.Context, arguments: tuple[str, ...]) -> None:
    """See, test and enforce that nothing personal leaves."""
    main(arguments, program=context.command_path, host=_host(context.ensure_object(ScriptInfo)))


def _host(script: ScriptInfo) -> Any:
    from telemetry_core.cli.application import Host

    def load() -> Any:
        from telemetry_flask.application import current

        return current(script)

    return Host(load=load)
