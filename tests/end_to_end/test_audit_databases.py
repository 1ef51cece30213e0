"""``telemetry audit`` leaves databases as they are: rows, and what numbers new ones."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest import mock

import pytest

pytest.importorskip("click", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")
pytest.importorskip("django", reason="audits a Django project")

from click.testing import CliRunner, Result
from database_servers import SERVERS, Server, program

from telemetry_core.audit.canaries import Canaries, new_canaries
from telemetry_core.audit.runner import Order, Run, run_audit
from telemetry_core.audit.verdict import judge
from telemetry_core.cli.exits import Exit
from telemetry_core.cli.root import root

FILL = """
import datetime, django
from django.core.management import call_command
django.setup()
call_command("migrate", run_syncdb=True, verbosity=0)
from desk.models import Clerk, Office
office = Office.objects.create(name="first")
Clerk.objects.create(email="real@example.org", born=datetime.date(1980, 1, 1), office=office)
"""


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The database of the project, with a clerk in it."""
    start, programs, driver = SERVERS[request.param]
    missing = [name for name in programs if program(name) is None]
    if missing:
        pytest.skip(f"this system has no {', '.join(missing)}")
    pytest.importorskip(driver, reason="connects to the server")
    # None of pytest's own, which only their owner may pass through.
    with tempfile.TemporaryDirectory(prefix="audited-") as folder, start(Path(folder)) as made:
        done = subprocess.run(
            [sys.executable, "-c", FILL],
            env={**os.environ, **variables_of(made), "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        yield made


def variables_of(server: Server, **others: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "desk.settings",
        "DESK_DATABASE": json.dumps({**server.django, **others}),
        "PYTHONDONTWRITEBYTECODE": "",
    }


def audit_desk(server: Server, folder: Path, canaries: Canaries) -> Run:
    with mock.patch.dict(os.environ, {**variables_of(server), "DESK_FOLDER": str(folder)}):
        return run_audit(Order(framework="django", name="desk.settings"), canaries)


def audit(*arguments: str, **variables: str) -> Result:
    with mock.patch.dict(os.environ, variables):
        return CliRunner().invoke(root, ["audit", *arguments])


def test_a_project_s_database_and_files_are_as_they_were(server: Server, tmp_path: Path) -> None:
    """Whatever the views do to them; what fails in one request doesn't spoil the next.

    The user is made as the project's own model wants one to be. Nothing planted leaks.
    """
    (tmp_path / "old.txt").write_text("old")
    before = server.snapshot()
    canaries = new_canaries()
    run = audit_desk(server, tmp_path, canaries)
    assert server.snapshot() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.txt"]
    assert any("was rolled back" in note for note in run.notes)
    assert any("Refused, since it ends a transaction: COMMIT" in note for note in run.notes)
    items = [item.json for received in run.received for item in received.items]
    said = {
        str(item["logentry"].get("formatted"))
        for item in items
        if isinstance(item, dict) and isinstance(item.get("logentry"), dict)
    }
    assert "3 offices, as Clerk" in said, said
    assert judge(run, canaries).findings == []


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_a_transaction_that_is_ended_past_django_is_noticed(server: Server, tmp_path: Path) -> None:
    """Then the database may have changed, and the audit fails."""
    copy = shutil.copy(server.django["NAME"], tmp_path)
    variables = {**variables_of(server, NAME=str(copy)), "DESK_FOLDER": str(tmp_path)}
    found = audit("--django", "desk.settings", **variables, DESK_COMMITS="1")
    assert found.exit_code == Exit.IMPOSSIBLE, found.output
    assert "has ended the transaction" in found.output


OBSTACLES: Mapping[str, list[tuple[list[str], dict[str, str], str]]] = {
    "sqlite": [([], {"NAME": "nowhere.sqlite3"}, "there is no file nowhere.sqlite3 yet")],
    "postgresql": [
        ([], {"HOST": "/nowhere"}, "OperationalError"),
        (
            ["CREATE ROLE guest LOGIN", "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO guest"],
            {"USER": "guest"},
            "belongs to another role",
        ),
    ],
    "mysql": [
        (
            ["CREATE USER guest@localhost", "GRANT SELECT, INSERT ON audited.* TO guest@localhost"],
            {"USER": "guest"},
            "may not put the counters of new rows back",
        ),
        (
            ["CREATE TABLE loose (id integer) ENGINE=MyISAM"],
            {},
            "its table loose has no transactions (MyISAM)",
        ),
    ],
}
"""What can't be rolled back, by vendor: how it comes to that, whom it concerns, what is said."""


def test_what_can_t_be_rolled_back_is_refused(server: Server) -> None:
    """Before anything is written; the sentence says what else there is to use."""
    for statements, others, said in OBSTACLES[server.vendor]:
        for statement in statements:
            server.ask(statement)
        before = server.snapshot()
        found = audit("--django", "desk.settings", **variables_of(server, **others))
        assert found.exit_code == Exit.IMPOSSIBLE, found.output
        assert said in found.output
        assert "--database test" in found.output
        assert server.snapshot() == before


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_a_sequence_that_somebody_changes_is_not_waited_for(server: Server) -> None:
    """The audit would hang until they are done."""
    with contextlib.closing(server.connect()) as other:
        other.cursor().execute("ALTER SEQUENCE desk_office_id_seq RESTART WITH 7")
        found = audit("--django", "desk.settings", **variables_of(server))
    assert found.exit_code == Exit.IMPOSSIBLE, found.output
    assert "desk_office_id_seq" in found.output
    assert "Is it in use?" in found.output


@pytest.mark.parametrize("server", ["postgresql", "mysql"], indirect=True)
def test_a_server_is_not_reached_past_django(server: Server) -> None:
    """SQLAlchemy's connections to it are refused, and the report says so."""
    pytest.importorskip("flask_sqlalchemy", reason="the application has it")
    pytest.importorskip("flask_login", reason="the application has it")
    before = server.snapshot()
    with mock.patch.dict(os.environ, {"AUDITED_DATABASE": server.url}):
        run = run_audit(Order(framework="flask", name="audited.notes:on_a_server"), new_canaries())
    assert server.snapshot() == before
    assert any("Refused: connections to databases" in note for note in run.notes), run.notes
