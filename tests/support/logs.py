"""Local log lines of an application, and the way between them and what a collector has got."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from telemetry_core.collector import Collector
from telemetry_core.logging import JsonFormatter


@contextmanager
def json_log(name: str) -> Iterator[StringIO]:
    """Write what a logger logs from INFO on as JSON lines, for the length of the block."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger(name)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield stream
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def lines_in(stream: StringIO) -> list[dict[str, Any]]:
    """Return the lines that were written."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def check_correlation(stream: StringIO, collector: Collector, *, visitors: int) -> None:
    """See that each visitor's lines lead to their event and back, and to nobody else's.

    :param visitors: how many requests failed, each with one line and one event.
    """
    assert collector.wait_for(lambda: len(collector.items(type="event")) >= visitors, timeout=60)
    events = [item.json for item in collector.items(type="event") if isinstance(item.json, dict)]
    assert len(events) == visitors
    for event in events:
        session_id = event["user"]["id"]
        [line] = [line for line in lines_in(stream) if line["session_id"] == session_id]
        assert line["message"] == "begun by [INPUT]"
        assert line["route"] == event["transaction"]
        assert line["trace_id"] == event["contexts"]["trace"]["trace_id"]
        assert event["tags"]["operation"] == "charge"
        boundary = event["contexts"]["boundary"]
        assert (boundary["category"], boundary["outcome"]) == ("network", "failed")
    for line in lines_in(stream):
        [event] = [event for event in events if event["user"]["id"] == line["session_id"]]
        assert event["breadcrumbs"]["values"][-1]["message"] == line["message"]
