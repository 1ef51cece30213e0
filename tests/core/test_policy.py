"""The policy: what its table lets through, and in what shape."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry_core.filter.keys import KeyRules
from telemetry_core.filter.known import KnownValues
from telemetry_core.filter.met import MAX_MET, Met
from telemetry_core.filter.text import Remark, TextFilter
from telemetry_core.policy import ItemTooLarge, Policy, Refused, Session, forms, table
from telemetry_core.policy.interpreter import compile_rows
from telemetry_core.policy.memo import MAX_ENTRY, Memo, Seen
from telemetry_core.policy.remembered import Remembered, Shared
from telemetry_core.policy.table import Row

pytestmark = pytest.mark.pure

EMAIL = "jane.roe@mail.example.org"


def make_policy(**changes: Any) -> Policy:
    parts: dict[str, Any] = {
        "texts": TextFilter(),
        "keys": KeyRules(allow=changes.pop("allow", ())),
        "trusted": ("shop@1.2.3", "production"),
    }
    return Policy(**{**parts, **changes})


@pytest.fixture(scope="module")
def policy() -> Policy:
    return make_policy()


def sent(policy: Policy, event: Mapping[str, Any], **circumstances: Any) -> dict[str, Any]:
    return policy.apply("event", event, **circumstances).payload


def test_an_unknown_type_is_refused(policy: Policy) -> None:
    """A type that the table does not name does not leave, whatever it holds."""
    with pytest.raises(Refused) as refused:
        policy.apply("replay_event", {"event_id": "a" * 32})
    assert refused.value.reason == "unknown_type"


@pytest.mark.parametrize("payload", [None, 1, "x", b"x", [], [{"message": "x"}]], ids=repr)
def test_a_payload_that_is_no_mapping_is_refused(policy: Policy, payload: object) -> None:
    """There is nothing the table could name in it."""
    with pytest.raises(Refused) as refused:
        policy.apply("event", payload)
    assert refused.value.reason == "no_mapping"


def test_an_unknown_field_is_left_out_at_every_level(policy: Policy) -> None:
    """Fields that no row names are gone and counted."""
    event = {
        "message": "hello",
        "surprise": EMAIL,
        "request": {"method": "GET", "surprise": EMAIL},
        "exception": {"values": [{"type": "ValueError", "surprise": EMAIL}]},
    }
    result = policy.apply("event", event)
    assert result.payload == {
        "message": "hello",
        "request": {"method": "GET"},
        "exception": {"values": [{"type": "ValueError"}]},
    }
    assert result.refused == 3


KEPT = [
    ("event_id", "0123456789abcdef0123456789ABCDEF", "an id of the SDK's"),
    ("event_id", "01234567-89ab-cdef-0123-456789abcdef", "a UUID with dashes"),
    ("level", "error", "a level"),
    ("timestamp", "2026-03-01T10:20:30.123456Z", "a time as the SDK writes it"),
    ("platform", "python", "a platform"),
    ("release", "shop@1.2.3", "the configured release"),
    ("environment", "staging-2", "one word"),
    ("logger", "shop.checkout.views", "a logger's name"),
    ("transaction", "shop.tasks.send_mail", "a task"),
    ("message", "could not price the basket", "a clean message"),
    ("fingerprint", ["{{ default }}", "pricing"], "what groups events"),
    ("transaction_info", {"source": "route"}, "where the name is from"),
    (
        "contexts",
        {"trace": {"trace_id": "a" * 32, "span_id": "b" * 16, "op": "http.server"}},
        "ids",
    ),
    ("contexts", {"runtime": {"name": "CPython", "version": "3.13.0"}}, "the runtime"),
    ("contexts", {"response": {"status_code": 500}}, "the status"),
    ("sdk", {"name": "sentry.python.flask", "integrations": ["celery"]}, "the SDK"),
    ("tags", {"operation": "checkout"}, "an allowed tag"),
    ("measurements", {"lcp": {"value": 12.5, "unit": "millisecond"}}, "a measurement"),
]


@pytest.mark.parametrize(
    ("field", "value", "reason"), KEPT, ids=[f"{row[0]} {n}" for n, row in enumerate(KEPT)]
)
def test_what_a_developer_needs_stays(policy: Policy, field: str, value: Any, reason: str) -> None:
    """A value of the form that its row gives it leaves as it is, with no remark."""
    assert sent(policy, {field: value}) == {field: value}


GONE = [
    ("event_id", "jane", "no id"),
    ("event_id", "4111111111111111", "a card in an id's place"),
    ("level", EMAIL, "no level"),
    ("timestamp", "1980-02-03T00:00:00Z", "a date of birth is no recent time"),
    ("timestamp", 2125550143, "a telephone number is no recent time"),
    ("timestamp", True, "a boolean is no number"),
    ("start_timestamp", float("inf"), "JSON has no infinity"),
    ("platform", "jane", "no platform"),
    ("logger", "Jane Roe", "two words are no name in code"),
    ("request", {"method": "jane"}, "no method"),
    ("request", {"method": "get"}, "no method as HTTP writes it"),
    ("request", {"url": "https://shop.example/jane", "query_string": "q=jane"}, "a raw URL"),
    ("request", {"data": {"a": "jane"}, "cookies": {"a": "jane"}, "env": {"A": "jane"}}, "a body"),
    ("request", {"headers": {"Referer": "jane"}}, "headers are off by default"),
    ("server_name", "janes-laptop", "a machine's name"),
    ("modules", {"jane-private": "1.0"}, "a private package"),
    ("debug_meta", {"images": [{"code_file": "/home/jane/x.so"}]}, "paths of libraries"),
    ("contexts", {"device": {"name": "jane's phone"}, "culture": {"locale": "de"}}, "a device"),
    ("contexts", {"trace": {"trace_id": "jane", "span_id": "jane"}}, "no ids"),
    ("user", {"email": EMAIL, "username": "jane", "ip_address": "10.0.0.1"}, "who it is"),
    ("user", {"id": "jane"}, "a name for an id"),
    ("user", {"id": 42}, "a database key"),
    ("user", {"id": "4111111111111111"}, "a card for an id"),
    ("user", {"id": "411111111111111141111"}, "another provider's number"),
    ("logentry", {"params": ["jane"]}, "log arguments"),
    ("measurements", {"lcp": {"value": 4111111111111111}}, "a card for a number"),
    ("exception", {"values": [{"stacktrace": {"frames": [{"vars": {"a": "jane"}}]}}]}, "variables"),
    ("exception", {"values": [{"mechanism": {"data": {"a": "jane"}}}]}, "free details"),
    ("_meta", {"message": {"": {"rem": [["jane", "x"]]}}}, "somebody else's remarks"),
]


@pytest.mark.parametrize(
    ("field", "value", "reason"), GONE, ids=[f"{row[0]} {n}" for n, row in enumerate(GONE)]
)
def test_what_has_another_form_is_gone(policy: Policy, field: str, value: Any, reason: str) -> None:
    """Nothing of such a value is in the result, its remarks included."""
    result = json.dumps(sent(policy, {field: value}))
    for planted in ("jane", "4111", "1980", "2125550143", "Infinity", "10.0.0.1"):
        assert planted not in result.lower()


PATHS = [
    ("shop/checkout/views.py", "shop/checkout/views.py", "a path inside the project"),
    ("django/core/handlers/base.py", "django/core/handlers/base.py", "a path inside a package"),
    ("/home/jane/shop/views.py", "views.py", "an absolute path"),
    ("C:\\Users\\jane\\shop\\views.py", "views.py", "a Windows path"),
    ("\\\\server\\jane\\views.py", "views.py", "a UNC path"),
    ("file:///home/jane/views.py", "views.py", "a URL"),
    ("~jane/views.py", "views.py", "a home folder"),
    ("../jane/views.py", "views.py", "a path that leaves the project"),
    ("home/jane/views.py", "views.py", "an absolute path without its slash"),
    ("jane roe/views.py", "views.py", "a folder with a space"),
    ("the order of Jane Roe", "[Filtered]", "a sentence"),
    ("/srv/notes of Jane Roe", "[Filtered]", "a file of somebody's, not of code"),
    ("<string>", "<string>", "code that has no file"),
    ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap>", "the same"),
]


@pytest.mark.parametrize(("path", "kept", "reason"), PATHS, ids=[row[2] for row in PATHS])
def test_no_folder_above_the_project_survives(
    policy: Policy, path: str, kept: str, reason: str
) -> None:
    """Of a path there is left what lies inside the project, or the file name."""
    frames = [{"filename": path, "abs_path": path}]
    event = sent(policy, {"exception": {"values": [{"stacktrace": {"frames": frames}}]}})
    frame = event["exception"]["values"][0]["stacktrace"]["frames"][0]
    assert frame == {"filename": kept, "abs_path": kept}


ROUTES = [
    ("/orders/<int:id>/", "route", "/orders/<int:id>/", "a pattern"),
    ("/orders/{id}", "route", "/orders/{id}", "a pattern with braces"),
    ("shop.views.order", "component", "shop.views.order", "a view"),
    ("send_mail", "task", "send_mail", "a task"),
    ("/orders/jane", "url", "<< unparameterized >>", "a raw path"),
    ("/orders/jane", None, "<< unparameterized >>", "a path with no word of where it is from"),
    ("/orders/jane", "custom", "<< unparameterized >>", "a path that an app took for a name"),
    ("https://x.example/jane", "route", "<< unparameterized >>", "no pattern, whatever is said"),
    ("/orders/?name=jane", "route", "<< unparameterized >>", "a query is no pattern"),
    ("nightly import", "custom", "nightly import", "a name that an app gave"),
]


@pytest.mark.parametrize(
    ("name", "source", "kept", "reason"), ROUTES, ids=[f"{r[1]}: {r[3]}" for r in ROUTES]
)
@pytest.mark.parametrize("info_first", [True, False])
def test_a_raw_url_never_names_a_transaction(
    policy: Policy, name: str, source: str | None, kept: str, reason: str, info_first: bool
) -> None:
    """Only routes, tasks and code name a transaction, in whatever order the fields come."""
    info = {"transaction_info": {"source": source}}
    event = {**info, "transaction": name} if info_first else {"transaction": name, **info}
    assert sent(policy, event)["transaction"] == kept


@pytest.mark.parametrize(
    ("name", "source", "kept", "reason"), ROUTES, ids=[f"{r[1]}: {r[3]}" for r in ROUTES]
)
def test_nor_does_it_name_the_root_of_streamed_spans(
    policy: Policy, name: str, source: str | None, kept: str, reason: str
) -> None:
    """A root says where its name is from; the spans below it repeat the name."""
    attributes = {"sentry.segment.name": {"value": name, "type": "string"}}
    if source is not None:
        attributes["sentry.segment.name.source"] = {"value": source, "type": "string"}
    spans = [
        {"name": name, "is_segment": True, "attributes": attributes},
        {"name": "GET https://x.example/jane?a=b", "is_segment": False, "attributes": attributes},
    ]
    given = copy.deepcopy(spans)
    root, below = policy.apply("span", {"items": spans}).payload["items"]
    assert spans == given
    assert root["name"] == kept
    assert root["attributes"]["sentry.segment.name"]["value"] == kept
    assert below["attributes"]["sentry.segment.name"]["value"] == kept
    assert below["name"] == "GET https://x.example"


def test_a_known_value_is_found_as_an_application_reads_it(policy: Policy) -> None:
    """Scripts write cookies percent-encoded; what is logged is what they stand for."""
    known = policy.known([("Jane%20Q%C3%BCst", "[INPUT]"), ("100%", "[INPUT]")])
    event = sent(policy, {"message": "no Jane Qüst, nor Jane%20Q%C3%BCst"}, known=known)
    assert event["message"] == "no [INPUT], nor [INPUT]"


def test_the_current_route_is_code_and_not_a_known_value(policy: Policy) -> None:
    """A visitor who typed a word of the route does not make the route unreadable."""
    known = KnownValues([("orders", "[INPUT]")])
    event = {"transaction": "/orders/<int:id>/", "transaction_info": {"source": "route"}}
    named = sent(policy, event, known=known, route="/orders/<int:id>/")
    assert named["transaction"] == "/orders/<int:id>/"
    file_like = {"transaction": "/orders/export.csv", "transaction_info": {"source": "route"}}
    assert sent(policy, file_like, route="/orders/export.csv") == file_like
    foreign = sent(policy, event, known=known, route="/other/")
    assert foreign["transaction"] == "/[INPUT]/<int:id>/"


def test_a_key_that_a_glob_allows_is_read(policy: Policy) -> None:
    """The part of it that the glob leaves open may be what somebody typed."""
    known = KnownValues([("Wilhelmina", "[INPUT]")])
    keys = {
        "flag.evaluation.new_checkout": "flag.evaluation.new_checkout",
        "flag.evaluation.Wilhelmina": "flag.evaluation.[INPUT]",
        f"flag.evaluation.{EMAIL}": "[Filtered]",
        f"duration_/home/{EMAIL}": "[Filtered]",
    }
    data = dict.fromkeys(keys, True)
    shown = dict.fromkeys(keys.values(), True)
    event = {"spans": [{"data": data}], "extra": dict(data), "tags": list(data.items())}
    payload = sent(policy, event, known=known)
    assert payload["spans"][0]["data"] == payload["extra"] == payload["tags"] == shown
    span = {"attributes": {key: {"value": True, "type": "boolean"} for key in keys}}
    [read] = policy.apply("span", {"items": [span]}, known=known).payload["items"]
    assert set(read["attributes"]) == set(shown)


class Posing(str):
    """A text that passes for an allowed key where it is compared."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("operation")


def test_a_key_that_passes_for_another_is_read_as_what_it_is(policy: Policy) -> None:
    """What is compared is the text that would leave."""
    event = sent(policy, {"extra": {Posing(EMAIL): EMAIL}, "tags": {Posing(EMAIL): "x"}})
    assert EMAIL not in json.dumps(event)


def test_maps_keep_allowed_keys_and_show_the_names_of_others(policy: Policy) -> None:
    """A developer sees which key to allow; its value is not looked at."""
    event = sent(policy, {"extra": {"operation": f"mail {EMAIL}", "nickname": "jane", "n": 3}})
    assert event["extra"] == {
        "operation": "mail [EMAIL]",
        "nickname": "[Filtered]",
        "n": "[Filtered]",
    }


KEYS = [
    (EMAIL, "an address"),
    ("Jane Roe", "a name with a space"),
    ("jane's", "a quote"),
    ("+1 212 555 0143", "a telephone number"),
    ("ключ", "a name in another script"),
    ("k" * 101, "longer than a key is"),
    (7, "no text"),
    (b"jane", "bytes"),
]


@pytest.mark.parametrize("key", [row[0] for row in KEYS], ids=[row[1] for row in KEYS])
@pytest.mark.parametrize("field", ["tags", "extra"])
def test_a_value_that_poses_as_a_key_does_not_leave(policy: Policy, field: str, key: Any) -> None:
    """A key's name is shown only if it reads like one."""
    assert str(key) not in json.dumps(sent(policy, {field: {key: 1}}), ensure_ascii=False)


def test_tags_may_be_pairs(policy: Policy) -> None:
    """The protocol allows a list of pairs; it is read like a mapping."""
    event = sent(policy, {"tags": [["operation", "pay"], ["nickname", "jane"]]})
    assert event["tags"] == {"operation": "pay", "nickname": "[Filtered]"}


def test_headers_leave_by_name_only_and_never_secret_ones() -> None:
    """Even a listed header does not leave if it identifies or admits a visitor."""
    allowed = ("accept-language", "cookie", "authorization", "x-forwarded-for", "baggage")
    policy = make_policy(allow_headers=allowed)
    headers = {
        "Accept-Language": f"de, {EMAIL}",
        "Cookie": "sessionid=jane",
        "Authorization": "Bearer jane",
        "X-Forwarded-For": "10.0.0.1",
        "Baggage": "sentry-user_id=jane",
        "Referer": "jane",
    }
    event = sent(policy, {"request": {"headers": headers}})
    assert event["request"]["headers"] == {"Accept-Language": "de, [EMAIL]"}


def test_known_values_go_from_text_but_not_from_code(policy: Policy) -> None:
    """What the visitor typed is removed from words, and left in the names of functions."""
    known = KnownValues([("checkout", "[INPUT]"), ("Jane Roe", "[USER]")])
    frame = {"function": "checkout", "context_line": "checkout(basket)", "filename": "checkout.py"}
    event = {
        "message": "checkout failed for Jane Roe",
        "breadcrumbs": {"values": [{"message": "Jane Roe came", "category": "checkout"}]},
        "spans": [{"description": "look up Jane Roe"}],
        "exception": {"values": [{"value": "no Jane Roe", "stacktrace": {"frames": [frame]}}]},
    }
    result = sent(policy, event, known=known)
    assert result["message"] == "[INPUT] failed for [USER]"
    assert result["breadcrumbs"]["values"][0]["message"] == "[USER] came"
    assert result["spans"][0]["description"] == "look up [USER]"
    value = result["exception"]["values"][0]
    assert value["value"] == "no [USER]"
    assert value["stacktrace"]["frames"][0] == frame


def test_a_request_with_known_values_learns_nothing_from_one_without(policy: Policy) -> None:
    """What was remembered of a text is not used where that text holds a known value."""
    crumb = {"message": "Jane Roe came", "timestamp": time.time()}
    event = {"breadcrumbs": {"values": [crumb]}, "message": "SELECT 1 FROM t, Jane Roe"}
    sent(policy, event)
    result = json.dumps(sent(policy, event, known=KnownValues([("Jane Roe", "[USER]")])))
    assert "Jane" not in result


def test_the_session_is_the_only_user(policy: Policy) -> None:
    """In the gate the id is the session's; alone, the filter keeps an id that is random."""
    user = {"id": "0a" * 16, "email": EMAIL}
    assert sent(policy, {"user": user}, session=Session("f" * 32))["user"] == {"id": "f" * 32}
    assert "user" not in sent(policy, {"user": user}, session=Session(None))
    assert sent(policy, {"user": user})["user"] == {"id": "0a" * 16}


def test_remarks_name_rule_and_place_and_never_the_value(policy: Policy) -> None:
    """``_meta`` mirrors the event; offsets are those of the token in the text as sent."""
    event = sent(
        policy,
        {
            "message": f"mail {EMAIL} now",
            "extra": {"nickname": "jane"},
            "request": {"url": "https://shop.example/jane"},
            "breadcrumbs": {"values": [{"message": "fine"}, {"message": f"to {EMAIL}"}]},
        },
    )
    meta = event["_meta"]
    [[rule, kind, start, end]] = meta["message"][""]["rem"]
    assert (rule, kind, event["message"][start:end]) == ("email", "s", "[EMAIL]")
    assert meta["extra"]["nickname"][""]["rem"] == (("allowlist", "s", 0, 10),)
    assert meta["request"]["url"][""]["rem"] == (("policy", "x"),)
    assert list(meta["breadcrumbs"]["values"]) == ["1"]
    assert "jane" not in json.dumps(meta)


def test_an_empty_text_where_a_form_is_asked_for_is_no_removal(policy: Policy) -> None:
    """A release that is not set is left out, and no remark says that one was taken away."""
    result = policy.apply("event", {"release": "", "message": "kept"})
    assert result.payload == {"message": "kept"}
    assert result.refused == 0


def test_each_log_of_a_batch_has_its_own_remarks(policy: Policy) -> None:
    """The server looks for a batched item's ``_meta`` in the item."""
    items = [{"body": "fine"}, {"body": f"to {EMAIL}"}]
    batch = policy.apply("log", {"version": 2, "items": items}).payload
    assert "_meta" not in batch
    assert "_meta" not in batch["items"][0]
    assert batch["items"][1]["_meta"]["body"][""]["rem"] == (("email", "s", 3, 10),)


def test_attributes_keep_their_types(policy: Policy) -> None:
    """An allowed attribute leaves with its type; one that becomes a token becomes a string."""
    attributes = {
        "operation": {"value": f"mail {EMAIL}", "type": "string"},
        "duration_ms": {"value": 12.5, "type": "double"},
        "http.response.status_code": {"value": 200, "type": "integer"},
        "user.email": {"value": EMAIL, "type": "string"},
        "sentry.message.parameter.0": {"value": "jane", "type": "string"},
    }
    payload = {"items": [{"body": "x", "attributes": attributes}]}
    kept = policy.apply("log", payload).payload["items"][0]["attributes"]
    assert kept == {
        "operation": {"value": "mail [EMAIL]", "type": "string"},
        "duration_ms": {"value": 12.5, "type": "double"},
        "http.response.status_code": {"value": 200, "type": "integer"},
        "user.email": {"value": "[Filtered]", "type": "string"},
        "sentry.message.parameter.0": {"value": "[Filtered]", "type": "string"},
    }


def test_numbers_that_could_be_somebodys_are_read_like_text(policy: Policy) -> None:
    """A card number does not pass because it has no quotes around it."""
    event = sent(policy, {"extra": {"operation": 4111111111111111, "duration_ms": 12}})
    assert event["extra"] == {"operation": "[CARD]", "duration_ms": 12}


def test_a_known_number_goes_from_numbers_too() -> None:
    """What the visitor sent as text is also known where it stands as a number."""
    policy = make_policy()
    event = {"extra": {"operation": 87654321}}
    result = sent(policy, event, known=KnownValues([("87654321", "[INPUT]")]))
    assert "87654321" not in json.dumps(result)


_loop: dict[str, Any] = {}
_loop["level"] = _loop
_deep: dict[str, Any] = {"level": EMAIL}
for _ in range(10_000):
    _deep = {"level": _deep}


@pytest.mark.parametrize("value", [_loop, _deep], ids=["a loop", "10,000 levels"])
def test_what_nests_without_end_is_cut(policy: Policy, value: Any) -> None:
    """Depth is bounded, and what lies below is not sent."""
    result = json.dumps(sent(policy, {"extra": value}))
    assert EMAIL not in result
    assert len(result) < 2_000


def test_an_item_with_too_much_in_it_is_refused_before_it_is_read() -> None:
    """Neither values nor text without end are read."""
    policy = make_policy()
    with pytest.raises(ItemTooLarge):
        sent(policy, {"extra": {f"duration_{n}": n for n in range(400_001)}})
    with pytest.raises(ItemTooLarge):
        sent(policy, {"fingerprint": [f"{n} {'é' * 90_000}" for n in range(60)]})


def test_a_lone_surrogate_becomes_a_replacement_character(policy: Policy) -> None:
    """Half a character can't be sent; what stands beside it is still read."""
    assert sent(policy, {"message": f"\ud800 {EMAIL} é"})["message"] == "\ufffd [EMAIL] é"


class Sneaky(str):
    """A text that shows another face to whoever asks for it as text."""

    __slots__ = ()

    def __str__(self) -> str:
        return EMAIL


def test_a_subclass_of_str_is_read_as_what_it_is(policy: Policy) -> None:
    """No method of the application's runs on the way."""
    event = sent(policy, {"message": Sneaky("fine"), "tags": {"operation": Sneaky("pay")}})
    assert event == {"message": "fine", "tags": {"operation": "pay"}}
    assert type(event["message"]) is str


Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from([f"to {EMAIL}", EMAIL, f"mailto:{EMAIL}?x=1"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(sorted({
        step.removesuffix("[]") for row in table.EVENT for step in row.path.split(".")
    })) | st.text(max_size=10), inner, max_size=6),
    max_leaves=30,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(Json.filter(lambda value: isinstance(value, dict)), st.sampled_from(sorted(table.ITEMS)))
def test_no_address_survives_anywhere_and_nothing_is_changed_in_place(
    payload: Any, kind: str
) -> None:
    """Whatever the shape: the value is gone, the result is JSON, the original is as it was."""
    before = copy.deepcopy(payload)
    result = make_policy().apply(kind, payload).payload
    assert EMAIL not in json.dumps(result, allow_nan=False)
    assert repr(payload) == repr(before)


@settings(max_examples=100, deadline=None)
@given(Json.filter(lambda value: isinstance(value, dict)))
def test_the_second_time_gives_what_the_first_gave(payload: Any) -> None:
    """What is remembered changes nothing but the time it takes."""
    policy = make_policy()
    first = policy.apply("event", payload)
    first_text = json.dumps(first.payload)
    scramble(first.payload)
    second = policy.apply("event", payload)
    assert json.dumps(second.payload) == first_text
    assert second.refused == first.refused


def scramble(value: Any) -> None:
    """Change a result in place, as whoever gets it may."""
    for part in list(value.values() if isinstance(value, dict) else value):
        if isinstance(part, dict | list):
            scramble(part)
    if isinstance(value, Shared):
        for change in (value.clear, value.popitem):
            with pytest.raises(TypeError):
                change()
    else:
        value.clear()


def _frames() -> Iterator[dict[str, Any]]:
    for number in range(3):
        yield {"function": f"f{number}", "vars": {"a": EMAIL}, "pre_context": [f"x = '{EMAIL}'"]}


def test_a_remembered_frame_keeps_its_remarks_and_its_count(policy: Policy) -> None:
    """The second event says of a frame what the first said."""
    event = {"exception": {"values": [{"stacktrace": {"frames": list(_frames())}}]}}
    first, second = policy.apply("event", event), policy.apply("event", event)
    assert first == second
    assert first.refused == 3
    assert "rem" in json.dumps(second.payload["_meta"])


def test_what_is_remembered_of_one_place_says_nothing_of_another(policy: Policy) -> None:
    """The same mapping is a breadcrumb here and a mechanism there, and other rules hold."""
    part = {"type": "default", "message": "hello", "handled": True}
    event = {"breadcrumbs": {"values": [part]}, "exception": {"values": [{"mechanism": part}]}}
    for _ in range(2):
        result = sent(policy, event)
        assert result["breadcrumbs"]["values"] == [{"type": "default", "message": "hello"}]
        mechanism = result["exception"]["values"][0]["mechanism"]
        assert mechanism == {"type": "default", "handled": True}


def test_code_is_remembered_whatever_is_known_from_the_request(policy: Policy) -> None:
    """What a visitor typed is not looked for in code, so that nothing of it is remembered."""
    frames = [{"function": "jane_roe", "context_line": "jane_roe()", "lineno": 1}]
    event = {"message": "jane_roe", "exception": {"values": [{"stacktrace": {"frames": frames}}]}}
    known = KnownValues([("jane_roe", "[USER]")])
    for values in (known, known, None, known):
        result = policy.apply("event", event, known=values).payload
        assert result["message"] == ("[USER]" if values else "jane_roe")
        assert result["exception"]["values"][0]["stacktrace"]["frames"] == frames


def test_a_text_that_passed_once_is_read_for_each_request_s_values(policy: Policy) -> None:
    """What held nothing of one visitor's, twice in one event, may hold something of another's."""
    span = {"description": "SELECT a FROM jane_roe", "op": "jane.roe", "data": {"status": "jane"}}
    event = {"spans": [span, span], "fingerprint": ["jane_roe", "jane_roe"]}
    for value, name in (("other", "jane_roe"), ("jane_roe", "[USER]"), ("other", "jane_roe")):
        result = policy.apply("event", event, known=KnownValues([(value, "[USER]")])).payload
        assert [each["description"] for each in result["spans"]] == [f"SELECT a FROM {name}"] * 2
        assert result["fingerprint"] == [name] * 2


COLUMNS = (
    ("2026-01-02T03:04:05.678901Z", "2025-12-31T23:59:59.000000Z"),
    ("2026-02-30T03:04:05.678901Z", "2026-01-02T03:04:05.678901Z"),
    ("1969-01-02T03:04:05.678901Z",),
    ("2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:60.678901Z"),
    ("2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:99.678901Z", "2026-01-02T03:05:05.678901Z"),
    ("2026-01-02T03:04:05.67890Z2", "026-01-02T03:04:05.678901Z"),
    ("20260102T030405.67890123456", "2026-01-02T03:04:05.678901Z"),
    ("2026-01-02T03:04:05.67890\u0661Z",),
    (1_767_000_000.5, "2026-01-02T03:04:05.678901Z"),
    ("00f067aa0ba902b7", "a0f067aa0ba902b7"),
    ("00f067aa0ba902b", "a0f067aa0ba902b7a"),
    ("4111111111111111", "00f067aa0ba902b7"),
    ("00F067AA0BA902B7",),
    ("00f067aa0ba902b\u0661",),
    ("0" * 32, "0" * 32, "f" * 32),
    ("0" * 32, "g" * 32),
    ("0" * 32, None),
    (True, 1, 1.0),
    (["0" * 32],),
    (),
)
"""Values of one field in several items, good and bad ones together."""


@pytest.mark.parametrize("values", COLUMNS, ids=repr)
def test_what_many_values_hold_together_each_of_them_holds(values: tuple[Any, ...]) -> None:
    """The quick test of a whole column lets nothing pass that the form would not."""
    for form in {row.form for row in table.EVENT if row.form is not None}:
        if form.all_hold is not None and form.all_hold(list(values)):
            assert all(map(form.holds, values)), form.name


def test_the_usual_columns_hold_at_once() -> None:
    """Else each of a trace's ids and times would be looked at for itself."""
    year = time.gmtime().tm_year
    for form, values in (
        (forms.TIMESTAMP, [f"{year}-01-02T03:04:{second}.678901Z" for second in (10, 59)]),
        (forms.TIMESTAMP, [f"{year}-01-02T0{hour}:04:05.678901Z" for hour in (1, 2)]),
        (forms.SPAN_ID, ["00f067aa0ba902b7", "a0f067aa0ba902b7"]),
        (forms.TRACE_ID, ["0af7651916cd43dd8448eb211c80319c"] * 2),
    ):
        assert form.all_hold is not None
        assert form.all_hold(values), form.name


def test_what_is_remembered_of_a_trace_says_nothing_of_another_item_s() -> None:
    """A check-in keeps less of its trace than an event, and an envelope's header other fields."""
    contexts = {"trace": {"trace_id": "0" * 32, "op": "task", "data": {"status": "ok"}}}
    policy = make_policy()
    for _ in range(2):
        assert sent(policy, {"contexts": contexts})["contexts"] == contexts
        trace = policy.apply("check_in", {"contexts": contexts}).payload["contexts"]["trace"]
        assert trace == {"trace_id": "0" * 32}


def test_what_comes_once_is_not_remembered() -> None:
    """A part is remembered when it comes again: of most new events nothing does."""
    payload = {"exception": {"values": [{"type": "KeyError", "module": "shop.orders"}]}}
    policy = make_policy()
    memo = policy._memory.results
    policy.apply("event", payload)
    assert memo.size == 0
    policy.apply("event", payload)
    assert memo.size > 0


class Counting(TextFilter):
    """A filter that notes what it has to read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def prime(self, texts: Iterable[str]) -> dict[str, tuple[str, tuple[Remark, ...]]]:
        texts = list(texts)
        self.read += texts
        return super().prime(texts)

    def filter_with_remarks(self, text: str) -> tuple[str, tuple[Remark, ...]]:
        self.read.append(text)
        return super().filter_with_remarks(text)


def _failure(message: str, *breadcrumbs: str) -> dict[str, Any]:
    return {
        "exception": {"values": [{"type": "KeyError", "value": message}]},
        "breadcrumbs": {"values": [{"message": each} for each in breadcrumbs]},
    }


SAID = ("mail to jane@example.org", "from 203.0.113.7", "no page at /home/jane/a.txt", "fine")


@pytest.mark.parametrize("new", [1, 3, 9], ids=lambda new: f"{new} new texts")
def test_of_an_event_like_others_only_what_is_new_is_read(new: int) -> None:
    """Texts with a value in them are known by then, too, though none of them is kept."""
    texts = Counting()
    policy = make_policy(texts=texts)
    for number in range(3):
        policy.apply("event", _failure(f"no card in pocket {'x' * number}", *SAID))
    texts.read.clear()
    messages = [f"bill {'y' * number} to joe{number}@example.org" for number in range(new)]
    policy.apply("event", _failure(messages[0], *SAID, *messages[1:]))
    assert sorted({*texts.read}) == messages


def test_keys_that_came_once_are_forgotten_when_they_are_many() -> None:
    """So they can't fill the memory either."""
    met = Met()
    assert met.is_new("a")
    assert not met.is_new("a")
    assert all(met.is_new(number) for number in range(MAX_MET))
    assert met.is_new("a")


def test_the_memo_is_bounded_and_holds_no_large_result() -> None:
    """However much passes through, about ``max_bytes`` are held."""
    memo: Memo[str] = Memo(max_bytes=100_000)
    for number in range(10_000):
        memo.put(number, "x", 1_000)
    assert 10 < memo.size <= 100_000 // 1_000
    assert memo.get(9_999) == "x"
    memo.put(-1, "x", MAX_ENTRY + 1)
    assert memo.get(-1) is None


def test_the_memo_keeps_what_is_asked_for() -> None:
    """What comes again and again is not forgotten for what comes once."""
    memo: Memo[str] = Memo(max_bytes=100_000)
    memo.put(-1, "x", 1_000)
    for number in range(1_000):
        memo.put(number, "y", 1_000)
        assert memo.get(-1) == "x"


def test_the_memo_holds_only_what_was_filtered() -> None:
    """Nothing of what was read is kept, not even of what was found."""
    policy = make_policy()
    sent(policy, {"message": f"secret of {EMAIL}", "exception": {"values": [
        {"stacktrace": {"frames": list(_frames())}}]}})  # fmt: skip
    memory = policy._memory
    sets = [memory.names, memory.labels, memory.paths, memory.slugs, memory.messages]
    results = [
        [each._dicts, each._lists, each._note] if isinstance(each, Remembered) else each
        for each, _ in (*memory.results._young.values(), *memory.results._old.values())
    ]
    held = repr([results, [seen.values for seen in sets]])
    assert "[EMAIL]" in held
    assert EMAIL not in held
    assert EMAIL not in repr(policy.texts.clean)


def test_the_sets_of_seen_texts_are_bounded() -> None:
    """However many names pass, about ``max_bytes`` of them are held."""
    seen = Seen(max_bytes=10_000)
    for number in range(5_000):
        seen.add(f"name_{number}")
    assert 0 < len(seen.values) <= 100
    assert "name_4999" in seen.values


@pytest.mark.parametrize("kind", sorted(table.ITEMS))
def test_every_row_has_a_rule_that_is_explained(kind: str) -> None:
    """A rule without an explanation could not be published; a kept field needs a form."""
    for row in table.ITEMS[kind]:
        assert row.rule in table.RULES, row
        assert (row.form is not None) == (row.rule == "keep"), row
        assert row.why, row


def test_two_rows_for_one_field_are_refused() -> None:
    """The table can't say two things of one field."""
    with pytest.raises(ValueError, match="two rows for a"):
        compile_rows([Row("a", "text", ""), Row("a", "drop", "")])


PERSONAL = [
    ("4111111111111111", "a card"),
    ("Jane", "a name"),
    ("jane", "a user name"),
    ("Jane Roe was born here", "a sentence"),
    ("1 212 555 0143 9", "a telephone number"),
    (EMAIL, "an address"),
]


@pytest.mark.parametrize(("value", "reason"), PERSONAL)
@pytest.mark.parametrize(
    "form",
    [value for value in vars(forms).values() if isinstance(value, forms.Form)
     and value not in (forms.LABEL, forms.NAME, forms.SLUG, forms.DIGITS)],
    ids=lambda form: form.name,
)  # fmt: skip
def test_no_form_that_is_kept_unread_takes_a_personal_value(
    form: forms.Form, value: str, reason: str
) -> None:
    """Whatever passes a form unread has no room for a value of somebody's."""
    assert not form.holds(value)
