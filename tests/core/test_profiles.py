"""Profiles of running code: what arrives tells where time is spent, and nothing of anybody."""

from __future__ import annotations

import importlib.util
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from capturing import telemetry
from sentry_sdk.profiler import start_profiler, stop_profiler
from sentry_sdk.profiler.continuous_profiler import teardown_continuous_profiler
from sentry_sdk.profiler.transaction_profiler import teardown_profiler

from telemetry_core.collector import Collector, find_value
from telemetry_core.trace import begin_trace, finish_transaction, start_transaction

PERSON = f"jane.q{secrets.token_hex(5)}"
EMAIL = f"{PERSON}@mail.example.org"

SOURCE = """
import time

class Basket:
    def total(self, customer):
        def adding_up(until):
            while time.thread_time() < until:
                sum(range(500))
        adding_up(time.thread_time() + 0.25)
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Code of an application in somebody's home directory, run in a thread named after her."""
    folder = tmp_path / "home" / PERSON / "shop"
    folder.mkdir(parents=True)
    (folder / "prices.py").write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("shop_prices", folder / "prices.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["shop_prices"] = module
    spec.loader.exec_module(module)

    is_read = threading.Event()

    def work_and_wait() -> None:
        module.Basket().total(EMAIL)
        is_read.wait()  # a profile has the names of threads that live when it is made

    thread = threading.Thread(target=work_and_wait, name=f"worker for {EMAIL}")

    def run() -> None:
        thread.start()
        module.Basket().total(EMAIL)

    yield run
    is_read.set()
    thread.join()
    del sys.modules["shop_prices"]


def profiled_by_the_clock(run: Callable[[], None]) -> None:
    """Run with the profiler of the whole process."""
    start_profiler()
    run()
    stop_profiler()


def profiled_in_a_transaction(run: Callable[[], None]) -> None:
    """Run with the older profiler, which belongs to a transaction."""
    with sentry_sdk.start_transaction(name=f"/orders/{EMAIL}", op="task", source="url"):
        run()


def profiled_in_a_request(run: Callable[[], None]) -> None:
    """Run as the middle of a traced request. Its chunk is sent when no profile is running."""
    with sentry_sdk.isolation_scope() as scope:
        begin_trace(scope, None)
        transaction = start_transaction(scope, rate=1.0, caller_sampled=None, throw=0.0)
        profile = transaction._continuous_profile or transaction._profile
        run()
        assert profile.active
        finish_transaction(transaction, route="/orders/<id>", status=200)
        assert not profile.active


BY_TRACES = {"profile_session_sample_rate": 1.0, "profile_lifecycle": "trace"}

PROFILERS: list[tuple[str, Callable[[Callable[[], None]], None], dict[str, Any]]] = [
    (
        "profile_chunk",
        profiled_by_the_clock,
        {"profile_session_sample_rate": 1.0, "profile_lifecycle": "manual"},
    ),
    ("profile", profiled_in_a_transaction, {"profiles_sample_rate": 1.0}),
    ("profile_chunk", profiled_in_a_request, BY_TRACES),
    ("profile", profiled_in_a_request, {"profiles_sample_rate": 1.0}),
]


@pytest.fixture(autouse=True)
def no_profiler_stays() -> Iterator[None]:
    yield
    teardown_profiler()
    teardown_continuous_profiler()


@pytest.mark.filterwarnings("ignore:Transaction-based profiling is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("kind", "profiled", "options"),
    PROFILERS,
    ids=["clock", "transaction", "request by the clock", "request"],
)
def test_a_profile_tells_of_code_and_of_nobody(
    kind: str,
    profiled: Callable[[Callable[[], None]], None],
    options: dict[str, Any],
    work: Callable[[], None],
) -> None:
    """Functions, modules, file names, lines, stacks and times arrive; no path and no name."""
    with (
        Collector() as collector,
        telemetry(
            dsn=collector.dsn,
            traces_sample_rate=1.0,
            sentry_options={"transport": None, **options},
        ),
    ):
        profiled(work)
        # The profiler's own thread hands over what it has.
        collector.wait_for(lambda: collector.items(kind), timeout=60)
    items: list[Any] = [item.json for item in collector.items(kind)]
    assert items
    for item in items:
        profile = item["profile"]
        assert all(
            type(place) is int and 0 <= place < len(profile["frames"])
            for stack in profile["stacks"]
            for place in stack
        )
        assert all(0 <= one["stack_id"] < len(profile["stacks"]) for one in profile["samples"])
        # Of threads that have ended meanwhile the SDK doesn't know the names.
        threads = {one["thread_id"] for one in profile["samples"]}
        assert len(threads & profile["thread_metadata"].keys()) >= 2
        assert all(one.get("timestamp") or one.get("elapsed_since_start_ns")
                   for one in profile["samples"])  # fmt: skip
        for frame in profile["frames"]:
            assert frame["function"]
            assert frame["lineno"] >= 0
            for name in ("filename", "abs_path"):
                assert not frame[name].startswith(("/", "\\", "~"))
                assert ":" not in frame[name]
    frames = [frame for item in items for frame in item["profile"]["frames"]]
    mine = [frame for frame in frames if frame.get("module") == "shop_prices"]
    assert {frame["function"] for frame in mine} >= {
        "Basket.total",
        "Basket.total.<locals>.adding_up",
    }
    assert {frame["filename"] for frame in mine} == {"prices.py"}
    assert {frame["lineno"] for frame in mine} <= set(range(5, 10))
    names = {
        thread["name"] for item in items for thread in item["profile"]["thread_metadata"].values()
    }
    assert names >= {threading.current_thread().name, "worker for [EMAIL]"}, names
    assert not find_value(collector.body(), PERSON)
