"""A command with a bug."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--how", default="bug")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["how"] == "usage":
            raise CommandError("no such order")
        raise ValueError("the command failed")
