"""A project's databases, used so that they are as they were afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import DatabaseError, close_old_connections, connections, transaction
from django.db.backends.signals import connection_created

from telemetry_core.audit import copies
from telemetry_core.audit.target import AuditError, Options
from telemetry_core.collector import CollectorError
from telemetry_core.collector.server import loopback_address
from telemetry_django.audit.engines import ENGINES


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How the databases are used in a run."""

    notes: Callable[[], Sequence[str]]
    """Says at the end what became of them."""
    around: Callable[[], AbstractContextManager[None]] = nullcontext
    """What a call of the application is made in."""


@contextmanager
def databases(options: Options) -> Iterator[Use]:
    """Let the databases be used as ``options`` say.

    :raises AuditError: when one of them can't be rolled back, isn't there, or is elsewhere; and at
        the end, when the application has ended the transaction on one by means of its own.
    """
    if options.database == "test":
        with _test_databases():
            yield Use(notes=lambda: ["An empty test database was used, and is gone."])
    elif options.database_is_mine:
        yield Use(notes=lambda: ["The database may have changed (--database-is-mine)."])
    else:
        aliases = [alias for alias in connections if connections[alias].vendor != "unknown"]
        for alias in aliases:
            _check_that_it_rolls_back(alias)
        with _Transactions(aliases) as transactions:
            yield Use(notes=transactions.notes, around=transactions.around)


@contextmanager
def _test_databases() -> Iterator[None]:
    from django.test.utils import setup_databases, teardown_databases

    made = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(made, verbosity=0)


def _check_that_it_rolls_back(alias: str) -> None:
    connection: Any = connections[alias]
    engine = ENGINES.get(connection.vendor)
    if engine is None:
        why = f"nothing is known of transactions in {connection.vendor}"
    elif not is_here(str(connection.settings_dict.get("HOST") or "")):
        why = "it is on another host"
    else:
        try:
            why = engine.obstacle(connection)
        except DatabaseError as error:
            why = f"{type(error).__name__}: {str(error).strip()}"
    if why:
        raise AuditError(
            f"The database {alias!r} can't be used and left as it is: {why}. "
            "Use an empty one (--database test), or say that it may change (--database-is-mine)."
        )


def is_here(host: str) -> bool:
    """Say whether a database's host is this machine."""
    if not host or host.startswith("/"):
        return True
    try:
        loopback_address(host)
    except CollectorError:
        return False
    return True


@dataclass(slots=True)
class _Transactions(AbstractContextManager["_Transactions"]):
    """A transaction on each database, which leaving rolls back."""

    aliases: Sequence[str]
    stack: ExitStack = field(default_factory=ExitStack)
    refused: dict[str, None] = field(default_factory=dict)
    """Statements that would have ended one."""

    def __enter__(self) -> _Transactions:
        with ExitStack() as stack:
            for alias in self.aliases:
                stack.enter_context(_rolled_back(alias))
                stack.enter_context(connections[alias].execute_wrapper(self._refuse_an_end))
            connection_created.connect(_refuse_another)
            stack.callback(connection_created.disconnect, _refuse_another)
            for signal in (request_started, request_finished):
                # As Django's own test client: the transaction is to outlive the request.
                signal.disconnect(close_old_connections)
            # All that Django has is open. What connects from here on does so past it.
            copies.use_copies()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *raised: Any) -> bool | None:
        return self.stack.__exit__(*raised)

    @contextmanager
    def around(self) -> Iterator[None]:
        """Keep what fails in one request from the next one, as where each query is committed."""
        marks = [(alias, transaction.savepoint(alias)) for alias in self.aliases]
        try:
            yield
        finally:
            for alias, mark in marks:
                _settle(alias, mark)

    def notes(self) -> list[str]:
        """Say what is about to be taken back, and what was not let through."""
        found = copies.notes()
        if self.aliases:
            noun = "databases" if len(self.aliases) > 1 else "database"
            names = ", ".join(self.aliases)
            found.insert(0, f"The transaction on the {noun} {names} was rolled back.")
        if self.refused:
            found.append(f"Refused, since it ends a transaction: {', '.join(self.refused)}.")
        return found

    def _refuse_an_end(
        self, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        ending = ENGINES[context["connection"].vendor].ending.search(str(sql))
        if ending is not None:
            keyword = ending[1].upper()
            self.refused[keyword] = None
            raise DatabaseError(f"telemetry audit: {keyword} would end the transaction")
        return execute(sql, params, many, context)


@contextmanager
def _rolled_back(alias: str) -> Iterator[None]:
    connection: Any = connections[alias]
    engine = ENGINES[connection.vendor]
    before = engine.counters(connection)
    atomic: Any = transaction.atomic(using=alias)
    # As Django's own test cases: `durable` blocks of the application are let in.
    atomic._from_testcase = True
    has_ended = False
    with atomic:
        try:
            engine.keep_counters(connection)
            mark = transaction.savepoint(alias)
            yield
            has_ended = _has_ended(connection, mark)
        finally:
            transaction.set_rollback(True, using=alias)
    after = engine.counters(connection)
    for table, value in before.items():
        if after.get(table, value) != value:
            engine.put_back(connection, table, value)
    if has_ended:
        raise AuditError(
            f"The application has ended the transaction on the database {alias!r} by means of its "
            "own, so that what was planted may stay in it. Use an empty one: --database test."
        )


def _has_ended(connection: Any, mark: Any) -> bool:
    if connection.closed_in_transaction:
        # Then the server has rolled it back.
        return False
    connection.needs_rollback = False
    try:
        transaction.savepoint_rollback(mark, connection.alias)
    except DatabaseError:
        return True
    return False


def _settle(alias: str, mark: Any) -> None:
    connection: Any = connections[alias]
    if connection.closed_in_transaction:
        return
    is_broken, connection.needs_rollback = connection.needs_rollback, False
    try:
        if not is_broken:
            transaction.savepoint_commit(mark, alias)
            return
    except DatabaseError:
        # A query has failed, which PostgreSQL answers by refusing all further ones.
        connection.needs_rollback = False
    with suppress(DatabaseError):
        # There is none any longer if the application has ended the transaction: see `_has_ended`.
        transaction.savepoint_rollback(mark, alias)


def _refuse_another(connection: Any, **_: object) -> None:
    """Close a connection that another thread has opened: its changes would stay."""
    connection.connection.close()
    connection.connection = None
    raise DatabaseError("telemetry audit: a second connection could not be rolled back")
