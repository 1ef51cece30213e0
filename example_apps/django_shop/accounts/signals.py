"""Log who comes and who fails to."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

logger = logging.getLogger(__name__)


# Careless, as real apps are: both lines name the person.
@receiver(user_logged_in)
def log_success(user: AbstractUser, **_: Any) -> None:
    logger.info("%s <%s> logged in", user.get_full_name(), user.email)


@receiver(user_login_failed)
def log_failure(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    origin = request.META["REMOTE_ADDR"] if request else "nowhere"
    logger.error("log-in failed for %s from %s", credentials.get("username"), origin)
