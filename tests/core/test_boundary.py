"""A boundary names an operation, reports what goes wrong in it once, and measures each run."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import subprocess
import sys
import threading
import urllib.error
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractContextManager
from email.message import Message
from typing import Any

import pytest
import sentry_sdk
from capturing import Running, inside, telemetry
from leak_matrix import Visitor
from sentry_sdk.consts import DEFAULT_OPTIONS

from telemetry_core import error_boundary, job, telemetry_context
from telemetry_core.boundary import database, file_io, let_pass, media, network
from telemetry_core.collector import Collector
from telemetry_core.consent import Permission
from telemetry_core.context import current_bound
from telemetry_core.measures import Measures
from telemetry_core.request import Request

NEWER = "trace_lifecycle" in DEFAULT_OPTIONS
EMAIL = "jane.roe@mail.example.org"
NAME = "Jane Roe"


def entered(
    running: Running, *, sent: str = NAME, traced: bool = True
) -> AbstractContextManager[Request]:
    return inside(Request(running.config, Visitor(sent=sent), traced=traced))


def details(event: dict[str, Any]) -> dict[str, Any]:
    found = dict(event["contexts"]["boundary"])
    assert 0 <= found.pop("duration_ms") < 60_000
    return found


# What is reported


def test_an_error_is_reported_once_with_its_operation() -> None:
    """Operation, category, duration and outcome; filtered; and the exception goes on."""
    with telemetry() as running:
        with (
            pytest.raises(ValueError, match="jane"),
            error_boundary("export", category="file_io"),
        ):
            raise ValueError(f"no rows for {EMAIL}")
        event = running.kept.event()
    assert details(event) == {"operation": "export", "category": "file_io", "outcome": "failed"}
    assert event["tags"]["operation"] == "export"
    assert event["tags"]["category"] == "file_io"
    assert event["exception"]["values"][0]["value"] == "no rows for [EMAIL]"
    assert event["exception"]["values"][0]["mechanism"]["handled"] is False


def test_names_are_filtered_as_all_text_is() -> None:
    """Whoever puts a value into an operation's name does not send it."""
    with telemetry() as running, entered(running, sent=NAME):
        with error_boundary(f"mail {EMAIL}", category=f"for {NAME}", fallback=None):
            raise ValueError("no")
        event = running.kept.event()
        assert details(event) == {"operation": "mail [EMAIL]", "outcome": "fallback"}
        running.config.flush()
        assert NAME.encode() not in b"".join(
            item.payload for item in running.kept.items() if item.type != "event"
        )
    assert EMAIL.encode() not in running.kept.wire


def test_nested_boundaries_report_once_and_tell_of_each_other() -> None:
    """The inner one reports, and says in which others it stands."""
    with telemetry() as running:
        with (
            pytest.raises(KeyError),
            error_boundary("nightly"),
            error_boundary("sync", category="database"),
            error_boundary("ask", category="network"),
        ):
            raise KeyError("rate")
        event = running.kept.event()
    assert details(event) == {
        "operation": "ask",
        "category": "network",
        "outcome": "failed",
        "within": ["nightly", "sync"],
    }


def test_what_an_inner_boundary_replaces_an_outer_one_does_not_see() -> None:
    """A fallback ends the matter."""

    @error_boundary("ask", category="network", fallback=3)
    def ask() -> int:
        raise OSError("down")

    with telemetry() as running:
        with error_boundary("sync"):
            assert ask() == 3
        event = running.kept.event()
    assert details(event)["outcome"] == "fallback"
    assert event["exception"]["values"][0]["mechanism"]["handled"] is True


def test_events_of_others_in_a_boundary_tell_of_it() -> None:
    """What is captured in the operation by hand or by a logger has its name and no outcome yet."""
    with telemetry() as running, error_boundary("sync"):
        sentry_sdk.capture_message("slow")
        event = running.kept.event()
    assert details(event) == {"operation": "sync"}
    assert event["tags"]["operation"] == "sync"


def test_our_frames_do_not_top_the_stack_trace() -> None:
    """The first frame of a decorated function's error is the function's."""

    @error_boundary("export")
    def export() -> None:
        raise ValueError("no")

    with telemetry() as running:
        with pytest.raises(ValueError):
            export()
        frames = running.kept.event()["exception"]["values"][0]["stacktrace"]["frames"]
    assert [frame["function"] for frame in frames] == ["export"]


HTTP_ERROR = urllib.error.HTTPError("http://x", 503, "busy", Message(), None)


class SqlError(Exception):
    sqlstate = "40001"


class ChattyError(Exception):
    sqlstate = f"of {EMAIL}"
    status_code = 4_915_112_345_678


@pytest.mark.parametrize(
    ("make", "error", "code", "op"),
    [
        (file_io, FileNotFoundError(2, "no such file", EMAIL), "ENOENT", "file"),
        (file_io, OSError("no number"), None, "file"),
        (database, SqlError(), "40001", "db"),
        (database, ChattyError(), None, "db"),
        (network, HTTP_ERROR, 503, "http.client"),
        (network, ConnectionRefusedError(111, "refused"), "ECONNREFUSED", "http.client"),
        (network, ChattyError(), None, "http.client"),
        (media, subprocess.CalledProcessError(-9, ["ffmpeg", EMAIL]), -9, "media"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_ready_made_categories_tell_an_error_s_code(
    make: Callable[..., Any], error: Exception, code: object, op: str
) -> None:
    """A mere code of the kind's errors goes along; words and long numbers don't."""
    with telemetry(traces_sample_rate=1.0) as running:
        with entered(running), make("work", fallback=None):
            raise error
        event = running.kept.event()
        [transaction] = running.kept.payloads("transaction")
    assert details(event).get("code") == code
    assert [(span["op"], span["description"]) for span in transaction["spans"]] == [(op, "work")]
    assert EMAIL.encode() not in running.kept.wire


# Which exceptions


class Refused(Exception):
    """Something the application expects."""


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (KeyboardInterrupt(), "cancelled"),
        (SystemExit(3), "cancelled"),
        (asyncio.CancelledError(), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (BaseExceptionGroup("", [KeyboardInterrupt(), SystemExit()]), "cancelled"),
        (StopIteration(), "passed"),
        (Refused(), "passed"),
        (ExceptionGroup("", [Refused(), ExceptionGroup("", [Refused()])]), "passed"),
    ],
    ids=repr,
)
def test_some_exceptions_pass(error: BaseException, outcome: str) -> None:
    """Not reported and never hidden, whatever the fallback: the very object goes on."""
    with telemetry() as running:
        with (
            pytest.raises(BaseException) as caught,  # any of the above
            error_boundary("work", fallback=None, passes=Refused),
        ):
            raise error
        assert caught.value is error
        running.config.flush()
        assert running.kept.payloads("event") == []
        if NEWER:
            assert outcomes(running) == [outcome]


def _call(error: BaseException) -> None:
    @error_boundary("work", fallback=None)
    def work() -> None:
        raise error

    work()


def _step(error: BaseException) -> None:
    @error_boundary("work", fallback=None)
    def work() -> Iterator[int]:
        yield 1
        raise error

    assert list(work()) == [1]


def _await(error: BaseException) -> None:
    @error_boundary("work", fallback=None)
    async def work() -> None:
        raise error

    # By hand: an event loop has its own ways with these.
    work().send(None)


def _await_step(error: BaseException) -> None:
    @error_boundary("work", fallback=None)
    async def work() -> AsyncIterator[int]:
        raise error
        yield 1

    anext(work()).__await__().__next__()


def _async_with(error: BaseException) -> None:
    async def work() -> None:
        async with error_boundary("work", fallback=None):
            raise error

    work().send(None)


@pytest.mark.parametrize("run", [_call, _step, _await, _await_step, _async_with])
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(3), asyncio.CancelledError(), GeneratorExit()]
)
def test_interrupts_pass_whatever_is_decorated(
    run: Callable[[BaseException], None], error: BaseException
) -> None:
    """Functions, generators, coroutines and asynchronous generators hide none, for no fallback."""
    with telemetry() as running:
        with pytest.raises(type(error)) as caught:
            run(error)
        assert caught.value is error
        assert running.kept.payloads("event") == []


def test_frameworks_can_name_what_always_passes() -> None:
    """Their own answers are no errors."""

    class Answered(Exception):
        pass

    let_pass(Answered)
    let_pass(Answered)
    with telemetry() as running:
        with pytest.raises(Answered), error_boundary("work", fallback=None):
            raise Answered
        assert running.kept.payloads("event") == []


def _types(event: dict[str, Any]) -> list[str]:
    return sorted(value["type"] for value in event["exception"]["values"])


def test_of_a_group_only_what_has_failed_is_reported() -> None:
    """What passes is left out of the report, and raised on alone where there is a fallback."""
    group = ExceptionGroup("both", [Refused(), ExceptionGroup("inner", [KeyError(), Refused()])])
    with telemetry() as running:
        with (
            pytest.raises(ExceptionGroup) as caught,
            error_boundary("work", fallback=None, passes=(Refused,)),
        ):
            raise group
        event = running.kept.event()
    assert _types(event) == ["ExceptionGroup", "ExceptionGroup", "KeyError"]
    left = caught.value
    assert left.subgroup(KeyError) is None
    assert left.subgroup(Refused) is not None


def test_an_interrupt_in_a_group_is_not_hidden() -> None:
    """The rest of the group is reported, and the interrupt goes on."""
    with telemetry() as running:
        with (
            pytest.raises(BaseExceptionGroup) as caught,
            error_boundary("work", fallback=None),
        ):
            raise BaseExceptionGroup("", [ValueError("no"), KeyboardInterrupt()])
        event = running.kept.event()
    assert [type(error) for error in caught.value.exceptions] == [KeyboardInterrupt]
    assert "KeyboardInterrupt" not in _types(event)


@pytest.mark.parametrize("outer", [True, False], ids=["in a boundary", "with a hook alone"])
@pytest.mark.parametrize("in_request", [True, False], ids=["request", "process"])
def test_a_task_group_s_errors_are_reported_once_each(outer: bool, in_request: bool) -> None:
    """Of two tasks that fail each in its boundary there are two events, and none of their group."""

    @error_boundary("part")
    async def fail(started: asyncio.Barrier, error: Exception) -> None:
        await started.wait()
        raise error

    async def main() -> None:
        started = asyncio.Barrier(2)
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(started, KeyError("a")))
            group.create_task(fail(started, IndexError("b")))

    around = error_boundary("whole") if outer else contextlib.nullcontext()
    with telemetry() as running:
        with (
            entered(running) if in_request else contextlib.nullcontext(),
            contextlib.suppress(ExceptionGroup),
        ):
            try:
                with around:
                    asyncio.run(main())
            except ExceptionGroup as error:
                running.config.capture_exception(error)
                logging.exception("both")
                raise
        events = running.kept.payloads("event")
    assert sorted(event["exception"]["values"][-1]["type"] for event in events) == [
        "IndexError",
        "KeyError",
    ]


def test_of_a_group_that_was_reported_in_part_the_rest_is() -> None:
    """The outer boundary reports what no inner one has seen."""
    known = KeyError("a")
    with telemetry() as running:
        with pytest.raises(KeyError), error_boundary("part"):
            raise known
        with pytest.raises(ExceptionGroup), error_boundary("whole"):
            raise ExceptionGroup("both", [known, IndexError("b")])
        first, second = running.kept.payloads("event")
    assert _types(first) == ["KeyError"]
    assert _types(second) == ["ExceptionGroup", "IndexError"]


class Failed(Exception):
    """What an application makes of the errors of others."""


def _from(error: Exception) -> None:
    raise Failed("export") from error


def _from_further(error: Exception) -> None:
    try:
        _from(error)
    except Failed as failed:
        raise RuntimeError("page") from failed


def _from_group(error: Exception) -> None:
    raise Failed("all") from ExceptionGroup("several", [error])


def _in_a_group(error: Exception) -> None:
    other = Failed("one of several")
    other.__cause__ = error
    raise ExceptionGroup("several", [other])


def _in_circles(error: Exception) -> None:
    failed = Failed("export")
    error.__cause__ = failed
    raise failed from error


def _meanwhile(_: Exception) -> None:
    raise Failed("the handler has a bug")


def _of_nothing(_: Exception) -> None:
    raise Failed("export") from None


def _beside_another(error: Exception) -> None:
    raise Failed("all") from ExceptionGroup("several", [error, IndexError("unseen")])


def _a_group_of_others(error: Exception) -> None:
    raise ExceptionGroup("several", [IndexError("unseen")]) from error


@pytest.mark.parametrize("in_request", [True, False])
@pytest.mark.parametrize(
    ("raise_another", "events"),
    [
        (_from, 1),  # the same failure by another name
        (_from_further, 1),  # however often it is renamed
        (_from_group, 1),  # all in the group was reported
        (_in_a_group, 1),  # and what is in one counts by itself
        (_in_circles, 1),  # causes may go in circles
        (_meanwhile, 2),  # nobody says that it is the same
        (_of_nothing, 2),  # somebody says that it is not
        (_beside_another, 2),  # part of it was not reported
        (_a_group_of_others, 2),  # what is in a group is what has failed
    ],
)
def test_what_is_raised_from_a_reported_error_is_reported_with_it(
    raise_another: Callable[[Exception], None], events: int, in_request: bool
) -> None:
    """By no boundary around it, no logger and nobody else; what is new in it is reported, once."""
    with telemetry() as running:
        with (
            entered(running) if in_request else contextlib.nullcontext(),
            contextlib.suppress(Exception),
            error_boundary("outermost"),
            error_boundary("outer"),
        ):
            try:
                with error_boundary("inner"):
                    raise KeyError("rate")
            except KeyError as error:
                try:
                    raise_another(error)
                except Exception as other:
                    logging.exception("no export")
                    running.config.capture_exception(other)
                    raise
        found = running.kept.payloads("event")
        ended = [
            (attributes["operation"], attributes["outcome"])
            for name, _, attributes in (measured(running) if NEWER else [])
            if name == "boundary.count"
        ]
    assert _types(found[0]) == ["KeyError"]
    assert len(found) == events
    if NEWER:
        assert sorted(ended) == [(name, "failed") for name in ("inner", "outer", "outermost")]


def test_an_error_of_an_earlier_request_is_no_excuse() -> None:
    """What is raised from it in the next request is reported there: it is another failure."""
    kept = KeyError("stored")
    with telemetry() as running:
        for _ in range(2):
            with entered(running), contextlib.suppress(Failed), error_boundary("ask"):
                raise Failed("no connection") from kept
            with entered(running), contextlib.suppress(KeyError), error_boundary("connect"):
                raise kept
        found = running.kept.payloads("event")
    assert ["Failed" in _types(event) for event in found] == [True, False] * 2


# What can be decorated


def test_a_function_is_decorated() -> None:
    """It is called as before, each call is a run, and it keeps its name."""

    @error_boundary("work")
    def work(number: int, *, double: bool = False) -> int:
        """Do it."""
        bound = current_bound()
        assert bound is not None
        return number * (1 + double)

    assert work(2, double=True) == 4
    assert (work.__name__, work.__doc__) == ("work", "Do it.")
    assert current_bound() is None


def test_one_boundary_runs_many_times_at_once() -> None:
    """Threads, tasks and nested calls that share a boundary don't mix."""
    boundary = error_boundary("work", category="media")
    assert boundary is error_boundary("work", category="media")
    seen: list[int] = []

    def depth() -> int:
        bound, count = current_bound(), 0
        while bound is not None:
            bound, count = bound.outer, count + 1
        return count

    def work(barrier: threading.Barrier) -> None:
        with boundary:
            barrier.wait(60)
            with boundary:
                seen.append(depth())
            barrier.wait(60)
            seen.append(depth())

    barrier = threading.Barrier(2)
    threads = [threading.Thread(target=work, args=(barrier,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def one() -> None:
        async with boundary:
            await asyncio.sleep(0)
            seen.append(depth())

    async def both() -> None:
        await asyncio.gather(one(), one())

    asyncio.run(both())
    assert sorted(seen) == [1, 1, 1, 1, 2, 2]
    assert current_bound() is None


def test_a_coroutine_is_decorated() -> None:
    """It is a coroutine function still; its fallback is what is awaited."""

    @error_boundary("ask", fallback="none")
    async def ask(fails: bool) -> str:
        await asyncio.sleep(0)
        if fails:
            raise OSError("down")
        return "some"

    assert asyncio.iscoroutinefunction(ask)
    with telemetry() as running:
        assert asyncio.run(ask(False)) == "some"
        assert asyncio.run(ask(True)) == "none"
        assert details(running.kept.event())["operation"] == "ask"


def test_a_cancelled_coroutine_is_cancelled() -> None:
    """The boundary stands in no task's way."""

    @error_boundary("wait", fallback=None)
    async def wait() -> None:
        await asyncio.sleep(60)

    async def main() -> bool:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return task.cancelled()

    with telemetry() as running:
        assert asyncio.run(main())
        assert running.kept.payloads("event") == []


@error_boundary("rows")
def rows(trail: list[object]) -> Generator[int, str, str]:
    """A generator that notes what is done to it, and what is bound while it runs."""
    try:
        given = yield 1
        trail.append(given)
        try:
            yield 2
        except KeyError as thrown:
            trail.append(thrown)
        bound = current_bound()
        trail.append(bound.block.values["operation"] if bound is not None else None)
        yield 3
    finally:
        trail.append("closed")
    return "end"


def test_a_generator_is_decorated() -> None:
    """Values, exceptions and the end pass through; its consumer is not in the operation."""
    trail: list[object] = []
    generator = rows(trail)
    assert next(generator) == 1
    assert current_bound() is None
    assert generator.send("hello") == 2
    error = KeyError("thrown")
    assert generator.throw(error) == 3
    assert current_bound() is None
    with pytest.raises(StopIteration) as stopped:
        next(generator)
    assert stopped.value.value == "end"
    assert trail == ["hello", error, "rows", "closed"]


def test_a_generator_that_is_closed_early_is_closed() -> None:
    """Nothing is reported, and its clean-up runs in the operation."""
    trail: list[object] = []
    with telemetry() as running:
        generator = rows(trail)
        next(generator)
        generator.close()
        running.config.flush()
        assert trail == ["closed"]
        assert running.kept.payloads("event") == []
        if NEWER:
            assert outcomes(running) == ["cancelled"]


def test_a_generator_that_fails_is_reported_once() -> None:
    """At the step that fails, and its fallback is what it returns."""

    @error_boundary("rows", fallback="short")
    def failing() -> Generator[int, None, str]:
        yield 1
        raise ValueError("row 2")

    with telemetry() as running:
        generator = failing()
        assert next(generator) == 1
        with pytest.raises(StopIteration) as stopped:
            next(generator)
        assert stopped.value.value == "short"
        assert details(running.kept.event())["outcome"] == "fallback"


def test_a_generator_that_nobody_finishes_is_no_error() -> None:
    """The garbage collector closes it, wherever it runs."""
    with telemetry() as running:
        generator = rows([])
        next(generator)
        del generator
        gc.collect()
        assert running.kept.payloads("event") == []


def test_an_asynchronous_generator_is_decorated() -> None:
    """asend, athrow and aclose reach it; an error in a step is reported once."""
    trail: list[object] = []

    @error_boundary("stream")
    async def stream() -> AsyncGenerator[int, str | None]:
        try:
            trail.append((yield 1))
            try:
                yield 2
            except KeyError as thrown:
                trail.append(thrown)
            yield 3
        finally:
            await asyncio.sleep(0)
            trail.append("closed")

    @error_boundary("broken")
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise ValueError("row 2")

    error = KeyError("thrown")

    async def main() -> None:
        generator = stream()
        assert await anext(generator) == 1
        assert current_bound() is None
        assert await generator.asend("hello") == 2
        assert await generator.athrow(error) == 3
        await generator.aclose()
        assert trail == ["hello", error, "closed"]
        assert [each async for each in stream()] == [1, 2, 3]
        failing = broken()
        assert await anext(failing) == 1
        with pytest.raises(ValueError, match="row 2"):
            await anext(failing)

    with telemetry() as running:
        asyncio.run(main())
        assert details(running.kept.event())["operation"] == "broken"


def test_a_block_in_a_generator_does_not_break_its_consumer_s() -> None:
    """Blocks that end out of order take only themselves out of the context."""

    def numbers() -> Iterator[int]:
        with error_boundary("inner"):
            yield 1

    generator = numbers()
    next(generator)
    with error_boundary("outer"):
        assert list(generator) == []
        bound = current_bound()
        assert bound is not None
        assert bound.block.values == {"operation": "outer"}
    assert current_bound() is None


# Who else sees the error


def _in_process(code: str) -> tuple[list[dict[str, Any]], str]:
    """Run a script with telemetry in a process of its own; return its events and its stderr."""
    with Collector() as collector:
        environment = {
            **{name: value for name, value in os.environ.items() if "DJANGO" not in name},
            "TELEMETRY_ENABLED": "true",
            "TELEMETRY_DSN": collector.dsn,
        }
        done = subprocess.run(
            [sys.executable, "-c", "from telemetry_core import *\n" + code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        events = [item.json for item in collector.items(type="event")]
    return [event for event in events if isinstance(event, dict)], done.stderr


def test_the_interpreter_s_own_hooks_see_each_error_once() -> None:
    """sys.excepthook, threading.excepthook, sys.unraisablehook and asyncio's handler: each runs as
    before, reports what no boundary has seen, and adds no second event to a boundary's."""
    events, stderr = _in_process(
        """
import asyncio, gc, sys, threading
for module, name in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
    def hook(*args, name=f"{module.__name__}.{name}"):
        print("previous", name, file=sys.stderr)
    setattr(module, name, hook)
initialize_telemetry()

def in_thread(): raise KeyError("thread")
for target in (in_thread, error_boundary("thread")(in_thread)):
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()

class Resource:
    def __del__(self): raise IndexError("unraisable")
class Bounded:
    @error_boundary("unraisable")
    def __del__(self): raise IndexError("unraisable")
Resource()
Bounded()

async def in_task(): raise LookupError("task")
async def main():
    asyncio.get_running_loop().set_exception_handler(handle)
    tasks = [asyncio.create_task(run()) for run in (in_task, error_boundary("task")(in_task))]
    await asyncio.sleep(0.01)
    tasks.clear()
    gc.collect()
def handle(loop, context):
    print("previous asyncio", file=sys.stderr)
    loop.default_exception_handler(context)
asyncio.run(main())

with error_boundary("main"):
    raise ValueError("main")
"""
    )
    found = sorted(
        (_types(event)[-1], event.get("tags", {}).get("operation", "")) for event in events
    )
    assert found == [
        *(("IndexError", ""), ("IndexError", "unraisable")),
        *(("KeyError", ""), ("KeyError", "thread")),
        *(("LookupError", ""), ("LookupError", "task")),
        ("ValueError", "main"),
    ], stderr
    assert stderr.count("previous sys.excepthook") == 1, stderr
    for hook in ("threading.excepthook", "sys.unraisablehook", "asyncio"):
        assert stderr.count(f"previous {hook}") == 2, stderr


@pytest.mark.parametrize("first", ["logger", "boundary"])
@pytest.mark.parametrize("in_request", [True, False], ids=["request", "process"])
def test_a_logger_and_a_boundary_see_an_error_once(first: str, in_request: bool) -> None:
    """Whichever sees it first reports it."""
    log = logging.getLogger("shop")

    def work() -> None:
        with error_boundary("work"):
            try:
                raise ValueError("no")
            except ValueError:
                if first == "logger":
                    log.exception("inside")
                raise

    with telemetry() as running:
        with entered(running) if in_request else contextlib.nullcontext():
            try:
                work()
            except ValueError:
                log.exception("outside")
        event = running.kept.event()
    assert event["tags"]["operation"] == "work"
    assert event.get("logger") == ("shop" if first == "logger" else None)


def test_a_job_and_a_boundary_see_an_error_once() -> None:
    """The boundary's event is the job's."""
    with telemetry() as running:
        with pytest.raises(ValueError), job("nightly"), error_boundary("import"):
            raise ValueError("no")
        event = running.kept.event()
    assert event["transaction"] == "nightly"
    assert details(event)["operation"] == "import"


def test_the_same_object_in_the_next_request_is_another_error() -> None:
    """An exception that a module keeps and raises again is reported in each."""
    error = ValueError("kept")
    with telemetry() as running:
        for _ in range(2):
            with entered(running), pytest.raises(ValueError), error_boundary("work"):
                raise error
        assert len(running.kept.payloads("event")) == 2


# Permission, spans, failure


@pytest.mark.parametrize(
    ("permission", "events"), [(Permission.ANONYMOUS, 1), (Permission.NONE, 0)]
)
def test_a_request_s_permission_holds(permission: Permission, events: int) -> None:
    """Without consent nothing of it is sent: no event, no count, no duration."""
    with telemetry() as running:
        request = Request(running.config, Visitor(sent="jane"), permission=permission)
        request.enter()
        with error_boundary("work", fallback=None):
            raise ValueError("no")
        request.leave()
        running.config.flush()
        assert len(running.kept.payloads("event")) == events
        assert running.kept.payloads("trace_metric") == []


@pytest.mark.parametrize("lifecycle", ["static", "stream"])
def test_a_sampled_request_has_a_span_of_each_operation(lifecycle: str) -> None:
    """With what is bound around it; one that failed says so; none in a request that isn't."""
    if lifecycle == "stream" and not NEWER:
        pytest.skip("this SDK streams no spans")
    options = {"trace_lifecycle": "stream"} if lifecycle == "stream" else {}
    with telemetry(
        traces_sample_rate=1.0, sentry_options=options, allow_fields=("plan",)
    ) as running:
        with entered(running), telemetry_context(plan="pro", who="jane"):
            with error_boundary("export", category="file_io"):
                pass
            with error_boundary("ask", category="network", fallback=None):
                raise ValueError("no")
        with entered(running, traced=False), error_boundary("unsampled"):
            pass
        running.config.flush()
        if lifecycle == "stream":
            spans = [
                (span["name"], span["status"], _plain(span["attributes"]))
                for batch in running.kept.streamed()
                for span in batch["items"]
                if not span.get("is_segment")
            ]
        else:
            spans = [
                (span["description"], _status(span), span["data"])
                for transaction in running.kept.payloads("transaction")
                for span in transaction["spans"]
            ]
    assert [(name, status != "ok") for name, status, _ in spans] == [
        ("export", False),
        ("ask", True),
    ]
    for name, _, data in spans:
        assert (data["operation"], data["plan"], data["who"]) == (name, "pro", "[Filtered]")


def _status(span: dict[str, Any]) -> str:
    # Older SDKs have it among the tags.
    return str(span.get("status") or span.get("tags", {}).get("status", "ok"))


def _plain(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: attribute["value"] for name, attribute in attributes.items()}


def test_without_telemetry_a_boundary_still_does_its_part() -> None:
    """Exceptions go on, fallbacks are returned, and the operation has its name for local logs."""

    @error_boundary("work", fallback=1)
    def work() -> int:
        bound = current_bound()
        assert bound is not None
        raise ValueError("no")

    assert work() == 1
    with pytest.raises(ValueError), error_boundary("work"):
        raise ValueError("no")


def test_what_the_sdk_fails_at_is_counted_and_not_raised() -> None:
    """The application gets its own exception and no other."""

    def fail(*_: Any) -> Any:
        raise RuntimeError("sdk")

    with telemetry(sentry_options={"before_send": fail}) as running:
        with pytest.raises(ValueError), error_boundary("work"):
            raise ValueError("no")
        assert running.kept.payloads("event") == []


# Measures


def measured(running: Running) -> list[tuple[str, float, dict[str, Any]]]:
    running.config.flush()
    return [
        (metric["name"], metric["value"], _plain(metric["attributes"]))
        for batch in running.kept.payloads("trace_metric")
        for metric in batch["items"]
    ]


def outcomes(running: Running) -> list[str]:
    return [
        attributes["outcome"]
        for name, _, attributes in measured(running)
        if name == "boundary.count"
    ]


needs_metrics = pytest.mark.skipif(not Measures.are_known(), reason="this SDK has no metrics")


@needs_metrics
def test_each_run_is_counted_and_timed() -> None:
    """One count for each kind, exact, and some durations in milliseconds; of no trace."""
    with telemetry() as running:
        with entered(running) as request:
            for _ in range(2_500):
                with error_boundary("sync", category="database"):
                    pass
            with error_boundary("ask", fallback=None):
                raise ValueError("no")
            inside = request.session_id
        found = measured(running)
    counts = {
        (attributes["operation"], attributes["category"], attributes["outcome"]): value
        for name, value, attributes in found
        if name == "boundary.count"
    }
    assert counts == {("sync", "database", "ok"): 2_500, ("ask", "", "fallback"): 1}
    durations = [value for name, value, _ in found if name == "boundary.duration"]
    assert len(durations) == 21
    assert all(0 <= value < 60_000 for value in durations)
    assert inside is not None
    assert all(inside.encode() not in batch.payload for batch in running.kept.items("trace_metric"))
