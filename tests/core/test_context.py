"""What is bound for a block is in all that is recorded in it, allowlisted, and gone behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import sentry_sdk
from capturing import Running, telemetry
from leak_matrix import Visitor
from sentry_sdk.consts import DEFAULT_OPTIONS

from telemetry_core import carried, get_session_manager, telemetry_context
from telemetry_core.context import bound_values
from telemetry_core.request import Request

NEWER = "trace_lifecycle" in DEFAULT_OPTIONS
EMAIL = "jane.roe@mail.example.org"


def test_events_have_what_is_bound() -> None:
    """Words and numbers as tags, mappings as contexts; filtered, and only under allowed names."""
    with telemetry(allow_fields=("plan", "order", "items")) as running:
        with telemetry_context(
            plan=f"pro of {EMAIL}", items=3, order={"items": 2, "who": "Jane"}, who="Jane"
        ):
            running.config.capture_message("inside")
        running.config.capture_message("behind")
        inside, behind = running.kept.payloads("event")
    tags = {name: inside["tags"][name] for name in ("plan", "items", "who")}
    assert tags == {"plan": "pro of [EMAIL]", "items": 3, "who": "[Filtered]"}
    assert inside["contexts"]["order"] == {"items": 2, "who": "[Filtered]"}
    assert not {"plan", "items", "who"} & behind.get("tags", {}).keys()
    assert "order" not in behind["contexts"]
    assert "Jane" not in json.dumps(inside["tags"]) + json.dumps(inside["contexts"])


def test_what_the_visitor_sent_is_taken_out_of_what_is_bound() -> None:
    """Names have no pattern; in the visitor's own request they are known."""
    with telemetry(allow_fields=("plan",)) as running:
        request = Request(running.config, Visitor(sent="Jane Roe"))
        request.enter()
        with telemetry_context(plan="that of Jane Roe"):
            running.config.capture_message("inside")
        request.leave()
        assert running.kept.event()["tags"]["plan"] == "that of [INPUT]"


def test_blocks_nest_and_the_inner_value_counts() -> None:
    """Behind the inner block the outer value is back, also when the block fails."""
    with telemetry_context(operation="export", plan="pro"):
        with contextlib.suppress(ValueError), telemetry_context(operation="write"):
            assert bound_values() == {"operation": "write", "plan": "pro"}
            raise ValueError
        assert bound_values() == {"operation": "export", "plan": "pro"}
    assert bound_values() == {}


def test_functions_of_every_kind_are_decorated() -> None:
    """Bound in each call and each step of theirs, and not in between."""
    bind = telemetry_context(operation="export")

    @bind
    def function() -> dict[str, object]:
        return bound_values()

    @bind
    async def coroutine() -> dict[str, object]:
        await asyncio.sleep(0)
        return bound_values()

    @bind
    def generator() -> Iterator[dict[str, object]]:
        yield bound_values()
        yield bound_values()

    @bind
    async def stream() -> AsyncIterator[dict[str, object]]:
        yield bound_values()
        await asyncio.sleep(0)
        yield bound_values()

    async def main() -> list[dict[str, object]]:
        found = [await coroutine()]
        async for each in stream():
            assert bound_values() == {}
            found.append(each)
        return found

    found = [function(), *asyncio.run(main())]
    for each in generator():
        assert bound_values() == {}
        found.append(each)
    assert found == [{"operation": "export"}] * 6
    assert bound_values() == {}


def test_tasks_inherit_and_threads_do_when_carried() -> None:
    """A task started in the block keeps what is bound, also when the block is over."""
    seen: list[dict[str, object]] = []

    async def task(over: asyncio.Event) -> None:
        await over.wait()
        seen.append(bound_values())

    async def main() -> None:
        over = asyncio.Event()
        async with telemetry_context(operation="export"):
            started = asyncio.create_task(task(over))
            await asyncio.sleep(0)
        assert bound_values() == {}
        over.set()
        await started

    asyncio.run(main())

    def look() -> None:
        seen.append(bound_values())

    with telemetry_context(operation="import"):
        threads = [threading.Thread(target=carried(look)), threading.Thread(target=look)]
    for thread in threads:
        thread.start()
        thread.join()
    assert seen == [{"operation": "export"}, {"operation": "import"}, {}]


def logged(running: Running) -> list[dict[str, Any]]:
    running.config.flush()
    return [item for batch in running.kept.payloads("log") for item in batch["items"]]


def test_sentry_s_logs_have_what_is_bound_and_their_session() -> None:
    """In a request and outside; each line once; allowlisted."""
    options: dict[str, Any] = {"enable_logs": True}
    with telemetry(allow_fields=("plan",), sentry_options=options) as running:
        with (
            get_session_manager().session() as session_id,
            telemetry_context(plan="pro", who="Jane", order={"plan": 1}),
        ):
            logging.getLogger("shop").warning("paid by %s", EMAIL)
        request = Request(running.config, Visitor(sent="Jane Roe"))
        request.enter()
        with telemetry_context(plan="that of Jane Roe"):
            logging.getLogger("shop").warning("paid by %s", "Jane Roe")
        in_request = request.session_id
        request.leave()
        outside, inside = logged(running)
    found = {name: part["value"] for name, part in outside["attributes"].items()}
    assert outside["body"] == "paid by [EMAIL]"
    assert (found["plan"], found["who"], found["session_id"]) == ("pro", "[Filtered]", session_id)
    found = {name: part["value"] for name, part in inside["attributes"].items()}
    assert inside["body"] == "paid by [INPUT]"
    assert (found["plan"], found["session_id"]) == ("that of [INPUT]", in_request)


def test_spans_of_anybody_have_what_is_bound() -> None:
    """Also one that the application starts by the SDK's own call."""
    with telemetry(traces_sample_rate=1.0, allow_fields=("plan",)) as running:
        request = Request(running.config, Visitor(sent="Jane Roe"))
        request.enter()
        with telemetry_context(plan="pro", order={"plan": 1}), sentry_sdk.start_span(op="a"):
            pass
        with sentry_sdk.start_span(op="b"):
            pass
        request.finish()
        request.leave()
        [transaction] = running.kept.payloads("transaction")
    inside, behind = transaction["spans"]
    assert inside["data"]["plan"] == "pro"
    assert "plan" not in behind["data"]


class Unreadable(dict[str, object]):
    def keys(self) -> Any:
        raise RuntimeError(EMAIL)


@pytest.mark.parametrize("value", [Unreadable(a=1), object(), "\udcff", float("nan"), 10**400])
def test_what_can_not_be_read_costs_no_event(value: object) -> None:
    """The event goes without it, or with a mark; nothing is raised."""
    with telemetry(allow_fields=("plan",)) as running, telemetry_context(plan=value):
        running.config.capture_message("inside")
        assert EMAIL not in json.dumps(running.kept.event())
