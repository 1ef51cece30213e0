"""Build envelopes by hand and talk to a collector as a sender or a browser does."""

from __future__ import annotations

import http.client
import json
from typing import Any

from telemetry_core.collector import Collector

EVENT = {"event_id": "a" * 32, "level": "error", "environment": "test", "message": "broken"}


def envelope(*items: tuple[dict[str, Any], bytes], **headers: Any) -> bytes:
    lines = [json.dumps(headers).encode()]
    for header, payload in items:
        lines += [json.dumps({**header, "length": len(payload)}).encode(), payload]
    return b"\n".join(lines) + b"\n"


def event(payload: dict[str, Any]) -> bytes:
    return envelope(
        ({"type": "event"}, json.dumps(payload).encode()), event_id=payload.get("event_id")
    )


def send(port: int, body: bytes) -> None:
    """Send an envelope to a collector of another process."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", "/api/1/envelope/", body)
        assert connection.getresponse().status == 200
    finally:
        connection.close()


def ask(
    collector: Collector,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def post(
    collector: Collector, body: bytes, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    return ask(collector, "POST", "/api/1/envelope/", body, headers)
