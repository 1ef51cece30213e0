"""The apps' own logs: what they hold of what was planted, and the lines of one session."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telemetry_core.collector import Planted, find_value


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalLog:
    """What an app has logged: its JSON lines. What its server says beside them is not its own."""

    app: str
    lines: tuple[Mapping[str, Any], ...]


def read_log(app: str, path: Path) -> LocalLog:
    """Read what an app has written to the file."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return LocalLog(app=app, lines=tuple(_json_lines(text.splitlines())))


def _json_lines(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except ValueError:
                continue


def problems_of(logs: Sequence[LocalLog], planted: Sequence[Planted]) -> list[str]:
    """Name the planted values that a log holds, and the apps that have logged nothing."""
    return [
        *(f"LOCAL LOG: {log.app} has logged no JSON line" for log in logs if not log.lines),
        *(
            f"LOCAL LOG: {log.app} has logged {each.kind} {each.masked}, planted in {each.place}"
            for log in logs
            for each in planted
            if find_value(json.dumps(log.lines).encode(), each.value)
        ),
    ]
