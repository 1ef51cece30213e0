"""The service that sends mail."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

from flask import current_app

from telemetry_core import error_boundary


@error_boundary("call-mail-service", category="network")
def post(path: str, message: dict[str, str]) -> dict[str, Any]:
    """Send a message to the service and return its answer.

    Raises OSError when the service can't be reached, and ValueError when it doesn't answer
    in JSON. With no service configured nothing is sent, and the answer is empty.
    """
    url = current_app.config["MAIL_URL"]
    if not url:
        return {}
    call = Request(
        f"{url}/{path}", json.dumps(message).encode(), {"Content-Type": "application/json"}
    )
    with urlopen(call, timeout=current_app.config["MAIL_TIMEOUT"]) as answer:
        return dict(json.load(answer))
