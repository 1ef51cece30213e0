"""Carrying a request's telemetry into what it starts: threads, executors, other processes.

Tasks of asyncio need none of this, since they inherit the context they are started in. Nothing
carried holds an argument or a value of the request's: only its session, permission and trace.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import copy_context
from typing import Final, ParamSpec, TypeVar

from telemetry_core.consent import Permission
from telemetry_core.request import current_request
from telemetry_core.session import get_session_manager

P = ParamSpec("P")
R = TypeVar("R")

SESSION_HEADER: Final = "telemetry-session"
PERMISSION_HEADER: Final = "telemetry-permission"


def carried(function: Callable[P, R]) -> Callable[P, R]:
    """Return ``function`` so that it runs with the telemetry of where `carried` was called.

    For threads and executors, which know nothing of the context they are started in::

        threading.Thread(target=carried(send_mail), args=(order,)).start()
        executor.submit(carried(send_mail), order)

    What the function captures belongs to the same session and request, and is filtered for the same
    known values; without permission for the request nothing of it is sent either. Each call runs in
    a copy of the context, so that calls side by side don't see what the others set.
    """
    context = copy_context()

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return context.copy().run(function, *args, **kwargs)

    return run


def carried_headers() -> dict[str, str]:
    """Return the headers that carry this context's session to another process.

    Two short texts: the random session id, if there is one, and what of the request may leave. They
    are made to travel with a message; `telemetry_core.jobs.job` takes them on the other side.
    """
    request = current_request()
    permission = request.permission if request is not None else Permission.FULL
    headers = {PERMISSION_HEADER: permission.value}
    session_id = request.session_id if request is not None else get_session_manager().session_id
    if session_id is not None:
        headers[SESSION_HEADER] = session_id
    return headers
