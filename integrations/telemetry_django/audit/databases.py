"""A project's databases, used so that they are as they were afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import DatabaseError, close_old_connections, connections, transaction
from django.db.backends.signals import connection_created

from telemetry_core.audit.target import AuditError, Options
from telemetry_core.collector import CollectorError
from telemetry_core.collector.server import loopback_address


@contextmanager
def databases(options: Options) -> Iterator[str]:
    """Let the databases be used as ``options`` say; yields a sentence on what becomes of them.

    :raises AuditError: when one of them can't be rolled back, isn't there, or is elsewhere.
    """
    aliases = [alias for alias in connections if connections[alias].vendor != "unknown"]
    if options.database == "test":
        from django.test.utils import setup_databases, teardown_databases

        made = setup_databases(verbosity=0, interactive=False)
        try:
            yield "An empty test database was used, and is gone."
        finally:
            teardown_databases(made, verbosity=0)
        return
    if options.database_is_mine:
        yield "The database may have changed (--database-is-mine)."
        return
    for alias in aliases:
        _check_that_it_rolls_back(alias)
    with ExitStack() as stack:
        for alias in aliases:
            stack.enter_context(_rolled_back(alias))
        connection_created.connect(_refuse_another)
        stack.callback(connection_created.disconnect, _refuse_another)
        for signal in (request_started, request_finished):
            # As Django's own test client: the transaction is to outlive the request.
            signal.disconnect(close_old_connections)
        yield f"The transaction on {_listed(aliases)} was rolled back." if aliases else ""


def _listed(names: Sequence[str]) -> str:
    return f"the database{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _check_that_it_rolls_back(alias: str) -> None:
    connection: Any = connections[alias]
    given = connection.settings_dict
    why = ""
    if connection.vendor == "sqlite":
        name = str(given["NAME"])
        if not (connection.is_in_memory_db() or Path(name).exists()):
            why = f"there is no file {Path(name).name} yet"
    elif connection.vendor == "mysql":
        if not connection.features.supports_transactions:
            why = "its tables have no transactions"
    elif connection.vendor not in ("postgresql", "oracle"):
        why = f"nothing is known of transactions in {connection.vendor}"
    if not why and not _is_here(str(given.get("HOST") or "")):
        why = "it is on another host"
    if why:
        raise AuditError(
            f"The database {alias!r} can't be used and left as it is: {why}. "
            "Use an empty one (--database test), or say that it may change (--database-is-mine)."
        )


def _is_here(host: str) -> bool:
    if not host or host.startswith("/"):
        return True
    try:
        loopback_address(host)
    except CollectorError:
        return False
    return True


@contextmanager
def _rolled_back(alias: str) -> Iterator[None]:
    with transaction.atomic(using=alias):
        try:
            yield
        finally:
            transaction.set_rollback(True, using=alias)


def _refuse_another(connection: Any, **_: object) -> None:
    """Close a connection that another thread has opened: its changes would stay."""
    connection.connection.close()
    connection.connection = None
    raise DatabaseError("telemetry audit: a second connection could not be rolled back")
