"""What a transaction takes back in each kind of database, and what it doesn't."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, transaction

from telemetry_core.audit.target import AuditError

LOCK_SECONDS: Final = 1
"""How long to wait for a sequence that somebody else is changing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One kind of database. All of its functions take Django's connection."""

    obstacle: Callable[[Any], str]
    """Says why it can't be rolled back; nothing where it can."""
    ending: re.Pattern[str]
    """Statements that end a transaction."""
    keep_counters: Callable[[Any], None] = lambda _: None
    """Called within the transaction: makes what numbers new rows a part of it."""
    counters: Callable[[Any], Mapping[str, int]] = lambda _: {}
    """Reads by table what numbers new rows, where no transaction can take it back."""
    put_back: Callable[[Any, str, int], None] = lambda *_: None
    """Puts a counter back, outside of a transaction."""


_SPACE: Final = r"(?:\A|;)(?:\s|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/)*"
_COMMIT: Final = r"commit|end|abort|rollback(?!\s+(?:work\s+|transaction\s+)?to\b)|prepare\s+trans"
# Those of the manual's chapter on implicit commits; a procedure may hold any of them.
_IMPLICIT: Final = (
    r"begin|start|xa|call|alter|create(?!\s+temporary)|drop(?!\s+temporary)|rename|truncate|lock"
    r"|unlock|grant|revoke|analyze|check|optimize|repair|cache|flush|reset|install|uninstall"
    r"|set\s+(?:@@)?(?:session\s+|session\.)?autocommit|set\s+password"
)


def _ending(keywords: str) -> re.Pattern[str]:
    return re.compile(rf"{_SPACE}({keywords})\b", re.IGNORECASE | re.DOTALL)


def _sqlite_obstacle(connection: Any) -> str:
    path = Path(str(connection.settings_dict["NAME"]))
    is_there = connection.is_in_memory_db() or path.exists()
    return "" if is_there else f"there is no file {path.name} yet"


_FOREIGN_SEQUENCES: Final = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT pg_has_role(c.relowner, 'USAGE') AND has_schema_privilege(n.oid, 'USAGE')
    AND has_sequence_privilege(s.seqrelid, 'USAGE, UPDATE')
    ORDER BY 1
"""
_SEQUENCES: Final = """
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), s.seqincrement
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE pg_has_role(c.relowner, 'USAGE') AND has_schema_privilege(n.oid, 'USAGE')
    ORDER BY 1
"""


def _postgresql_obstacle(connection: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute(_FOREIGN_SEQUENCES)
        names = [name for (name,) in cursor.fetchall()]
    return f"the sequence {names[0]} belongs to another role" if names else ""


def _keep_sequences(connection: Any) -> None:
    """Restart each sequence where it stands.

    PostgreSQL takes no ``nextval`` back, but it does take back a restart and what came after it:
    the restarted sequence is a file of its own until the transaction is committed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SEQUENCES)
        sequences = cursor.fetchall()
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        for name, step in sequences:
            cursor.execute(f"SELECT last_value, is_called FROM {name}")
            last, is_called = cursor.fetchone()
            try:
                with transaction.atomic(using=connection.alias):
                    cursor.execute(f"ALTER SEQUENCE {name} RESTART WITH {last + step * is_called}")
            except DatabaseError as error:
                raise AuditError(
                    f"The sequence {name} of the database {connection.alias!r} can't be kept as it "
                    f"is ({type(error).__name__}: {str(error).strip()}). Is it in use?"
                ) from error
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


_TABLES_WITHOUT: Final = """
    SELECT t.table_name, t.engine FROM information_schema.tables t
    JOIN information_schema.engines e ON e.engine = t.engine
    WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE'
    AND COALESCE(e.transactions, 'NO') <> 'YES' ORDER BY 1
"""
_AUTO_INCREMENTS: Final = """
    SELECT table_name, auto_increment FROM information_schema.tables
    WHERE table_schema = DATABASE() AND auto_increment IS NOT NULL ORDER BY 1
"""


def _mysql_obstacle(connection: Any) -> str:
    if not connection.features.supports_transactions:
        return "its tables have no transactions"
    with connection.cursor() as cursor:
        cursor.execute(_TABLES_WITHOUT)
        found = cursor.fetchone()
    if found:
        return "its table {} has no transactions ({})".format(*found)
    try:
        for table, value in list(_auto_increments(connection).items())[:1]:
            _put_back(connection, table, value)
    except DatabaseError:
        return "its user may not put the counters of new rows back (ALTER)"
    return ""


def _auto_increments(connection: Any) -> dict[str, int]:
    with connection.cursor() as cursor:
        if not connection.mysql_is_mariadb:
            # Its answers can be a day old otherwise.
            cursor.execute("SET SESSION information_schema_stats_expiry = 0")
        cursor.execute(_AUTO_INCREMENTS)
        return {str(name): int(value) for name, value in cursor.fetchall()}


def _put_back(connection: Any, table: str, value: int) -> None:
    # Never below a row that is there: the server sees to it.
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {connection.ops.quote_name(table)} AUTO_INCREMENT = {value}")


ENGINES: Final[Mapping[str, Engine]] = {
    "sqlite": Engine(obstacle=_sqlite_obstacle, ending=_ending(_COMMIT)),
    "postgresql": Engine(
        obstacle=_postgresql_obstacle, ending=_ending(_COMMIT), keep_counters=_keep_sequences
    ),
    "mysql": Engine(
        obstacle=_mysql_obstacle,
        ending=_ending(f"{_COMMIT}|{_IMPLICIT}"),
        counters=_auto_increments,
        put_back=_put_back,
    ),
}
"""By Django's name of the vendor. Others are refused, since nothing is known of them."""
