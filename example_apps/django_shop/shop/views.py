"""The page for errors that nobody handled."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseServerError
from django.template.loader import render_to_string


def server_error(request: HttpRequest) -> HttpResponseServerError:
    """Show the visitor a reference code, so that support can find the error."""
    # Not render(request, ...): context processors load the session and the user, and
    # whatever broke the page may break those, too.
    return HttpResponseServerError(render_to_string("500.html", {"request": request}))
