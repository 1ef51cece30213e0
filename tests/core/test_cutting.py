"""Texts beyond a limit: they are cut when they have been read, so no half a value is left over."""

from __future__ import annotations

import re

import pytest
import sentry_sdk
from capturing import telemetry

from telemetry_core.filter.keys import KeyRules
from telemetry_core.filter.known import KnownValues
from telemetry_core.filter.text import TextFilter
from telemetry_core.policy import Policy
from telemetry_core.policy.limits import CUT_ZONE, MAX_TEXT
from telemetry_core.policy.policy import MAX_ATTACHED

VALUES = [
    ("jane.roe.1977@clinic.example.org", r"jane|roe|1977|clinic", "an address"),
    ("4111 1111 1111 1111", r"4111|1111", "a card, whose parts are numbers"),
    ("/home/janeroe/notes.txt", r"janero", "a path"),
    ("password=Tr0ub4dor&3xyz", r"Tr0u", "a password"),
    ("+49 170 5551234", r"\+49|170 5|1234", "a telephone number"),
    ("Rumpelstiltskin Q", r"Rump", "a known name"),
]
BESIDE = [2, 5, 9, 14, 22]
"""How many of a value's characters stand before the limit."""
KNOWN = KnownValues([("Rumpelstiltskin Q", "[INPUT]")])


def straddling(value: str, limit: int, before: int) -> str:
    """A text of words in which a limit falls into a value."""
    words = "word " * (limit // 5 + 1)
    return f"{words[: limit - before - 1]} {value} and more" + " of it" * 200


LIMIT = 9_000


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy(texts=TextFilter(), keys=KeyRules(), limit=LIMIT)


@pytest.mark.parametrize("before", BESIDE)
@pytest.mark.parametrize(("value", "part"), [row[:2] for row in VALUES], ids=[r[2] for r in VALUES])
def test_no_half_of_a_value_is_left_at_a_limit(
    policy: Policy, value: str, part: str, before: int
) -> None:
    """Neither at the limit, nor where so much goes that the end of what is read is reached."""
    for limit, filled in ((LIMIT, ""), (LIMIT + CUT_ZONE, "root@host.org " * 400)):
        text = filled + straddling(value, limit - len(filled), before)
        for event in ({"message": text}, {"extra": {"operation": text}}):
            sent = policy.apply("event", event, known=KNOWN).payload
            result = str(sent.get("message") or sent["extra"]["operation"])
            assert len(result) <= LIMIT
            assert result.endswith("...")
            assert re.search(part, result) is None
        assert re.search(part, policy.apply_to_message(text, known=KNOWN)) is None


def test_a_text_at_its_limit_is_whole_and_stays_as_it_is() -> None:
    """As long as may be: unchanged; longer by one: cut, and the result rests."""
    policy = Policy(texts=TextFilter(), keys=KeyRules())
    text = ("word " * MAX_TEXT)[: MAX_TEXT - 1] + "x"
    assert policy.apply("event", {"message": text}).payload["message"] == text
    cut = policy.apply("event", {"message": text + "x"}).payload["message"]
    assert cut == text[: MAX_TEXT - 3] + "..."
    assert policy.apply("event", {"message": cut}).payload["message"] == cut


def test_the_end_of_a_statement_without_its_literals_is_kept(policy: Policy) -> None:
    """What was cut off was in a literal, of which nothing is left."""
    statement = "INSERT INTO t (a, b) VALUES ('" + "jane " * LIMIT + "', 1)"
    assert policy.apply("event", {"message": statement}).payload["message"] == (
        "INSERT INTO t (a, b) VALUES (%s"
    )


def test_an_attached_text_is_cut_when_it_was_read(policy: Policy) -> None:
    """Its limit is further away, and no other."""
    text = straddling("jane.roe.1977@clinic.example.org", MAX_ATTACHED, 9)
    assert re.search("jane|roe", policy.apply_to_text(text)) is None


@pytest.mark.parametrize("before", BESIDE[1:3])
def test_the_user_s_own_limit_is_applied_to_what_was_read(before: int) -> None:
    """The SDK would cut texts before anybody has read them."""
    with telemetry(sentry_options={"max_value_length": 1_000}) as running:
        sentry_sdk.capture_message(straddling("jane.roe.1977@clinic.example.org", 1_000, before))
        sentry_sdk.capture_message(straddling("müller.1977@clinic.example.org", 1_000, before))
    messages = [event["message"] for event in running.kept.payloads("event")]
    assert all(900 < len(message) <= 1_000 for message in messages)
    assert not re.search("jane|roe|müll|1977", "".join(messages))
