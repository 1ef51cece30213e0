"""What the collector shows: a page for people, JSON for programs, bytes for the doubtful."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from collecting import EVENT, ask, envelope, event, post

from telemetry_core.collector import (
    Collector,
    Planted,
    find_leaks,
    remarks_of,
)

pytestmark = pytest.mark.pure


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


class _Outline(HTMLParser):
    """What a reader, or a screen reader, finds on a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.rows: list[tuple[str, ...]] = []
        self._cell = False
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append(())
        elif tag == "td":
            self.rows[-1] += ("",)
            self._cell = True
        attributes = dict(attrs)
        self.links += [attributes["href"] or ""] if "href" in attributes else []
        self.loaded += [value or "" for name, value in attrs if name in ("src", "srcset")]

    def handle_endtag(self, tag: str) -> None:
        self._cell = self._cell and tag != "td"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._cell:
            *before, last = self.rows[-1]
            self.rows[-1] = (*before, last + data)


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
    for row in (("email", "[EMAIL]", "exception.values.0.value"), ("closed", "removed", "user")):
        assert row in page.rows
    assert b'<mark title="removed by rule email">[EMAIL]</mark>' in ask(collector, "GET", "/")[2]


def test_the_page_loads_no_other_file(collector: Collector) -> None:
    """Headings, landmarks and details; links stay on the page; its one script is its own."""
    post(collector, event(EVENT))
    page = _Outline(ask(collector, "GET", "/")[2])
    for tag in ("h1", "h2", "header", "main", "nav", "footer", "ol", "details", "summary", "label"):
        assert tag in page.tags
    assert page.tags.count("script") == 1
    assert page.loaded == []
    assert all(link.startswith(("/", "#")) for link in page.links)


def test_the_newest_item_comes_first(collector: Collector) -> None:
    """The page reads from now to then."""
    for message in ("the older one", "the newer one"):
        post(collector, event({"message": message}))
    page = ask(collector, "GET", "/")[2]
    assert page.index(b"the newer one") < page.index(b"the older one")


def test_many_items_are_shown_page_by_page(collector: Collector) -> None:
    """A long list stays readable, and each item is on one of the pages."""
    for number in range(60):
        post(collector, event({"message": f"number-{number:02}."}))
    first, second = (ask(collector, "GET", f"/?page={page}")[2].decode() for page in (1, 2))
    for number in range(60):
        assert (f"number-{number:02}." in first) != (f"number-{number:02}." in second)
    assert "/?page=2" in first
    assert ask(collector, "GET", "/?page=99")[2].decode().count("number-00.")


def test_a_large_item_is_cut_in_the_list_and_whole_on_its_own_page(collector: Collector) -> None:
    """Neither its text nor what was removed makes the list long; a link leads to all of it."""
    spans = [{"description": f"span-{number}. [EMAIL]"} for number in range(3_000)]
    remark = {"description": {"": {"rem": [["email", "s", 10, 17]]}}}
    payload = {
        "_meta": {"spans": {str(number): remark for number in range(60)}},
        "transaction": "cart",
        "spans": spans,
    }
    post(collector, envelope(({"type": "transaction"}, json.dumps(payload).encode())))
    listed = ask(collector, "GET", "/")[2]
    assert len(listed) < 40_000
    page = _Outline(listed)
    assert "40 more removals and the rest of the item" in page.text
    assert "/items/1.0" in page.links
    whole = _Outline(ask(collector, "GET", "/items/1.0")[2])
    assert len(whole.rows) == 61
    assert "span-2999." in whole.text
    assert "span-2999." not in page.text
    assert page.loaded == whole.loaded == []


def test_an_item_that_is_not_kept_has_no_page(collector: Collector) -> None:
    """Neither an unknown request nor an unknown item of one."""
    post(collector, event(EVENT))
    assert [ask(collector, "GET", f"/items/{name}")[0] for name in ("1.0", "1.1", "7.0")] == [
        200,
        404,
        404,
    ]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("müller", "escaped in the bytes, in another case"),
        ("MÜLLER", "the other way round"),
        ("café", "sent as UTF-8"),
        ("/pay/now", "a slash that PHP's senders escape"),
        ('say "yes"', "quotes, which the bytes escape"),
        (r"say \"yes\"", "as the page shows them"),
        ('"level": "error"', "with the blank that the page shows"),
        ('"level":"error"', "without it, as in the bytes"),
        ("[EMAIL]", "a token"),
        ("custom_type", "the type of the item"),
        ("0x1f", "a text that is no JSON"),
    ],
)
def test_a_text_is_found_as_it_is_shown_and_as_it_was_sent(
    collector: Collector, wanted: str, why: str
) -> None:
    """However senders and the page write JSON; and not in an item that holds something else."""
    found = (
        rb'{"level":"error","who":"M\u00fcller [EMAIL]","caf\u00e9":1,"said":"say \"yes\"",'
        rb'"url":"\/pay\/now"}'
    )
    payloads = (found.replace(rb"caf\u00e9", "Café".encode()), b"0x1F is no JSON")
    post(collector, envelope(*(({"type": "custom_type"}, payload) for payload in payloads)))
    post(collector, event({"message": "Mueller, caf\u00e8 (EMAIL)", "level": "info"}))
    query = f"?{urlencode({'text': wanted})}"
    items = json.loads(ask(collector, "GET", f"/api/items.json{query}")[2])["items"]
    assert "1" in {item["id"].partition(".")[0] for item in items}, why
    assert "2.0" not in {item["id"] for item in items}, why


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
        assert outline.tags.count("script") == 1
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
    assert {name for name in ("event", "transaction") if f"{name}</span>" in page} == found


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
