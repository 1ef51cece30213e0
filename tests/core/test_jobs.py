"""Jobs, threads and Celery tasks: in the session of who started them, or in one of their own."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import sentry_sdk
from capturing import inside, telemetry
from leak_matrix import Visitor
from processes import running as running_process
from processes import wait_until

from telemetry_core import carried, carried_headers, get_session_manager, job
from telemetry_core.collector import Collector
from telemetry_core.consent import Permission
from telemetry_core.request import Request


def test_a_job_is_a_session_of_its_own_and_reports_once() -> None:
    """Its error is filed under its name, is raised again, and the next job is another session."""

    @job("nightly-import")
    def fail() -> None:
        sentry_sdk.set_tag("operation", "import")
        raise ValueError("no rows for jane@mail.example.org")

    with telemetry() as running:
        for _ in range(2):
            with pytest.raises(ValueError, match="no rows"):
                fail()
        first, second = running.kept.payloads("event")
        assert get_session_manager().session_id is None
    assert first["transaction"] == "nightly-import"
    assert first["transaction_info"] == {"source": "task"}
    assert first["exception"]["values"][0]["value"] == "no rows for [EMAIL]"
    assert first["user"]["id"] != second["user"]["id"]


def test_a_job_is_a_decorator_too() -> None:
    """Each call is a job."""

    @job("count")
    def count(up_to: int) -> int:
        sentry_sdk.capture_message("counting")
        return sum(range(up_to))

    with telemetry() as running:
        assert count(4) == 6
        assert running.kept.event()["transaction"] == "count"


@pytest.mark.parametrize(("fails", "status"), [(False, "ok"), (True, "internal_error")])
def test_a_sampled_job_is_a_transaction_of_its_own(fails: bool, status: str) -> None:
    """Named by the job, in its session, with what was done in it; as no visit it isn't counted."""
    session_id = None
    with telemetry(traces_sample_rate=1.0) as running:
        with suppress(ValueError), job("nightly-import"):
            session_id = get_session_manager().session_id
            with sentry_sdk.start_span(op="function", name="read"):
                pass
            if fails:
                raise ValueError("no rows")
        running.config.client.session_flusher.flush()
        (transaction,) = running.kept.payloads("transaction")
        assert running.kept.items("sessions") == []
    assert transaction["transaction"] == "nightly-import"
    assert transaction["transaction_info"] == {"source": "task"}
    assert transaction["user"] == {"id": session_id}
    trace = transaction["contexts"]["trace"]
    assert (trace["op"], trace["origin"]) == ("task", "auto.task.telemetry")
    assert trace["status"] == status
    assert "http.request.method" not in trace.get("data", {})
    assert [span["description"] for span in transaction["spans"]] == ["read"]


def test_jobs_are_sampled_as_requests_are() -> None:
    """At a rate of zero there is no transaction, and a job started without permission has none."""
    with telemetry(traces_sample_rate=0.0) as running:
        with job("nightly-import"):
            assert sentry_sdk.get_current_span() is None
        assert running.kept.bodies == []
    with telemetry(traces_sample_rate=1.0) as running:
        with job("nightly-import", headers={"telemetry-permission": "none"}):
            pass
        assert running.kept.bodies == []


def test_a_job_runs_when_telemetry_is_off() -> None:
    """It is the application's code."""
    with job("quiet"):
        assert get_session_manager().session_id is None


def test_a_job_continues_the_session_that_was_carried_to_it() -> None:
    """What started it and what it does can be found by one id."""
    with telemetry() as running:
        with get_session_manager().session() as session_id:
            headers = carried_headers()
        with job("mail", headers=headers):
            sentry_sdk.capture_message("sent")
        assert running.kept.event()["user"] == {"id": session_id}
    assert set(headers.values()) == {session_id, "full"}


@pytest.mark.parametrize(
    ("permission", "events", "reason"),
    [
        ("full", 1, "everything may leave"),
        ("anonymous", 1, "errors may leave"),
        ("none", 0, "nothing may"),
        ("Full", 0, "not a word of ours"),
        (["full"], 0, "no text"),
    ],
    ids=str,
)
def test_a_job_has_the_permission_of_the_request_that_started_it(
    permission: object, events: int, reason: str
) -> None:
    """Without consent for the request nothing of what it starts is sent either."""
    headers = {"telemetry-permission": permission, "telemetry-session": "f" * 32}
    with telemetry() as running:
        with job("mail", headers=headers):
            sentry_sdk.capture_message("sent")
        found = running.kept.payloads("event")
    assert len(found) == events
    assert [event.get("user") for event in found] == (
        [{"id": "f" * 32}] if permission == "full" else [None] * events
    )


def test_a_job_of_no_visitor_asks_nobody_for_consent() -> None:
    """As what is captured outside requests it may leave: the callable would get no request."""
    asked: list[object] = []
    with telemetry(consent=asked.append) as running:
        with job("nightly-import"):
            sentry_sdk.capture_message("imported")
        assert running.kept.event()["transaction"] == "nightly-import"
    assert asked == []


IN_A_REQUEST = [
    (Permission.FULL, {}, 1, True, "all may leave"),
    (Permission.ANONYMOUS, {}, 1, False, "errors may leave, and nobody is told apart"),
    (Permission.NONE, {}, 0, False, "nothing may leave"),
    (Permission.NONE, {"telemetry-permission": "full"}, 0, False, "of two the stricter counts"),
    (Permission.FULL, {"telemetry-permission": "none"}, 0, False, "of two the stricter counts"),
]


@pytest.mark.parametrize(("permission", "headers", "events", "named", "reason"), IN_A_REQUEST)
@pytest.mark.parametrize("thread", [False, True], ids=["here", "in a thread"])
def test_a_job_in_a_request_is_of_its_visitor(
    permission: Permission,
    headers: dict[str, str],
    events: int,
    named: bool,
    reason: str,
    thread: bool,
) -> None:
    """It has a session of its own; what is known of the visitor, and what was permitted, hold."""
    with telemetry() as running:
        request = Request(running.config, Visitor(sent="Jane Roe"), permission=permission)

        def work() -> None:
            with job("mail", headers=headers), job("letter"):
                sentry_sdk.capture_exception(ValueError("for Jane Roe"))
                assert (get_session_manager().session_id != request.id) or not named

        with inside(request):
            if thread:
                started = threading.Thread(target=work)
                started.start()
                started.join()
            else:
                work()
        found = running.kept.payloads("event")
    assert len(found) == events, reason
    for event in found:
        assert event["transaction"] == "letter"
        assert event["exception"]["values"][0]["value"] == "for [INPUT]"
        assert ("user" in event) == named, reason


def test_a_session_that_is_no_id_is_not_carried() -> None:
    """Somebody's name in the header becomes a session of the job's own."""
    with telemetry() as running:
        with job("mail", headers={"telemetry-session": "jane"}):
            sentry_sdk.capture_message("sent")
        assert re.fullmatch("[0-9a-f]{32}", running.kept.event()["user"]["id"])


def _capture_in(start: str) -> tuple[dict[str, object], str | None]:
    """Capture a message in something a request starts; return the event and the session."""
    with telemetry() as running:
        request = Request(running.config, Visitor(sent="Jane Roe"))
        request.enter()
        session_id = get_session_manager().session_id

        def work() -> None:
            sentry_sdk.capture_message("for Jane Roe")

        if start == "thread":
            thread = threading.Thread(target=carried(work))
            thread.start()
            thread.join()
        elif start == "executor":
            with ThreadPoolExecutor() as executor:
                executor.submit(carried(work)).result()
        else:

            async def main() -> None:
                async def task() -> None:
                    work()

                await asyncio.create_task(task())

            asyncio.run(main())
        request.finish()
        request.leave()
        return running.kept.event(), session_id


@pytest.mark.parametrize("start", ["thread", "executor", "task"])
def test_what_a_request_starts_belongs_to_it(start: str) -> None:
    """Its session, its route and what is known of its visitor go along."""
    event, session_id = _capture_in(start)
    assert event["user"] == {"id": session_id}
    assert event["transaction"] == "/orders/<int:id>/"
    assert event["message"] == "for [INPUT]"


def test_calls_side_by_side_do_not_see_each_other() -> None:
    """A carried function runs in a copy of the context each time."""
    with telemetry(), get_session_manager().session() as session_id:
        barrier = threading.Barrier(2)
        seen: list[str | None] = []

        @carried
        def work() -> None:
            get_session_manager().start_session()
            barrier.wait(60)
            seen.append(get_session_manager().session_id)

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({*seen, session_id}) == 3
        assert get_session_manager().session_id == session_id


def test_without_permission_nothing_is_carried_but_that() -> None:
    """The session of a request that may not be told from others stays where it is."""
    with telemetry(consent=lambda request: False) as running:
        request = Request(running.config, Visitor(sent="jane"))
        request.enter()
        assert request.permission is Permission.NONE
        assert carried_headers() == {"telemetry-permission": "none"}
        request.leave()


def test_a_celery_task_runs_in_the_session_of_who_published_it(tmp_path: Path) -> None:
    """Through a real worker: each error once, its publisher's session, no argument of the task's.

    From both children that the worker has forked. Of a task that a request without consent has
    started, nothing.
    """
    pytest.importorskip("celery")
    app = Path(__file__).parents[1] / "support" / "celery_app"
    (tmp_path / "control").mkdir()
    (tmp_path / "met").mkdir()
    with Collector() as collector:
        environ = {
            **{name: value for name, value in os.environ.items() if "DJANGO" not in name},
            "PYTHONPATH": str(app),
            "CELERY_FOLDER": str(tmp_path),
            "TELEMETRY_DSN": collector.dsn,
            "TELEMETRY_ENVIRONMENT": "testing",
            "TELEMETRY_TRACES_SAMPLE_RATE": "1",
        }
        publish = (
            "from tasks import send_mail\n"
            "from telemetry_core import get_session_manager, get_telemetry_config\n"
            "from telemetry_core.consent import Permission\n"
            "from telemetry_core.jobs import JobFacts\n"
            "from telemetry_core.request import Request\n"
            "config, facts = get_telemetry_config(), JobFacts('shop.order')\n"
            "refused = Request(config, facts, permission=Permission.NONE)\n"
            "refused.enter()\n"
            "send_mail.delay('Jane Roe')\n"
            "refused.leave()\n"
            "for _ in range(2):\n"
            "    print(get_session_manager().start_session())\n"
            "    send_mail.delay('Jane Roe', email='jane.roe@mail.example.org')\n"
        )
        worker = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-c", "2"]
        with running_process(worker, log=tmp_path / "log", folder=app, environment=environ):
            published = subprocess.run(
                [sys.executable, "-c", publish],
                cwd=app,
                env=environ,
                check=True,
                capture_output=True,
                text=True,
                timeout=60,
            )
            wait_until(lambda: len(collector.items(type="event")) == 2, "the tasks' errors")
            # Sentry's integration records the tasks; ours doesn't do so a second time.
            wait_until(lambda: len(collector.items(type="transaction")) >= 2, "transactions")
        sessions = published.stdout.split()
        children = {path.name for path in (tmp_path / "met").iterdir()}
        events = [item.json for item in collector.items(type="event")]
        transactions = [item.json for item in collector.items(type="transaction")]
        body = collector.body()
    assert {event["tags"]["function"] for event in events} == children
    assert len(children) == 2
    for found in (events, transactions):
        assert sorted(each["user"]["id"] for each in found) == sorted(sessions)
        assert {each["transaction"] for each in found} == {"shop.send_mail"}
    for event in events:
        error = event["exception"]["values"][-1]["value"]
        assert error == f"no mail, told of in {event['user']['id']}"
    assert b"Jane" not in body
    assert b"jane.roe" not in body
