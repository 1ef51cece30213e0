"""Database servers of one's own, where the system has them: PostgreSQL, and MariaDB or MySQL."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDERS = (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/sbin"))
SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that listens on a socket in its folder, and has an empty database ``audited``."""

    folder: Path
    user: str

    @property
    def django(self) -> dict[str, str]:
        """Return the rest of the row in ``DATABASES``."""
        return {"NAME": "audited", "USER": self.user}


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
def postgresql(folder: Path) -> Iterator[Server]:
    """Run a PostgreSQL server."""
    somebody = _somebody()
    if somebody:
        os.chown(folder, somebody["user"], somebody["group"])
    data = str(folder / "data")
    make = [program("initdb"), "-D", data, "-U", "audit", "-A", "trust", "--no-sync"]
    _do(make, folder, **somebody)
    serve = [program("postgres"), "-D", data, "-k", str(folder), "-h", "", "-F"]
    client = [program("psql"), "-h", str(folder), "-U", "audit", "postgres", "-c"]
    with _running(serve, folder, [*client, "CREATE DATABASE audited"], **somebody):
        yield Server(folder=folder, user="audit")


@contextmanager
def mysql(folder: Path) -> Iterator[Server]:
    """Run a MariaDB server."""
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
        yield Server(folder=folder, user="root")


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


SERVERS: Mapping[str, tuple[Callable[..., Any], tuple[str, ...], str]] = {
    "postgresql": (postgresql, ("initdb", "postgres", "psql"), "psycopg"),
    "mysql": (mysql, ("mariadb-install-db", "mariadbd", "mariadb"), "pymysql"),
}
"""By Django's name of the vendor: how it is run, its programs, and the driver it needs."""
