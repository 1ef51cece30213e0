"""Background jobs and commands: each with a session of its own, or with that of who started it."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from telemetry_core.carrying import PERMISSION_HEADER, SESSION_HEADER, carried_headers
from telemetry_core.consent import Permission
from telemetry_core.process import get_telemetry_config, telemetry_config_of
from telemetry_core.request import Request, current_request
from telemetry_core.session import ID_FORM

if TYPE_CHECKING:
    from telemetry_core.facts import RequestFacts


class JobFacts:
    """A job, as the core asks about requests: it has a name and no visitor of its own.

    :param around: the facts of the request, or the job, in which it is run.
    """

    __slots__ = ("_around", "_name")

    request: Any = None
    method = ""

    def __init__(self, name: str, around: RequestFacts | None = None) -> None:
        self._name = name
        self._around = around

    def header(self, name: str) -> str | None:  # noqa: ARG002  # a job has none
        """None: nobody sent headers."""
        return None

    def route(self) -> str | None:
        """The job's name."""
        return self._name

    def visitor_values(self) -> Iterable[str]:
        """What the visitor of the request around it sent; of the job's arguments nothing.

        Those are not looked at, so they can't be sent either.
        """
        return self._around.visitor_values() if self._around is not None else ()

    def user_values(self) -> Iterable[str]:
        """Who is logged in where it is run."""
        return self._around.user_values() if self._around is not None else ()

    def stamp(self) -> list[object]:
        """What is another when more is known where it is run."""
        return self._around.stamp() if self._around is not None else []

    def visitor_key(self) -> tuple[str, str] | None:
        """None: there is no visitor."""
        return None


@contextmanager
def job(name: str, *, headers: Mapping[str, object] | None = None) -> Iterator[None]:
    """Run a block as a job: its errors are reported once, under its name, in a session.

    It is sampled as requests are; a sampled one is a transaction of its own.

    ::

        with job("nightly-import"):
            ...

        @job("nightly-import")
        def nightly_import(): ...

    In a request, and in what it has started, the job has a session of its own all the same, but the
    request's permission, and the values known of its visitor are taken out.

    An exception is reported and raised again. Does nothing when telemetry is off.

    :param name: what its errors are filed under. It is sent, so name the job and not its subject.
    :param headers: what `telemetry_core.carrying.carried_headers` gave where the job was started;
        then it belongs to that session, and is silent where that request was.
    """
    begun = _begun(name, headers or {})
    if begun is None:
        yield
        return
    begun.enter()
    try:
        yield
    except Exception as error:
        begun.capture(error, status=None)
        raise
    finally:
        begun.finish()
        begun.leave()


def _begun(name: str, headers: Mapping[str, object]) -> Request | None:
    """Make what a job is reported by; None when telemetry is off."""
    around = current_request()
    config = telemetry_config_of(around)
    if not config.active:
        return None
    session_id = headers.get(SESSION_HEADER)
    if not isinstance(session_id, str) or not ID_FORM.fullmatch(session_id):
        session_id = None
    given = headers.get(PERMISSION_HEADER)
    permissions = [
        # Of no visitor, there is nobody to ask for consent.
        around.permission if around is not None else Permission.FULL,
        _PERMISSIONS.get(str(given), Permission.NONE) if given else Permission.FULL,
    ]
    return Request(
        config,
        JobFacts(name, around.facts if around is not None else None),
        session_id=session_id,
        permission=min(permissions, key=_FROM_THE_STRICTEST.index),
        source="task",
    )


_FROM_THE_STRICTEST: Final = (Permission.NONE, Permission.ANONYMOUS, Permission.FULL)

_PERMISSIONS: Final = {permission.value: permission for permission in Permission}
"""By what a header says of them; what can't be read is no permission."""


_UID: Final = "telemetry_core.jobs"
_running: dict[str, Request] = {}


def connect_celery() -> None:
    """Carry sessions with Celery's messages, and run each task in that of who published it.

    Called when ``TELEMETRY_INSTRUMENT`` names celery, whose errors Sentry's integration reports.
    Two headers are added to a message; its arguments are never looked at.

    :raises ImportError: when Celery is not installed.
    """
    signals: Any = importlib.import_module("celery.signals")
    signals.before_task_publish.connect(_before_publish, weak=False, dispatch_uid=_UID)
    signals.task_prerun.connect(_before_run, weak=False, dispatch_uid=_UID)
    signals.task_postrun.connect(_after_run, weak=False, dispatch_uid=_UID)


def _before_publish(headers: Any = None, **_: object) -> None:
    if isinstance(headers, dict) and get_telemetry_config().active:
        headers.update(carried_headers())


def _before_run(task_id: Any = None, task: Any = None, **_: object) -> None:
    if task is None:
        return
    message = getattr(task, "request", None)
    headers = {name: getattr(message, name, None) for name in (SESSION_HEADER, PERMISSION_HEADER)}
    begun = _begun(str(task.name), headers)
    if begun is None:
        return
    begun.enter()
    _running[str(task_id)] = begun


def _after_run(task_id: Any = None, **_: object) -> None:
    begun = _running.pop(str(task_id), None)
    if begun is not None:
        begun.finish()
        begun.leave()
