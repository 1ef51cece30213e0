"""``manage.py telemetry``: the verbs, for a project whose settings are loaded."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("click", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")

from django.core.management import call_command, load_command_class
from django.test import override_settings
from django.utils.log import AdminEmailHandler
from django_processes import environment, python

from telemetry_core.cli.exits import Exit
from telemetry_django import conf
from telemetry_django.application import current, load

SITE = Path(__file__).parents[1] / "support"


def levels(**settings: Any) -> dict[str, str]:
    """Return what the adapter finds under other settings, by subject."""
    with override_settings(**settings):
        return {finding.subject: finding.level for finding in current().findings()}


ON = {"TELEMETRY_ENABLED": True, "TELEMETRY_DSN": ""}


def test_the_application_is_the_project() -> None:
    """Its settings as Django has them, its middleware in order, and no framework's object."""
    with override_settings(TELEMETRY_GPC="drop", MIDDLEWARE=["a.B", "c.D"]):
        found = current()
        assert found.settings().gpc == "drop"
    assert found.framework == "Django"
    assert found.adapter == "telemetry_django"
    assert found.given["TELEMETRY_GPC"] == "drop"
    assert found.middleware == ("a.B", "c.D")


@pytest.mark.parametrize(
    ("middleware", "level", "why"),
    [
        ([conf.MIDDLEWARE, "a.B"], "ok", "first"),
        (["a.B", conf.MIDDLEWARE], "warning", "something runs before"),
        (["a.B"], "problem", "requests are not reported at all"),
    ],
)
def test_the_order_of_middleware_is_examined(middleware: list[str], level: str, why: str) -> None:
    """As ``manage.py check`` does."""
    variables = {"TELEMETRY_ENABLED": True, "TELEMETRY_DSN": "http://key@127.0.0.1:9/1"}
    assert levels(MIDDLEWARE=middleware, **variables)["MIDDLEWARE"] == level, why


def test_an_app_that_is_missing_is_a_problem() -> None:
    """Without it nothing ever starts telemetry."""
    assert "INSTALLED_APPS" not in levels()
    assert levels(INSTALLED_APPS=[])["INSTALLED_APPS"] == "problem"


def test_errors_that_are_mailed_are_a_warning() -> None:
    """Django's own mails hold the request, and go past the gate; without ADMINS there are none."""
    handler = AdminEmailHandler()
    logger = logging.getLogger("django.request")
    before = logger.handlers.copy()
    logger.handlers = [handler]
    try:
        assert levels(ADMINS=["root@localhost"])["ADMINS"] == "warning"
        assert "ADMINS" not in levels(ADMINS=[])
    finally:
        logger.handlers = before


def test_a_settings_module_is_loaded_by_its_name() -> None:
    """The one that is loaded already, in a test."""
    assert load(os.environ["DJANGO_SETTINGS_MODULE"]).name == "django_settings"


def test_call_command_returns_when_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """And leaves with the code of the verb when not."""
    call_command("telemetry", "policy", "settings")
    assert "Recipient" in capsys.readouterr().out
    with pytest.raises(SystemExit) as left:
        call_command("telemetry", "policy", "--diff", "/nowhere")
    assert left.value.code == Exit.IMPOSSIBLE


@pytest.mark.parametrize("ask", [["telemetry", "--help"], ["help", "telemetry"]])
def test_its_help_is_that_of_the_verbs(ask: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Not the one that Django makes of a command's options."""
    command: Any = load_command_class("telemetry_django", "telemetry")
    show: Callable[[], None] = (
        (lambda: command.print_help("manage.py", "telemetry"))
        if ask[0] == "help"
        else (lambda: command.run_from_argv(["manage.py", *ask]))
    )
    with pytest.raises(SystemExit) as left:
        show()
    assert left.value.code == Exit.OK
    assert capsys.readouterr().out.startswith("Usage: manage.py telemetry [OPTIONS]")


def test_django_s_own_options_are_taken_where_it_takes_them() -> None:
    """``--settings`` and ``--pythonpath`` work behind the verb, as with any command."""
    arguments = ("policy", "settings", "--settings", "django_settings", "--pythonpath", str(SITE))
    variables = environment()
    del variables["DJANGO_SETTINGS_MODULE"]
    finished = python("-m", "django", "telemetry", *arguments, variables=variables)
    assert finished.returncode == Exit.OK, finished.stderr
    assert "Recipient" in finished.stdout


def test_wrong_settings_do_not_keep_the_doctor_out() -> None:
    """The middleware would refuse to start; the doctor says why, and by which code."""
    finished = python(
        "-m", "django", "telemetry", "doctor", variables=environment(TELEMETRY_GPC="maybe")
    )
    assert finished.returncode == Exit.FOUND
    assert "TELEMETRY_GPC" in finished.stdout


def test_a_project_that_cannot_be_loaded_is_told_from_one_that_is_wrong() -> None:
    """In a sentence, from the standalone command."""
    finished = subprocess.run(
        [sys.executable, "-m", "telemetry_core", "doctor", "--django", "no.such.settings"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(),
    )
    assert finished.returncode == Exit.APPLICATION
    assert finished.stderr == (
        "Error: --django no.such.settings can't be loaded: ModuleNotFoundError: "
        "No module named 'no'\n"
    )


def test_the_sdk_says_nothing_around_what_a_verb_prints() -> None:
    """In development it tells of whatever it does, up to the end of the interpreter."""
    finished = subprocess.run(
        [sys.executable, "-m", "telemetry_core", "doctor", "--django", "django_settings"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(
            TELEMETRY_ENABLED="true",
            TELEMETRY_DSN="http://key@127.0.0.1:9/1",
            TELEMETRY_ENVIRONMENT="development",
        ),
    )
    assert "development" in finished.stdout
    assert finished.stderr == ""
