"""The benchmark measures what it says."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("benchmarks.timing", reason="the benchmark is only in the source tree")

from benchmarks.events import WORDS, Variation, strings_of
from benchmarks.extremes import doubled, held_by, remembered_events, repeated, worst
from benchmarks.peers import SUBJECTS, Missing, Subject, ready
from benchmarks.report import percent
from benchmarks.timing import Case, Round, measure, summarise

pytestmark = pytest.mark.once

EVENT: dict[str, Any] = {
    "event_id": "0123456789abcdef0123456789abcdef",
    "timestamp": "2024-01-02T03:04:05.678901Z",
    "level": "error",
    "logentry": {"formatted": "nothing found at jane@example.com"},
    "exception": {
        "values": [
            {
                "type": "KeyError",
                "value": "no such customer",
                "stacktrace": {
                    "frames": [
                        {"function": "handle_orders", "pre_context": ["", "else:", "total = 1"]}
                    ]
                },
            }
        ]
    },
}


class Steps:
    """A clock that is told how long each reading takes."""

    def __init__(self, *steps: float) -> None:
        self.steps = iter(steps)
        self.now = 0.0

    def __call__(self) -> float:
        self.now += next(self.steps)
        return self.now


def test_the_ratio_is_taken_within_a_round_and_the_median_over_rounds() -> None:
    """A round in which the machine was slow for both changes no ratio."""
    time = summarise([Round(2.0, 1.0), Round(30.0, 10.0), Round(8.0, 2.0)], batch=2)

    assert time.ratio == 3.0
    assert time.seconds == 4.0
    assert time.dumps_seconds == 1.0


def test_the_clock_is_read_before_between_and_after() -> None:
    """What lies outside the three readings is not counted."""
    clock = Steps(100, 1, 5, 100, 1, 7, 100, 1, 6)

    times = measure(
        {"a": lambda _event: None},
        {"error": EVENT},
        rounds=3,
        cases=[Case(name="case", event="error")],
        clock=clock,
    )

    assert times["a", "case"].ratio == 6.0


def test_a_subject_never_meets_the_same_object_or_id_twice() -> None:
    """Nothing can be recognised by what only a benchmark would repeat."""
    met: list[dict[str, Any]] = []

    measure({"a": met.append}, {"error": EVENT}, rounds=2, cases=[Case(name="", event="error")])

    assert len({id(event) for event in met}) == len(met) > 8
    assert len({event["event_id"] for event in met}) == len(met)
    assert len({event["timestamp"] for event in met}) == len(met)
    assert {event["logentry"]["formatted"] for event in met} == {EVENT["logentry"]["formatted"]}


def test_new_text_has_other_words_in_the_same_shape() -> None:
    """Free texts have words never met before; names, and texts without a word, are kept."""
    variation = Variation()
    made = [variation.of(EVENT, text=True) for _ in range(50)]

    def texts(event: dict[str, Any]) -> Iterator[str]:
        yield event["logentry"]["formatted"]
        yield event["exception"]["values"][0]["value"]
        yield event["exception"]["values"][0]["stacktrace"]["frames"][0]["pre_context"][2]

    found = Counter(text for event in made for text in texts(event))
    assert set(found.values()) == {1}
    assert not set(found) & set(strings_of(EVENT))
    assert all("@" in event["logentry"]["formatted"] for event in made)
    frame = made[0]["exception"]["values"][0]["stacktrace"]["frames"][0]
    assert frame["function"] == "handle_orders"
    assert frame["pre_context"][:2] == ["", "else:"]


def test_new_code_has_other_names() -> None:
    """Names of functions are only changed when they are asked for."""
    frame = Variation().of(EVENT, text=True, code=True)["exception"]["values"][0]["stacktrace"]

    assert frame["frames"][0]["function"] != "handle_orders"
    assert any(word in frame["frames"][0]["function"] for word in WORDS)


def test_growth_is_time_against_that_of_half_the_text() -> None:
    """Twice the length in twice the time is a growth of two."""
    assert repeated("ab", 5) == "abab"
    assert repeated("ab", 5, cut=1) == "aba"
    read: list[int] = []

    def seconds(text: str) -> float:
        read.append(len(text))
        return len(text) * 1e-6

    extreme = doubled(seconds, "ab", 1600)
    assert (extreme.length, extreme.growth) == (1600, 2.0)
    assert sorted(set(read)) == [400, 800, 1600]


def test_patience_ends_the_doubling() -> None:
    """A text that takes too long is not tried longer; the length that was reached is told."""
    extreme = doubled(lambda text: (len(text) / 1000) ** 3, "a", 8000)

    assert extreme.length == 1000
    assert extreme.growth == 8.0


def test_the_worst_end_of_the_worst_unit_is_found() -> None:
    """Time that depends on where the text ends is not missed."""

    def seconds(text: str) -> float:
        return len(text) * (1e-6 if "b" in text or text.endswith(";") else 1e-5)

    found = worst(seconds, candidates=["b;", "a;", "ab;"], longest=2, length=640)

    assert [extreme.unit for extreme in found] == ["a;", "b;"]
    assert found[0].cut == 1


@pytest.mark.parametrize(
    ("share", "shown"), [(1.0, "100.0"), (0.99999, "> 99.9"), (0.9994, "99.9"), (0.0, "0.0")]
)
def test_only_all_reads_as_all(share: float, shown: str) -> None:
    """Rounding makes no hundred per cent."""
    assert percent(share) == shown


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_each_subject_reads_a_text_and_an_event(subject: Subject) -> None:
    """An adapter returns a text for a text, and something to send for an event."""
    made = ready(subject)
    if isinstance(made, Missing):
        assert "not installed" in made.reason
        pytest.skip(made.reason)

    assert isinstance(made.adapter.string("from 203.0.113.77"), str)
    result = json.loads(json.dumps(made.adapter.event(json.loads(json.dumps(EVENT)))))
    assert result["exception"]["values"][0]["type"] == "KeyError"


def test_a_subject_whose_package_is_absent_is_named_with_the_reason() -> None:
    """It is never left out in silence."""
    subject = Subject(name="absent", package="no-such-package-here", make=lambda: 1 / 0, note="")  # type: ignore[arg-type,return-value]  # never called

    assert ready(subject) == Missing(subject, "no-such-package-here is not installed")


def test_every_kind_is_planted_and_can_be_told() -> None:
    """Each kind has the texts that were asked for; what nobody filtered counts as left."""
    pytest.importorskip("faker")
    from benchmarks.accuracy import GROUPS, judge, make_texts
    from benchmarks.labelled import KINDS

    texts = make_texts(1, per_kind=50, plain=10, source=100)
    untouched = judge(lambda text: text, texts)
    emptied = judge(lambda text: "", texts)

    planted = Counter(sample.kind for sample in texts.samples)
    assert set(planted) == set(KINDS) == set(GROUPS)
    assert min(planted.values()) >= 45
    assert untouched.removed_in_all == untouched.removed_held_out == 0.0
    assert untouched.around == untouched.plain_changed == 0
    assert emptied.removed_in_all == emptied.removed_held_out == 1.0
    assert emptied.plain_changed == emptied.plain_total


def test_a_line_s_cost_is_ours_over_theirs_in_the_same_round() -> None:
    """Whichever of the two comes first; a round that was slow for both changes no ratio."""
    pytest.importorskip("pythonjsonlogger")
    from benchmarks.logs import LINES, line_cost

    # Theirs and ours, ours and theirs, theirs and ours: half as long for ours each time.
    clock = Steps(100, 4, 100, 2, 100, 20, 100, 40, 100, 8, 100, 4)
    cost = line_cost(LINES[0], rounds=3, clock=clock)

    assert cost.ratio == 0.5
    assert cost.theirs == 2 * cost.ours


def test_what_can_be_reached_counts_once_and_code_not_at_all() -> None:
    """Keys count, too; what stands in two places takes memory once."""
    text = "a text of some length"
    held = {text: [text, "another"], "function": held_by, "type": int}

    parts = (held, text, held[text], "another", "function", "type")
    assert held_by(held) == sum(map(sys.getsizeof, parts))


def test_many_events_are_remembered_within_the_bound() -> None:
    """As the benchmark shows for more of them."""
    memory = remembered_events(400)

    assert 100_000 < memory.held_half_way < memory.held < memory.bound


def test_each_kind_of_line_is_new_each_time() -> None:
    """But for the first, which is the same on purpose."""
    pytest.importorskip("pythonjsonlogger")
    from benchmarks.logs import LINES, record_of

    for kind in LINES:
        records = [record_of(kind) for _ in range(50)]
        fields = kind.extra().keys()
        texts = {
            str((record.getMessage(), record.exc_info, [vars(record)[name] for name in fields]))
            for record in records
        }
        assert len(texts) == (1 if kind is LINES[0] else 50), kind.name
