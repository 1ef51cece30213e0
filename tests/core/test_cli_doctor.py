"""``telemetry doctor``: every problem is found, explained, and told without the key."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import sys
import threading
import types
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("click", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")

import sentry_sdk
from capturing import DSN
from click.testing import CliRunner, Result
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    ProtocolError,
    ProxyError,
    SSLError,
)

from telemetry_core import SettingsError
from telemetry_core.cli.application import Application, Finding, Host
from telemetry_core.cli.examination import examine
from telemetry_core.cli.exits import Exit
from telemetry_core.cli.root import root
from telemetry_core.cli.sending import explain_failure, send_test_event
from telemetry_core.cli.variables import VARIABLES
from telemetry_core.collector import Collector
from telemetry_core.errors import Problem
from telemetry_core.logging import TelemetryFilter
from telemetry_core.settings import Settings

KEY = "c0113c70c0113c70c0113c70c0113c70"
ON = Settings(enabled=True, dsn=DSN, release="r1")


def application(settings: Settings = ON, **others: Any) -> Application:
    return Application(name="shop.settings", settings=lambda: settings, **others)


def run(*arguments: str, of: Application) -> Result:
    """Run the verb for an application."""
    return CliRunner().invoke(root, ["doctor", *arguments], obj=Host(load=lambda: of))


def found(
    of: Application | None = None, environ: Mapping[str, str] | None = None
) -> dict[str, Finding]:
    """Return the findings by what they are of; what is wrong goes before what is right."""
    findings = list(examine(of or application(), environ or {}))
    return {finding.subject: finding for finding in reversed(findings)}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run in, so that nothing of this checkout is looked at."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_good_set_up_has_no_problem() -> None:
    """And the code says so."""
    good = application(framework="Flask", version="9.9")
    result = run(of=good)
    assert result.exit_code == Exit.OK
    assert "No problem found." in result.output
    assert {finding.level for finding in found(good).values()} == {"ok"}


def test_all_that_is_wrong_with_the_settings_is_told_at_once() -> None:
    """One run, not one a problem; and the rest is still examined."""

    def settings() -> Settings:
        raise SettingsError(
            [
                Problem(setting="TELEMETRY_GPC", allowed="a", got="b", hint="Do c."),
                Problem(setting="TELEMETRY_DSN", allowed="d", got="e"),
            ]
        )

    result = run("--send-test", of=Application(name="x", settings=settings))
    assert result.exit_code == Exit.FOUND
    assert "TELEMETRY_GPC   Should be a, got b. Do c." in result.output
    assert "TELEMETRY_DSN   Should be d, got e." in result.output
    assert "sentry-sdk" in result.output
    assert "None was sent: the settings are wrong." in result.output


@pytest.mark.parametrize(
    ("changed", "subject", "level", "why"),
    [
        ({"enabled": False}, "TELEMETRY_ENABLED", "note", "off"),
        ({"dsn": DSN.replace("https", "http")}, "TELEMETRY_DSN", "warning", "readable on its way"),
        ({"release": None}, "TELEMETRY_RELEASE", "note", "no release"),
        ({"detectors": {"email": False}}, "TELEMETRY_DETECTORS", "warning", "e-mails leave"),
        ({"sentry_options": {"spotlight": True}}, "TELEMETRY_SENTRY_OPTIONS", "problem", "no gate"),
        ({"instrument": ("nothing",)}, "TELEMETRY_INSTRUMENT", "problem", "not installed"),
    ],
)
def test_a_setting_that_deserves_a_word_gets_it(
    changed: dict[str, Any], subject: str, level: str, why: str
) -> None:
    """Right settings can be unwise, and what can't be started with is wrong."""
    assert found(application(replace(ON, **changed)))[subject].level == level, why


@pytest.mark.parametrize(
    ("framework", "version", "level"),
    [("Django", "4.2.11", "problem"), ("Django", "6.1a1", "ok"), ("Flask", "2.3.3", "problem")],
)
def test_a_framework_that_is_too_old_is_told(framework: str, version: str, level: str) -> None:
    """Pre-releases have odd versions, which must not fail."""
    of = application(framework=framework, version=version)
    assert found(of)[framework].level == level


@pytest.mark.parametrize(("framework", "is_told"), [("", True), ("Flask", False)])
def test_what_could_not_be_looked_at_is_told(framework: str, is_told: bool) -> None:
    """ "No problem found" alone would say more than is known where no application was named."""
    assert ("application" in found(application(framework=framework, version="9.9"))) is is_told


def test_what_the_adapter_finds_is_told() -> None:
    """It knows the framework, the core doesn't."""
    finding = Finding(level="warning", subject="MIDDLEWARE", text="Not first.")
    of = application(findings=lambda: [finding])
    assert found(of)["MIDDLEWARE"] is finding
    assert run(of=of).exit_code == Exit.OK
    assert run("--strict", of=of).exit_code == Exit.FOUND


def test_variables_that_change_what_happens_are_told() -> None:
    """By their names alone: a value may be secret. One that is empty or off says nothing."""
    names = {name for each in VARIABLES for name in each.names}
    findings = found(environ=dict.fromkeys(names, "s3cr3t-value"))
    assert findings.keys() >= names
    assert not any("s3cr3t" in finding.text for finding in findings.values())
    for value in ("", "0", "False"):
        assert not found(environ=dict.fromkeys(names, value)).keys() & names


def test_a_proxy_is_named_without_its_password() -> None:
    """Only one that what is sent goes through."""
    proxy = {"https_proxy": "http://jane:s3cr3t@proxy.local:3128", "HTTP_PROXY": "http://other"}
    findings = found(environ=proxy)
    assert "proxy.local" in findings["https_proxy"].text
    assert "s3cr3t" not in findings["https_proxy"].text
    assert "HTTP_PROXY" not in findings
    plain = application(replace(ON, dsn=DSN.replace("https", "http")))
    assert "HTTP_PROXY" in found(plain, proxy)


def test_a_certificate_file_that_is_not_there_is_a_problem(here: Path) -> None:
    """The SDK would say nothing and send nothing."""
    there = here / "ca.pem"
    there.touch()
    findings = found(environ={"SSL_CERT_FILE": str(here / "gone"), "CURL_CA_BUNDLE": str(there)})
    assert findings["SSL_CERT_FILE"].level == "problem"
    assert "CURL_CA_BUNDLE" not in findings


def test_a_second_client_is_a_problem() -> None:
    """Whatever it captures goes past the gate."""
    scope = sentry_sdk.Scope.get_global_scope()
    before = scope.client
    scope.set_client(sentry_sdk.Client(dsn=DSN, default_integrations=False))
    try:
        assert found()["sentry_sdk.init()"].level == "problem"
    finally:
        scope.set_client(before)
    assert "sentry_sdk.init()" not in found()


def test_a_call_of_init_in_the_project_s_source_is_named_with_its_line(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one in a comment, nor in an installed package."""
    (here / "site-packages").mkdir()
    source = "import sentry_sdk\n# sentry_sdk.init()\nsentry_sdk.init(dsn='x')\n"
    for name, file in (("mine", "mine.py"), ("theirs", "site-packages/theirs.py")):
        (here / file).write_text(source)
        module = types.ModuleType(name)
        module.__file__ = str(here / file)
        monkeypatch.setitem(sys.modules, name, module)
    gone = types.ModuleType("gone")
    gone.__file__ = str(here / "gone.py")
    monkeypatch.setitem(sys.modules, "gone", gone)
    calls = [each for each in examine(application(), {}) if each.subject == "sentry_sdk.init()"]
    assert [call.text.partition(" ")[0] for call in calls] == ["mine.py:3"]


def test_another_package_that_sends_on_its_own_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Telemetry can promise nothing for it."""
    name = "opentelemetry.exporter"
    assert name not in found()
    monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    assert found()[name].level == "warning"


def test_a_handler_that_sends_log_records_is_named_unless_it_is_filtered() -> None:
    """Logs that leave are no telemetry, but leave all the same."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        handler = SysLogHandler(address=listener.getsockname())
        logger = logging.getLogger("test_cli_doctor")
        logger.addHandler(handler)
        try:
            assert "test_cli_doctor" in found()["SysLogHandler"].text
            handler.addFilter(TelemetryFilter())
            assert "SysLogHandler" not in found()
        finally:
            logger.removeHandler(handler)
            handler.close()


@pytest.mark.parametrize(
    ("text", "is_told", "why"),
    [
        ("[uwsgi]\nmaster = true\n", True, "no threads"),
        ("[uwsgi]\nenable-threads = true\n", False, "threads"),
        ("[uwsgi]\nthreads = 4\n", False, "threads, too"),
        ("[uwsgi]\nenable-threads = false\n", True, "switched off"),
        ("[other]\n", False, "not uWSGI's"),
    ],
)
def test_a_uwsgi_server_without_threads_is_told(
    text: str, is_told: bool, why: str, here: Path
) -> None:
    """The SDK sends from a thread of its own."""
    (here / "app.ini").write_text(text)
    (here / "folder.ini").mkdir()
    assert ("app.ini" in found()) is is_told, why


def test_json_is_for_machines() -> None:
    """A list of findings, each with the same keys."""
    listed = json.loads(run("--format", "json", of=application()).output)
    assert all(each.keys() == {"level", "subject", "text", "hint"} for each in listed)


class Server(ThreadingHTTPServer):
    """Answers everything alike, as told."""

    daemon_threads = True
    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")

    @property
    def dsn(self) -> str:
        return f"http://{KEY}@127.0.0.1:{self.server_port}/1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        is_moved = self.path in ("/login", "/elsewhere")
        assert isinstance(self.server, Server)
        status, headers, body = (200, {}, b"") if is_moved else self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def sent(dsn: str, timeout: float = 60.0, **options: Any) -> Finding:
    return send_test_event(replace(ON, dsn=dsn, sentry_options=options), timeout=timeout)


def test_a_test_event_that_arrives_is_told_with_its_id() -> None:
    """It went through the gate, and is in Sentry under that id."""
    with Collector() as collector:
        finding = sent(collector.dsn)
        (item,) = collector.items("event")
    assert finding.level == "ok"
    payload = json.loads(item.payload)
    assert str(payload["event_id"]) in finding.text
    assert payload["message"] == "Test event of telemetry doctor"
    assert "server_name" not in payload


@pytest.mark.parametrize(
    ("status", "headers", "body", "level", "words"),
    [
        (200, {}, b"<html>", "warning", "not as Sentry"),
        (200, {}, b'{"id": "another"}', "warning", "not as Sentry"),
        (400, {"X-Sentry-Error": "bad project"}, b"", "problem", "It says: bad project"),
        (401, {}, b"", "problem", "doesn't take the key"),
        (403, {"X-Sentry-Error": f"no key {KEY}"}, b"", "problem", "It says: no key [key]"),
        (404, {}, b"", "problem", "no such project"),
        (413, {}, b"", "problem", "limits what it takes"),
        (429, {"Retry-After": "60"}, b"", "problem", "to wait 60 s"),
        (502, {}, b"", "problem", "out of order"),
        (418, {}, b"", "problem", "doesn't answer so"),
        (302, {"Location": "http://127.0.0.1:{port}/login"}, b"", "problem", "sends us on to"),
        (301, {"Location": "/elsewhere"}, b"", "problem", "another path"),
        (307, {"Location": "/api/1/envelope/"}, b"", "problem", "without end"),
        (400, {"X-Sentry-Error": "mail jane@example.org"}, b"", "problem", "mail [EMAIL]"),
    ],
)
def test_an_answer_is_explained(
    status: int, headers: dict[str, str], body: bytes, level: str, words: str, server: Server
) -> None:
    """In words, with what to do; the key isn't told, whatever the server quotes."""
    port = str(server.server_port)
    server.answer = status, {k: v.replace("{port}", port) for k, v in headers.items()}, body
    finding = sent(server.dsn)
    assert finding.level == level
    assert words in finding.text
    assert str(status) in finding.text or "without end" in words
    assert KEY not in finding.text + finding.hint


def test_nothing_listening_is_explained() -> None:
    """With the address, without the key."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    finding = sent(f"http://{KEY}@127.0.0.1:{port}/1")
    assert f"Nothing listens at 127.0.0.1:{port}." in finding.text
    assert KEY not in finding.text


def test_a_server_without_tls_is_explained(server: Server) -> None:
    """A DSN says https where the port takes http."""
    server.answer = 200, {}, b""
    assert "speaks no TLS" in sent(server.dsn.replace("http:", "https:")).text


def test_silence_is_explained() -> None:
    """A server that takes the event and never answers, for as long as is waited."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        finding = sent(f"http://{KEY}@127.0.0.1:{listener.getsockname()[1]}/1", timeout=0.3)
    assert "not sent in time" in finding.text


def test_what_the_application_s_own_hook_drops_is_explained(server: Server) -> None:
    """No request is made then, and no server is to blame."""
    assert "before_send" in sent(server.dsn, before_send=lambda *_: None).hint


def test_a_transport_of_the_application_s_own_is_a_note(server: Server) -> None:
    """It took the event; what came of that it doesn't tell."""
    assert sent(server.dsn, transport=lambda _: None).level == "note"


def test_telemetry_that_is_off_sends_no_test_event() -> None:
    """Off means off."""
    assert "off" in send_test_event(Settings()).text


POOL = HTTPSConnectionPool("telemetry.example", 443)
CONNECTION = HTTPSConnection("telemetry.example", 443)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            MaxRetryError(POOL, "/", NameResolutionError("h", CONNECTION, socket.gaierror())),
            "No address",
        ),
        (socket.gaierror(-2, "Name or service not known"), "No address"),
        (MaxRetryError(POOL, "/", ProxyError("no", OSError())), "proxy"),
        (MaxRetryError(POOL, "/", SSLError(ssl.SSLCertVerificationError())), "certificate"),
        (MaxRetryError(POOL, "/", ConnectTimeoutError()), "in time"),
        (ProtocolError("aborted", ConnectionResetError()), "broke the connection"),
        (OSError(101, "Network is unreachable"), "no way"),
        (LookupError(), "LookupError"),
    ],
)
def test_a_failure_on_the_way_is_explained(error: Exception, words: str) -> None:
    """As urllib3 wraps them, and as they are."""
    text, _ = explain_failure(error, "telemetry.example")
    assert words in text
    assert "telemetry.example" in text


def test_the_code_tells_that_the_test_event_failed(server: Server) -> None:
    """And no key is on the screen."""
    server.answer = 403, {}, b""
    result = run("--send-test", of=application(replace(ON, dsn=server.dsn)))
    assert result.exit_code == Exit.FOUND
    assert "403" in result.output
    assert KEY not in result.output
