"""Queries of SQLAlchemy are spans of sampled requests: statements without what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_calls import call, flushed, site
from flask_site import create_app

from telemetry_core.request import current_request
from telemetry_flask import Telemetry

sqlalchemy = pytest.importorskip("sqlalchemy")
text = sqlalchemy.text

NAME = "Wilhelmina"


@pytest.fixture
def engine(tmp_path: Any) -> Iterator[Any]:
    made = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/{NAME}/../notes.sqlite3")
    (tmp_path / NAME).mkdir()
    Telemetry().instrument_sqlalchemy(made, made)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE person (name TEXT)"))
    yield made
    made.dispose()


def spans_of(engine: Any, *queries: tuple[str, Any], rate: float = 1.0) -> list[dict[str, Any]]:
    """Run queries in a request, and return the spans that left."""

    def make(**settings: Any) -> Flask:
        app = create_app(**settings)

        @app.get("/queries")
        def view() -> str:
            with engine.begin() as connection:
                for query, parameters in queries:
                    connection.execute(text(query), parameters)
            return "ok"

        return app

    with site(make, TELEMETRY_TRACES_SAMPLE_RATE=rate) as running:
        call(running.app, "/queries")
        transactions = flushed(running).payloads("transaction")
        assert NAME.encode() not in running.kept.wire
        return [span for transaction in transactions for span in transaction["spans"]]


def test_a_query_is_a_span_with_its_placeholders(engine: Any) -> None:
    """Statement, system and database's name; the parameters are never asked for."""
    (span,) = spans_of(engine, ("INSERT INTO person VALUES (:name)", {"name": NAME}))
    assert span["op"] == "db"
    assert span["description"] == "INSERT INTO person VALUES (?)"
    assert span["data"]["db.system"] == "sqlite"
    assert span["data"]["db.namespace"] == "notes.sqlite3"


def test_literals_in_a_statement_do_not_leave(engine: Any) -> None:
    """Whoever writes values into statements is no worse off."""
    (span,) = spans_of(engine, (f"SELECT * FROM person WHERE name = '{NAME}' AND 1 < 4711", {}))
    assert "4711" not in span["description"]
    assert span["description"].startswith("SELECT * FROM person WHERE name = ")


def test_a_statement_that_runs_many_times_is_one_span(engine: Any) -> None:
    """It says how often."""
    people = [{"name": NAME}, {"name": NAME}]
    (span,) = spans_of(engine, ("INSERT INTO person VALUES (:name)", people))
    assert span["data"]["db.operation.batch.size"] == 2


def test_a_query_that_fails_is_a_span_that_failed(engine: Any) -> None:
    """The span ends, and the next query is no part of it."""
    first, *_ = spans_of(engine, ("SELECT * FROM nothing", {}))
    # The oldest SDK has it among the tags alone.
    assert first.get("status", first.get("tags", {}).get("status")) == "internal_error"


def test_queries_outside_sampled_requests_are_not_recorded(engine: Any) -> None:
    """In a request that is not sampled, and outside requests, they leave nothing."""
    assert spans_of(engine, ("SELECT 1", {}), rate=0.0) == []
    assert current_request() is None
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_flask_sqlalchemys_engines_are_found() -> None:
    """With no line of set-up; all of an application's."""
    flask_sqlalchemy = pytest.importorskip("flask_sqlalchemy")
    database = flask_sqlalchemy.SQLAlchemy()

    def make(**settings: Any) -> Flask:
        app = create_app(SQLALCHEMY_DATABASE_URI="sqlite://", **settings)
        database.init_app(app)

        @app.get("/queries/<name>")
        def view(name: str) -> str:
            database.session.execute(text("SELECT :name"), {"name": name})
            return "ok"

        return app

    with site(make, TELEMETRY_TRACES_SAMPLE_RATE=1.0) as running:
        assert call(running.app, f"/queries/{NAME}").status == 200
        (transaction,) = flushed(running).payloads("transaction")
        assert NAME.encode() not in running.kept.wire
        with running.app.app_context():
            database.engine.dispose()
    assert [span["description"] for span in transaction["spans"]] == ["SELECT ?"]
