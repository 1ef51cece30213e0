"""The middleware: a request is begun, ended, and its streamed body followed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse

from telemetry_core import SettingsError, get_telemetry_config
from telemetry_core.failures import is_failure
from telemetry_core.request import Request
from telemetry_core.streaming import AsyncStream, Stream, StreamedFile
from telemetry_django import checks, conf, queries
from telemetry_django.facts import DjangoFacts

GetResponse = Callable[[HttpRequest], Any]


class TelemetryMiddleware:
    """Binds telemetry to each request. Put it first; it takes itself out when not enabled.

    :raises ImproperlyConfigured: at start-up, when a ``TELEMETRY_`` setting is wrong, or the app
        that starts telemetry is missing.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        try:
            if not conf.read().enabled:
                raise MiddlewareNotUsed
        except SettingsError as error:
            raise ImproperlyConfigured(str(error)) from error
        if not apps.is_installed(conf.APP):
            raise ImproperlyConfigured(
                f"({checks.WITHOUT_APP}) the telemetry middleware needs {conf.APP!r} in"
                " INSTALLED_APPS"
            )
        self.get_response = get_response
        self.async_mode = iscoroutinefunction(get_response)
        if self.async_mode:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer a request."""
        if self.async_mode:
            return self.__acall__(request)
        telemetry = _begun(request)
        try:
            if telemetry.is_traced:
                queries.record(telemetry)
            response: HttpResponseBase = self.get_response(request)
            return _followed(telemetry, response)
        except BaseException as error:
            _end_by(telemetry, error)
            raise
        finally:
            telemetry.leave()

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request under ASGI."""
        telemetry = _begun(request)
        try:
            if telemetry.is_traced:
                # Django's connections live in the request's own thread.
                await sync_to_async(queries.record)(telemetry)
            response: HttpResponseBase = await self.get_response(request)
            return _followed(telemetry, response)
        except BaseException as error:
            _end_by(telemetry, error)
            raise
        finally:
            telemetry.leave()


def _begun(request: HttpRequest) -> Request:
    facts = DjangoFacts(request)
    facts.follow_body()
    telemetry = Request(get_telemetry_config(), facts)
    telemetry.enter()
    setattr(request, conf.SESSION_ID, telemetry.session_id)
    return telemetry


def _end_by(telemetry: Request, error: BaseException) -> None:
    # Not the view's exceptions, which Django's signal tells of: what ends a worker, such as
    # gunicorn's timeout. Or it is cancelled, as the visitor has gone away.
    if is_failure(error):
        telemetry.capture(error)
    telemetry.finish()


def _followed(telemetry: Request, response: HttpResponseBase) -> HttpResponseBase:
    telemetry.status = response.status_code
    if isinstance(response, StreamingHttpResponse):
        _follow_body(telemetry, response)
    else:
        telemetry.finish()
    return response


def _follow_body(telemetry: Request, response: StreamingHttpResponse) -> None:
    file = getattr(response, "file_to_stream", None)
    pieces = response.streaming_content
    if isinstance(pieces, AsyncIterator):
        response.streaming_content = AsyncStream(telemetry, pieces)
    else:
        response.streaming_content = Stream(telemetry, pieces)
    if file is not None:
        # A server that can sends the file itself. Django takes it away with the content.
        response.file_to_stream = StreamedFile(telemetry, file)  # type: ignore[attr-defined]
