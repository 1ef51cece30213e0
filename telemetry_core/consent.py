"""What a visitor has agreed to, decided once a request, before anything of it is recorded."""

from __future__ import annotations

import enum
import inspect
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from telemetry_core.drops import Drops
    from telemetry_core.facts import RequestFacts
    from telemetry_core.settings import Settings


class Permission(enum.Enum):
    """What of a request may leave."""

    FULL = "full"
    ANONYMOUS = "anonymous"
    """Errors only, and with no session id."""
    NONE = "none"


_ON_SIGNAL: Final = {
    "anonymise": Permission.ANONYMOUS,
    "drop": Permission.NONE,
    "ignore": Permission.FULL,
}


def decide(settings: Settings, facts: RequestFacts, drops: Drops) -> Permission:
    """Return what of this request may leave. Never raises.

    The consent callable is asked first; one that raises, or answers anything but ``True``, means
    no. Then come the browser's signals: ``Sec-GPC: 1`` (https://w3c.github.io/gpc/) and ``DNT: 1``
    (https://www.w3.org/TR/tracking-dnt/). What can't be read counts as a signal.
    """
    if settings.consent is not None:
        try:
            answer: object = settings.consent(facts.request)
            if answer is not True:
                if answer is not False:
                    # A coroutine, a cookie's text, ...: true by accident is no consent.
                    drops.count("consent_is_no_bool", "request")
                if inspect.iscoroutine(answer):
                    answer.close()  # or it warns, once a request, that nobody awaited it
                return Permission.NONE
        except Exception as error:
            drops.count("consent_error", "request", error=error)
            return Permission.NONE
    if settings.gpc == "ignore":
        return Permission.FULL
    try:
        gpc, dnt = facts.header("Sec-GPC"), facts.header("DNT")
        signalled = (gpc is not None and _is_signal(gpc)) or (dnt is not None and _is_signal(dnt))
    except Exception as error:
        drops.count("facts_error", "consent", error=error)
        signalled = True
    return _ON_SIGNAL[settings.gpc] if signalled else Permission.FULL


def _is_signal(value: str) -> bool:
    # A header sent twice reads "1, 1", and DNT allows extensions behind its digit.
    return value.lstrip()[:1] == "1"
