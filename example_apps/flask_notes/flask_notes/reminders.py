"""Notes that are due are sent by mail: a job that a timer starts, and notes taken from a file."""

from __future__ import annotations

import datetime
import json
import logging
from pathlib import Path

import click
from flask import Flask

from flask_notes import mail
from flask_notes.database import connection
from telemetry_core import error_boundary, job

logger = logging.getLogger(__name__)


@click.command("send-reminders")
@job("send-reminders")
def send_reminders() -> None:
    """Mail each note that is due today to its owner; one that fails doesn't stop the others."""
    due = (
        connection()
        .execute(
            "SELECT title, email FROM note JOIN person ON person.id = owner_id WHERE remind_on = ?",
            (datetime.datetime.now(datetime.UTC).date().isoformat(),),
        )
        .fetchall()
    )
    for note in due:
        with error_boundary("remind", fallback=None):
            mail.post("send", {"to": note["email"], "subject": note["title"]})
            # Careless, as real apps are: the log says who was reminded of what.
            logger.info("reminded %s of %r", note["email"], note["title"])


@click.command("import-notes")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--email", required=True)
@job("import-notes")
def import_notes(file: Path, email: str) -> None:
    """Add the notes in a file of JSON lines, each with ``title`` and ``body``, to an account."""
    with error_boundary("read-notes", category="file_io"):
        # Bug: a line that isn't JSON, or has no title.
        notes = [json.loads(line) for line in file.read_text().splitlines()]
        rows = [(email, note["title"], note["body"]) for note in notes]
    with error_boundary("save-notes", category="database"):
        connection().executemany(
            "INSERT INTO note (owner_id, title, body, remind_on) "
            "SELECT id, ?2, ?3, '' FROM person WHERE email = ?1",
            rows,
        )
    logger.info("%d notes of %s taken over", len(rows), email)


def init_app(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(send_reminders)
    app.cli.add_command(import_notes)
