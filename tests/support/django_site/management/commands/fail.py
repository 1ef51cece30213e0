"""A command with a bug."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from telemetry_core import job


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--how", default="bug")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["how"] == "usage":
            raise CommandError("no such order")
        if options["how"] == "job":
            with job("nightly-import"):
                raise ValueError("the command failed")
        raise ValueError("the command failed")
