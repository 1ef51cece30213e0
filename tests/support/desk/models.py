"""A user who logs in by address and has what can't be left out, and a table with unique rows."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import models


class Office(models.Model):
    """Where clerks work."""

    name: models.CharField[Any, Any] = models.CharField(max_length=40, unique=True)


class Clerk(AbstractBaseUser):
    """A user."""

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["born", "office"]

    email: models.EmailField[Any, Any] = models.EmailField(unique=True)
    full_name: models.CharField[Any, Any] = models.CharField(max_length=20)
    born: models.DateField[Any, Any] = models.DateField()
    office: models.ForeignKey[Any, Any] = models.ForeignKey(Office, on_delete=models.PROTECT)
