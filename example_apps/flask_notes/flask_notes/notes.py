"""The pages with notes."""

from __future__ import annotations

import asyncio
import datetime
import logging
import re
import sqlite3
from collections.abc import Iterator

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue

from flask_notes import mail, notebook
from flask_notes.auth import login_required
from flask_notes.timezones import today
from telemetry_core import error_boundary

blueprint = Blueprint("notes", __name__)
logger = logging.getLogger(__name__)


def load_or_404(note_id: int) -> sqlite3.Row:
    return notebook.load(g.user, note_id) or abort(404)


@blueprint.get("/")
@login_required
def index() -> ResponseReturnValue:
    """List the notes, or those that hold the ``q`` of the query string."""
    query = request.args.get("q", "")
    # Careless, as real apps are: people search for names.
    logger.info("%s searches %r", g.user["email"], query)
    found = notebook.find(g.user, query)
    return render_template(
        "index.html", notes=found or notebook.find(g.user), found=found, query=query, today=today()
    )


@blueprint.route("/notes/new", methods=["GET", "POST"])
@login_required
def new() -> ResponseReturnValue:
    """Write a note."""
    if request.method == "GET":
        return render_template("new.html")
    form = request.form
    remind_on = form.get("remind_on", "")
    if remind_on:
        # Bug: only some browsers have a date picker; the others send what was typed.
        datetime.date.fromisoformat(remind_on)
    note_id = notebook.add(g.user, form["title"], form["body"], remind_on)
    return redirect(url_for("notes.show", note_id=note_id))


@blueprint.get("/notes/<int:note_id>")
@login_required
def show(note_id: int) -> ResponseReturnValue:
    """Show a note and the form to share it."""
    return render_template("note.html", note=load_or_404(note_id))


@blueprint.post("/notes/<int:note_id>/share")
@login_required
def share(note_id: int) -> ResponseReturnValue:
    """Let someone read the note, and tell them by mail."""
    note = load_or_404(note_id)
    email = request.form["email"]
    notebook.share(note, email)
    try:
        mail.post("send", {"to": email, "from": g.user["email"], "subject": note["title"]})
        flash("Shared.")
    except (OSError, ValueError):
        # Careless, as real apps are: the addresses are in the log. What failed is reported.
        logger.exception("no mail from %s to %s", g.user["email"], email)
        flash("Shared, but we couldn't send the mail.")
    return redirect(url_for("notes.show", note_id=note_id))


@blueprint.get("/notes/<int:note_id>/recipients")
@login_required
async def recipients(note_id: int) -> ResponseReturnValue:
    """Ask the mail service about each address in the note, all at the same time."""
    addresses = re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", load_or_404(note_id)["body"])
    # Bug: a limit that isn't a number.
    addresses = addresses[: int(request.args.get("limit", "10"))]
    # Bug: unlike the form above, this doesn't expect the service to be down.
    answers = await asyncio.gather(
        *(asyncio.to_thread(mail.post, "check", {"to": address}) for address in addresses)
    )
    return dict(zip(addresses, answers, strict=True))


@blueprint.get("/people/<email>")
@login_required
def person(email: str) -> ResponseReturnValue:
    """Show the notes that are shared with a person."""
    logger.info("%s looks up %s", g.user["email"], email)
    shared = [note for note in notebook.find(g.user) if email in notebook.readers(note)]
    # Bug: there may be no such note.
    longest = max(shared, key=lambda note: len(note["body"]))
    return render_template("person.html", email=email, notes=shared, longest=longest)


@error_boundary("export-notes", category="file_io")
def export_lines() -> Iterator[str]:
    """Yield a line for each note of the user."""
    yield f"Notes of {g.user['name']}\n"
    for note in notebook.find(g.user):
        try:
            # Bug: notes that came in through the API may have anything for a date.
            day = note["remind_on"] and datetime.date.fromisoformat(note["remind_on"])
        except ValueError as error:
            raise RuntimeError(
                f"can't export {note['title']!r} of {g.user['name']} <{g.user['email']}>"
            ) from error
        yield f"{day:%d %B %Y}\t{note['title']}\n" if day else f"-\t{note['title']}\n"


@blueprint.get("/export.txt")
@login_required
def export() -> ResponseReturnValue:
    """Stream the user's notes as text."""
    return Response(stream_with_context(export_lines()), mimetype="text/plain")
