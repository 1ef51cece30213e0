"""``telemetry audit`` on real applications: sound ones, ones with a hole, and sentry-sdk alone."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

pytest.importorskip("click", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")
pytest.importorskip("django", reason="audits a Django project")
pytest.importorskip("flask", reason="audits Flask applications")
pytest.importorskip("flask_login", reason="an audited application has it")
pytest.importorskip("flask_sqlalchemy", reason="an audited application has it")
pytest.importorskip("pyte", reason="needs a terminal to compare with")

if shutil.which("telemetry", path=str(Path(sys.executable).parent)) is None:
    pytest.skip("telemetry-core is not installed: there is no script", allow_module_level=True)

import sentry_sdk
from click.testing import CliRunner, Result
from screens import AUDITS, Screen, applications, comparable, run, screens

from telemetry_core.cli.exits import Exit
from telemetry_core.cli.root import root

ROOT = Path(__file__).parents[2]
FOREIGN = ("TELEMETRY_", "SENTRY_", "DJANGO_", "FLASK_", "SHOP_", "NOTES_")
SECONDS = 180
FILL_THE_SHOP = """
import django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
call_command("seed_shop", verbosity=0)
"""
SCREENS = screens(AUDITS.read_text(encoding="utf-8"))


def environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    # A dozen processes import the same hundreds of modules: they may keep them compiled.
    return {**kept, "PYTHONDONTWRITEBYTECODE": "", **variables}


def audit(*arguments: str, folder: Path = ROOT, **variables: str) -> Result:
    """Run the verb in this process, and the application, as ever, in one of its own."""
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, environment(**variables), clear=True),
        mock.patch.object(sys, "path", list(sys.path)),
    ):
        return CliRunner().invoke(root, ["audit", *arguments])


def python(
    *command: str, folder: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        # PYTHONSAFEPATH, under tox, leaves the folder out.
        env=environment(PYTHONPATH=str(folder), **variables),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def dump(path: str | Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The example shop with its database, for Django."""
    path = tmp_path_factory.mktemp("shop") / "shop.sqlite3"
    where: dict[str, Any] = {
        "folder": ROOT / "example_apps" / "django_shop",
        "SHOP_DATABASE": str(path),
    }
    made = python("-c", FILL_THE_SHOP, DJANGO_SETTINGS_MODULE="shop.settings", **where)
    assert made.returncode == 0, made.stderr
    return where


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Those of the applications on the screens, each by the variable that names its file."""
    return applications(tmp_path_factory.mktemp("audited"))


@pytest.mark.once
@pytest.mark.parametrize("screen", SCREENS, ids=[screen.command for screen in SCREENS])
def test_a_screen_is_what_a_terminal_shows(screen: Screen, databases: dict[str, str]) -> None:
    """A sound application, beside sentry-sdk alone; one with a detector switched off; an unknown.

    The screens name each leak by field and rule, and say who was refused which host. The database
    files are used as copies. ``python tests/support/screens.py`` takes the screens anew.
    """
    before = {name: dump(path) for name, path in databases.items()}
    shown = run(screen, databases)
    assert {name: dump(path) for name, path in databases.items()} == before
    is_sound = "No leak: none of the planted values is in the" in screen.shown
    assert screen.shown.endswith(f"exit code {Exit.OK if is_sound else Exit.FOUND}")
    assert shown.splitlines()[-2:][1] == screen.shown.splitlines()[-2:][1]
    if not hasattr(sentry_sdk, "metrics") and "trace_metric" in screen.shown:
        pytest.skip("the screen was taken with an SDK that has metrics")
    now, kept = comparable(shown), comparable(screen.shown)
    assert now == kept, "\n".join(difflib.unified_diff(kept.splitlines(), now.splitlines()))


def test_the_screens_show_what_the_page_says() -> None:
    """Of both kinds of hole, and of what the same application sends without telemetry."""
    sound, off, elsewhere = (screen.shown for screen in SCREENS)
    assert re.search(r"^e-mail address +0 leaks +[1-9][0-9]+ leaks$", sound, re.MULTILINE)
    assert re.search(r"^value in the session +0 leaks +[1-9][0-9]* leaks$", sound, re.MULTILINE)
    assert re.search(r"^event logentry\.formatted +message .* phone number", off, re.MULTILINE)
    assert "detector phone_international, switched off in TELEMETRY_DETECTORS" in off
    assert re.search(r"audited\.notes, line \d+ tried to reach collector\.example:80", off)
    assert re.search(r"Not searched: audited\.notes, line \d+ .* relay\.example:80", elsewhere)


@pytest.mark.once  # the databases' tests audit a smaller project of Django's everywhere
def test_the_shop_leaks_nothing_and_sentry_sdk_alone_does(shop: dict[str, Any]) -> None:
    """By its own manage.py, every route made to fail. The database is as it was.

    The same requests leak with sentry-sdk alone, also what only the session and the user's record
    hold.
    """
    before = dump(shop["SHOP_DATABASE"])
    found = python("manage.py", "telemetry", "audit", "--json", "--baseline", **shop)
    assert dump(shop["SHOP_DATABASE"]) == before
    assert found.returncode == Exit.OK, found.stderr + found.stdout[:3000]
    report: dict[str, Any] = json.loads(found.stdout)
    assert report["ok"]
    assert report["findings"] == []
    kept = {each["item_type"]: each for each in report["kept"]}
    assert {"event", "transaction"} <= kept.keys()
    assert kept["event"]["count"] >= len(report["routes"])
    patterns = {route["pattern"] for route in report["routes"]}
    assert "/orders/<uuid:reference>/<str:email>/" in patterns
    assert "/accounts/login/" in patterns
    assert any("rolled back" in note for note in report["notes"])
    theirs = report["baseline"]["findings"]
    kinds = {each["kind"] for each in theirs}
    assert kinds >= {"email", "card", "name", "text", "password", "ip", "session", "user"}
    assert {each["field"] for each in theirs} >= {"exception[].value", "breadcrumbs[].message"}


def test_a_transport_around_the_gate_is_caught(tmp_path: Path) -> None:
    """With the fields named, and no planted value printed; exit code 1.

    So is a handler of logging that sends elsewhere. Uploads are written nowhere.
    """
    found = audit("--flask", "audited.notes:around_the_gate", "--json", PHOTOS=str(tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert found.exit_code == Exit.FOUND, found.output
    report = json.loads(found.stdout)
    fields = {(each["kind"], each["field"], each["policy"]) for each in report["findings"]}
    assert ("email", "exception[].value", "message") in fields
    assert ("name", "logentry.formatted", "message") in fields
    logged = [each for each in report["findings"] if "SysLogHandler" in each["item_type"]]
    assert {each["field"] for each in logged} == {"message"}
    assert {each["caught_by"] for each in logged} == {
        "telemetry_core.logging.TelemetryFilter on the handler"
    }
    assert {"session", "user"} <= {each["kind"] for each in report["findings"]}
    assert "file name" in {form for each in report["findings"] for form in each["forms"]}
    assert not re.search(r"@\w+\.example", found.stdout)


def test_a_callable_is_audited_by_following_its_links() -> None:
    """Any ASGI application: forms are filled in, what it logs is looked at, links are masked."""
    found = audit("--asgi", "audited.asgi:application", "--path", "/?who={email}", "--json")
    assert found.exit_code == Exit.OK, found.output
    report = json.loads(found.stdout)
    assert report["ok"]
    assert [route["pattern"] for route in report["routes"]] == ["/?who={email}", "/pe…/ja…"]
    assert "event" in {each["item_type"] for each in report["kept"]}
    assert "jane" not in found.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--flask", "audited.notes:silent"], Exit.IMPOSSIBLE, "Nothing arrived"),
        (["--flask", "audited.notes:broken"], Exit.APPLICATION, "LookupError: no such setting"),
        (["--django", "shop.settings"], Exit.IMPOSSIBLE, "--database test"),
    ],
)
def test_what_can_t_be_audited_is_said(
    arguments: list[str], code: Exit, said: str, tmp_path: Path
) -> None:
    """No telemetry, no application, no database yet: never a success."""
    shop = ROOT / "example_apps" / "django_shop"
    found = audit(*arguments, folder=shop, SHOP_DATABASE=str(tmp_path / "none.sqlite3"))
    assert found.exit_code == code, found.output
    assert said in found.output
