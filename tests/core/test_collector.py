"""The collector, over real sockets: what it takes, keeps and refuses."""

from __future__ import annotations

import concurrent.futures
import gzip
import http.client
import json
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sentry_sdk
from collecting import EVENT, ask, event, post

from telemetry_core.collector import (
    Collector,
    CollectorError,
    Store,
    entries_of,
)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


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
    client.close(timeout=60)
    assert collector.wait_for(lambda: collector.items("transaction"), timeout=60)
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
        ("gzip", gzip.compress(b"{}" * 100, mtime=0)[:-9], 400, "cut short"),
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
    with socket.create_connection(("127.0.0.1", collector.port), timeout=60) as connection:
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
    with socket.create_connection(("127.0.0.1", collector.port), timeout=60) as connection:
        start = b"POST /api/1/envelope/ HTTP/1.1\r\nHost: localhost\r\n"
        connection.sendall(start + headers + b"\r\n" + body)
        connection.shutdown(socket.SHUT_WR)
        assert connection.makefile("rb").readline().split()[1] == status
    assert [bool(received.problem) for received in collector.store] == [True]
    assert (b"jane" in collector.body()) == (b"jane" in body)


def test_many_senders_at_once_lose_nothing(collector: Collector) -> None:
    """Requests are served side by side, each kept once, under numbers of their own."""
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
    assert len(collector.wait_for(lambda: collector.items("event"), timeout=60)) == 1


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
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
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
        connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=60)
        connection.request("POST", "/api/1/envelope/", b"{}")
        assert connection.getresponse().read() == b"{}"
        sock = connection.sock
        assert sock is not None
    assert sock.recv(1) == b""
    connection.close()
    assert len(collector.store) == 1
