"""The filter as a user meets it: alone, with no Sentry, changing nothing and raising nothing."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import textwrap
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import sentry_sdk
from capturing import DSN, Kept
from hypothesis import given
from hypothesis import strategies as st

import telemetry_core
from telemetry_core import PIIFilter, filter_event, get_pii_filter
from telemetry_core.settings import Settings

MAIL = "jane.doe@example.com"
ROOT = Path(telemetry_core.__file__).parent.parent


class Hostile:
    """An object that raises whatever is asked of it."""

    def __str__(self) -> str:
        raise OSError(MAIL)

    __repr__ = __str__


class HostileMapping(Mapping[str, object]):
    """A mapping that raises whatever is asked of it."""

    def __getitem__(self, key: str) -> object:
        raise OSError(MAIL)

    def __iter__(self) -> Iterator[str]:
        raise OSError(MAIL)

    def __len__(self) -> int:
        raise OSError(MAIL)


class HostileError(Exception):
    """An exception that can't be written."""

    def __str__(self) -> str:
        raise OSError(MAIL)


class Text(str):
    """A text that lies about itself."""

    def __str__(self) -> str:
        raise OSError(MAIL)


def cyclic() -> dict[str, Any]:
    value: dict[str, Any] = {"message": f"mail to {MAIL}"}
    value["operation"] = value
    value["level"] = [value, (value,)]
    return value


def deep() -> dict[str, Any]:
    value: dict[str, Any] = {"message": MAIL}
    for _ in range(10_000):
        value = {"operation": value}
    return value


# filter_string


STRINGS: list[tuple[Any, str, str]] = [
    (f"mail to {MAIL}", "mail to [EMAIL]", "an address"),
    ("from 192.168.17.4", "from [IP]", "an address of a host"),
    ("from 2001:db8::8a2e:370:7334", "from [IP]", "of the newer kind"),
    ("in /home/jane/project/orders.py", "in orders.py", "a path, cut to the file's name"),
    (
        "order 17 of version 2.1.0 failed",
        "order 17 of version 2.1.0 failed",
        "nothing personal",
    ),
    ("", "", "nothing"),
    (Text(MAIL), "[EMAIL]", "a text that lies about itself"),
    (None, "", "no text at all"),
    (42, "42", "a number"),
    (MAIL.encode(), "[EMAIL]", "bytes"),
    (b"\xff", "\ufffd", "bytes that are no text"),
    ([MAIL], "['[EMAIL]']", "a list, as Python writes it"),
    (ValueError(MAIL), "[EMAIL]", "an exception, as Python writes it"),
    (Hostile(), "[Filtered]", "an object that can't be written"),
]


@pytest.mark.parametrize(("text", "filtered", "why"), STRINGS, ids=map(str, range(len(STRINGS))))
def test_a_string_is_filtered(text: Any, filtered: str, why: str) -> None:
    """Each personal value becomes a token; what is no text is read as Python writes it."""
    assert PIIFilter().filter_string(text) == filtered, why


@given(st.text())
def test_no_text_raises_and_filtering_twice_is_filtering_once(text: str) -> None:
    """For all texts: a text comes back, and filtered again it stays as it is."""
    once = PIIFilter().filter_string(text)
    assert PIIFilter().filter_string(once) == once


# filter_dict


def test_a_mapping_keeps_its_allowed_keys() -> None:
    """Allowed keys keep their filtered values; others keep their name and lose their value."""
    filtered = PIIFilter().filter_dict(
        {
            "message": f"mail to {MAIL}",
            "operation": {"level": "info", "customer": "Jane Doe"},
            "category": ["a", MAIL, {"name": "Jane"}],
            "duration_ms": 12.5,
            "customer": "Jane Doe",
            "password": "hunter2",
        }
    )
    assert filtered == {
        "message": "mail to [EMAIL]",
        "operation": {"level": "info", "customer": "[Filtered]"},
        "category": ["a", "[EMAIL]", {"name": "[Filtered]"}],
        "duration_ms": 12.5,
        "customer": "[Filtered]",
        "password": "[Filtered]",
    }


def test_keys_are_allowed_and_denied_by_the_user() -> None:
    """A project allows its own keys and denies others; a credential it can't allow."""
    own = PIIFilter(allow_fields=["order_*", "password"], deny_fields=["order_note", "message"])
    fields = {"order_id": 7, "order_note": "x", "message": "x", "password": "x", "ORDER_ID": 8}
    assert own.filter_dict(fields) == {
        "order_id": 7,
        "order_note": "[Filtered]",
        "message": "[Filtered]",
        "password": "[Filtered]",
        "ORDER_ID": 8,
    }


# filter_exception


def raised(error: BaseException) -> BaseException:
    password = "hunter2"  # noqa: F841  # a local variable, to be left out
    try:
        raise error
    except BaseException as caught:
        return caught


def test_an_exception_is_described_without_what_is_personal() -> None:
    """Type, module, filtered message and frames; no local variable and no folder."""
    filtered = PIIFilter().filter_exception(raised(ValueError(f"no account for {MAIL}")))
    assert filtered["type"] == "ValueError"
    assert filtered["module"] == "builtins"
    assert filtered["value"] == "no account for [EMAIL]"
    (frame,) = filtered["stacktrace"]["frames"]
    assert frame["function"] == "raised"
    assert frame["filename"] == "test_pii.py"
    assert frame["context_line"] == "raise error"
    assert frame["lineno"] > 0
    assert "vars" not in frame
    assert "hunter2" not in json.dumps(filtered)


def group() -> BaseException:
    return ExceptionGroup(f"mail to {MAIL}", [ValueError(MAIL)])


def with_notes() -> BaseException:
    error = ValueError("failed")
    error.add_note(f"for {MAIL}")
    return error


def with_odd_notes() -> BaseException:
    error = ValueError("failed")
    error.__notes__ = [Hostile(), 7, "note"]  # type: ignore[list-item]  # on purpose
    return error


def with_cause() -> BaseException:
    error = ValueError("failed")
    error.__cause__ = error.__context__ = LookupError(MAIL)
    return error


def with_itself_as_cause() -> BaseException:
    error = ValueError("failed")
    error.__cause__ = error
    return error


@pytest.mark.parametrize(
    ("make", "value", "why"),
    [
        (ValueError, "", "no message"),
        (lambda: KeyError(MAIL), "'[EMAIL]'", "a key, as Python writes it"),
        (lambda: KeyboardInterrupt(MAIL), "[EMAIL]", "an exception that is no Exception"),
        (lambda: SystemExit(3), "3", "an exception that is no Exception"),
        (with_notes, "failed\nfor [EMAIL]", "notes are part of the message"),
        (with_odd_notes, "failed\nnote", "notes that are no texts are left out"),
        (with_cause, "failed", "the cause is an exception of its own"),
        (with_itself_as_cause, "failed", "a cycle"),
        (group, "mail to [EMAIL] (1 sub-exception)", "its members are exceptions of their own"),
        (HostileError, "[Filtered]", "an exception that can't be written"),
        (lambda: ValueError(Hostile()), "[Filtered]", "an argument that can't be written"),
    ],
)
def test_messages_of_exceptions(make: Callable[[], BaseException], value: str, why: str) -> None:
    """An exception's message and notes are filtered; whatever it is, nothing is raised."""
    filtered = PIIFilter().filter_exception(make())
    assert filtered.get("value", "") == value, why
    assert MAIL not in json.dumps(filtered)


FRAME = {
    "filename": "/home/jane/shop/orders.py",
    "abs_path": "/home/jane/shop/orders.py",
    "function": "pay",
    "lineno": 7,
    "vars": {"password": "hunter2", "mail": MAIL},
    "context_line": f"    send({MAIL!r})",
}
VALUE = {"type": "ValueError", "value": f"for {MAIL}", "stacktrace": {"frames": [FRAME]}}


@pytest.mark.parametrize("shape", ["one", "values", "list"])
def test_the_exception_interface_keeps_its_shape(shape: str) -> None:
    """One exception, a list of them, or one under ``values``: each is filtered alike."""
    given: Any = {"one": VALUE, "values": {"values": [VALUE]}, "list": [VALUE]}[shape]
    filtered: Any = PIIFilter().filter_exception(given)
    values = filtered["values"] if shape == "values" else filtered
    value = values if shape == "one" else values[0]
    assert value["value"] == "for [EMAIL]"
    (frame,) = value["stacktrace"]["frames"]
    assert frame["filename"] == "orders.py"
    assert frame["function"] == "pay"
    assert "vars" not in frame
    assert "jane" not in json.dumps(filtered)


# filter_breadcrumbs


def test_breadcrumbs_keep_their_shape() -> None:
    """A list stays a list, ``values`` stay ``values``; messages and data are filtered."""
    crumb = {
        "message": f"mail to {MAIL}",
        "category": "mail",
        "level": "info",
        "data": {"operation": MAIL, "customer": "Jane"},
    }
    expected = {
        "message": "mail to [EMAIL]",
        "category": "mail",
        "level": "info",
        "data": {"operation": "[EMAIL]", "customer": "[Filtered]"},
    }
    assert PIIFilter().filter_breadcrumbs([crumb]) == [expected]
    assert PIIFilter().filter_breadcrumbs({"values": [crumb]}) == {"values": [expected]}
    assert PIIFilter().filter_breadcrumbs([]) == []
    assert PIIFilter().filter_breadcrumbs({}) == {"values": []}


# filter_user_context


@pytest.mark.parametrize(
    ("user", "filtered", "why"),
    [
        ({"id": "0123456789abcdef" * 2}, {"id": "0123456789abcdef" * 2}, "a session's id"),
        (
            {"id": "c56a4180-65aa-42ec-a945-5fd21dec0538", "email": MAIL},
            {"id": "c56a4180-65aa-42ec-a945-5fd21dec0538"},
            "a random UUID",
        ),
        ({"id": "0123456789abcdef" * 2, "username": "jane"}, {"id": "0123456789abcdef" * 2}, "id"),
        ({"id": "42"}, {}, "a primary key"),
        ({"id": 42}, {}, "a primary key"),
        ({"id": MAIL}, {}, "an address"),
        ({"email": MAIL, "ip_address": "10.1.2.3", "name": "Jane"}, {}, "no id"),
        ({}, {}, "nothing"),
        (None, {}, "nobody"),
    ],
)
def test_a_user_is_reduced_to_an_anonymous_id(
    user: dict[str, Any] | None, filtered: dict[str, Any], why: str
) -> None:
    """Of a user only an id of a random form is left."""
    assert PIIFilter().filter_user_context(user) == filtered, why


# filter_event


def event() -> dict[str, Any]:
    return {
        "event_id": "0123456789abcdef" * 2,
        "level": "error",
        "platform": "python",
        "logentry": {"message": "mail to %s", "params": [MAIL], "formatted": f"mail to {MAIL}"},
        "exception": {"values": [copy.deepcopy(VALUE)]},
        "breadcrumbs": {"values": [{"message": MAIL, "data": {"customer": "Jane Doe"}}]},
        "request": {
            "url": f"https://shop.example/{MAIL}",
            "method": "POST",
            "headers": {"Cookie": "sid=1", "User-Agent": "Jane's"},
            "data": {"name": "Jane Doe"},
            "env": {"REMOTE_ADDR": "10.1.2.3"},
        },
        "user": {"id": "42", "email": MAIL, "ip_address": "10.1.2.3"},
        "tags": {"operation": MAIL, "customer": "Jane Doe"},
        "extra": {"message": MAIL, "customer": "Jane Doe"},
        "contexts": {"payment": {"operation": MAIL, "customer": "Jane Doe"}},
        "server_name": "janes-laptop",
        "modules": {"janes-private-package": "1.0"},
        "invented": MAIL,
    }


def test_an_event_is_filtered_everywhere() -> None:
    """Nothing planted is left anywhere, and what a developer needs still is."""
    filtered = PIIFilter().filter_event(event())
    assert filtered is not None
    written = json.dumps(filtered)
    for planted in ("jane", "Jane", "Doe", "10.1.2.3", "sid=1", "hunter2"):
        assert planted not in written, planted
    assert filtered["event_id"] == event()["event_id"]
    assert filtered["request"]["method"] == "POST"
    assert filtered["exception"]["values"][0]["type"] == "ValueError"
    assert filtered["tags"]["operation"] == "[EMAIL]"
    assert filtered["_meta"]


def test_a_transaction_is_filtered_as_one() -> None:
    """An event of that type keeps its spans, filtered."""
    transaction = {
        "type": "transaction",
        "transaction": "/orders/<id>",
        "transaction_info": {"source": "route"},
        "spans": [{"op": "db", "description": f"SELECT 1 -- {MAIL}", "data": {"customer": "Jane"}}],
    }
    filtered = PIIFilter().filter_event(transaction)
    assert filtered is not None
    assert filtered["transaction"] == "/orders/<id>"
    assert len(filtered["spans"]) == 1
    assert "jane" not in json.dumps(filtered).lower()


def test_the_module_s_function_is_the_default_filter_s_method() -> None:
    """filter_event with and without a hint filters as the process's default filter does."""
    assert filter_event(event()) == filter_event(event(), {"exc_info": None})
    assert filter_event(event()) == get_pii_filter().filter_event(event())
    assert get_pii_filter() is get_pii_filter()


def test_filter_event_works_as_before_send_of_a_plain_init() -> None:
    """Who calls sentry_sdk.init alone gets events filtered by this one option."""
    kept = Kept()
    client = sentry_sdk.Client(
        dsn=DSN, transport=kept.transport, before_send=filter_event, default_integrations=False
    )
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        scope.set_user({"id": "42", "email": MAIL})
        scope.set_extra("customer", "Jane Doe")
        scope.set_tag("operation", f"mail to {MAIL}")
        event_id = sentry_sdk.capture_exception(raised(ValueError(f"no account for {MAIL}")))
    sent = kept.event()
    assert sent["event_id"] == event_id
    assert sent["exception"]["values"][0]["value"] == "no account for [EMAIL]"
    for planted in (b"jane", b"Jane", b"hunter2"):
        assert planted not in kept.wire


# All of them


METHODS = (
    "filter_dict",
    "filter_exception",
    "filter_breadcrumbs",
    "filter_user_context",
    "filter_event",
)

STRANGE: list[tuple[Callable[[], Any], str]] = [
    (lambda: None, "nothing"),
    (lambda: 42, "a number"),
    (lambda: float("nan"), "no number"),
    (lambda: MAIL, "a text"),
    (MAIL.encode, "bytes"),
    (lambda: [MAIL, [MAIL]], "a list"),
    (lambda: (MAIL, None), "a tuple"),
    (lambda: {MAIL}, "a set"),
    (object, "an object"),
    (Hostile, "an object that can't be written"),
    (HostileMapping, "a mapping that can't be read"),
    (lambda: {"message": HostileMapping(), "values": Hostile()}, "one inside"),
    (lambda: {Hostile(): 1, 1: 2, None: 3, (): MAIL}, "keys that are no texts"),
    (lambda: {"values": {"values": {"values": MAIL}}}, "shapes in shapes"),
    (lambda: {"values": MAIL}, "a text where a list should be"),
    (lambda: {"message": "\ud800", "type": "\x00"}, "half a character"),
    (lambda: {"message": 10**5_000}, "more digits than Python writes"),
    (lambda: {"message": "x" * 10_000_000}, "ten megabytes"),
    (lambda: [{"message": MAIL}] * 500_000, "half a million"),
    (cyclic, "a cycle"),
    (deep, "10,000 levels"),
    (lambda: MappingProxyType({"message": MAIL}), "a mapping that can't be changed"),
    (lambda: OrderedDict(message=MAIL), "a subclass of dict"),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("make", "why"), STRANGE, ids=[row[-1] for row in STRANGE])
def test_whatever_it_is_given_nothing_raises_and_nothing_leaks(
    method: str, make: Callable[[], Any], why: str
) -> None:
    """Wrong types, cycles, depths and sizes: what comes back can be written and is clean."""
    filtered = getattr(PIIFilter(), method)(make())
    assert MAIL not in json.dumps(filtered), why


def everything() -> list[tuple[str, Any]]:
    return [
        ("filter_dict", event()),
        ("filter_exception", copy.deepcopy(VALUE)),
        ("filter_exception", {"values": [copy.deepcopy(VALUE)]}),
        ("filter_breadcrumbs", [{"message": MAIL, "data": {"operation": [MAIL]}}]),
        ("filter_user_context", {"id": "42", "email": MAIL}),
        ("filter_event", event()),
    ]


def containers(value: Any) -> Iterator[int]:
    if isinstance(value, dict | list):
        yield id(value)
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


@pytest.mark.parametrize(("method", "value"), everything())
def test_what_it_is_given_is_not_changed_and_not_shared(method: str, value: Any) -> None:
    """The application's own objects stay as they are, and none of them is in the result."""
    before = copy.deepcopy(value)
    filtered = getattr(PIIFilter(), method)(value)
    assert value == before
    assert not set(containers(value)) & set(containers(filtered))
    again = getattr(PIIFilter(), method)(value)
    assert again == filtered


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just(MAIL)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                st.sampled_from("message values type value data tags extra level".split()),
                st.text(max_size=8),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("method", METHODS)
@given(value=JSON)
def test_no_planted_address_survives_at_any_nesting(method: str, value: Any) -> None:
    """For all documents: nothing raises, nothing is changed, and no address is left."""
    before = repr(value)
    filtered = getattr(PIIFilter(), method)(value)
    assert MAIL not in json.dumps(filtered)
    assert repr(value) == before


def test_one_filter_serves_many_threads() -> None:
    """Sixteen threads that share a filter all get what one alone gets."""
    shared = PIIFilter()
    expected = PIIFilter().filter_event(event())
    results: list[Any] = []

    def work() -> None:
        results.extend(shared.filter_event(event()) for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [expected] * 160


def test_a_filter_follows_the_settings() -> None:
    """What a project allows in its settings its filter allows, and its release is kept."""
    made = PIIFilter.from_settings(
        Settings(release="10.1.2.3", environment="shop", dsn=DSN, allow_fields=("order_id",))
    )
    filtered = made.filter_event(
        {"release": "10.1.2.3", "environment": "shop", "extra": {"order_id": 7, "other": 8}}
    )
    assert filtered is not None
    assert filtered["release"] == "10.1.2.3"
    assert filtered["extra"] == {"order_id": 7, "other": "[Filtered]"}


def test_it_can_be_used_where_sentry_is_not() -> None:
    """The filter and its policy import nothing of sentry-sdk's."""
    code = """
        import sys
        sys.modules["sentry_sdk"] = None  # from here on an import of it fails
        import importlib.util
        # The package's own __init__ offers telemetry as well; the filter does without it.
        spec = importlib.util.find_spec("telemetry_core")
        import types
        package = types.ModuleType("telemetry_core")
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules["telemetry_core"] = package
        from telemetry_core.filter.pii import PIIFilter
        print(PIIFilter().filter_string("mail to jane.doe@example.com"))
    """
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "mail to [EMAIL]\n"), result.stderr
