"""Somebody who visits a project: a user and a session made of planted values."""

from __future__ import annotations

import datetime
import secrets
import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError

from telemetry_core.audit.canaries import Canaries
from telemetry_core.audit.target import AuditError, Options

CSRF_SECRET_LENGTH: Final = 32


def log_in(canaries: Canaries, options: Options) -> dict[str, str]:
    """Make a user and a session of canaries, and return the cookies of the visitor."""
    cookies = {settings.CSRF_COOKIE_NAME: secrets.token_hex(CSRF_SECRET_LENGTH // 2)}
    apps = settings.INSTALLED_APPS
    if not any(app.startswith("django.contrib.sessions") for app in apps):
        return cookies
    from django.test import Client

    client = Client()
    try:
        if any(app.startswith("django.contrib.auth") for app in apps):
            client.force_login(_user(canaries))
        session = client.session
        session["customer"] = {"name": canaries["name"], "email": canaries["email"]}
        session["note"] = canaries["session"]
        session.update(options.session)
        session.save()
    except DatabaseError as error:
        raise AuditError(
            f"No user can be made in the database ({type(error).__name__}: {str(error).strip()}). "
            "Migrate it, or use an empty one: --database test."
        ) from error
    name = settings.SESSION_COOKIE_NAME
    return {**cookies, name: client.cookies[name].value}


USER: Final[Mapping[str, str]] = {
    "username": "username",
    "email": "email",
    "first_name": "name",
    "last_name": "user",
    "name": "name",
    "full_name": "user",
    "phone": "phone",
}


REQUIRED: Final[Mapping[str, object]] = {
    "BooleanField": False,
    "DateField": datetime.date(1970, 1, 1),
    "DateTimeField": datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC),
    "DecimalField": 1,
    "DurationField": datetime.timedelta(),
    "FloatField": 1,
    "IntegerField": 1,
    "JSONField": {},
    "PositiveIntegerField": 1,
    "PositiveSmallIntegerField": 1,
    "SmallIntegerField": 1,
    "TimeField": datetime.time(12),
    "UUIDField": uuid.UUID(int=1),
}
"""Values for fields that a user of the project can't do without."""


def _user(canaries: Canaries) -> Any:
    """Make a user who may do everything, so that views behind permissions are reached, too."""
    from django.contrib.auth import get_user_model

    model: Any = get_user_model()
    fields = {field.name: field for field in model._meta.concrete_fields}
    login = model.USERNAME_FIELD
    given: dict[str, Any] = {
        name: canaries[kind][: fields[name].max_length or None]
        for name, kind in {login: "username", **USER}.items()
        if name in fields
    }
    given |= {name: True for name in ("is_active", "is_staff", "is_superuser") if name in fields}
    for name, field in fields.items():
        if name not in given and _is_wanted(field):
            given[name] = _something_for(field)
    user = model(**given)
    user.set_unusable_password()
    user.save()
    return user


def _is_wanted(field: Any) -> bool:
    """Say whether a field can't be left out: there is neither a default nor an empty value."""
    return not (field.null or field.primary_key or field.get_default() is not None)


def _something_for(field: Any) -> Any:
    """Return a value that a field takes: what is there already, where it leads to another model."""
    if field.is_relation:
        return field.related_model._default_manager.first()
    return REQUIRED.get(field.get_internal_type())
