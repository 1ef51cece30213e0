"""How each example app is set up and started: a table, and what carries it out."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo import gunicorn
from demo.identities import Identity
from demo.processes import DemoError, Process, Processes
from demo.scenarios import NOTES, SHOP

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0

_FOREIGN = ("TELEMETRY_", "SENTRY_", "DJANGO_", "FLASK_", "GUNICORN_", "WEB_", "SHOP_", "NOTES_")
"""Variables of the caller's that would make the apps another set-up than the one shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An example app, started with its framework's ordinary commands."""

    name: str
    folder: Path
    needs: tuple[str, ...]
    """Modules without which it can't be started, each with the name it is installed by."""
    set_up: tuple[tuple[str, ...], ...]
    """Commands after ``python``, run one after the other; ``{user.email}`` and such is filled."""
    wsgi: str
    variables: Mapping[str, str]
    """Environment variables; ``{database}`` and ``{service}`` are filled."""


APPS: tuple[App, ...] = (
    App(
        name=SHOP,
        folder=ROOT / "example_apps" / SHOP,
        needs=("django", "telemetry_django"),
        set_up=(
            ("manage.py", "migrate", "--verbosity=0"),
            (
                *("manage.py", "seed_shop"),
                "--username={user.username}",
                "--password={user.password}",
                "--email={user.email}",
                "--first-name={first}",
                "--last-name={last}",
                "--address={user.address}",
            ),
        ),
        wsgi="shop.wsgi:application",
        variables={"SHOP_DATABASE": "{database}", "SHOP_SHIPPING_URL": "{service}/rates"},
    ),
    App(
        name=NOTES,
        folder=ROOT / "example_apps" / NOTES,
        needs=("flask", "telemetry_flask"),
        set_up=(
            (
                *("-m", "flask", "--app", "flask_notes", "seed-notes"),
                "--name={user.name}",
                "--email={user.email}",
                "--password={user.password}",
            ),
        ),
        wsgi="flask_notes:create_app()",
        variables={"NOTES_DATABASE": "{database}", "NOTES_MAIL_URL": "{service}/mail"},
    ),
)


def check_tools(apps: Sequence[App]) -> None:
    """Raise DemoError naming every module that is missing, and how to get it."""
    names = dict.fromkeys(["gunicorn", *(name for app in apps for name in app.needs)])
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise DemoError(
            f"{sys.executable} lacks {', '.join(missing)}.\n"
            "`make demo` sets everything up; or: pip install -e '.[django,flask]' gunicorn"
        )
    for app in apps:
        if not app.folder.is_dir():
            raise DemoError(f"The example app should be in {app.folder}, and is not there.")


def environment_of(
    app: App, *, folder: Path, service: str, telemetry: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment for an app: the caller's, but for what would change the app."""
    kept = {
        name: value
        for name, value in os.environ.items()
        # With a safe path, manage.py would not find the modules next to it.
        if not name.startswith(_FOREIGN) and name != "PYTHONSAFEPATH"
    }
    filled = {
        name: value.format(database=folder / f"{app.name}.sqlite3", service=service)
        for name, value in app.variables.items()
    }
    return {**kept, **filled, **telemetry, "PYTHONUNBUFFERED": "1"}


def set_up_commands(app: App, user: Identity) -> list[list[str]]:
    """Return the commands that make the app's database, with ``user`` in it."""
    first, _, last = user.name.partition(" ")
    return [
        [sys.executable, *(part.format(user=user, first=first, last=last) for part in command)]
        for command in app.set_up
    ]


def start(
    app: App, processes: Processes, *, environment: Mapping[str, str], log: Path
) -> tuple[Process, int]:
    """Start the app under gunicorn on a free port of loopback, and return both."""
    with gunicorn.open_port() as listener:
        process = gunicorn.serve(
            processes,
            name=app.name,
            python=sys.executable,
            application=app.wsgi,
            listener=listener,
            folder=app.folder,
            environment=environment,
            log=log,
        )
        return process, gunicorn.port_of(listener)
