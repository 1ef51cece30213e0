"""The SQLite database: a connection for each request, and the commands that fill it."""

from __future__ import annotations

import secrets
import sqlite3
from pathlib import Path

import click
from flask import Flask, current_app, g
from werkzeug.security import generate_password_hash

NOTES = (
    # title, body, day to be reminded on; the second is one that no date can be read from
    ("Groceries", "Oat milk, rye bread, and something for Ana.", "2030-01-15"),
    ("Dentist", "Bring the letter of the insurance.", "next Tuesday, ask {name} ({email})"),
    ("Trip", "Train at 8:14, seats 21 and 22.", "2030-02-01"),
)


def connection() -> sqlite3.Connection:
    """Return the connection of this request, which commits when the request goes well."""
    if "connection" not in g:
        # Flask runs an async view in another thread, while this one waits for it.
        g.connection = sqlite3.connect(current_app.config["DATABASE"], check_same_thread=False)
        g.connection.row_factory = sqlite3.Row
    return g.connection


def close(error: BaseException | None = None) -> None:
    """End the connection of this request, if it had one."""
    opened: sqlite3.Connection | None = g.pop("connection", None)
    if opened is not None:
        if error is None:
            opened.commit()
        opened.close()


def add_person(name: str, email: str, password: str) -> int:
    """Add an account and return its id; raises sqlite3.IntegrityError for a known address."""
    cursor = connection().execute(
        "INSERT INTO person (name, email, password_hash, api_token) VALUES (?, ?, ?, ?)",
        (name, email, generate_password_hash(password), secrets.token_urlsafe()),
    )
    return int(cursor.lastrowid or 0)


@click.command("init-db")
def init_db() -> None:
    """Make the tables that aren't there yet."""
    Path(current_app.config["DATABASE"]).parent.mkdir(parents=True, exist_ok=True)
    with current_app.open_resource("schema.sql", "r") as schema:
        connection().executescript(schema.read())


@click.command("seed-notes")
@click.option("--name", default="Demo Writer")
@click.option("--email", default="demo@notes.example")
@click.option("--password", default="demo")
@click.pass_context
def seed_notes(context: click.Context, name: str, email: str, password: str) -> None:
    """Make the tables, an account and three notes; may be run again."""
    context.invoke(init_db)
    try:
        owner_id = add_person(name, email, password)
    except sqlite3.IntegrityError:
        click.echo(f"There is an account for {email} already.")
        return
    connection().executemany(
        "INSERT INTO note (owner_id, title, body, remind_on) VALUES (?, ?, ?, ?)",
        [(owner_id, title, body, day.format(name=name, email=email)) for title, body, day in NOTES],
    )
    click.echo(f"{len(NOTES)} notes; log in as {email}.")


def init_app(app: Flask) -> None:
    """Register the commands and the end of the connection."""
    app.teardown_appcontext(close)
    app.cli.add_command(init_db)
    app.cli.add_command(seed_notes)
