"""Reading and writing notes."""

from __future__ import annotations

import sqlite3

import sentry_sdk

from flask_notes.database import connection
from flask_notes.errors import NotYourNote, TooManyNotes
from telemetry_core import get_telemetry_config, telemetry_context

MOST_NOTES = 100


def find(person: sqlite3.Row, query: str = "") -> list[sqlite3.Row]:
    """Return the person's notes that hold the query, in the order they were written."""
    pattern = f"%{query}%"
    return (
        connection()
        .execute(
            "SELECT * FROM note WHERE owner_id = ? AND (title LIKE ? OR body LIKE ?) ORDER BY id",
            (person["id"], pattern, pattern),
        )
        .fetchall()
    )


def load(person: sqlite3.Row, note_id: int) -> sqlite3.Row | None:
    """Return a note, or None; raises NotYourNote unless it is the person's or shared."""
    note: sqlite3.Row | None = (
        connection().execute("SELECT * FROM note WHERE id = ?", (note_id,)).fetchone()
    )
    if note is None or note["owner_id"] == person["id"]:
        return note
    if person["email"] not in readers(note):
        # Careless, as real apps are: the message says who and what.
        raise NotYourNote(f"{person['name']} <{person['email']}> opened {note['title']!r}")
    return note


@telemetry_context(operation="add_note")
def add(person: sqlite3.Row, title: str, body: str, remind_on: str) -> int:
    """Add a note and return its id; raises TooManyNotes when the account is full."""
    describe(person, title)
    if len(find(person)) >= MOST_NOTES:
        raise TooManyNotes(f"{person['email']} has {MOST_NOTES} notes")
    cursor = connection().execute(
        "INSERT INTO note (owner_id, title, body, remind_on) VALUES (?, ?, ?, ?)",
        (person["id"], title, body, remind_on),
    )
    return int(cursor.lastrowid or 0)


def readers(note: sqlite3.Row) -> set[str]:
    """Return the addresses that the note is shared with."""
    rows = connection().execute("SELECT email FROM share WHERE note_id = ?", (note["id"],))
    return {row["email"] for row in rows}


def share(note: sqlite3.Row, email: str) -> None:
    """Let someone else read the note."""
    connection().execute("INSERT OR IGNORE INTO share VALUES (?, ?)", (note["id"], email))


def describe(person: sqlite3.Row, title: str) -> None:
    """Tell telemetry what is being written."""
    # Careless, as real apps are: neither the tag nor the context needs the person.
    get_telemetry_config().set_context("note", {"operation": "add_note", "title": title})
    sentry_sdk.set_tag("author", person["email"])
