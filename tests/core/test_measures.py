"""Operations are added up, and handed over now and then: exact counts and fair samples."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter

import pytest
from capturing import telemetry

from telemetry_core.drops import Drops
from telemetry_core.measures import MAX_DURATIONS, MAX_KINDS, MAX_WAITING, Kind, Measures, Tally

KIND = Kind("work", "", "ok")


@pytest.fixture
def measures() -> Measures:
    return Measures(client=None, drops=Drops())


def tally_of(measures: Measures, kind: Kind = KIND) -> Tally:
    tally = measures.tally(kind)
    assert tally is not None
    return tally


def test_counts_are_exact_over_threads(measures: Measures) -> None:
    """However many add at the same time, and however often what waits is added up."""
    tally = tally_of(measures)
    each = 3 * MAX_WAITING + 7

    def add() -> None:
        for _ in range(each):
            tally.add(0.001)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    measures.look_after(tally)
    count, sample = tally.take()
    assert (count, len(sample)) == (4 * each, MAX_DURATIONS)
    assert tally.take() == (0, [])


def test_few_are_kept_as_they_are(measures: Measures) -> None:
    """Up to the size of a sample no duration is lost."""
    tally = tally_of(measures)
    for number in range(MAX_DURATIONS):
        tally.add(number)
    measures.look_after(tally)
    assert tally.take() == (MAX_DURATIONS, list(range(MAX_DURATIONS)))


def test_each_duration_is_as_likely_in_the_sample() -> None:
    """The early ones and the late ones: of many draws each tenth has about a tenth."""
    dice = random.Random(7).random
    drawn: Counter[int] = Counter()
    measures = Measures(client=None, drops=Drops(), dice=dice)
    tally = tally_of(measures)
    for _ in range(200):
        for number in range(500):
            tally.add(number)
            if number % 77 == 0:
                measures.look_after(tally)
        measures.look_after(tally)
        drawn.update(int(number // 50) for number in tally.take()[1])
    share = 200 * MAX_DURATIONS / 10
    assert all(abs(drawn[tenth] - share) < 0.2 * share for tenth in range(10)), drawn


@pytest.mark.parametrize("throw", [0.0, 0.9999999999999999])
def test_no_throw_of_the_dice_breaks_it(throw: float) -> None:
    """The ends of the range are throws, too."""
    measures = Measures(client=None, drops=Drops(), dice=lambda: throw)
    tally = tally_of(measures)
    for number in range(5_000):
        tally.add(number)
    measures.look_after(tally)
    assert tally.take()[0] == 5_000


def test_too_many_kinds_are_not_told_apart(measures: Measures) -> None:
    """Names that are made up as the program goes don't fill the memory."""
    for number in range(MAX_KINDS):
        assert measures.tally(Kind(str(number), "", "ok")) is not None
    assert measures.tally(KIND) is None
    assert measures.tally(Kind("3", "", "ok")) is not None


def test_the_thread_ends_with_the_measures(measures: Measures) -> None:
    """Closing them leaves none behind, and nothing is started any more."""
    before = set(threading.enumerate())
    tally_of(measures).add(0.1)
    [thread] = set(threading.enumerate()) - before
    measures.close()
    thread.join(60)
    assert not thread.is_alive()
    tally_of(measures).add(0.1)
    assert not set(threading.enumerate()) - before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_begins_anew(measures: Measures) -> None:
    """What the parent has measured the child does not send again; its own it does."""
    tally = tally_of(measures)
    tally.add(0.1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            tally.add(0.2)
            working = measures.is_working
            measures.look_after(tally)
            os.write(writing, repr((working, tally.take())).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as answer:
        assert answer.read() == "(True, (1, [0.2]))"
    assert os.waitpid(child, 0)[1] == 0
    measures.look_after(tally)
    assert tally.take()[0] == 1


@pytest.mark.skipif(not Measures.are_known(), reason="this SDK has no metrics")
def test_what_the_sdk_fails_at_is_counted() -> None:
    """A client that can't take metrics costs the sums and nothing else."""

    class Broken:
        def is_active(self) -> bool:
            raise RuntimeError("no")

    drops = Drops()
    measures = Measures(client=Broken(), drops=drops)
    tally_of(measures).add(0.1)
    measures.flush()
    measures.close()
    assert drops.counts() == {("metric_error", "trace_metric"): 1}


@pytest.mark.skipif(not Measures.are_known(), reason="this SDK has no metrics")
def test_shutting_down_hands_over_what_is_left() -> None:
    """The last operations of a program are measured."""
    with telemetry() as running:
        assert running.config.measures is not None
        tally_of(running.config.measures).add(0.25)
    [batch] = running.kept.payloads("trace_metric")
    assert [(item["name"], item["value"]) for item in batch["items"]] == [
        ("boundary.count", 1.0),
        ("boundary.duration", 250.0),
    ]
