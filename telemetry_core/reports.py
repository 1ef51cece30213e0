"""What was reported already: an exception is reported once, whoever comes across it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import CodeType
from typing import TYPE_CHECKING, Final

from telemetry_core.request import Request, current_request

if TYPE_CHECKING:
    from telemetry_core.config import TelemetryConfig
    from telemetry_core.facts import RequestFacts

_MARK: Final = "_telemetry_reported"
"""The attribute of an exception that was reported."""


def report(
    config: TelemetryConfig,
    facts: RequestFacts,
    error: BaseException,
    *,
    session_id: str | None = None,
) -> None:
    """Report an exception of a request: of the current one, or of one that is not entered.

    The latter is what middleware in front of ours raises.

    :param session_id: the request's session if it was entered before.
    """
    request = current_request()
    if request is not None:
        request.capture(error)
        return
    if session_id is not None and _MARK in error.__dict__:
        # On its way out through the middleware in front.
        return
    request = Request(config, facts, traced=False, session_id=session_id)
    request.enter()
    try:
        request.capture(error)
    finally:
        request.leave()


def is_repeated(error: BaseException) -> bool:
    """Tell whether an exception was reported before, and remember it.

    In a request that counts in it. Outside of requests it counts in the process: a server logs what
    broke off its response, and a hook sees what a boundary has reported. A group of which every
    exception was reported before says nothing new, and neither does an exception that was raised
    from one: ``raise ExportFailed from error`` is the same failure by another name. One that is
    raised while another is handled, with no ``from``, is a failure of its own, and so are those in
    a group, whatever the group was raised from.
    """
    if isinstance(error, BaseExceptionGroup):
        parts = list(_parts_of(error))
        if all(map(was_reported, parts)):
            return True
        for part in parts:
            remember(part)
    elif _is_of_reported(error):
        remember(error)
        return True
    request = _current_open_request()
    if request is not None:
        return _is_repeated_in(request, error)
    if _MARK in error.__dict__:
        return True
    error.__dict__[_MARK] = True
    return False


def was_reported(error: BaseException) -> bool:
    """Tell whether an exception, or one that it was raised from, was reported before."""
    if isinstance(error, BaseExceptionGroup):
        return _is_known(error)
    return _is_known(error) or _is_of_reported(error)


def _is_of_reported(error: BaseException) -> bool:
    """Tell whether what an exception was raised from was reported before."""
    seen = {id(error)}
    cause = error.__cause__
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, BaseExceptionGroup):
            return all(map(_is_known, _parts_of(cause)))
        if _is_known(cause):
            return True
        seen.add(id(cause))
        cause = cause.__cause__
    return False


def _is_known(error: BaseException) -> bool:
    request = _current_open_request()
    if request is not None:
        return any(reported is error for reported in request.reported or ())
    return _MARK in error.__dict__


def remember(error: BaseException) -> None:
    """Take an exception for reported: what was wrong in it is."""
    request = _current_open_request()
    if request is not None:
        request.reported = [*(request.reported or ()), error]
    error.__dict__[_MARK] = True


def _current_open_request() -> Request | None:
    request = current_request()
    return request if request is not None and not request.has_ended else None


def _is_repeated_in(request: Request, error: BaseException) -> bool:
    """Tell whether an exception was reported in a request before, and remember it.

    So was one that is raised at the same place again, where the first is being handled: Flask
    calls the functions that have just failed once more for the error's response.
    """
    if any(known is error or _is_again(error, known) for known in request.reported or ()):
        return True
    if request.reported is None:
        request.reported = []
    request.reported.append(error)
    with suppress(Exception):
        error.__dict__[_MARK] = True
    return False


def _parts_of(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for part in group.exceptions:
        if isinstance(part, BaseExceptionGroup):
            yield from _parts_of(part)
        else:
            yield part


def _is_again(error: BaseException, reported: BaseException) -> bool:
    if type(error) is not type(reported) or _place(error) != _place(reported):
        return False
    context = error.__context__
    seen: set[int] = set()
    while context is not None and id(context) not in seen:
        if context is reported:
            return True
        seen.add(id(context))
        context = context.__context__
    return False


def _place(error: BaseException) -> tuple[CodeType, int] | None:
    """Return where an exception was raised."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return (traceback.tb_frame.f_code, traceback.tb_lineno) if traceback is not None else None
