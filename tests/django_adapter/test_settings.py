"""Settings that are wrong stop the start and say why; telemetry that is off is not there at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from capturing import DSN
from django.core.checks import Error, Warning, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, override_settings
from django_calls import MIDDLEWARE, call_wsgi, flushed, reporting
from django_processes import environment, python
from processes import running

from telemetry_core import get_telemetry_config

TELEMETRY, *OTHERS = MIDDLEWARE

WRONG = {
    "TELEMETRY_ENABLED": "true",
    "TELEMETRY_DSN": "https://a1b2c3d4e5f6@sentry.example/no-number",
    "TELEMETRY_TRACES_SAMPLE_RATE": "7",
    "TELEMETRY_RELAESE": "1.2.3",
}


def found(**settings: Any) -> list[Any]:
    with override_settings(**settings):
        return [message for message in run_checks() if str(message.id).startswith("telemetry.")]


def assert_tells_all(output: str) -> None:
    """See that every problem is named, and nothing that is secret."""
    for name in ("TELEMETRY_DSN", "TELEMETRY_TRACES_SAMPLE_RATE", "TELEMETRY_RELAESE"):
        assert name in output
    assert "a1b2c3d4e5f6" not in output
    assert "sentry.example" not in output


def test_manage_check_fails_with_all_problems_at_once() -> None:
    """``manage.py check`` exits non-zero, with ids and hints, and shows no DSN."""
    done = python("-m", "django", "check", variables=environment(**WRONG))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert_tells_all(done.stderr)
    assert "telemetry.E001" in done.stderr
    assert "HINT: Did you mean TELEMETRY_RELEASE" in done.stderr
    assert "HINT: For 7 % write 0.07" in done.stderr


def test_manage_check_passes_with_settings_that_are_right() -> None:
    """No false alarm: neither with telemetry on nor off."""
    for variables in ({}, {"TELEMETRY_ENABLED": "true", "TELEMETRY_DSN": DSN}):
        done = python("-m", "django", "check", variables=environment(**variables))
        assert done.returncode == 0, done.stderr


def test_gunicorn_does_not_start_with_settings_that_are_wrong(tmp_path: Path) -> None:
    """The worker gives up with the sentences that ``check`` has, and so does the master."""
    log = tmp_path / "gunicorn.log"
    command = [sys.executable, "-m", "gunicorn", "--bind=127.0.0.1:0", "django_site.wsgi"]
    with running(command, log=log, environment=environment(**WRONG)) as process:
        assert process.wait(60) != 0
    assert_tells_all(log.read_text())


CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"TELEMETRY_NOTHING": 1}, "telemetry.E001", "a name that does not exist"),
    ({"TELEMETRY_ALLOW_FIELDS": 5}, "telemetry.E002", "a type that is wrong"),
    ({"TELEMETRY_TRACES_SAMPLE_RATE": 7}, "telemetry.E003", "a value out of range"),
    ({"TELEMETRY_ENABLED": True}, "telemetry.E004", "a DSN that is missing"),
]


@pytest.mark.parametrize(
    ("settings", "id"), [row[:2] for row in CASES], ids=[row[2] for row in CASES]
)
def test_each_kind_of_problem_has_an_id(settings: dict[str, Any], id: str) -> None:
    """So that a project can silence one and not the others."""
    (message,) = found(**settings)
    assert isinstance(message, Error)
    assert message.id == id
    assert next(iter(settings)).removesuffix("_ENABLED") in message.msg


ENABLED = {"TELEMETRY_ENABLED": True, "TELEMETRY_DSN": DSN}


def test_settings_with_which_telemetry_can_not_start_fail_the_check_and_the_server() -> None:
    """An integration whose library is missing shows only then; it is told like all else."""
    settings = {**ENABLED, "MIDDLEWARE": MIDDLEWARE, "TELEMETRY_INSTRUMENT": ["trytond"]}
    (message,) = found(**settings)
    assert isinstance(message, Error)
    assert message.id == "telemetry.E003"
    assert "got 'trytond'" in message.msg
    assert "trytond is not installed" in str(message.hint)
    with (
        override_settings(**settings),
        pytest.raises(ImproperlyConfigured, match="trytond is not installed"),
    ):
        WSGIHandler()
    assert found(**ENABLED) == []


def test_a_middleware_that_is_missing_not_first_or_twice_is_warned_of_when_enabled() -> None:
    """With a hint that says where to put it; a project without telemetry hears nothing."""
    for middleware, name in (
        (OTHERS, "telemetry.W001"),
        ([*OTHERS, TELEMETRY], "telemetry.W002"),
        ([TELEMETRY, *OTHERS, TELEMETRY], "telemetry.W003"),
    ):
        (message,) = found(MIDDLEWARE=middleware, **ENABLED)
        assert isinstance(message, Warning)
        assert message.id == name
        assert TELEMETRY in str(message.hint)
        assert found(MIDDLEWARE=middleware) == []
    assert found(MIDDLEWARE=MIDDLEWARE, **ENABLED) == []


def test_the_middleware_refuses_to_work_without_the_app() -> None:
    """Nobody would have started telemetry, and nothing would be reported."""
    with (
        override_settings(INSTALLED_APPS=["django.contrib.contenttypes"], **ENABLED),
        pytest.raises(ImproperlyConfigured, match=r"\(telemetry.E005\).*'telemetry_django' in"),
    ):
        WSGIHandler()


def test_the_middleware_takes_itself_out_when_telemetry_is_off() -> None:
    """A request then goes through none of our code."""
    with override_settings(MIDDLEWARE=[TELEMETRY]):
        handler: Any = WSGIHandler()
    assert handler._middleware_chain.__wrapped__ == handler._get_response


OFF = """
import threading, django, sys
from django.test import Client
django.setup()
response = Client(raise_request_exception=False).get("/sync/Wilhelmina/")
assert response.status_code == 500
import sentry_sdk
sentry_sdk.capture_message("nothing")
assert not sentry_sdk.get_client().is_active()
assert [thread.name for thread in threading.enumerate()] == ["MainThread"], threading.enumerate()
assert hasattr(response.wsgi_request, "telemetry_session_id") is False
print("done")
"""


def test_off_means_no_client_and_no_thread_whatever_the_environment_says() -> None:
    """Not even with ``SENTRY_DSN`` there, which the SDK would otherwise take up."""
    for variables in ({}, {"TELEMETRY_ENABLED": "false"}):
        given = environment(SENTRY_DSN=DSN, SENTRY_RELEASE="1", **variables)
        done = python("-c", OFF, variables=given)
        assert done.stdout == "done\n", done.stderr


def test_override_settings_switches_telemetry_on_and_off_again() -> None:
    """A project's own tests can do so, with Django's means."""
    assert not get_telemetry_config().active
    with reporting() as kept:
        assert get_telemetry_config().active
        with override_settings(TELEMETRY_ENABLED=False):
            assert not get_telemetry_config().active
            assert not sentry_sdk.get_client().is_active()
            call_wsgi("/sync/x/")
        assert flushed(kept).bodies == []
        with override_settings(TELEMETRY_RELEASE="2.0"):
            call_wsgi("/sync/x/")
            assert flushed(kept).event()["release"] == "2.0"
    assert not get_telemetry_config().active


def test_override_settings_with_settings_that_are_wrong_switches_telemetry_off() -> None:
    """They are refused where a server would be: when a handler loads its middleware."""
    with reporting() as kept:
        with override_settings(TELEMETRY_TRACES_SAMPLE_RATE=7):
            assert not get_telemetry_config().active
            with pytest.raises(ImproperlyConfigured, match="TELEMETRY_TRACES_SAMPLE_RATE"):
                Client().get("/ok/x/")
        call_wsgi("/sync/x/")
        assert len(flushed(kept).payloads("event")) == 1


INSTRUMENTED = """
import sys, django
django.setup()
from django_calls import call_asgi, call_wsgi, flushed, reporting
for call in (call_wsgi, call_asgi):
    given = {"TELEMETRY_INSTRUMENT": ["django"], "TELEMETRY_TRACES_SAMPLE_RATE": 1.0}
    with reporting(**given) as kept:
        call("/sync/Wilhelmina/")
        flushed(kept)
        print(len(kept.payloads("event")), len(kept.payloads("transaction")))
        print(kept.event()["transaction"], b"Wilhelmina" in kept.wire)
"""


def test_sentrys_own_integration_reports_nothing_twice() -> None:
    """Named in ``TELEMETRY_INSTRUMENT``, it makes the transaction; ours stands back."""
    # In a process of its own: the integration patches Django for good.
    done = python("-c", INSTRUMENTED, variables=environment())
    assert done.stdout == "1 1\n/sync/<str:name>/ False\n" * 2, done.stderr
