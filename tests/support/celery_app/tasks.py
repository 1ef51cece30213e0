"""A Celery application over the file system, as a user would write one, with a bug."""

from __future__ import annotations

import os
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
    """Fail, with the session in the message."""
    sentry_sdk.set_tag("operation", "mail")
    raise ValueError(f"no mail in session {get_session_manager().session_id}")
