"""What all verbs have in common: their options, and how they end."""

from __future__ import annotations

import copy
import os
import re
import sys
from typing import Any

import click

from telemetry_core.cli.application import ADAPTERS, Host
from telemetry_core.cli.console import NO_COLOR
from telemetry_core.cli.exits import Exit
from telemetry_core.errors import SettingsError, TelemetryError

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


class Verb(click.Command):
    """A verb of ``telemetry``: ``@click.command("policy", cls=Verb)``.

    Has ``--no-color``, ends quietly when its reader goes away or on Ctrl-C, and turns the errors
    that this package raises on purpose into a message and a code of `Exit`.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options.setdefault("context_settings", CONTEXT)
        super().__init__(*arguments, **options)
        self.params.append(NO_COLOR)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the options; a host knows its application, and takes none that names one."""
        params = super().get_params(ctx)
        if ctx.find_object(Host) is None:
            return params
        return [param for param in params if param.name not in ADAPTERS]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help; with a host, the examples are called as it calls them."""
        shown = copy.copy(self)
        if ctx.find_object(Host) is not None and self.help:
            call = rf"(?:python manage\.py |flask )?\btelemetry {self.name}"
            shown.help = re.sub(rf"{call}(?: --(?:django|flask) \S+)?", ctx.command_path, self.help)
        super(Verb, shown).format_help_text(ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        """Do what the verb does."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python would try to flush once more on its way out, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(Exit.PIPE_CLOSED)
        except KeyboardInterrupt:
            ctx.exit(Exit.INTERRUPTED)
        except SettingsError as error:
            raise WrongSettings(str(error)) from error
        except TelemetryError as error:
            raise Impossible(str(error)) from error
        return result


class WrongSettings(click.ClickException):
    """The application's settings are wrong; says all that is."""

    exit_code = Exit.APPLICATION


class Impossible(click.ClickException):
    """What was asked for can't be done here."""

    exit_code = Exit.IMPOSSIBLE
