"""Attacks an application of `hostile_apps`: serves it, and makes requests that plant values."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from leak_matrix import KINDS

from telemetry_core.collector import Planted

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Values that no request carries: who is logged in, and what hooks add."""

    personal: str = field(default_factory=lambda: f"hook.{secrets.token_hex(5)}@mail.example.org")
    member: Mapping[str, str] = field(
        default_factory=lambda: {
            "username": f"u{secrets.token_hex(5)}",
            "email": f"m.{secrets.token_hex(5)}@mail.example.org",
            "first_name": f"Jane{secrets.token_hex(4)}",
            "last_name": f"Roe{secrets.token_hex(4)}",
        }
    )

    def planted(self) -> Iterator[Planted]:
        yield Planted(kind="e-mail address", value=self.personal, place="hooks")
        for name, value in self.member.items():
            yield Planted(kind=name, value=value, place="the logged-in user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request that carries a text in each of some places, and what is planted in those texts.

    :param texts: by place (query, form, json, cookie, header, path, baggage), what to send there.
    :param values: the values in them, by kind.
    :param path: which of the application's views.
    :param refuses: whether the visitor has not consented.
    """

    texts: Mapping[str, str]
    values: Mapping[str, str]
    path: str = "orders"
    refuses: bool = False
    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))

    def planted(self) -> Iterator[Planted]:
        place = f"{self.path}: {' '.join(self.texts)}"
        for kind, value in self.values.items():
            yield Planted(kind=kind, value=value.removeprefix("password="), place=place)


EVERYWHERE = ("query", "form", "cookie", "header", "path", "baggage")


def _everywhere(values: Mapping[str, str], **others: Any) -> Visit:
    text = "; ".join(values.values())
    return Visit(texts=dict.fromkeys(EVERYWHERE, text), values=values, **others)


def _apart(path: str, *places: str) -> Visit:
    """Make a visit with another name in each place, known from there alone."""
    names = {place: f"Jane Q{secrets.token_hex(5)}" for place in places}
    return Visit(texts=names, values={f"name in the {place}": names[place] for place in names},
                 path=path)  # fmt: skip


def visits() -> list[Visit]:
    """Return requests that plant every kind of value everywhere, and names in single places."""
    values = [(kind, make()) for kind, make in KINDS.items()]
    told = [one for one in values if "known" not in one[0]]
    return [
        _everywhere(dict(told[::2])),
        _everywhere(dict(told[1::2])),
        _everywhere(dict(one for one in values if "known" in one[0])),
        _apart("orders", "query", "form", "cookie", "header", "path"),
        _apart("orders", "json"),
        _apart("aorders", "json", "path"),
        _apart("streams", "query"),
        _apart("fine", "path"),
        _apart("nowhere", "path", "query"),
        _apart("calls", "baggage", "header", "path"),
        _everywhere({kind: make() for kind, make in KINDS.items()}, refuses=True),
    ]


def send(port: int, visit: Visit, headers: Mapping[str, str] = {}) -> int:
    """Make the request; return the status, or 0 where the response broke off."""
    texts = visit.texts
    quoted = {place: quote(text, safe="") for place, text in texts.items()}
    given = {"sentry-trace": f"{visit.trace_id}-{secrets.token_hex(8)}-1"}
    body: str | None = None
    if visit.refuses:
        given["X-Refuses"] = "1"
    if "header" in texts:
        referer = f"https://x.example/?q={quoted['header']}"
        given |= {"X-Name": texts["header"], "User-Agent": texts["header"], "Referer": referer}
    if "baggage" in texts:
        names = ("sentry-user_id", "sentry-transaction", "sentry-environment", "other")
        given["baggage"] = ",".join(f"{name}={quoted['baggage']}" for name in names)
        given["traceparent"] = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    if "cookie" in texts:
        given["Cookie"] = f"name={quoted['cookie']}"
    if "form" in texts:
        given["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode({"f": texts["form"]})
    if "json" in texts:
        given["Content-Type"] = "application/json"
        body = json.dumps({"a": [{"b": texts["json"]}]})
    path = f"/{visit.path}/{quoted.get('path', 'x')}/"
    if "query" in texts:
        path += f"?{urlencode({'q': texts['query']})}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, body, {**given, **headers})
        response = connection.getresponse()
        with suppress(http.client.HTTPException):
            response.read()
        return response.status
    except (ConnectionError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


@contextmanager
def serving(
    framework: str,
    server: str = "wsgi",
    *,
    given: Mapping[str, Any],
    variables: Mapping[str, str] | None = None,
    log: Path,
) -> Iterator[int]:
    """Run an application for the length of the block; at its end all that waits has been sent.

    :param given: what `hostile_apps.shop` is told.
    :param variables: of the environment.
    :param log: where to write what it prints.
    :raises AssertionError: with what it printed, when it doesn't start or doesn't end well.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SENTRY_", "TELEMETRY_", "DJANGO_", "PYTEST"))
    }
    path = [str(ROOT / "tests" / "support"), *filter(None, sys.path)]
    environment = {
        **inherited,
        "PYTHONPATH": os.pathsep.join(path),
        "HOSTILE": json.dumps(given),
        **(variables or {}),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "hostile_apps", framework, server],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            port = process.stdout.readline()
            assert port, _ending(process, log)
            yield int(port)
            process.stdin.close()
            process.wait(60)
            assert process.returncode == 0, _ending(process, log)
        finally:
            process.stdin.close()
            process.kill()
            process.wait()
            process.stdout.close()


def _ending(process: subprocess.Popen[bytes], log: Path) -> str:
    said = log.read_text(encoding="utf-8", errors="replace")
    return f"ended with {process.poll()}: {said}"
