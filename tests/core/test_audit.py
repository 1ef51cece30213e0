"""The audit's parts that need no application: what is planted, how it is called and shown."""

from __future__ import annotations

import json
import logging
import re
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from logging.handlers import (
    DatagramHandler,
    HTTPHandler,
    SMTPHandler,
    SocketHandler,
    SysLogHandler,
)
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

pytest.importorskip("click", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")

from click.testing import CliRunner
from collecting import event, post

from telemetry_core.audit import formats, plan, records
from telemetry_core.audit.calls import Answer, Call, Cookies, call_asgi, call_wsgi
from telemetry_core.audit.canaries import KINDS, Canaries, new_canaries
from telemetry_core.audit.loopback import Refusal
from telemetry_core.audit.pages import filled, read_page
from telemetry_core.audit.records import SENDING, divert
from telemetry_core.audit.rules import KNOWN, rules_for
from telemetry_core.audit.runner import Run
from telemetry_core.audit.target import FAULT, Route, names_in
from telemetry_core.audit.verdict import Verdict, field_of, judge, policy_of
from telemetry_core.cli.application import Host
from telemetry_core.cli.exits import Exit
from telemetry_core.cli.root import root
from telemetry_core.collector import Collector, Received, Store

PATTERNLESS = {"name", "username", "password", "address", "born", "text", "session", "user"}
SCHEMAS = Path(__file__).parents[1] / "support" / "schemas"


@pytest.fixture
def canaries() -> Canaries:
    return new_canaries()


def test_values_are_new_in_each_run(canaries: Canaries) -> None:
    """No value of one run is found in another."""
    assert not set(canaries.values.values()) & set(new_canaries().values.values())
    assert len(set(canaries.values.values())) == len(KINDS)


def test_values_with_a_pattern_are_ones_that_the_detectors_take_for_real() -> None:
    """Check digits and ranges are right in every run, or nothing would prove anything."""
    for _ in range(20):
        rules = rules_for(new_canaries())
        assert {kind for kind, rule in rules.items() if rule == KNOWN} == PATTERNLESS


@pytest.mark.parametrize(
    ("field", "kind", "why"),
    [
        ("email", "email", "as it says"),
        ("billing_e_mail", "email", "among other words"),
        ("cardNumber", "card", "in another case"),
        ("password2", "password", "of two"),
        ("last_name", "name", "a name"),
        ("q", "text", "nothing is known of it"),
    ],
)
def test_a_field_gets_what_one_would_type_there(
    field: str, kind: str, why: str, canaries: Canaries
) -> None:
    """So that forms are taken, and not refused for their shape."""
    assert canaries.for_field(field) == canaries[kind], why


def test_each_kind_is_planted_in_what_a_visitor_controls(canaries: Canaries) -> None:
    """Query, form, JSON, upload names, headers, cookies: no kind is missing everywhere."""
    route = Route(pattern="/a/", path="/a/", fields=["device", "ip"])
    first = plan.first_call(route, canaries)
    calls = [first, *plan.calls_for(route, canaries, {"csrf": "t"}, makes_faults=True)]
    sent = "\n".join(
        [*(str(call) for call in calls), str(plan.headers_with(canaries, "sessionid=1"))]
    )
    decoded = [json.loads(call.body) for call in calls if call.content_type.endswith("json")]
    everything = f"{sent} {decoded}"
    missing = {
        kind
        for kind, value in canaries.values.items()
        if value not in everything and value.encode("unicode_escape").decode() not in everything
    }
    assert missing == {"session", "user"}, "which nobody sends, but the framework knows"
    assert {call.method for call in calls} == {"GET", "POST"}
    assert sum(call.fault for call in calls) == 3
    assert all(b"csrf" in call.body for call in calls if call.method == "POST")


def view(request: Any) -> Any:
    """Read some fields."""
    wanted = [request.form["zip_code"], request.args.get("page-size")]

    def inner() -> Any:
        return request.json["inner_field"], "not a name of a field!"

    return wanted, inner


def test_names_of_fields_are_read_from_the_view_s_code() -> None:
    """Functions inside it, too; no sentences."""
    assert {"zip_code", "page-size", "inner_field"} <= set(names_in(view.__code__))
    assert not [name for name in names_in(view.__code__) if " " in name]


PAGE = """
<a href="/more?x=1">more</a><a href="https://other.example/">away</a><a href="next">next</a>
<form action="/send" method="post"><input type="hidden" name="csrf" value="t0">
<input name="email"><input type="number" name="count"><textarea name="note"></textarea>
<select name="size"><option value="">choose</option><option value="xl">XL</option></select>
<input type="file" name="photo"></form>
"""


def test_forms_and_links_of_a_page_are_found(canaries: Canaries) -> None:
    """Hidden fields and choices are sent as they are, what can be typed holds canaries."""
    (form,), links = read_page(PAGE, "/here/")
    assert links == ["/more", "/here/next"]
    assert (form.action, form.method, form.files) == ("/send", "POST", ["photo"])
    assert filled(form, canaries) == {
        "csrf": "t0",
        "count": "1",
        "size": "xl",
        "email": canaries["email"],
        "note": canaries["text"],
    }
    body = plan.call_of_form(form, canaries).body.decode()
    assert f'name="photo"; filename="{canaries["username"]} {canaries["email"]}.txt"' in body
    assert canaries["email"] in body


def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    if environ["PATH_INFO"] == "/fail":
        raise LookupError
    start_response(
        "201 Created", [("Set-Cookie", "a=b; Path=/"), ("X-Fault", str(FAULT in environ))]
    )
    return [environ["REQUEST_METHOD"].encode(), environ["wsgi.input"].read()]


async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["path"] == "/fail":
        raise LookupError
    headers = [(b"set-cookie", b"a=b; Path=/"), (b"x-fault", str(FAULT in scope).encode())]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    message = await receive()
    body = scope["method"].encode() + message["body"]
    await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize(("caller", "application"), [(call_wsgi, wsgi), (call_asgi, asgi)])
def test_an_application_is_called_as_its_server_would(
    caller: Callable[[Any, Call], Answer], application: Any
) -> None:
    """Status, headers and body come back; an error of its own is no error of the audit's."""
    call = Call(method="POST", path="/ä b", body=b"x=1", content_type="text/plain", fault=True)
    answer = caller(application, call)
    assert (answer.status, answer.body) == (201, b"POSTx=1")
    assert {k.lower(): v for k, v in answer.headers}["x-fault"] == "True"
    cookies = Cookies({"session": "1"})
    cookies.take(answer)
    assert cookies.header == "session=1; a=b"
    assert caller(application, Call(method="GET", path="/fail")).status == 0


def test_a_visitor_stays_logged_in() -> None:
    """A cookie that is taken away is kept: the routes behind a log-out are audited, too."""
    cookies = Cookies({"session": "1"})
    gone = "session=; Max-Age=0; Path=/"
    cookies.take(Answer(status=200, headers=[("Set-Cookie", gone), ("Set-Cookie", "\x00=;=")]))
    assert cookies.header == "session=1"


@pytest.mark.parametrize(
    ("path", "field", "rule"),
    [
        ("exception.values.0.value", "exception[].value", "message"),
        ("breadcrumbs.values.12.data.url", "breadcrumbs[].data.url", "map"),
        ("request.headers.From", "request.headers.From", "headers"),
        ("logentry.params.0", "logentry.params[]", "drop"),
        ("invented.field", "invented.field", ""),
    ],
)
def test_a_field_is_named_as_the_policy_names_it(path: str, field: str, rule: str) -> None:
    """So that one finds its row in the published list."""
    assert field_of(path) == field
    assert policy_of("event", field) == rule


def verdict_of(
    canaries: Canaries,
    *payloads: dict[str, Any],
    off: Sequence[str] = (),
    refused: Sequence[Refusal] = (),
    file: str = "shop/views.py",
    received: Sequence[Received] = (),
) -> Verdict:
    with Collector() as collector:
        for payload in payloads:
            post(collector, event(payload))
        received = [*received, *collector.store]
    run = Run(
        framework="Flask",
        received=received,
        routes=[Route(pattern="/pay", path="/pay", file=file, line=7)],
        calls=2,
        errors=1,
        refused=refused,
        notes=[],
        switched_off=off,
    )
    return judge(run, canaries)


@pytest.fixture
def leaky(canaries: Canaries) -> Verdict:
    payload = {
        "transaction": "/pay",
        "message": f"card {canaries['card']} of Real Person",
        "extra": {"list": [canaries["name"].upper()]},
    }
    return verdict_of(canaries, payload, payload, off=["card_grouped"])


def test_a_leak_is_named_by_its_field_and_the_rule_that_was_missing(leaky: Verdict) -> None:
    """And counted; a detector that is switched off is said to be."""
    found = {(each.kind, each.field): each for each in leaky.findings}
    card, name = found["card", "message"], found["name", "extra.list[]"]
    assert (card.count, card.rule, card.is_off) == (2, "card_grouped", True)
    assert "switched off" in card.advice
    assert (name.rule, name.forms, name.routes) == (KNOWN, ["case-folded"], ["/pay"])
    assert leaky.leaks == 4


@pytest.mark.parametrize(
    ("form", "write", "why"),
    [
        ("plain", str, "as it was typed"),
        ("percent-encoded", quote, "in a link"),
        ("base64", lambda value: b64encode(value.encode()).decode(), "in a token of one's own"),
        ("JSON-escaped", json.dumps, "in a document that is logged"),
        ("case-folded", str.upper, "as a shop normalises it"),
        ("reversed", lambda value: repr(value[::-1]), "in a code of one's own"),
        ("file name", lambda value: f"{value.replace(' ', '_')}_x7Yz12a.txt", "stored twice"),
    ],
)
def test_a_canary_is_found_in_whatever_form_it_left(
    form: str, write: Callable[[str], str], why: str, canaries: Canaries
) -> None:
    """The form is named beside the field."""
    verdict = verdict_of(canaries, {"message": f"got {write(canaries['name'])}"})
    found = {(each.kind, each.field): each.forms for each in verdict.findings}
    assert found == {("name", "message"): [form]}, why


def test_what_was_kept_is_listed_without_values(canaries: Canaries) -> None:
    """Names of fields and rules, each counted; a name that is itself planted is left out."""
    meta = {"message": {"": {"rem": [["email", "s", 0, 7]]}}}
    verdict = verdict_of(
        canaries, {"message": "[EMAIL]", "_meta": meta, "tags": {canaries["token"]: "x"}}
    )
    (kept,) = verdict.kept
    assert (kept.item_type, kept.count, kept.removed) == ("event", 1, {"email": 1})
    assert kept.fields == ["message"]


FORMATS: list[Callable[[Verdict], str]] = [
    formats.as_json,
    formats.as_sarif,
    formats.as_junit,
]


@pytest.mark.parametrize("write", FORMATS)
def test_no_report_holds_a_planted_or_a_real_value(
    write: Callable[[Verdict], str], leaky: Verdict, canaries: Canaries
) -> None:
    """A report is copied into tickets and logs."""
    text = write(leaky)
    assert "Real Person" not in text
    assert not [value for value in canaries.values.values() if value.lower() in text.lower()]


ODD = "\x00\x1b[31m\ud800 key"


@pytest.fixture(params=["leaky", "sound", "unsearched", "odd names"])
def any_verdict(request: pytest.FixtureRequest, canaries: Canaries) -> Verdict:
    """One of each sort that a report may have to tell of."""
    refusal = Refusal(address="relay.example:80", who="shop, line 7", is_unsearched=True)
    match request.param:
        case "leaky":
            leaky: Verdict = request.getfixturevalue("leaky")
            return leaky
        case "unsearched":
            return verdict_of(canaries, {"message": "hello"}, refused=[refusal])
        case "odd names":
            payload = {"transaction": ODD, "extra": {ODD: canaries["card"]}}
            return verdict_of(canaries, payload, file="shop/a view.py")
        case _:
            return verdict_of(canaries, {"message": "hello"})


def test_sarif_is_valid(any_verdict: Verdict) -> None:
    """By the schema of SARIF 2.1.0, its addresses of files included."""
    jsonschema: Any = pytest.importorskip("jsonschema", reason="reads the schema")
    schema = json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    log = json.loads(formats.as_sarif(any_verdict))
    found = jsonschema.Draft4Validator(schema).iter_errors(log)
    assert [f"{error.json_path}: {error.message}" for error in found] == []
    for result in log["runs"][0]["results"]:
        (place,) = result["locations"]
        uri = place["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[\w/.%-]+", uri), uri


def test_junit_is_valid(any_verdict: Verdict) -> None:
    """By the schema that Jenkins publishes; there is none by JUnit itself."""
    xmlschema: Any = pytest.importorskip("xmlschema", reason="reads the schema")
    schema = xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))
    found = schema.iter_errors(formats.as_junit(any_verdict))
    assert [f"{error.path}: {error.reason}" for error in found] == []


@pytest.mark.parametrize("write", FORMATS)
def test_a_report_can_be_printed_whatever_fields_are_called(
    write: Callable[[Verdict], str], canaries: Canaries
) -> None:
    """Neither control sequences for a terminal nor half characters, which no file takes."""
    text = write(verdict_of(canaries, {"transaction": ODD, "extra": {ODD: canaries["card"]}}))
    text.encode("utf-8")
    assert "extra" in text
    assert not re.search(r"\x1b|\\u001b|\x00|\\u0000", text)


def test_sarif_says_what_its_readers_need(leaky: Verdict) -> None:
    """What SARIF 2.1.0 requires, and GitHub on top of it: rules, a message, a file and a line."""
    log = json.loads(formats.as_sarif(leaky))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == "error"
        assert result["message"]["text"]
        (place,) = result["locations"]
        assert place["physicalLocation"] == {
            "artifactLocation": {"uri": "shop/views.py"},
            "region": {"startLine": 7},
        }
        assert place["logicalLocations"][0]["fullyQualifiedName"].startswith("event.")
    assert json.loads(formats.as_sarif(verdict_of(new_canaries(), {})))["runs"][0]["results"] == []


def test_junit_has_a_case_for_each_kind(leaky: Verdict) -> None:
    """The counts agree with the cases, as CI servers check."""
    suites = ElementTree.fromstring(formats.as_junit(leaky))
    (suite,) = suites
    cases = suite.findall("testcase")
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert suite.get("tests") == str(len(cases)) == str(len(KINDS))
    assert suite.get("failures") == str(len(failed)) == "2"
    assert failed == ["no card number leaves", "no name leaves"]


@pytest.mark.parametrize("is_unsearched", [True, False])
def test_only_what_sentry_sdk_sends_elsewhere_spoils_a_result(is_unsearched: bool) -> None:
    """An application may call others; an envelope nobody has searched is an error in each form."""
    refusal = Refusal(address="relay.example:80", who="shop, line 7", is_unsearched=is_unsearched)
    verdict = verdict_of(new_canaries(), {"message": "hello"}, refused=[refusal])
    assert verdict.is_sound is not is_unsearched
    assert json.loads(formats.as_json(verdict))["ok"] is not is_unsearched
    (run,) = json.loads(formats.as_sarif(verdict))["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is not is_unsearched
    assert len(invocation["toolExecutionNotifications"]) == is_unsearched
    suites = ElementTree.fromstring(formats.as_junit(verdict))
    assert suites.get("errors") == str(len(suites.findall(".//error"))) == str(int(is_unsearched))
    assert suites.get("tests") == str(len(suites.findall(".//testcase")))


def handed(handler: logging.Handler, *, allowed: Collection[str] = ()) -> list[tuple[str, Any]]:
    """Log an error by a handler whose kind is diverted, and return what was handed over."""
    found: list[tuple[str, Any]] = []
    with ExitStack() as stack:
        for kind in SENDING:
            stack.enter_context(mock.patch.object(kind, "emit", kind.emit))
        kept: Any = SysLogHandler.createSocket
        stack.enter_context(mock.patch.object(SysLogHandler, "createSocket", kept))
        divert(lambda name, fields: found.append((name, fields)), allowed)
        logger = logging.Logger("shop")
        logger.addHandler(handler)
        try:
            raise LookupError("planted")
        except LookupError:
            logger.exception("lost %s", "jane", extra={"customer": "roe"})
    handler.close()
    return found


@pytest.mark.parametrize(
    ("handler", "field", "value", "why"),
    [
        (SysLogHandler(("127.0.0.1", 9)), "message", "lost jane", "as it is formatted"),
        (SMTPHandler("mail", "a@b.c", ["d@e.f"], "s"), "message", "lost jane", "the same"),
        (SocketHandler("logs", 9), "customer", "roe", "sends all that the record has"),
        (SocketHandler("logs", 9), "exc_text", "LookupError: planted", "with the traceback"),
        (DatagramHandler("logs", 9), "message", "lost jane", "the same"),
        (HTTPHandler("logs:80", "/"), "args", "('jane',)", "unmerged"),
    ],
)
def test_what_logging_would_send_is_handed_over(
    handler: logging.Handler, field: str, value: str, why: str
) -> None:
    """By each handler of the standard library that sends; field by field, as it would send it."""
    ((name, fields),) = handed(handler)
    assert name == type(handler).__name__
    assert value in fields[field], why


class _Broken(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        raise LookupError("of its own")


def test_a_formatter_that_fails_is_the_handler_s_business(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As where it would have been sent: the application isn't told, and standard error is."""
    handler = SMTPHandler("mail", "a@b.c", ["d@e.f"], "s")
    handler.setFormatter(_Broken())
    assert handed(handler) == []
    assert "of its own" in capsys.readouterr().err


def test_records_for_a_host_that_may_be_reached_are_sent() -> None:
    """And those for the machine's own log go nowhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        handler = DatagramHandler(*receiver.getsockname())
        assert handed(handler, allowed=["127.0.0.1"]) == []
        assert b"lost jane" in receiver.recv(65536)
    local = SocketHandler("/run/nowhere", None)
    assert handed(local) == []


def test_what_was_handed_over_is_searched(canaries: Canaries) -> None:
    """It is an item of its own, with the filter that would have caught it."""
    store = Store()
    records.keep(store, "SysLogHandler", {"message": f"for {canaries['name']}"})
    (finding,) = verdict_of(canaries, received=list(store)).findings
    assert (finding.item_type, finding.field) == ("log handler SysLogHandler", "message")
    assert "TelemetryFilter" in finding.advice


REACH = """
import gzip, json, socket, sys, threading
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import HttpTransport, Transport
from telemetry_core.audit.loopback import allow_only
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
told = []
allow_only(("127.0.0.1", port), [("192.0.2.7", None)], told.append)

def reach(host, at=80, data=None):
    try:
        socket.create_connection((host, at), timeout=0.01)
    except ConnectionError as error:
        assert "__main__" in str(error), error
    except OSError:
        pass

class Own(Transport):
    def capture_envelope(self, envelope):
        thread = threading.Thread(target=reach, args=(host, 80, pack(envelope.serialize())))
        thread.start()
        thread.join()

socket.create_connection(("127.0.0.1", port)).close()
for host, at in (("192.0.2.1", 80), ("127.0.0.1", port + 1), ("elsewhere.example", 443)):
    reach(host, at, b'{"type": "event"}')
reach("192.0.2.7")
envelope = Envelope()
envelope.add_event({"message": "hello"})
for pack, host in ((bytes, "192.0.2.2"), (gzip.compress, "192.0.2.3"), (bytes.decode, "192.0.2.7")):
    Own().capture_envelope(envelope)
sentry_sdk.init(dsn="http://key@192.0.2.4/1", default_integrations=False)
sentry_sdk.capture_message("hello")
sentry_sdk.flush(timeout=5)
print(json.dumps([[each.address, each.who, each.is_unsearched] for each in told]))
"""


def test_nothing_but_the_collector_can_be_reached() -> None:
    """Not even another port of this machine; who tried is named, and whether an envelope was lost.

    A host that was allowed may be reached, but not with an envelope, whoever carries it.
    """
    ran = subprocess.run(
        [sys.executable, "-c", REACH], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    by_address = {address.split(":")[0]: is_unsearched for address, _, is_unsearched in told}
    assert by_address == {
        "192.0.2.1": False,
        "127.0.0.1": False,
        "elsewhere.example": False,
        "192.0.2.2": True,
        "192.0.2.3": True,
        "192.0.2.7": True,
        "192.0.2.4": True,
    }
    assert re.fullmatch(r"__main__, line \d+", told[0][1])


@pytest.mark.parametrize(
    ("arguments", "said", "why"),
    [
        ([], "name one application", "none is named"),
        (["--django", "a", "--flask", "b"], "name one application", "two of them"),
        (
            ["--flask", "a", "--session", "nothing"],
            "should be KEY=VALUE, got 'nothing'",
            "no value",
        ),
        (["--wsgi", "a", "--session", "a=b"], "is for --django and --flask", "it has no session"),
        (["--flask", "a", "--path", "/"], "is for --wsgi and --asgi", "its routes are known"),
        (["--flask", "a", "--database", "test"], "is for --django", "it has no such thing"),
        (
            ["--flask", "a", "--baseline", "--format", "sarif"],
            "text and JSON",
            "has no place for it",
        ),
        (["--flask", "a", "--timeout", "0"], "0.0 is not in the range", "no time at all"),
    ],
)
def test_a_wrong_command_line_is_said_to_be_one(arguments: list[str], said: str, why: str) -> None:
    """Before anything is started, with what would be right."""
    result = CliRunner().invoke(root, ["audit", *arguments])
    assert result.exit_code == Exit.USAGE, why
    assert said in " ".join(result.output.split())


def test_an_application_that_is_known_is_not_named_again() -> None:
    """As by manage.py and flask, which have it at hand."""
    host = Host(load=lambda: pytest.fail("loaded"))
    result = CliRunner().invoke(root, ["audit", "--wsgi", "other"], obj=host)
    assert result.exit_code == Exit.USAGE
    assert "leave --wsgi out" in result.output
