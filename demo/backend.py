"""A real server that stores what arrives, on request: ``make demo BACKEND=bugsink``.

Bugsink is a self-hosted error tracker that takes what Sentry's SDKs send. It is installed into a
virtual environment of its own, since it is no dependency of anything here, and gets the very bytes
that the collector received. It stores errors; other items it takes and passes over.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.apps import ROOT
from demo.gunicorn import answers, open_port, port_of, serve
from demo.processes import DemoError, Processes
from telemetry_core.collector import Planted, Received, find_value

VERSION = "2.6.1"
FOLDER = ROOT / ".venv" / "bugsink"
START_SECONDS = 60.0
INSTALL_SECONDS = 600.0

_SETTINGS = """\
from bugsink.settings.default import *

SECRET_KEY = {secret!r}
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES["default"]["NAME"] = {folder!r} + "/bugsink.sqlite3"
DATABASES["snappea"]["NAME"] = {folder!r} + "/snappea.sqlite3"
SNAPPEA = {{"TASK_ALWAYS_EAGER": True}}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
BUGSINK = {{
    "BASE_URL": {url!r},
    "SINGLE_USER": True,
    "SINGLE_TEAM": True,
    "USER_REGISTRATION": "CB_NOBODY",
    "PHONEHOME": False,
    "INGEST_STORE_BASE_DIR": {folder!r} + "/ingest",
    "VALIDATE_ON_DIGEST": "none",
}}
"""

# No command of Bugsink's makes a project.
_MAKE_PROJECT = """\
import django

django.setup()
from bsmain.models import AuthToken
from django.contrib.auth import get_user_model
from projects.models import Project, ProjectMembership, ProjectRole
from teams.models import Team, TeamMembership, TeamRole

user = get_user_model().objects.create_superuser("demo", password={password!r})
team = Team.objects.create(name="demo")
project = Project.objects.create(id=1, name="demo", team=team, sentry_key={key!r})
TeamMembership.objects.create(team=team, user=user, role=TeamRole.ADMIN, accepted=True)
ProjectMembership.objects.create(
    project=project, user=user, role=ProjectRole.ADMIN, accepted=True
)
AuthToken.create_full_access(token={token!r})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What Bugsink made of it."""

    issues: int
    events: tuple[dict[str, Any], ...]
    """Each event's whole data, as it was stored."""

    def problems(self, received: Sequence[Received], planted: Sequence[Planted]) -> list[str]:
        """Name the events that were not stored, and the planted values that were."""
        sent = {
            str(item.json.get("event_id"))
            for each in received
            for item in each.items
            if item.type == "event" and isinstance(item.json, dict)
        }
        stored = {str(event.get("event_id")) for event in self.events}
        text = json.dumps(self.events).encode()
        return [
            *(f"BUGSINK: event {each} was sent to it and not stored" for each in sent - stored),
            *(
                f"BUGSINK: it stored {each.kind} {each.masked}, planted in {each.place}"
                for each in planted
                if find_value(text, each.value)
            ),
        ]


class Bugsink:
    """A Bugsink of our own, with one project, on a free port of loopback."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self._processes = processes
        self._folder = folder / "bugsink"
        self._folder.mkdir()
        self._key = secrets.token_hex(16)
        self._token = secrets.token_hex(20)
        self.password = secrets.token_urlsafe(9)
        """The password of its user ``demo``."""
        self.url = ""

    def start(self) -> None:
        """Make its databases and serve it. Raises DemoError when it doesn't start."""
        with open_port() as listener:
            port = port_of(listener)
            self.url = f"http://127.0.0.1:{port}"
            settings = _SETTINGS.format(
                secret=secrets.token_hex(32), folder=str(self._folder), url=self.url
            )
            (self._folder / "demo_bugsink_settings.py").write_text(settings, encoding="utf-8")
            self._run("-m", "django", "migrate", "--verbosity=0")
            self._run("-m", "django", "migrate", "snappea", "--database=snappea", "--verbosity=0")
            script = self._folder / "make_project.py"
            script.write_text(
                _MAKE_PROJECT.format(password=self.password, key=self._key, token=self._token),
                encoding="utf-8",
            )
            self._run(str(script))
            process = serve(
                self._processes,
                name="Bugsink",
                python=str(_python()),
                application="bugsink.wsgi:application",
                listener=listener,
                folder=self._folder,
                environment=self._environment(),
                log=self._folder / "gunicorn.log",
            )
        process.wait_until(lambda: answers(port, "/health/ready"), START_SECONDS)

    def send(self, received: Sequence[Received]) -> None:
        """Send it the bodies that the collector received. Raises DemoError when it refuses one."""
        for each in received:
            status, answer = self._ask(
                "POST",
                "/api/1/envelope/",
                {"X-Sentry-Auth": f"Sentry sentry_version=7, sentry_key={self._key}"},
                each.body,
            )
            if status != 200:
                raise DemoError(f"Bugsink answered {status} to an envelope: {answer[:300]!r}")

    def stored(self) -> Stored:
        """Read back what it has stored, through its API."""
        issues = self._list("issues/?project=1")
        events = [
            self._read(f"events/{event['id']}/")["data"]
            for issue in issues
            for event in self._list(f"events/?issue={issue['id']}")
        ]
        return Stored(issues=len(issues), events=tuple(events))

    def _list(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while path:
            page = self._read(path)
            found += page["results"]
            path = str(page.get("next") or "").rpartition("/api/canonical/0/")[2]
        return found

    def _read(self, path: str) -> dict[str, Any]:
        status, answer = self._ask(
            "GET", f"/api/canonical/0/{path}", {"Authorization": f"Bearer {self._token}"}, None
        )
        if status != 200:
            raise DemoError(f"Bugsink answered {status} to {path.partition('?')[0]}.")
        return dict(json.loads(answer))

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except OSError as error:
            raise DemoError(f"Bugsink did not answer {method} {path}: {error}") from error
        finally:
            connection.close()

    def _run(self, *arguments: str) -> None:
        self._processes.start(
            f"{Path(arguments[0]).name} {' '.join(arguments[1:3])} of Bugsink",
            [str(_python()), *arguments],
            folder=self._folder,
            environment=self._environment(),
            log=self._folder / "set-up.log",
        ).finish(timeout=START_SECONDS)

    def _environment(self) -> dict[str, str]:
        # Little of the caller's: it may point to another Django project or another Sentry.
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "HOME": str(self._folder),
            "PYTHONPATH": str(self._folder),
            "DJANGO_SETTINGS_MODULE": "demo_bugsink_settings",
        }


def is_installed() -> bool:
    """Say whether Bugsink was installed by an earlier run."""
    return _mark().exists()


def install(processes: Processes, folder: Path) -> None:
    """Install Bugsink into a virtual environment of its own. Raises DemoError when that fails."""
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(FOLDER)],
        [str(_python()), "-m", "pip", "install", "--quiet", f"bugsink=={VERSION}"],
    ):
        processes.start(
            f"{' '.join(command[1:4])} for Bugsink",
            command,
            folder=folder,
            environment=dict(os.environ),
            log=folder / "bugsink-install.log",
        ).finish(timeout=INSTALL_SECONDS)
    _mark().touch()


def _python() -> Path:
    return FOLDER / "bin" / "python"


def _mark() -> Path:
    return FOLDER / f"installed-{VERSION}"
