"""Statements without their data, and database errors without the row they quote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_core.policy.statement import (
    without_literals,
    without_row_data,
    without_url_details,
)

pytestmark = pytest.mark.pure

SQL = [
    ("SELECT * FROM t WHERE n = 'Jane'", "SELECT * FROM t WHERE n = %s", "a string"),
    ("select * from t where n = 'it''s Jane'", "select * from t where n = %s", "a doubled quote"),
    (r"SELECT * FROM t WHERE n = 'it\'s Jane'", "SELECT * FROM t WHERE n = %s", "an escaped quote"),
    ("SELECT * FROM t WHERE n = E'Jane'", "SELECT * FROM t WHERE n = E%s", "a prefix"),
    ("SELECT * FROM t WHERE n = $$Jane$$", "SELECT * FROM t WHERE n = %s", "dollar quotes"),
    ("SELECT * FROM t WHERE n = $q$Jane$q$", "SELECT * FROM t WHERE n = %s", "named ones"),
    ("SELECT * FROM t WHERE n = 'Jane R", "SELECT * FROM t WHERE n = %s", "one that was cut off"),
    (
        "SELECT * FROM t WHERE a = 42 AND b = -1.5e3",
        "SELECT * FROM t WHERE a = %s AND b = -%s",
        "n",
    ),
    ("SELECT * FROM t WHERE a = 0x2aF", "SELECT * FROM t WHERE a = %s", "a hexadecimal number"),
    ("SELECT * FROM t WHERE a IN (1, 2, 3)", "SELECT * FROM t WHERE a IN (%s, %s, %s)", "a list"),
    (
        'SELECT * FROM t WHERE n = "Jane"',
        "SELECT * FROM t WHERE n = %s",
        "double quotes as MySQL's",
    ),
    (
        'SELECT * FROM t WHERE n IN ("Jane", "Bo")',
        "SELECT * FROM t WHERE n IN (%s, %s)",
        "in a list",
    ),
    (
        'INSERT INTO t ("n", "m") VALUES ("Jane", 1)',
        'INSERT INTO t ("n", "m") VALUES (%s, %s)',
        "names",
    ),
    ("SELECT 1 -- for Jane\nFROM t", "SELECT %s \nFROM t", "a comment"),
    ("/* Jane */ SELECT a FROM t", " SELECT a FROM t", "a comment in front"),
    ("INSERT INTO t (n) VALUES ('Jane', 7)", "INSERT INTO t (n) VALUES (%s, %s)", "an insert"),
    ("(SELECT a FROM t WHERE b = 'Jane')", "(SELECT a FROM t WHERE b = %s)", "in brackets"),
    ("WITH x AS (SELECT 'Jane') SELECT * FROM x", "WITH x AS (SELECT %s) SELECT * FROM x", "with"),
    (
        'SELECT "t"."c" FROM "t" WHERE "t"."c" = "jane doe" AND "t"."d" IN ("x y", "z")',
        'SELECT "t"."c" FROM "t" WHERE "t"."c" = %s AND "t"."d" IN (%s, %s)',
        "values in double quotes behind names in double quotes, as SQLite takes them",
    ),
    (
        'SELECT t."c", "s" . "t".* FROM t WHERE t."c" LIKE "jane."',
        'SELECT t."c", "s" . "t".* FROM t WHERE t."c" LIKE %s',
        "names that are qualified in part",
    ),
]


@pytest.mark.parametrize(("sql", "kept", "reason"), SQL, ids=[row[2] for row in SQL])
def test_literals_go_from_sql(sql: str, kept: str, reason: str) -> None:
    """What is left is the statement's shape; doing it again changes nothing."""
    assert without_literals(sql) == kept
    assert without_literals(kept) == kept


UNCHANGED = [
    'SELECT "shop_product"."id", t1.a FROM "shop_product" t1 WHERE t1."id" = %s LIMIT %s',
    "SELECT a1, b2 FROM t_3 WHERE c = $1 AND d = :name2 AND e = ? AND f = %(x1)s AND g = @p1",
    "SAVEPOINT s140231_x1",
    'INSERT INTO "shop_order" ("product_id", "name") VALUES (%s, %s) RETURNING "shop_order"."id"',
    'SELECT COUNT("a"), "b" FROM "t" INNER JOIN "u" ON ("t"."u_id" = "u"."id") ORDER BY "b", "c"',
    "could not find 42 of 'Jane'",
    "Select one of them",
    "Update: 3 items are new",
    "",
]


@pytest.mark.parametrize("text", UNCHANGED, ids=range(len(UNCHANGED)))
def test_placeholders_names_and_what_is_no_sql_stay(text: str) -> None:
    """The detectors read it all the same; here only SQL is touched."""
    assert without_literals(text) == text


URLS = [
    ("GET https://api.example/v1/users/jane?q=1#x", "GET https://api.example", "path and query"),
    ("POST http://jane:pw@api.example:8080/x", "POST http://api.example:8080", "user info"),
    (
        "two: http://a.example/jane, http://b.example/x",
        "two: http://a.example http://b.example",
        "2",
    ),
    ("no address here: a://", "no address here: a://", "none"),
    ("redis://cache/jane", "redis://cache", "another scheme"),
]


@pytest.mark.parametrize(("text", "kept", "reason"), URLS, ids=[row[2] for row in URLS])
def test_of_a_url_there_is_left_scheme_and_host(text: str, kept: str, reason: str) -> None:
    """As Sentry groups outgoing calls."""
    assert without_url_details(text) == kept


UNIQUE = 'duplicate key value violates unique constraint "u"\nDETAIL:  Key (n)=({}) already exists.'
CHECK = 'new row violates check constraint "c"\nDETAIL:  Failing row contains ({}).'
DUPLICATE = "(1062, \"Duplicate entry '{}' for key 'u.n'\")"
ALCHEMY = (
    "(sqlite3.IntegrityError) UNIQUE constraint failed: u.n\n"
    "[SQL: INSERT INTO u (n) VALUES (?)]\n[parameters: {}]\n"
    "(Background on this error at: https://sqlalche.me/e/20/gkpj)"
)
SYNTAX = 'invalid input syntax for type integer: "{}"\nLINE 1: x'

ERRORS = [
    (UNIQUE, "Jane R", "PostgreSQL, a unique key"),
    (CHECK, "1, Jane, (x), null", "PostgreSQL, a check"),
    (DUPLICATE, "Jane R", "MySQL"),
    (ALCHEMY, "('Jane]', 'R')", "SQLAlchemy"),
    (SYNTAX, "Jane", "PostgreSQL, a type"),
    ("[generated in 0.00017s] {}", "('Jane', 'R')", "SQLAlchemy's echo"),
    ("[cached since 0.1s ago] {}", "{'n': 'Jane]'}", "SQLAlchemy's echo, from its cache"),
    ("[raw sql] {}", "[('Jane',), ('R',)]", "SQLAlchemy's echo, many rows"),
]


@pytest.mark.parametrize(("error", "row", "reason"), ERRORS, ids=[each[2] for each in ERRORS])
def test_a_database_error_keeps_its_words_and_loses_the_row(
    error: str, row: str, reason: str
) -> None:
    """Constraint, table and column are there; the values are not, nor the second time."""
    kept = error.format("[Filtered]")
    assert without_row_data(error.format(row)) == kept
    assert without_row_data(kept) == kept


def test_parameters_that_were_cut_off_go_to_the_end() -> None:
    """Servers and SDKs cut long messages."""
    assert without_row_data("[parameters: ('Jane', 'R") == "[parameters: [Filtered]]"


@given(st.text(st.sampled_from("'\"\\$-/*0123x \nab=(,"), max_size=60))
def test_any_statement_is_read_twice_as_once(tail: str) -> None:
    """However its quotes stand, what is taken out is taken out the first time."""
    once = without_literals(f"SELECT a FROM t WHERE {tail}")
    assert "'" not in once
    assert without_literals(once) == once
