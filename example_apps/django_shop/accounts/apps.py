"""The accounts app."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Connects the signals."""

    name = "accounts"

    def ready(self) -> None:
        from accounts import signals  # noqa: F401
