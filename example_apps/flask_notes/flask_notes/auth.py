"""Accounts: register, log in, log out, profile."""

from __future__ import annotations

import functools
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import ParamSpec

from flask import (
    Blueprint,
    Flask,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.security import check_password_hash

from flask_notes.database import add_person, connection

P = ParamSpec("P")

blueprint = Blueprint("auth", __name__, url_prefix="/auth")
logger = logging.getLogger(__name__)


def load_user() -> None:
    """Set ``g.user`` to the row of whoever is logged in, or to None."""
    person_id = session.get("person_id")
    g.user = (
        connection().execute("SELECT * FROM person WHERE id = ?", (person_id,)).fetchone()
        if person_id
        else None
    )


def login_required(
    view: Callable[P, ResponseReturnValue | Awaitable[ResponseReturnValue]],
) -> Callable[P, ResponseReturnValue]:
    """Send whoever isn't logged in to the log-in form."""

    @functools.wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if g.user is None:
            return redirect(url_for("auth.login"))
        # Also calls an async view: see "Using async and await" in Flask's documentation.
        return current_app.ensure_sync(view)(*args, **kwargs)

    return wrapper


def enter(person_id: int) -> ResponseReturnValue:
    """Start a session of its own for the person."""
    session.clear()
    session["person_id"] = person_id
    return redirect(url_for("notes.index"))


@blueprint.route("/register", methods=["GET", "POST"])
def register() -> ResponseReturnValue:
    """Make an account and log in."""
    if request.method == "POST":
        form = request.form
        # Careless, as real apps are: the log holds the form, and the form a password.
        logger.info("new account: %s", form.to_dict())
        try:
            return enter(add_person(form["name"], form["email"], form["password"]))
        except sqlite3.IntegrityError:
            logger.exception("%s <%s> registers again", form["name"], form["email"])
            flash("There is an account for this address already.")
    return render_template("register.html")


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Log in with an e-mail address and a password."""
    if request.method == "POST":
        email = request.form["email"]
        person = connection().execute("SELECT * FROM person WHERE email = ?", (email,)).fetchone()
        if person and check_password_hash(person["password_hash"], request.form["password"]):
            # Who it is from here on, for what is logged as well.
            g.user = person
            logger.info("%s <%s> logged in", person["name"], person["email"])
            return enter(person["id"])
        logger.error("log-in failed for %s from %s", email, request.remote_addr)
        flash("Wrong address or password.")
    return render_template("login.html")


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session."""
    session.clear()
    return redirect(url_for("auth.login"))


@blueprint.get("/profile")
@login_required
def profile() -> ResponseReturnValue:
    """Show the account and the token for the API."""
    return render_template("profile.html")


def init_app(app: Flask) -> None:
    """Find out who is logged in before every request."""
    app.before_request(load_user)
