"""Databases that an audit can't roll back: SQLite's are used as copies, others are refused."""

from __future__ import annotations

import importlib
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from sqlite3 import dbapi2
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from telemetry_core.audit.target import AuditError

DRIVERS: Final = (
    "psycopg:connect",
    "psycopg:Connection.connect",
    "psycopg:AsyncConnection.connect",
    "psycopg2:connect",
    "asyncpg:connect",
    "asyncpg.connection:connect",
    "pg8000:connect",
    "pg8000.dbapi:connect",
    "pymysql:connect",
    "MySQLdb:connect",
    "mariadb:connect",
    "mysql.connector:connect",
    "aiomysql:connect",
    "asyncmy:connect",
    "oracledb:connect",
    "pyodbc:connect",
    "pymssql:connect",
    "duckdb:connect",
    "pymongo:MongoClient",
)
"""What connects to other databases, where it is installed."""

_copied: dict[str, str] = {}
_refused: dict[str, None] = {}


def use_copies() -> None:
    """From now on in this process, open a copy of each SQLite file, and no other database.

    The copies are removed when the process ends. Doesn't see what opens SQLite from C by itself.
    """
    folder = tempfile.TemporaryDirectory(prefix="telemetry-audit-", ignore_cleanup_errors=True)
    original: Any = sqlite3.connect

    def connect(database: Any, *arguments: Any, **options: Any) -> Any:
        return original(_copy_of(database, Path(folder.name), original), *arguments, **options)

    for module in (sqlite3, dbapi2):
        vars(module)["connect"] = connect
    for driver in DRIVERS:
        _refuse(driver)


def notes() -> list[str]:
    """Say what was copied, and what was refused, one sentence each."""
    said = []
    if _copied:
        names = ", ".join(sorted(Path(path).name for path in _copied))
        said.append(f"SQLite files were used as copies, and are as they were: {names}.")
    if _refused:
        said.append(
            f"Refused: connections to databases that can't be rolled back ({', '.join(_refused)}). "
            "--database-is-mine lets them through."
        )
    return said


def _copy_of(database: Any, folder: Path, connect: Callable[..., sqlite3.Connection]) -> Any:
    name = database.decode() if isinstance(database, bytes) else str(database)
    path, query = name, ""
    if name.startswith("file:"):
        parts = urlsplit(name)
        path, query = unquote(parts.path), parts.query
    if not path or ":memory:" in path or "mode=memory" in query:
        return database
    full = str(Path(path).absolute())
    if full.startswith(str(folder)):
        return database
    copy = _copied.get(full)
    if copy is None:
        copy = str(folder / f"{len(_copied)}.sqlite3")
        if Path(full).exists():
            # Its own way to copy takes along what stands in a write-ahead log.
            source = connect(f"{Path(full).as_uri()}?mode=ro", uri=True)
            target = connect(copy)
            with source, target:
                source.backup(target)
            source.close()
            target.close()
        elif not Path(full).parent.is_dir():
            return database
        _copied[full] = copy
    return f"{Path(copy).as_uri()}?{query}" if name.startswith("file:") else copy


def _refuse(driver: str) -> None:
    module, _, path = driver.partition(":")
    *holders, name = path.split(".")
    try:
        holder: Any = importlib.import_module(module)
    except ImportError:
        return
    for part in holders:
        holder = getattr(holder, part)

    def refused(*_: Any, **__: Any) -> Any:
        _refused[module] = None
        raise AuditError(
            f"{module} connects to a database that an audit can't roll back. Give it a database "
            "of its own, and say so with --database-is-mine."
        )

    setattr(holder, name, refused)
