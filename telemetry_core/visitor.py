"""The pseudonym of a visitor, for ``TELEMETRY_SESSION_SCOPE = "visitor"``."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

_PURPOSE: Final = b"telemetry-core visitor "


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def visitor_id(session_key: str, secret: str, *, today: Callable[[], str] = _today) -> str:
    """Return a pseudonym of 32 hexadecimal digits for a framework's session key.

    An HMAC-SHA256 (RFC 2104) of the session key under a key of the day, itself derived from the
    application's secret. The same visitor has one pseudonym in all processes of an application
    until midnight UTC, and another on the next day; nothing is stored for it. Without the secret
    neither the session key nor yesterday's pseudonym can be told from it. Whoever has the secret
    can tell, so this is pseudonymous data in the sense of the GDPR (article 4, 5), not anonymous.
    """
    day_key = hmac.digest(secret.encode(), _PURPOSE + today().encode(), hashlib.sha256)
    return hmac.new(day_key, session_key.encode(), hashlib.sha256).hexdigest()[:32]
