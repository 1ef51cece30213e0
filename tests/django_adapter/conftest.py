"""What the tests of the Django adapter share."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if importlib.util.find_spec("django") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    import django

    # pytest-django does so only for settings that somebody has looked at before.
    django.setup()

if TYPE_CHECKING:
    from django_calls import Answer


@pytest.fixture(params=["wsgi", "asgi"])
def call(request: pytest.FixtureRequest) -> Callable[..., Answer]:
    """Call the site once as a WSGI server does, and once as an ASGI server."""
    import django_calls

    made: Callable[..., Answer] = getattr(django_calls, f"call_{request.param}")
    return made
