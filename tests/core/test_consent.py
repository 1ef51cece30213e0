"""What of a request may leave is decided once, and every doubt counts as no."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping
from types import CoroutineType
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_core.consent import Permission, decide
from telemetry_core.drops import Drops
from telemetry_core.settings import Settings

FULL, ANONYMOUS, NONE = Permission.FULL, Permission.ANONYMOUS, Permission.NONE

Gpc = Literal["anonymise", "drop", "ignore"]


class Facts:
    """A request of which only its headers are known."""

    def __init__(self, headers: Mapping[str, str | None] | None = None) -> None:
        self.headers = headers or {}
        self.asked: list[str] = []

    @property
    def request(self) -> object:
        return self

    @property
    def method(self) -> str:
        return "GET"

    def header(self, name: str) -> str | None:
        self.asked.append(name)
        return self.headers.get(name)

    def route(self) -> str | None:
        return None

    def visitor_values(self) -> Iterable[str]:
        raise AssertionError("consent needs no visitor's values")

    def stamp(self) -> list[object]:
        return [object()]

    def visitor_key(self) -> tuple[str, str] | None:
        return None

    def user_values(self) -> Iterable[str]:
        raise AssertionError("consent needs no user's values")


class Unreadable(Facts):
    """A request that can't be read."""

    @property
    def request(self) -> object:
        raise OSError("jane@example.com")

    def header(self, name: str) -> str | None:
        raise OSError("jane@example.com")


def decided(
    facts: Facts,
    *,
    gpc: Gpc = "anonymise",
    consent: Callable[[Any], Any] | None = None,
    drops: Drops | None = None,
) -> Permission:
    return decide(Settings(gpc=gpc, consent=consent), facts, drops or Drops())


# The browser's signals


@pytest.mark.parametrize(
    ("headers", "anonymise", "drop", "why"),
    [
        ({}, FULL, FULL, "no signal"),
        ({"Sec-GPC": "1"}, ANONYMOUS, NONE, "Global Privacy Control"),
        ({"DNT": "1"}, ANONYMOUS, NONE, "Do Not Track"),
        ({"Sec-GPC": "1", "DNT": "0"}, ANONYMOUS, NONE, "one of the two is enough"),
        ({"Sec-GPC": "0", "DNT": "1"}, ANONYMOUS, NONE, "one of the two is enough"),
        ({"Sec-GPC": " 1 "}, ANONYMOUS, NONE, "a server may leave the blanks"),
        ({"Sec-GPC": "1, 1"}, ANONYMOUS, NONE, "sent twice, joined by the server"),
        ({"DNT": "1xyz"}, ANONYMOUS, NONE, "DNT allows extensions after the digit"),
        ({"Sec-GPC": "0"}, FULL, FULL, "explicitly none"),
        ({"DNT": "0"}, FULL, FULL, "explicitly none"),
        ({"DNT": "null"}, FULL, FULL, "what browsers once sent for no preference"),
        ({"Sec-GPC": ""}, FULL, FULL, "an empty header says nothing"),
        ({"Sec-GPC": "true"}, FULL, FULL, "no value of the specification"),
        ({"Sec-GPC": None, "DNT": None}, FULL, FULL, "not sent"),
    ],
)
def test_signals_mean_what_the_setting_says(
    headers: dict[str, str | None], anonymise: Permission, drop: Permission, why: str
) -> None:
    """A visitor's signal anonymises, drops, or is ignored, as TELEMETRY_GPC says."""
    assert decided(Facts(headers), gpc="anonymise") is anonymise, why
    assert decided(Facts(headers), gpc="drop") is drop, why
    assert decided(Facts(headers), gpc="ignore") is FULL, why


def test_ignored_signals_are_not_even_read() -> None:
    """With TELEMETRY_GPC="ignore" no header is asked for."""
    facts = Facts({"Sec-GPC": "1"})
    decided(facts, gpc="ignore")
    assert facts.asked == []


# The application's own answer


async def later() -> bool:
    return True


def asked_later() -> CoroutineType[Any, Any, bool]:
    coroutine = later()
    assert isinstance(coroutine, CoroutineType)
    return coroutine


class Hostile:
    """An answer that can't be compared or read."""

    def __bool__(self) -> bool:
        raise OSError

    def __eq__(self, other: object) -> bool:
        raise OSError

    __hash__ = object.__hash__


def refuse(_: object) -> bool:
    raise LookupError("jane@example.com")


@pytest.mark.parametrize(
    ("answer", "permission", "counted", "why"),
    [
        (lambda _: True, FULL, None, "yes"),
        (lambda _: False, NONE, None, "no"),
        (lambda _: None, NONE, "consent_is_no_bool", "a function that forgot to answer"),
        (lambda _: "no", NONE, "consent_is_no_bool", "a cookie's text is true, whatever it says"),
        (lambda _: "true", NONE, "consent_is_no_bool", "a text is no answer"),
        (lambda _: 1, NONE, "consent_is_no_bool", "a number is no answer"),
        (lambda _: [False], NONE, "consent_is_no_bool", "a list is true by accident"),
        (lambda _: Hostile(), NONE, "consent_is_no_bool", "it is never asked for its truth"),
        (lambda _: later(), NONE, "consent_is_no_bool", "a coroutine is true by accident"),
        (refuse, NONE, "consent_error", "a function that raises has not said yes"),
    ],
)
@pytest.mark.parametrize("gpc", ["anonymise", "drop", "ignore"])
def test_only_true_is_consent(
    answer: Callable[[Any], Any], permission: Permission, counted: str | None, why: str, gpc: Gpc
) -> None:
    """Whatever is not True is no; what is neither True nor False is counted as a mistake."""
    drops = Drops()
    assert decided(Facts(), gpc=gpc, consent=answer, drops=drops) is permission, why
    expected = {(counted, "request"): 1} if counted else {}
    assert drops.counts() == expected


def test_a_coroutine_is_closed() -> None:
    """A coroutine as an answer is not left to warn that nobody awaited it."""
    made: list[CoroutineType[Any, Any, bool]] = []

    def ask(_: object) -> object:
        made.append(asked_later())
        return made[-1]

    assert decided(Facts(), consent=ask) is NONE
    assert made.pop().cr_frame is None
    gc.collect()  # would warn here, and warnings are errors


def test_consent_is_asked_with_the_framework_s_request() -> None:
    """The function gets what RequestFacts.request is, once."""
    asked: list[object] = []
    facts = Facts()

    def ask(request: object) -> bool:
        asked.append(request)
        return True

    decided(facts, consent=ask)
    assert asked == [facts]


@pytest.mark.parametrize(
    ("consents", "gpc", "permission"),
    [
        (True, "anonymise", ANONYMOUS),
        (True, "drop", NONE),
        (True, "ignore", FULL),
        (False, "anonymise", NONE),
        (False, "drop", NONE),
        (False, "ignore", NONE),
    ],
)
def test_consent_never_widens_a_signal(consents: bool, gpc: Gpc, permission: Permission) -> None:
    """Of consent and signal the stricter counts."""
    facts = Facts({"Sec-GPC": "1"})
    assert decided(facts, gpc=gpc, consent=lambda _: consents) is permission


# What can't be read


@pytest.mark.parametrize(
    ("gpc", "permission"), [("anonymise", ANONYMOUS), ("drop", NONE), ("ignore", FULL)]
)
def test_headers_that_cannot_be_read_count_as_a_signal(gpc: Gpc, permission: Permission) -> None:
    """A request whose headers raise is treated as if the visitor had objected, and counted."""
    drops = Drops()
    assert decided(Unreadable(), gpc=gpc, drops=drops) is permission
    assert drops.counts() == ({} if gpc == "ignore" else {("facts_error", "consent"): 1})


def test_a_request_that_cannot_be_read_has_no_consent() -> None:
    """Where the framework's request itself raises, the function can't be asked: no."""
    drops = Drops()
    assert decided(Unreadable(), consent=lambda _: True, drops=drops) is NONE
    assert drops.counts() == {("consent_error", "request"): 1}


@given(
    gpc=st.sampled_from(["anonymise", "drop", "ignore"]),
    header=st.one_of(st.none(), st.text()),
    answer=st.one_of(st.booleans(), st.none(), st.integers(), st.text(), st.floats()),
)
def test_full_permission_needs_a_true_answer(gpc: Gpc, header: str | None, answer: object) -> None:
    """For all answers and headers: nothing but True lets anything of the request leave."""
    permission = decided(Facts({"Sec-GPC": header}), gpc=gpc, consent=lambda _: answer)
    if answer is not True:
        assert permission is NONE
    elif gpc != "ignore" and header is not None and header.strip().startswith("1"):
        assert permission is not FULL
