"""What the views do; each answers 200 where it could."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

from desk.models import Office

logger = logging.getLogger(__name__)


def break_a_rule(request: HttpRequest) -> HttpResponse:
    """Add a row twice, each by itself."""
    Office.objects.create(name="new")
    Office.objects.create(name="new")
    return HttpResponse()


def insist(request: HttpRequest) -> HttpResponse:
    """Add a row in a block that must be the outermost."""
    with transaction.atomic(durable=True):
        Office.objects.create(name="durable")
    return HttpResponse()


def commit(request: HttpRequest) -> HttpResponse:
    """End the transaction, by SQL or past Django."""
    Office.objects.create(name="committed")
    if "DESK_COMMITS" in os.environ:
        driver: Any = connection.connection
        driver.commit()
    with connection.cursor() as cursor:
        cursor.execute("/* at once */ COMMIT")
    return HttpResponse()


def define(request: HttpRequest) -> HttpResponse:
    """Change the schema, which ends the transaction in some databases."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE another (id integer)")
    return HttpResponse()


def start_a_thread(request: HttpRequest) -> HttpResponse:
    """Add a row over a connection of its own."""

    def work() -> None:
        try:
            Office.objects.create(name="thread")
        except DatabaseError as error:
            logger.info("not added: %s", error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return HttpResponse()


def keep_files(request: HttpRequest) -> HttpResponse:
    """Write a file, read it, and take away one that was there."""
    storage = FileSystemStorage(os.environ["DESK_FOLDER"])
    with storage.open(storage.save("new.txt", ContentFile("new"))) as file:
        content = file.read()
    storage.delete("old.txt")
    return HttpResponse(content)


def zero(request: HttpRequest) -> HttpResponse:
    """Say at the end what is there."""
    # Its class, and not its type, which is that of what loads it.
    user = request.user.__class__.__name__
    logger.error("%d offices, as %s", Office.objects.count(), user)
    return HttpResponse()


urlpatterns = [
    path("rule/", break_a_rule),
    path("insist/", insist),
    path("commit/", commit),
    path("define/", define),
    path("thread/", start_a_thread),
    path("files/", keep_files),
    path("zero/", zero),
]
