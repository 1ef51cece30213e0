"""Refuse forms that another site posts in a visitor's name."""

from __future__ import annotations

import secrets

from flask import Flask, abort, request, session


def csrf_token() -> str:
    """Return the token that a form of this visitor must carry."""
    if "csrf_token" not in session:
        session["csrf_token"] = secrets.token_urlsafe()
    return session["csrf_token"]


def check() -> None:
    """Refuse a form without the token; the API is called by programs and needs none."""
    if request.method == "POST" and request.blueprint != "api":
        given = request.form.get("csrf_token", "")
        if not secrets.compare_digest(given.encode(), csrf_token().encode()):
            abort(400, "The form is too old. Please try again.")


def init_app(app: Flask) -> None:
    """Check every form and let templates write the token."""
    app.before_request(check)
    app.jinja_env.globals["csrf_token"] = csrf_token
