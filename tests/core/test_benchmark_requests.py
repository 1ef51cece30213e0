"""The comparison of requests measures what it says."""

from __future__ import annotations

import pytest

pytest.importorskip("benchmarks.requests.report", reason="the benchmark is only in the source tree")

from benchmarks.requests.calls import microseconds
from benchmarks.requests.report import BARS, Key, Results, as_page, for_terminal
from benchmarks.requests.servers import Load, read
from benchmarks.requests.setups import FRAMEWORKS, NONE, PATHS, SETUPS, Setup

pytestmark = pytest.mark.once

WRK = """\
Running 2s test @ http://127.0.0.1:8000/hello/7/
  1 threads and 4 connections
  Latency Distribution
     50%    1.93ms
     99%  {p99}
  4147 requests in 2.00s, 777.56KB read
Requests/sec:   2072.83
Transfer/sec:    388.65KB
"""


@pytest.mark.parametrize(
    ("p99", "milliseconds"), [("3.40ms", 3.4), ("980.00us", 0.98), ("1.25s", 1250.0)]
)
def test_what_wrk_prints_is_read(p99: str, milliseconds: float) -> None:
    """It chooses the unit by the size."""
    load = read(WRK.format(p99=p99))
    assert load.per_second == 2072.83
    assert load.p99 == pytest.approx(milliseconds)


def test_what_wrk_does_not_print_is_no_figure() -> None:
    """A run that failed is an error, not a zero."""
    with pytest.raises(ValueError, match="unable to connect"):
        read("unable to connect to 127.0.0.1:8000")


def test_every_set_up_has_its_turn() -> None:
    """Each in a process of its own, which answers with what a request took there."""
    setups = (NONE, Setup("ours", 100))
    turns = list(microseconds("Flask", setups, {PATHS[0]: 1, PATHS[1]: 2}, 2))
    assert [path for path, _ in turns] == [PATHS[0]] * 2 + [PATHS[1]] * 2
    for _, taken in turns:
        assert taken.keys() == set(setups)
        assert 10 < taken[NONE] < taken[setups[1]] < 1e6


@pytest.fixture
def results() -> Results:
    times: dict[tuple[str, str, Setup], list[float]] = {}
    for framework in FRAMEWORKS:
        for path in PATHS:
            for setup in SETUPS:
                added = {"none": 0.0, "ours": 20.0, "theirs": 200.0}[setup.who]
                # At the second turn it is on a machine that has become slower.
                times[framework, path, setup] = [100 + added, 200 + added, 100 + added]
    return Results(microseconds=times, loads={}, rounds=1, missing="wrk is not installed")


def test_a_share_is_of_what_theirs_adds_in_the_same_turns(results: Results) -> None:
    """What all set-ups share is in neither, and a slower turn changes nothing."""
    assert results.added("Flask", PATHS[0], Setup("ours")) == 20.0
    assert results.share("Flask", PATHS[0], Setup("ours")) == pytest.approx(0.1)
    assert results.share("Flask", PATHS[0], NONE) is None


def test_every_set_up_is_in_the_table_once(results: Results) -> None:
    """In both forms, also where there is nothing to ask a server with."""
    for text in (for_terminal(results), as_page(results, "make bench-requests")):
        assert text.count("telemetry-core, 10 % traced") == len(FRAMEWORKS) * len(PATHS)
        assert text.count("no SDK") >= len(FRAMEWORKS) * len(PATHS)
        assert text.count("0.10") >= len(FRAMEWORKS) * len(PATHS)
        assert "wrk is not installed" in text
    assert {(framework, path) for framework, path, _ in BARS} == {
        (framework, path) for framework in FRAMEWORKS for path in PATHS
    }


def test_of_servers_the_medians_are_shown(results: Results) -> None:
    """Requests a second and the slowest hundredth, of all rounds."""
    key: Key = ("Django", PATHS[0], Setup("ours"))
    loads: dict[Key, list[Load]] = {key: [Load(1000.0, 5.0), Load(3000.0, 1.0), Load(2000.0, 2.0)]}
    shown = Results(microseconds=results.microseconds, loads=loads, rounds=3, missing=None)
    assert shown.row(*key)[-2:] == ["2000", "2.0"]
