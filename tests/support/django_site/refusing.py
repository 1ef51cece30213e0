"""Backends that refuse: nothing may ask them that the application did not ask."""

from __future__ import annotations

from typing import Any, NoReturn

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.base import SessionBase


class AskedError(AssertionError):
    """Somebody asked."""


class RefusingBackend(ModelBackend):
    """Knows no user."""

    def get_user(self, user_id: Any) -> NoReturn:
        raise AskedError


class SessionStore(SessionBase):
    """Loads no session."""

    def load(self) -> NoReturn:
        raise AskedError
