"""``telemetry audit`` for a Django project: its routes, a user, errors in its views.

The project's own database is used within a transaction that is rolled back, or a test database as
Django's test runner makes it.
"""

from __future__ import annotations

from telemetry_django.audit.project import open_target, prepare

__all__ = ["open_target", "prepare"]
