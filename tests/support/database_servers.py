"""Databases of one's own: a file, and servers, where the system has them: PostgreSQL, MariaDB."""

from __future__ import annotations

import importlib
import os
import pwd
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDERS = (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/sbin"))
SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A database of one's own, empty at first."""

    vendor: str
    """As Django calls it."""
    django: Mapping[str, str]
    """Its row in Django's ``DATABASES``."""
    connect: Callable[[], Any]
    """Opens a connection by the driver."""
    tables: str
    """Asks for the names of its tables."""
    counters: str = ""
    """Asks for what numbers new rows: name and value. Sequences each have a row of their own."""
    url: str = ""
    """As SQLAlchemy has it."""

    def ask(self, question: str) -> list[Any]:
        """Return the rows of a query; none of a statement that has none."""
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(question)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
            return list(rows)

    def snapshot(self) -> dict[str, Any]:
        """Return all rows of all tables, and what numbers new ones."""
        names = sorted(name for (name,) in self.ask(self.tables))
        found: dict[str, Any] = {
            name: sorted(map(repr, self.ask(f"SELECT * FROM {name}"))) for name in names
        }
        for name, value in self.ask(self.counters) if self.counters else ():
            found[f"counter {name}"] = value
        return found


def program(name: str) -> str | None:
    """Return the path of a program of a server's; Debian keeps some of them off ``PATH``."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *map(str, FOLDERS)))
    return shutil.which(name, path=path)


def _somebody() -> dict[str, Any]:
    """Return how to start a process as somebody else than root, whom PostgreSQL refuses to be."""
    if os.getuid() != 0:
        return {}
    row = pwd.getpwnam("nobody")
    return {"user": row.pw_uid, "group": row.pw_gid, "extra_groups": ()}


@contextmanager
def sqlite(folder: Path) -> Iterator[Server]:
    """Make a database in a file."""
    path = folder / "audited.sqlite3"
    path.touch()
    yield Server(
        vendor="sqlite",
        django={"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)},
        connect=lambda: sqlite3.connect(path),
        tables="SELECT name FROM sqlite_master WHERE type = 'table'",
    )


@contextmanager
def postgresql(folder: Path) -> Iterator[Server]:
    """Run a PostgreSQL server that listens on a socket in the folder."""
    psycopg: Any = importlib.import_module("psycopg")
    somebody = _somebody()
    if somebody:
        os.chown(folder, somebody["user"], somebody["group"])
    data, host, user = str(folder / "data"), str(folder), "audit"
    make = [program("initdb"), "-D", data, "-U", user, "-A", "trust", "--no-sync"]
    _do(make, folder, **somebody)
    serve = [program("postgres"), "-D", data, "-k", host, "-h", "", "-F"]
    client = [program("psql"), "-h", host, "-U", user, "postgres", "-c"]
    with _running(serve, folder, [*client, "CREATE DATABASE audited"], **somebody):
        yield Server(
            vendor="postgresql",
            django={
                "ENGINE": "django.db.backends.postgresql",
                "NAME": "audited",
                "USER": user,
                "HOST": host,
            },
            connect=lambda: psycopg.connect(host=host, user=user, dbname="audited"),
            tables="SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
            counters="SELECT sequencename, last_value FROM pg_sequences",
            url=f"postgresql+psycopg://{user}@/audited?host={host}",
        )


@contextmanager
def mysql(folder: Path) -> Iterator[Server]:
    """Run a MariaDB server that listens on a socket in the folder."""
    pymysql: Any = importlib.import_module("pymysql")
    data, socket = str(folder / "data"), str(folder / "socket")
    user = f"--user={pwd.getpwuid(os.getuid()).pw_name}"
    make = [program("mariadb-install-db"), "--no-defaults", f"--datadir={data}", user]
    _do([*make, "--auth-root-authentication-method=normal"], folder)
    serve = [program("mariadbd"), "--no-defaults", f"--datadir={data}", user]
    client = [program("mariadb"), "--no-defaults", f"--socket={socket}", "-uroot", "-e"]
    with _running(
        [*serve, f"--socket={socket}", "--skip-networking"],
        folder,
        [*client, "CREATE DATABASE audited"],
    ):
        yield Server(
            vendor="mysql",
            django={
                "ENGINE": "django.db.backends.mysql",
                "NAME": "audited",
                "USER": "root",
                "HOST": socket,
            },
            connect=lambda: pymysql.connect(unix_socket=socket, user="root", database="audited"),
            tables="SHOW TABLES",
            counters="SELECT table_name, auto_increment FROM information_schema.tables"
            " WHERE table_schema = 'audited'",
            url=f"mysql+pymysql://root@/audited?unix_socket={socket}",
        )


def _do(command: list[str | None], folder: Path, **who: Any) -> None:
    made = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        **who,
    )
    assert made.returncode == 0, made.stdout + made.stderr


@contextmanager
def _running(
    serve: list[str | None], folder: Path, first: list[str | None], **who: Any
) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(part) for part in serve], cwd=folder, stdout=log, stderr=log, **who
        )
    try:
        end = time.monotonic() + SECONDS
        while True:
            try:
                _do(first, folder)
                break
            except AssertionError:
                if server.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait(SECONDS)


SERVERS: Mapping[str, tuple[Callable[[Path], Any], tuple[str, ...], str]] = {
    "sqlite": (sqlite, (), "sqlite3"),
    "postgresql": (postgresql, ("initdb", "postgres", "psql"), "psycopg"),
    "mysql": (mysql, ("mariadb-install-db", "mariadbd", "mariadb"), "pymysql"),
}
"""By Django's name of the vendor: how it is made, the programs and the driver that it needs."""
