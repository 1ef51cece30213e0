"""An ASGI callable of one's own, with telemetry switched on by hand."""

from __future__ import annotations

import logging
from typing import Any

from telemetry_core import initialize_telemetry

logger = logging.getLogger(__name__)

initialize_telemetry(enabled=True, dsn="https://key@sentry.example/1")

PAGE = b"""<a href="/people/jane-roe">who</a>
<form action="/next" method="post"><input name="email"></form>"""


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer, and log at one path what has no business in a log."""
    if scope["path"] == "/next":
        message = await receive()
        logger.error("odd body of %d bytes from %s", len(message["body"]), scope["client"][0])
    headers = [(b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": PAGE})
