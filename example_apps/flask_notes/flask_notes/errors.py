"""What goes wrong, and the pages that say so."""

from __future__ import annotations

from flask import Flask, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, InternalServerError


class NotesError(Exception):
    """A request that the application refuses; it is handled and no bug."""

    status = 400
    title = "That didn't work"


class NotYourNote(NotesError):
    """The note belongs to someone else and isn't shared."""

    status = 403
    title = "This note isn't yours"


class TooManyNotes(NotesError):
    """The account is full."""

    status = 409
    title = "Your notebook is full"


def page(status: int, title: str) -> ResponseReturnValue:
    """Return an error as JSON to programs and as a page to people."""
    if request.blueprint == "api":
        return jsonify(error=title), status
    return render_template("error.html", title=title), status


def refuse(error: NotesError) -> ResponseReturnValue:
    return page(error.status, error.title)


def not_found(_: HTTPException) -> ResponseReturnValue:
    return page(404, "There is no such page")


def http_error(error: HTTPException) -> ResponseReturnValue:
    return page(error.code or 500, error.description or error.name)


def server_error(_: InternalServerError) -> ResponseReturnValue:
    """Give a reference code, so that support can find the error."""
    if request.blueprint == "api":
        reference = g.get("telemetry_session_id")
        return jsonify(error="Something went wrong on our side", reference=reference), 500
    return render_template("500.html"), 500


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(NotesError, refuse)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(404, not_found)
    app.register_error_handler(500, server_error)
