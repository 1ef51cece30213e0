"""The collector, over real sockets: what it takes, keeps, shows and refuses."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sentry_sdk

from telemetry_core.collector import (
    Collector,
    CollectorError,
    MalformedEnvelope,
    Planted,
    Store,
    entries_of,
    find_leaks,
    parse_envelope,
    remarks_of,
)

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


def ask(
    collector: Collector,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=10)
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


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


# The envelope format


@pytest.mark.parametrize(
    ("body", "types", "payloads", "reason"),
    [
        (b"{}", [], [], "a header alone is an envelope"),
        (b"{}\n", [], [], "and so it is with a newline"),
        (b'{}\n{"type":"event"}\n{"a":1}', ["event"], [b'{"a":1}'], "no length, no last newline"),
        (b'{}\n{"type":"event"}\n{"a":1}\n', ["event"], [b'{"a":1}'], "no length"),
        (b'{}\n{"type":"event"}', ["event"], [b""], "a payload of nothing, by newline"),
        (
            b'{}\n{"type":"attachment","length":5}\nab\ncd\n{"type":"event","length":2}\n{}',
            ["attachment", "event"],
            [b"ab\ncd", b"{}"],
            "a length lets a payload hold newlines",
        ),
        (
            b'{}\n{"type":"attachment","length":0}\n\n{"type":"event"}\n{}',
            ["attachment", "event"],
            [b"", b"{}"],
            "an empty payload",
        ),
        (b'{}\n\n\n{"type":"event"}\n{}\n\n', ["event"], [b"{}"], "blank lines between items"),
        (b'{}\r\n{"type":"event"}\r\n{}', ["event"], [b"{}"], "headers that end in CR LF"),
        (b'{}\n{"type":"brand_new","x":1}\n?', ["brand_new"], [b"?"], "an unknown type"),
    ],
)
def test_an_envelope_is_split_as_the_protocol_says(
    body: bytes, types: list[str], payloads: list[bytes], reason: str
) -> None:
    """Items end by length or by newline."""
    parsed = parse_envelope(body)
    assert [item.type for item in parsed.items] == types, reason
    assert [item.payload for item in parsed.items] == payloads, reason


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the body is empty"),
        (b"\n{}", "first line is blank"),
        (b"secret-value", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[1]", "got an array"),
        (b'"secret-value"', "got a string"),
        (b"null", "got null"),
        (b"true", "got a boolean"),
        (b"1", "got a number"),
        (b"[" * 200_000, "not JSON"),
        (b'{}\n{"length":1}\nx', 'item 1 should name a "type"'),
        (b'{}\n{"type":7}\nx', 'item 1 should name a "type"'),
        (b'{}\n{"type":"event","length":3}\n{}', "should be 3 bytes long"),
        (b'{}\n{"type":"event","length":1}\n{}', "should end after 1 bytes"),
        (b'{}\n{"type":"event","length":-1}\n{}', "should be a number of bytes"),
        (b'{}\n{"type":"event","length":true}\n{}', "should be a number of bytes"),
        (b'{}\n{"type":"event","length":"2"}\n{}', "should be a number of bytes"),
        (b'{}\n{"type":"event"}\n{}\nsecret-value\n', "the header of item 2"),
    ],
)
def test_what_is_no_envelope_is_refused_with_a_sentence(body: bytes, says: str) -> None:
    """The sentence says where the bytes stop being an envelope and does not quote them."""
    with pytest.raises(MalformedEnvelope) as caught:
        parse_envelope(body)
    assert says.lower() in str(caught.value).lower()
    assert "secret-value" not in str(caught.value)


# Receiving


def test_what_the_real_sdk_sends_arrives(collector: Collector) -> None:
    """sentry-sdk itself, with its own transport, is understood: errors, transactions, files."""
    client = sentry_sdk.Client(
        dsn=collector.dsn, environment="staging", traces_sample_rate=1.0, default_integrations=False
    )
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        with sentry_sdk.start_transaction(name="checkout"):
            try:
                raise ValueError("no such voucher")
            except ValueError:
                scope.add_attachment(bytes=b"\x00\n\xff", filename="dump.bin")
                sentry_sdk.capture_exception()
    client.close(timeout=5)
    assert collector.wait_for(lambda: collector.items("transaction"), timeout=5)
    entries = [entry for received in collector.store for entry in entries_of(received)]
    shown = {entry.type: (entry.name, entry.level, entry.environment) for entry in entries}
    assert shown["event"] == ("ValueError: no such voucher", "error", "staging")
    assert shown["transaction"][0] == "checkout"
    assert shown["attachment"][0] == "dump.bin"
    assert collector.items("attachment")[0].payload == b"\x00\n\xff"
    assert b"no such voucher" in collector.body()
    assert collector.dsn.split("//")[1].split("@")[0].encode() not in b"".join(
        f"{received.headers}".encode() for received in collector.store
    ), "the key in the authentication header is not kept"


def _raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(body) + stream.flush()


def _brotli(body: bytes) -> bytes:
    return bytes(pytest.importorskip("brotli").compress(body))


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("", bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("GZip", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:10]) + gzip.compress(body[10:])),
        ("deflate", zlib.compress),
        ("deflate", _raw_deflate),
        ("br", _brotli),
        ("deflate, gzip", lambda body: gzip.compress(zlib.compress(body))),
    ],
)
def test_a_compressed_envelope_is_kept_unpacked(
    collector: Collector, encoding: str, compress: Any
) -> None:
    """Whatever the sender compresses with, the bytes kept are those of the envelope."""
    body = event(EVENT)
    status, _, answer = post(collector, compress(body), {"Content-Encoding": encoding})
    assert (status, json.loads(answer)) == (200, {"id": "a" * 32})
    assert [received.body for received in collector.store] == [body]


@pytest.mark.parametrize(
    ("encoding", "body", "status", "says"),
    [
        ("zstd", b"(\xb5/\xfd", 415, "Content-Encoding should be one of"),
        ("gzip", b"not gzip", 400, "should be gzip"),
        ("gzip", gzip.compress(b"{}" * 100)[:-9], 400, "cut short"),
        ("deflate", b"not deflate", 400, "should be deflate"),
        ("br", b"not brotli", 400, "brotli"),
    ],
)
def test_a_body_that_can_not_be_unpacked_is_refused_and_kept(
    collector: Collector, encoding: str, body: bytes, status: int, says: str
) -> None:
    """The sender gets a sentence, and the bytes as they came can still be searched."""
    if encoding == "br":
        pytest.importorskip("brotli")
    got, _, answer = post(collector, body, {"Content-Encoding": encoding})
    assert got == status
    assert says in json.loads(answer)["detail"]
    assert body in collector.body()


def test_a_small_body_that_unpacks_to_gigabytes_is_refused(collector: Collector) -> None:
    """A decompression bomb is cut off at the limit."""
    stream = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    bomb = b"".join(stream.compress(bytes(1 << 20)) for _ in range(200)) + stream.flush()
    status, _, answer = post(collector, bomb, {"Content-Encoding": "gzip"})
    assert status == 413
    assert "at most" in json.loads(answer)["detail"]


def test_a_malformed_envelope_gets_400_and_is_kept(collector: Collector) -> None:
    """It is shown as malformed, with the reason, and its bytes are searched like all others."""
    status, _, answer = post(collector, b"jane@example.org")
    assert status == 400
    (entry,) = [entry for received in collector.store for entry in entries_of(received)]
    assert (entry.type, entry.name) == ("malformed", json.loads(answer)["detail"])
    assert b"jane@example.org" in collector.body()
    assert collector.envelopes == []


def test_the_legacy_endpoint_takes_an_event(collector: Collector) -> None:
    """/store/ takes one event as JSON, with no envelope around it."""
    status, _, answer = ask(collector, "POST", "/api/42/store/", json.dumps(EVENT).encode())
    assert (status, json.loads(answer)) == (200, {"id": "a" * 32})
    assert [item.json for item in collector.items("event")] == [EVENT]
    assert ask(collector, "POST", "/api/42/store/", b"[]")[0] == 400


def test_what_is_sent_to_an_unknown_path_is_kept_too(collector: Collector) -> None:
    """An exporter that goes around Sentry's endpoints is not passed over by the search."""
    status, _, _ = ask(collector, "POST", "/api/1/integration/otlp/v1/traces?q=jane", b"bytes")
    assert status == 404
    assert b"jane" in collector.body()
    assert b"bytes" in collector.body()


def test_request_headers_are_searched_but_keys_are_not_kept(collector: Collector) -> None:
    """Whatever a header says is part of what was received, but for the keys in it."""
    post(
        collector,
        b"{}",
        {
            "User-Agent": "jane@example.org",
            "X-Sentry-Auth": "Sentry sentry_version=7, sentry_key=k1e2y3, sentry_secret=s4",
        },
    )
    ask(collector, "POST", "/api/1/envelope/?sentry_key=k1e2y3&x=y", b"{}")
    assert b"jane@example.org" in collector.body()
    assert b"sentry_version=7, sentry_key=[Filtered], sentry_secret=[Filtered]" in collector.body()
    assert b"k1e2y3" not in collector.body()


def test_a_chunked_body_is_read(collector: Collector) -> None:
    """HTTP's chunked transfer coding is undone, chunk extensions and trailers included."""
    body = event(EVENT)
    with socket.create_connection(("127.0.0.1", collector.port), timeout=10) as connection:
        connection.sendall(
            b"POST /api/1/envelope/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            b"Connection: close\r\n\r\n"
            + f"{20:x};why=not\r\n".encode()
            + body[:20]
            + f"\r\n{len(body) - 20:X}\r\n".encode()
            + body[20:]
            + b"\r\n0\r\nTrailer: x\r\n\r\n"
        )
        assert connection.makefile("rb").readline().split()[1] == b"200"
    assert [received.body for received in collector.store] == [body]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (b"", b"", b"411"),
        (b"Content-Length: -1\r\n", b"", b"411"),
        (b"Content-Length: 99\r\n", b"jane", b"400"),
        (b"Content-Length: 999999999999\r\n", b"", b"413"),
        (b"Transfer-Encoding: chunked\r\n", b"zzz\r\n", b"400"),
        (b"Transfer-Encoding: chunked\r\n", b"9\r\njane", b"400"),
    ],
)
def test_an_incomplete_request_is_answered_and_noted(
    collector: Collector, headers: bytes, body: bytes, status: bytes
) -> None:
    """A sender that announces nothing, too much, or hangs up is malformed, not ignored."""
    with socket.create_connection(("127.0.0.1", collector.port), timeout=10) as connection:
        start = b"POST /api/1/envelope/ HTTP/1.1\r\nHost: localhost\r\n"
        connection.sendall(start + headers + b"\r\n" + body)
        connection.shutdown(socket.SHUT_WR)
        assert connection.makefile("rb").readline().split()[1] == status
    assert [bool(received.problem) for received in collector.store] == [True]
    assert (b"jane" in collector.body()) == (b"jane" in body)


def test_many_senders_at_once_lose_nothing(collector: Collector) -> None:
    """Requests are served side by side, each kept once, under numbers of their own."""
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(collector, event(EVENT))[0], range(64)))
    assert answers == [200] * 64
    assert sorted(received.number for received in collector.store) == list(range(1, 65))


# Keeping


def test_the_oldest_go_when_there_are_too_many() -> None:
    """The store is bounded, counts what it gave up, and then won't vouch for being complete."""
    with Collector(store=Store(max_count=3)) as collector:
        for number in range(5):
            post(collector, event({"message": f"number {number}"}))
        assert [item.json["message"] for item in collector.items()] == [
            "number 2",
            "number 3",
            "number 4",
        ]
        assert collector.store.forgotten == 2
        with pytest.raises(CollectorError, match="2 requests were forgotten"):
            collector.body()
        collector.clear()
        assert collector.body() == b""


def test_the_oldest_go_when_they_are_too_long() -> None:
    """The bound in bytes holds, and the newest is kept even if it alone is over it."""
    with Collector(store=Store(max_bytes=3_000)) as collector:
        post(collector, event({"message": "x" * 1_000}))
        post(collector, event({"message": "y" * 5_000}))
        assert [len(item.json["message"]) for item in collector.items()] == [5_000]


def test_a_folder_gets_a_file_for_each_envelope(tmp_path: Path) -> None:
    """With ``keep`` the bytes of each envelope stand in a file that only the owner can read."""
    with Collector(keep=tmp_path / "kept") as collector:
        post(collector, event(EVENT))
        post(collector, b"no envelope")
        collector.clear()
    files = sorted((tmp_path / "kept").iterdir())
    assert [file.suffix for file in files] == [".envelope", ".malformed"]
    assert [file.read_bytes() for file in files] == [event(EVENT), b"no envelope"]
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


def test_a_folder_that_goes_away_does_not_disturb_the_sender(tmp_path: Path) -> None:
    """A body that can't be written is counted; it stays in memory, and the sender gets its 200."""
    folder = tmp_path / "kept"
    with Collector(keep=folder) as collector:
        folder.rmdir()
        assert post(collector, event(EVENT))[0] == 200
        assert collector.store.unwritten == 1
        assert len(collector.items("event")) == 1
        assert b"could not be written" in ask(collector, "GET", "/")[2]


def test_waiting_ends_when_it_comes_and_when_it_does_not(collector: Collector) -> None:
    """``wait_for`` returns what the predicate returned last."""
    assert collector.wait_for(lambda: collector.items("event"), timeout=0.05) == []
    post(collector, event(EVENT))
    assert len(collector.wait_for(lambda: collector.items("event"), timeout=5)) == 1


# Showing


class _Outline(HTMLParser):
    """What a reader, or a screen reader, finds on a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        attributes = dict(attrs)
        self.links += [attributes["href"] or ""] if "href" in attributes else []
        self.loaded += [value or "" for name, value in attrs if name in ("src", "srcset")]

    def handle_data(self, data: str) -> None:
        self.text += data


REMARKED = {
    **EVENT,
    "exception": {"values": [{"type": "ValueError", "value": "no mail to [EMAIL] today"}]},
    "_meta": {
        "exception": {"values": {"0": {"value": {"": {"rem": [["email", "s", 11, 18]]}}}}},
        "user": {"": {"rem": [["closed", "x"]]}},
    },
}


def test_the_page_shows_an_item_and_what_was_removed_from_it(collector: Collector) -> None:
    """Type, title, level and environment, the item in full, and the remarks of its _meta."""
    post(collector, event(REMARKED))
    page = _Outline(ask(collector, "GET", "/")[2])
    for text in ("event", "ValueError: no mail to [EMAIL] today", "error", "test", '"event_id"'):
        assert text in page.text
    assert "[EMAIL] by rule email at exception.values.0.value" in page.text
    assert "removed by rule closed at user" in page.text


def test_the_page_needs_no_script_and_no_other_file(collector: Collector) -> None:
    """Headings, a captioned table and details; links stay on the page; nothing is loaded."""
    post(collector, event(EVENT))
    page = _Outline(ask(collector, "GET", "/")[2])
    for tag in ("h1", "h2", "main", "table", "caption", "details", "summary", "label"):
        assert tag in page.tags
    assert "script" not in page.tags
    assert page.loaded == []
    assert all(link.startswith(("/", "#")) for link in page.links)


def test_the_newest_item_comes_first(collector: Collector) -> None:
    """The page reads from now to then."""
    for message in ("older", "newer"):
        post(collector, event({"message": message}))
    page = ask(collector, "GET", "/")[2]
    assert page.index(b"newer") < page.index(b"older")


def test_many_items_are_shown_page_by_page(collector: Collector) -> None:
    """A long list stays readable, and each item is on one of the pages."""
    for number in range(60):
        post(collector, event({"message": f"number-{number:02}."}))
    first, second = (ask(collector, "GET", f"/?page={page}")[2].decode() for page in (1, 2))
    for number in range(60):
        assert (f"number-{number:02}." in first) != (f"number-{number:02}." in second)
    assert "/?page=2" in first
    assert ask(collector, "GET", "/?page=99")[2].decode().count("number-00.")


def test_whatever_was_received_is_escaped(collector: Collector) -> None:
    """Markup in any place of an item stays text, also where it would end an attribute."""
    markup = "</pre><script>alert('x')</script>\"'><img src=x onerror=y>"
    post(
        collector,
        envelope(({"type": markup}, json.dumps({"level": markup, markup: markup}).encode())),
        {"User-Agent": markup},
    )
    post(collector, event({"message": markup, "level": markup, "environment": markup}))
    status, headers, page = ask(collector, "GET", f"/?text={'%22%3E%3Cimg'}&type=%3Cscript%3E")
    assert status == 200
    for body in (page, ask(collector, "GET", "/")[2]):
        outline = _Outline(body)
        assert "script" not in outline.tags
        assert "img" not in outline.tags
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"event", "transaction"}),
        ("?type=event", {"event"}),
        ("?type=log", set()),
        ("?text=VOUCHER", {"event"}),
        ("?type=transaction&text=voucher", set()),
        ("?text=cart", {"transaction"}),
        ("?page=x&refresh=999999999", {"event", "transaction"}),
    ],
)
def test_items_are_filtered_by_type_and_text(
    collector: Collector, query: str, found: set[str]
) -> None:
    """The page and the JSON take the same filters."""
    post(collector, event({"message": "no such voucher"}))
    post(collector, envelope(({"type": "transaction"}, b'{"transaction": "cart"}')))
    items = json.loads(ask(collector, "GET", f"/api/items.json{query}")[2])["items"]
    assert {item["type"] for item in items} == found
    page = ask(collector, "GET", f"/{query}")[2].decode()
    assert {name for name in ("event", "transaction") if f"<td>{name}</td>" in page} == found


def test_the_page_loads_itself_again_only_when_asked_to(collector: Collector) -> None:
    """Refreshing is a choice, keeps the filter, and can be stopped."""
    assert b"http-equiv" not in ask(collector, "GET", "/?type=event")[2]
    page = ask(collector, "GET", "/?type=event&refresh=5")[2]
    assert b'http-equiv="refresh" content="5"' in page
    assert _Outline(page).links.count("/?type=event") == 1


def test_items_come_as_json_and_envelopes_as_bytes(collector: Collector) -> None:
    """Machines get what was parsed, and the bytes as they came, under a type no browser runs."""
    body = event(REMARKED)
    post(collector, body)
    (item,) = json.loads(ask(collector, "GET", "/api/items.json")[2])["items"]
    assert (item["type"], item["payload"], item["request"]) == ("event", REMARKED, 1)
    assert item["remarks"][0] == {
        "rule": "email",
        "kind": "replaced",
        "path": "exception.values.0.value",
        "text": "[EMAIL]",
    }
    status, headers, raw = ask(collector, "GET", "/api/envelopes/1")
    assert (status, raw) == (200, body)
    assert headers["Content-Type"] == "application/x-sentry-envelope"
    assert ask(collector, "GET", "/api/envelopes/2")[0] == 404


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/clear"), ("DELETE", "/api/clear")])
def test_everything_can_be_forgotten(collector: Collector, method: str, path: str) -> None:
    """After clearing there is nothing left, and what comes next is kept again."""
    post(collector, event(EVENT))
    assert ask(collector, method, path, b"")[0] in (200, 303)
    assert collector.items() == []
    post(collector, event(EVENT))
    assert len(collector.items()) == 1


@pytest.mark.parametrize(
    "payload",
    [
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\x00",
        b'{"exception": "no dict", "level": [], "_meta": {"a": {"": {"rem": [3, [], ["r"]]}}}}',
        b'{"exception": {"values": [null]}, "items": [7, {"_meta": 1}], "_meta": []}',
        b'{"message": "lone \\ud800 surrogate", "x": NaN}',
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b'{"_meta":' + b'{"a":' * 900 + b"1" + b"}" * 901,
    ],
)
@pytest.mark.parametrize(
    "item_type", ["event", "log", "client_report", "feedback", "sessions", "?"]
)
def test_no_item_breaks_the_page(collector: Collector, item_type: str, payload: bytes) -> None:
    """Items that have not the form of their type are still shown, as page and as JSON."""
    post(collector, envelope(({"type": item_type}, payload)))
    status, _, page = ask(collector, "GET", "/")
    assert status == 200
    assert b"item-1.0" in page
    status, _, answer = ask(collector, "GET", "/api/items.json")
    assert status == 200
    assert json.loads(answer)["items"][0]["type"] == item_type
    assert find_leaks(collector.store, [Planted(kind="word", value="not in there")]) == []


def test_remarks_are_found_in_each_record_of_a_list() -> None:
    """Logs and metrics come many to an item, each with a _meta of its own."""
    remark = {"body": {"": {"rem": [["ip", "s", 5, 9]]}}}
    payload = {"items": [{"body": "clean"}, {"body": "from [IP]", "_meta": remark}]}
    assert [str(found) for found in remarks_of(payload)] == ["[IP] by rule ip at items.1.body"]


# Refusing


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:1", 200),
        ("localhost:8000", 200),
        ("LOCALHOST", 200),
        ("[::1]:8000", 200),
        ("127.8.9.10", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("192.168.0.1", 403),
        ("[", 403),
        ("", 403),
    ],
)
def test_only_a_loopback_host_is_answered(collector: Collector, host: str, status: int) -> None:
    """A name under an attacker's control that points to loopback gets nothing to read."""
    post(collector, event(EVENT))
    got, _, body = ask(collector, "GET", "/api/items.json", headers={"Host": host})
    assert got == status
    assert (b"broken" in body) == (status == 200)


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8000", 200),
        ("http://127.0.0.1:5173", 200),
        ("https://evil.example", 403),
        ("null", 403),
    ],
)
def test_a_page_from_elsewhere_can_not_write(
    collector: Collector, origin: str, status: int
) -> None:
    """A local app's page may send its errors here; a page of anybody else may not, nor clear."""
    assert post(collector, event(EVENT), {"Origin": origin})[0] == status
    assert len(collector.items()) == (status == 200)
    cleared = ask(collector, "POST", "/api/clear", b"", {"Origin": origin})[0]
    assert cleared == (303 if status == 200 else 403)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.2", "8.8.8.8", "example.org", "", "*"]
)
def test_other_machines_are_not_listened_to(host: str) -> None:
    """Only loopback can be listened on, and the sentence says so."""
    with pytest.raises(CollectorError, match="loopback address"):
        Collector(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2", "::1", "[::1]"])
def test_any_loopback_address_will_do(host: str) -> None:
    """The URL and the DSN name the address that is listened on."""
    try:
        collector = Collector(host=host)
    except CollectorError:
        pytest.skip(f"this machine has no {host}")
    with collector:
        address = urlsplit(collector.url)
        assert urlsplit(collector.dsn).hostname == address.hostname
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
        connection.request("POST", "/api/1/envelope/", event(EVENT))
        assert connection.getresponse().status == 200
        connection.close()
        assert len(collector.items("event")) == 1


def test_a_port_in_use_gets_a_sentence(collector: Collector) -> None:
    """It names the port and says what to do."""
    with pytest.raises(CollectorError, match=f"port {collector.port} .*another port"):
        Collector(port=collector.port)


def test_closing_hangs_up_on_senders_that_keep_their_connection() -> None:
    """No thread and no socket is left, though the sender would have gone on."""
    with Collector() as collector:
        connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=10)
        connection.request("POST", "/api/1/envelope/", b"{}")
        assert connection.getresponse().read() == b"{}"
        sock = connection.sock
        assert sock is not None
    assert sock.recv(1) == b""
    connection.close()
    assert len(collector.store) == 1


# The command


def _command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "telemetry_core.collector", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_it_listens_and_what_comes(number: int, tmp_path: Path) -> None:
    """It prints the page's address and the DSN, a line for each item, and ends when told to."""
    with _command("--port", "0", "--keep", str(tmp_path)) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[1]
            dsn = process.stdout.readline().split()[1]
            assert dsn.endswith(url.removeprefix("http://") + "1")
            client = sentry_sdk.Client(dsn=dsn, default_integrations=False)
            client.capture_event({"message": "hello"})
            client.close(timeout=5)
            line = next(line for line in process.stdout if "hello" in line)
            assert line.split()[1:] == ["event", "hello"]
            process.send_signal(number)
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()
    assert len(list(tmp_path.glob("*.envelope"))) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "0.0.0.0"], "loopback address"),
        (["--port", "TAKEN"], "another port"),
        (["--port", "70000"], "another port"),
        (["--port", "0", "--keep", "/dev/null/x"], "folder to keep envelopes in"),
    ],
)
def test_the_command_says_why_it_can_not_start(
    collector: Collector, arguments: list[str], says: str
) -> None:
    """One sentence, no traceback, exit code 2."""
    arguments = [str(collector.port) if part == "TAKEN" else part for part in arguments]
    with _command(*arguments) as process:
        out, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert says in err
    assert "Traceback" not in err
    assert out == ""
