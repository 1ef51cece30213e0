"""A Celery application over the file system, as a user would write one, with a bug."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import sentry_sdk
from celery import Celery

from telemetry_core import get_session_manager, initialize_telemetry

FOLDER = os.environ["CELERY_FOLDER"]

initialize_telemetry(enabled=True, instrument=["celery"])

app = Celery(
    "tasks",
    broker="filesystem://",
    broker_transport_options={
        "data_folder_in": FOLDER,
        "data_folder_out": FOLDER,
        "control_folder": f"{FOLDER}/control",
    },
    broker_connection_retry_on_startup=True,
    worker_send_task_events=False,
)


@app.task(name="shop.send_mail")  # type: ignore[untyped-decorator]  # Celery has no types
def send_mail(customer: str, **details: Any) -> None:
    """Fail, with the session in the message; one with details once two children are at it."""
    if details:
        _meet(2)
    sentry_sdk.set_tag("operation", "mail")
    raise ValueError(f"no mail, told of in {get_session_manager().session_id}")


def _meet(count: int) -> None:
    """Wait until so many processes are here: then no child does all the work."""
    place = Path(FOLDER, "met")
    (place / str(os.getpid())).touch()
    until = time.monotonic() + 60
    while len(list(place.iterdir())) < count and time.monotonic() < until:
        time.sleep(0.02)
    sentry_sdk.set_tag("function", str(os.getpid()))
