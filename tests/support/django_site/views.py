"""Views that fail, each in another way. A name in the path is a value that must not leave."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from operator import methodcaller
from typing import Any

import sentry_sdk
from django.contrib.auth import authenticate, login
from django.contrib.auth.models import Group, User
from django.core.cache import caches
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.files.storage import default_storage
from django.db import connection
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.template import engines
from django.template.response import TemplateResponse
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from sentry_sdk import logger as sentry_logger

import telemetry_core

logger = logging.getLogger("django_site")


class Numbers:
    @property
    def broken(self) -> str:
        raise ValueError("the template broke")


def ok(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse("ok")


async def aok(request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse("ok")


def sync_error(request: HttpRequest, name: str, number: int = 0) -> HttpResponse:
    raise ValueError(f"no {name}")


async def async_error(request: HttpRequest, name: str) -> HttpResponse:
    raise ValueError(f"no {name}")


class ClassBased(View):
    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        raise ValueError(f"no {name}")


class AsyncClassBased(View):
    async def get(self, request: HttpRequest, name: str) -> HttpResponse:
        raise ValueError(f"no {name}")


def template_error(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "broken.html", {"numbers": Numbers()})


def late_template_error(request: HttpRequest, name: str) -> TemplateResponse:
    return TemplateResponse(request, "broken.html", {"numbers": Numbers()})


def stream(request: HttpRequest, name: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(piece for piece in (b"one", b"two"))


async def astream(request: HttpRequest, name: str) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.sleep(0)
        yield b"two"

    return StreamingHttpResponse(pieces())


def stream_error(request: HttpRequest, name: str) -> StreamingHttpResponse:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise ValueError(f"no {name}")

    return StreamingHttpResponse(pieces())


async def astream_error(request: HttpRequest, name: str) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.sleep(0)
        raise ValueError(f"no {name}")

    return StreamingHttpResponse(pieces())


class BadFile(io.BytesIO):
    """A file on a disk with a scratch."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError("the disk failed")
        return super().read(3)


def file(request: HttpRequest, name: str) -> FileResponse:
    return FileResponse(io.BytesIO(b"one two"), filename="numbers.txt", as_attachment=True)


def file_error(request: HttpRequest, name: str) -> FileResponse:
    return FileResponse(BadFile(b"one two"))


async def slow(request: HttpRequest, name: str) -> HttpResponse:
    logger.info("slow began")
    await asyncio.sleep(30)
    return HttpResponse("too late")


async def slow_stream(request: HttpRequest, name: str) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.sleep(30)
        yield b"too late"

    return StreamingHttpResponse(pieces())


REFUSALS: dict[str, type[Exception]] = {
    "Http404": Http404,
    "PermissionDenied": PermissionDenied,
    "SuspiciousOperation": SuspiciousOperation,
    "BadRequest": BadRequest,
}


def refuse(request: HttpRequest, kind: str) -> HttpResponse:
    if kind == "DisallowedHost":
        return HttpResponse(request.get_host())
    raise REFUSALS[kind]("not for jane.roe@example.com")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse("no", status=403)


def sorry(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)


def status(request: HttpRequest, status: int) -> HttpResponse:
    return HttpResponse("so it is", status=status)


def logged(request: HttpRequest, name: str) -> HttpResponse:
    try:
        raise ValueError(f"no {name}")
    except ValueError:
        logger.exception("failed for %s", name)
        raise


def logged_other(request: HttpRequest, name: str) -> HttpResponse:
    try:
        raise KeyError(name)
    except KeyError:
        logger.exception("failed for %s", name)
    raise ValueError(f"no {name}")


def log(request: HttpRequest, text: str) -> HttpResponse:
    logger.error("logged %s", text)
    return HttpResponse("ok")


def tell(request: HttpRequest) -> JsonResponse:
    """Tell what a request may show of itself."""
    return JsonResponse(
        {
            "attribute": getattr(request, "telemetry_session_id", "absent"),
            "manager": telemetry_core.get_session_manager().session_id,
        }
    )


@csrf_exempt
def form_error(request: HttpRequest) -> HttpResponse:
    if request.content_type == "application/json":
        values: list[Any] = [json.loads(request.body)]
    else:
        names = [str(file) for file in request.FILES.values()]
        # As a file is stored when there is one of its name.
        stored = [default_storage.get_alternative_name(name, ".pdf") for name in names]
        values = [dict(request.POST.lists()), names, stored]
    raise ValueError(f"can't take {values!r}")


READS: dict[str, Callable[[HttpRequest], bytes]] = {
    "read": methodcaller("read"),
    "pieces": lambda request: b"".join(iter(lambda: request.read(7), b"")),
    "readline": lambda request: request.readline(),
    "readlines": lambda request: b"".join(request.readlines()),
    "lines": b"".join,
}


@csrf_exempt
def body_error(request: HttpRequest, way: str) -> HttpResponse:
    """Read the body by other means than Django's own, as parsers of all sorts do."""
    name = json.loads(READS[way](request))["name"]
    raise ValueError(f"can't take {name}")


@csrf_exempt
def unread_error(request: HttpRequest) -> HttpResponse:
    raise ValueError("did not even look")


@csrf_exempt
def log_in(request: HttpRequest) -> HttpResponse:
    user = authenticate(username=request.GET["username"], password=request.GET["password"])
    assert user is not None
    login(request, user)
    return HttpResponse("ok")


def remember(request: HttpRequest) -> HttpResponse:
    """Keep a name for the next request."""
    request.session["basket"] = {"owner": request.GET["name"], "items": [3, 4]}
    return HttpResponse("kept")


def remembered_error(request: HttpRequest) -> HttpResponse:
    """Fail over what an earlier request kept."""
    raise LookupError(f"no basket of {request.session['basket']['owner']}")


def user_error(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    raise ValueError(f"{user.get_full_name()} <{user.email}>, {user.username} has no orders")


@sensitive_variables("answer")
def check_answer(answer: str) -> None:
    raise ValueError(f"{answer} is wrong")


@csrf_exempt
@sensitive_post_parameters("pet")
def secrets(request: HttpRequest) -> HttpResponse:
    pet = request.POST["pet"]
    try:
        check_answer("Rosebud" + "Sled")
    except ValueError as error:
        raise LookupError(f"neither does {pet}") from error
    return HttpResponse("ok")


@sensitive_variables()
async def acheck_answer(answer: str) -> None:
    raise ValueError(f"{answer} is wrong")


async def asecrets(request: HttpRequest) -> HttpResponse:
    await acheck_answer("Rosebud" + "Sled")
    return HttpResponse("ok")


@csrf_exempt
def everything(request: HttpRequest) -> HttpResponse:
    """Put what the visitor sent wherever telemetry takes text from."""
    sent = [str(value) for sent in (request.GET, request.POST) for value in sent.values()]
    sent.extend(request.COOKIES.values())
    sent.append(request.headers.get("X-Customer", ""))
    text = " and ".join(sent)
    sentry_sdk.add_breadcrumb(message=f"looked for {text}", data={"reason": text})
    sentry_sdk.set_tag("reason", sent[0])
    sentry_sdk.set_context("search", {"message": text})
    with sentry_sdk.start_span(op="search", name=f"search {text}"):
        logger.info("searching for %s", text)
    try:
        try:
            raise KeyError(text)
        except KeyError as error:
            raise LookupError(f"no index for {text}") from error
    except LookupError:
        raise ValueError(f"no results for {text}")  # noqa: B904  # the context is the point


def queries(request: HttpRequest, name: str) -> HttpResponse:
    _run_queries(name)
    return HttpResponse("ok")


async def aqueries(request: HttpRequest, name: str) -> HttpResponse:
    await User.objects.filter(username=name).acount()
    return HttpResponse("ok")


def stream_queries(request: HttpRequest, name: str) -> StreamingHttpResponse:
    """Ask for each piece when it is sent, as exports do."""

    def pieces() -> Iterator[str]:
        for table in ("auth_user", "auth_group"):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT COUNT(*) FROM {table} WHERE 'x' = %s", [name])
            yield table

    return StreamingHttpResponse(pieces())


async def astream_queries(request: HttpRequest, name: str) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[str]:
        for kind in (User, Group):
            await kind.objects.acount()
            yield kind.__name__

    return StreamingHttpResponse(pieces())


def render_template(request: HttpRequest, name: str) -> HttpResponse:
    """Render in each of Django's ways."""
    text = engines["django"].from_string("{{ name }}").render({"name": name})
    page = render(request, "500.html", {"name": name})
    return TemplateResponse(request, "500.html", {"name": text}, status=page.status_code)


def ask_cache(request: HttpRequest, name: str) -> JsonResponse:
    cache = caches["default"]
    missed = cache.get(f"of-{name}")
    cache.set(f"of-{name}", f"value of {name}", 60)
    found = cache.get(f"of-{name}", default="nothing")
    many = cache.get_many([f"of-{name}", "other"])
    filled = cache.get_or_set(f"of-{name}", "unused")
    cache.delete(f"of-{name}")
    return JsonResponse({"missed": missed, "found": found, "many": len(many), "filled": filled})


async def aask_cache(request: HttpRequest, name: str) -> JsonResponse:
    cache = caches["default"]
    await cache.aset(f"of-{name}", f"value of {name}")
    return JsonResponse({"found": await cache.aget(f"of-{name}")})


def leave(request: HttpRequest, name: str) -> HttpResponse:
    """End as the query says, with what is no Exception."""
    endings: dict[str, BaseException] = {
        "1": SystemExit(1),
        "text": SystemExit(f"no {name}"),
        "0": SystemExit(0),
        "none": SystemExit(),
        "interrupt": KeyboardInterrupt(),
        "cancelled": asyncio.CancelledError(),
        "generator": GeneratorExit(),
    }
    raise endings[request.GET["by"]]


def _run_queries(name: str) -> None:
    list(User.objects.filter(username=name))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 WHERE 'x' = '{name}'")
        cursor.executemany("UPDATE auth_user SET last_name = %s WHERE id = %s", [("a", 1)] * 2)


together = threading.Barrier(1)
"""Tests set it to as many requests as are to be in the view at the same time."""


def meet(request: HttpRequest, name: str) -> JsonResponse:
    """Record something, wait for the others, and fail or tell."""
    logger.info("met %s", name)
    before = telemetry_core.get_session_manager().session_id
    together.wait(60)
    time.sleep(0.001)
    logger.error("the trouble of %s", name)
    return JsonResponse(
        {"name": name, "ids": [before, telemetry_core.get_session_manager().session_id]}
    )


arrived: list[str] = []


async def ameet(request: HttpRequest, name: str) -> JsonResponse:
    logger.info("met %s", name)
    before = telemetry_core.get_session_manager().session_id
    arrived.append(name)
    while len(arrived) < together.parties:
        await asyncio.sleep(0.001)
    logger.error("the trouble of %s", name)
    return JsonResponse(
        {"name": name, "ids": [before, telemetry_core.get_session_manager().session_id]}
    )


def record(request: HttpRequest) -> HttpResponse:
    """Record something of every kind, and fail."""
    logger.error("logged")
    sentry_sdk.capture_message("captured")
    with sentry_sdk.start_span(op="work", name="worked"):
        sentry_logger.info("sent as a log")
    metrics = getattr(sentry_sdk, "metrics", None)
    if metrics is not None:
        metrics.count("orders", 1)
    telemetry_core.get_telemetry_config().capture_message("captured, too", "warning")
    raise ValueError("failed")


def process_error(request: HttpRequest, name: str) -> HttpResponse:
    """Fail, and say in which process."""
    sentry_sdk.set_tag("process.pid", str(os.getpid()))
    raise ValueError(f"no {name}")


def pay(request: HttpRequest, name: str) -> HttpResponse:
    logger.info("begun by %s", name)
    with telemetry_core.telemetry_context(operation="checkout"):
        charge(name)
    return HttpResponse("paid")


async def apay(request: HttpRequest, name: str) -> HttpResponse:
    logger.info("begun by %s", name)
    with telemetry_core.telemetry_context(operation="checkout"):
        await acharge(name)
    return HttpResponse("paid")


@telemetry_core.error_boundary("charge", category="network")
def charge(name: str) -> None:
    if name == "nobody":
        raise Http404
    raise ValueError(f"no {name}")


@telemetry_core.error_boundary("charge", category="network")
async def acharge(name: str) -> None:
    await asyncio.sleep(0)
    charge.__wrapped__(name)  # type: ignore[attr-defined]  # the function in its boundary


@csrf_exempt
def read(request: HttpRequest) -> HttpResponse:
    logger.info("at %s", request.GET["step"])
    logger.info("hello %s", request.POST["name"])
    request.user = User(username="Wombat-Jones")
    logger.info("known as %s", "Wombat-Jones")
    request.user.username = "Wombat-Miller"
    logger.info("married to %s", "Wombat-Miller")
    return HttpResponse("ok")
