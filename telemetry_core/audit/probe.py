"""The process in which the application is audited: calls it, and tells the other one how it goes.

Reads one JSON object from standard input and writes one a line to standard output, until
``{"kind": "done"}`` or ``{"kind": "failed"}``. What the application prints goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import urlsplit

from telemetry_core.audit import plan
from telemetry_core.audit.calls import Answer, Call, Cookies, call_asgi, call_wsgi
from telemetry_core.audit.canaries import Canaries
from telemetry_core.audit.faults import Refused, fail
from telemetry_core.audit.loopback import allow_only
from telemetry_core.audit.pages import Form, read_page
from telemetry_core.audit.records import divert
from telemetry_core.audit.rules import KNOWN, rules_for
from telemetry_core.audit.target import DRIVERS, AuditError, Options, Route, Target
from telemetry_core.collector import Planted

Tell = Callable[..., None]

MOST_ROUTES: Final = 5_000
MOST_FORMS: Final = 200
FLUSH_SECONDS: Final = 10.0
CALLS_BETWEEN_FLUSHES: Final = 4
"""The SDK's queue takes a hundred envelopes, and drops what comes when it is full."""

LAST: Final = ("logout", "log-out", "signout", "sign-out")
"""Words in the patterns of routes that end the visitor's session."""

_FOREIGN: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SENTRY_SPOTLIGHT")
"""Variables that would lead what is sent elsewhere."""


def main() -> None:
    """Do what standard input says."""
    order = json.loads(sys.stdin.readline())
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def tell(kind: str, **more: Any) -> None:
        with lock:
            out.write(json.dumps({"kind": kind, **more}) + "\n")
            out.flush()

    sys.path[:0] = [folder for folder in order["sys_path"] if folder not in sys.path]
    try:
        _audit(order, tell)
    except Exception as error:
        shown = str(error) if isinstance(error, AuditError) else f"{type(error).__name__}: {error}"
        tell("failed", text=shown, is_ours=isinstance(error, AuditError))


def _audit(order: Mapping[str, Any], tell: Tell) -> None:
    import sentry_sdk

    dsn, options = str(order["dsn"]), Options(**order["options"])
    canaries = Canaries(values=order["canaries"])
    collector = urlsplit(dsn)
    driver: Any = importlib.import_module(DRIVERS[order["framework"]])
    allowed = _hosts(order["allow_hosts"])
    needed = driver.prepare(order["name"], options)
    allow_only(
        (str(collector.hostname), collector.port),
        [*allowed, *needed],
        lambda refusal: tell("refused", **asdict(refusal)),
    )
    divert(
        lambda handler, fields: tell("record", handler=handler, fields=fields),
        [host for host, _ in allowed],
    )
    _lead_to(dsn)
    if order["baseline"]:
        _start_plainly(dsn)
    with driver.open_target(order["name"], options, canaries) as target:
        # What starting and logging in have logged is no work of the application's.
        sentry_sdk.get_isolation_scope().clear()
        run = _Run(target, canaries, tell)
        run.all()
        notes = list(target.notes())
    switched_off = _switched_off()
    _finish()
    tell(
        "done",
        framework=target.framework,
        routes=[asdict(route) for route in run.routes],
        calls=run.calls,
        errors=run.errors,
        notes=notes,
        switched_off=switched_off,
    )


def _hosts(given: list[str]) -> list[tuple[str, int | None]]:
    found = []
    for host in given:
        parts = urlsplit(f"//{host}")
        found.append((str(parts.hostname or host), parts.port))
    return found


def _lead_to(dsn: str) -> None:
    """Make the collector the only place that any client of the SDK sends to."""
    from sentry_sdk.client import _Client

    from telemetry_core.settings import reading

    for name in _FOREIGN:
        os.environ.pop(name, None)
        os.environ.pop(name.lower(), None)
    os.environ["SENTRY_DSN"] = dsn
    reading.overrides.update(
        # Everybody consents, and every request is recorded: this is when most leaves.
        TELEMETRY_ENABLED=True,
        TELEMETRY_DSN=dsn,
        TELEMETRY_TRACES_SAMPLE_RATE=1.0,
        TELEMETRY_CONSENT=lambda _request: True,
    )
    original = _Client.__init__

    def __init__(self: Any, *arguments: Any, **given: Any) -> None:
        if arguments and isinstance(arguments[0], str):
            given["dsn"], arguments = arguments[0], arguments[1:]
        if given.get("dsn"):
            given["dsn"] = dsn
        # It would copy all to another place on this machine.
        given["spotlight"] = False
        original(self, *arguments, **given)

    _Client.__init__ = __init__  # type: ignore[method-assign]  # the SDK's, in this process only


def _start_plainly(dsn: str) -> None:
    """Start the SDK as its documentation says, in place of telemetry."""
    import sentry_sdk

    from telemetry_core.settings import reading

    reading.overrides.clear()
    reading.overrides.update(TELEMETRY_ENABLED=False)
    sentry_sdk.init(dsn=dsn, traces_sample_rate=1.0)


def _finish() -> None:
    import sentry_sdk

    from telemetry_core import shutdown_telemetry

    sentry_sdk.flush(timeout=FLUSH_SECONDS)
    shutdown_telemetry(timeout=FLUSH_SECONDS)


def _switched_off() -> list[str]:
    """Return the names of the detectors that the application has switched off."""
    from telemetry_core import get_telemetry_config

    config = get_telemetry_config().settings.detectors
    return [name for name, value in config.items() if value is False]


class _Run:
    """The calls of one run."""

    def __init__(self, target: Target, canaries: Canaries, tell: Tell) -> None:
        self._target = target
        self._canaries = canaries
        self._tell = tell
        self._cookies = Cookies(target.cookies)
        self._forms: dict[tuple[str, str, tuple[str, ...]], Form] = {}
        self.routes = sorted(target.routes, key=_ends_session)
        self._known = {route.path for route in self.routes}
        self._named = {part for route in self.routes for part in route.pattern.split("/")}
        self._hidden: dict[str, str] = {}
        self.calls = 0
        self.errors = 0

    def all(self) -> None:
        """Call each route, those that are found on the way, and one that isn't there."""
        lost = Route(pattern="(no route)", path=f"/{self._canaries['username']}/nowhere")
        self._visit(lost)
        done = 0
        while done < len(self.routes):
            route = self.routes[done]
            done += 1
            self._tell("visiting", pattern=route.pattern, done=done, of=len(self.routes))
            self._visit(route)
        self._work_outside_of_requests()

    def _work_outside_of_requests(self) -> None:
        """Fail as a job or a command would, of which no visitor's values are known.

        Only what has a pattern is planted: nothing is promised of names in a job.
        """
        import sentry_sdk

        rules = rules_for(self._canaries)
        values = {kind: v for kind, v in self._canaries.values.items() if rules[kind] != KNOWN}
        with sentry_sdk.isolation_scope():
            try:
                fail(values)
            except Refused as error:
                sentry_sdk.capture_exception(error)
        _flush()

    def _visit(self, route: Route) -> None:
        faults = self._target.makes_faults
        if "GET" in route.methods:
            self._read(route, self._call(plan.first_call(route, self._canaries)))
        for call in plan.calls_for(route, self._canaries, self._hidden, makes_faults=faults):
            self._call(call)

    def _read(self, route: Route, answer: Answer) -> None:
        """Fill in the forms of a page that were not filled in before; note its links."""
        kind = next((v for k, v in answer.headers if k.lower() == "content-type"), "")
        if "html" not in kind:
            return
        forms, links = read_page(answer.body.decode("utf-8", "replace"), route.path)
        for form in forms:
            # Such as tokens without which no form is taken.
            self._hidden.update(form.hidden)
            key = (form.action, form.method, tuple(form.typed))
            if key not in self._forms and len(self._forms) < MOST_FORMS:
                self._forms[key] = form
                if not any(word in form.action for word in LAST):
                    self._call(plan.call_of_form(form, self._canaries))
        if self._target.crawls:
            found = [link for link in links if link not in self._known]
            self._known.update(found)
            room = max(0, MOST_ROUTES - len(self.routes))
            self.routes += [
                Route(pattern=self._masked(link), path=link) for link in dict.fromkeys(found)
            ][:room]

    def _masked(self, link: str) -> str:
        """Return a link as it may be printed: whom or what it leads to is nobody's business."""
        return "/".join(
            part if part in self._named else Planted(kind="link", value=part).masked
            for part in link.split("/")
        )

    def _call(self, call: Call) -> Answer:
        headers = plan.headers_with(self._canaries, self._cookies.header)
        sent = Call(
            method=call.method,
            path=call.path,
            query=call.query,
            headers={**headers, **self._target.headers},
            body=call.body,
            content_type=call.content_type,
            address=self._canaries["ip"],
            fault=call.fault,
        )
        application = self._target.application
        with self._target.around():
            answer = (call_asgi if self._target.is_asgi else call_wsgi)(application, sent)
        self._cookies.take(answer)
        self.calls += 1
        self.errors += answer.status == 0 or answer.status >= 500
        if self.calls % CALLS_BETWEEN_FLUSHES == 0:
            _flush()
        return answer


def _flush() -> None:
    import sentry_sdk

    sentry_sdk.flush(timeout=FLUSH_SECONDS)


def _ends_session(route: Route) -> bool:
    return any(word in route.pattern for word in LAST)
