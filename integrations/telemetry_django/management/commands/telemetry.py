"""``manage.py telemetry VERB ...``: the verbs of ``telemetry``, for this project's settings."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from telemetry_core.cli import main


class Command(BaseCommand):
    """Hands its arguments over. Runs also when checks fail: they are among what it shows."""

    help = "See, test and enforce that nothing personal leaves."
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """Run a command line of ``manage.py``."""
        # Django has followed these, and left them in their place.
        done = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        done.add_argument("--settings")
        done.add_argument("--pythonpath")
        _, rest = done.parse_known_args(argv[2:])
        _run(rest, program=f"{Path(argv[0]).name} {argv[1]}")

    def print_help(self, prog_name: str, subcommand: str) -> None:
        """Print the help of ``manage.py help telemetry``."""
        _run(["--help"], program=f"{Path(prog_name).name} {subcommand}")

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whatever the verbs take."""
        parser.add_argument("arguments", nargs=argparse.REMAINDER)

    def handle(self, *_: Any, arguments: Sequence[str], **__: Any) -> None:
        """Run a command line of ``django.core.management.call_command``.

        :raises SystemExit: with the exit code, unless that is 0.
        """
        try:
            _run(arguments, program=f"{Path(sys.argv[0]).name} telemetry")
        except SystemExit as left:
            if left.code:
                raise


def _run(arguments: Sequence[str], *, program: str) -> None:
    from telemetry_core.cli.application import Host
    from telemetry_django.application import current

    main(arguments, program=program, host=Host(load=current))
