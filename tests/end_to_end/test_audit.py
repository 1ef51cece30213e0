"""``telemetry audit`` on real applications: sound ones, ones with a hole, and sentry-sdk alone."""

from __future__ import annotations

import atexit
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("click", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")
pytest.importorskip("django", reason="audits a Django project")
pytest.importorskip("flask", reason="audits Flask applications")
pytest.importorskip("flask_login", reason="an audited application has it")
pytest.importorskip("flask_sqlalchemy", reason="an audited application has it")

from telemetry_core.cli.exits import Exit

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


@cache
def compiled_code() -> str:
    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return folder.name


def run(*command: str, folder: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    # Dozens of processes import the same hundreds of modules: compile them once.
    kept |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled_code()}
    support = f"{ROOT / 'tests' / 'support'}{os.pathsep}{kept.get('PYTHONPATH', '')}"
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**kept, "PYTHONPATH": support, **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def audit(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return run("-m", "telemetry_core", "audit", *arguments, **more)


def dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The example shop with its database, for Django."""
    path = tmp_path_factory.mktemp("shop") / "shop.sqlite3"
    where: dict[str, Any] = {
        "folder": ROOT / "example_apps" / "django_shop",
        "SHOP_DATABASE": str(path),
    }
    made = run("-c", FILL_THE_SHOP, DJANGO_SETTINGS_MODULE="shop.settings", **where)
    assert made.returncode == 0, made.stderr
    return where


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The example notes with their database, for Flask."""
    path = tmp_path_factory.mktemp("notes") / "notes.sqlite3"
    where: dict[str, Any] = {
        "folder": ROOT / "example_apps" / "flask_notes",
        "NOTES_DATABASE": str(path),
    }
    made = run("-m", "flask", "--app", "flask_notes", "seed-notes", **where)
    assert made.returncode == 0, made.stderr
    return where


def check(found: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """No leak with telemetry, although every route was made to fail."""
    assert found.returncode == Exit.OK, found.stderr + found.stdout[:3000]
    report: dict[str, Any] = json.loads(found.stdout)
    assert report["ok"]
    assert report["findings"] == []
    kept = {each["item_type"]: each for each in report["kept"]}
    assert {"event", "transaction"} <= kept.keys()
    assert kept["event"]["count"] >= len(report["routes"])
    return report


def check_baseline(report: dict[str, Any]) -> None:
    """The same calls leak with sentry-sdk alone."""
    theirs = {(each["kind"], each["field"]) for each in report["baseline"]["findings"]}
    for kind in ("email", "card", "name", "text", "password", "ip"):
        assert [field for name, field in theirs if name == kind], kind
    fields = {field for _, field in theirs}
    assert "exception[].value" in fields
    assert "breadcrumbs[].message" in fields


def test_the_shop_leaks_nothing(shop: dict[str, Any]) -> None:
    """By its own manage.py. The database is as it was, although a user was in it."""
    before = dump(Path(shop["SHOP_DATABASE"]))
    found = run("manage.py", "telemetry", "audit", "--json", **shop)
    report = check(found)
    assert dump(Path(shop["SHOP_DATABASE"])) == before
    patterns = {route["pattern"] for route in report["routes"]}
    assert "/orders/<uuid:reference>/<str:email>/" in patterns
    assert "/accounts/login/" in patterns
    assert any("rolled back" in note for note in report["notes"])


def test_the_notes_leak_nothing_and_sentry_sdk_alone_does(notes: dict[str, Any]) -> None:
    """With somebody logged in by the session; the database file is used as a copy."""
    before = dump(Path(notes["NOTES_DATABASE"]))
    found = audit(
        "--flask", "flask_notes", "--session", "person_id=1", "--baseline", "--json", **notes
    )
    report = check(found)
    check_baseline(report)
    assert dump(Path(notes["NOTES_DATABASE"])) == before
    assert any("copies" in note for note in report["notes"])


def test_a_transport_around_the_gate_is_caught() -> None:
    """With the fields named, and no planted value printed; exit code 1."""
    found = audit("--flask", "audited.notes:around_the_gate", "--json")
    assert found.returncode == Exit.FOUND, found.stderr
    report = json.loads(found.stdout)
    fields = {(each["kind"], each["field"], each["policy"]) for each in report["findings"]}
    assert ("email", "exception[].value", "message") in fields
    assert ("name", "logentry.formatted", "message") in fields
    assert not re.search(r"@\w+\.example", found.stdout)


def test_a_transport_to_another_host_is_not_taken_for_a_sound_one() -> None:
    """What is sent where nobody searches is an error with exit code 1, although nothing arrives."""
    found = audit("--flask", "audited.notes:to_another_host", "--format", "junit")
    assert found.returncode == Exit.FOUND, found.stderr
    assert re.search(r"Not searched: audited\.notes, line \d+ .* relay\.example:80", found.stdout)
    assert "Not all was searched" in found.stdout


def test_a_detector_that_is_switched_off_is_caught(tmp_path: Path) -> None:
    """The screen names the value's kind, the fields and the detector.

    It also says who called another host, which was refused; SQLAlchemy gets a copy of its file.
    """
    path = tmp_path / "people.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE person (name TEXT)")
    connection.close()
    before = dump(path)
    found = audit("--flask", f"audited.notes:without_phones({str(path)!r})")
    assert found.returncode == Exit.FOUND, found.stderr
    (line,) = [line for line in found.stdout.splitlines() if "logentry.formatted" in line]
    assert "phone number" in line
    assert "detector phone_international, switched off in TELEMETRY_DETECTORS" in line
    assert "1 kind of planted values" in found.stdout
    assert re.search(r"audited\.notes, line \d+ tried to reach collector\.example:80", found.stdout)
    assert "SQLite files were used as copies" in found.stdout
    assert dump(path) == before


def test_a_callable_is_audited_by_following_its_links() -> None:
    """Any ASGI application: forms are filled in, what it logs is looked at, links are masked."""
    found = audit("--asgi", "audited.asgi:application", "--path", "/?who={email}", "--json")
    assert found.returncode == Exit.OK, found.stderr
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
    assert found.returncode == code, found.stdout + found.stderr
    assert said in found.stderr
