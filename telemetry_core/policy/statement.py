"""Takes the data out of statements and of what databases say of them.

Instrumentation names a span after the statement it ran, and databases quote the row that they
refuse. What a developer needs is the statement's shape and the constraint's name.
"""

from __future__ import annotations

import re

_VERBS = (
    "select insert update delete with merge replace create alter drop truncate call exec execute "
    "explain pragma savepoint release begin set show values copy grant lock vacuum analyze declare "
    "fetch"
).split()
# Django's log of queries begins with the seconds that one took.
_SQL = re.compile(
    r"(?is)\s*+(?:\([0-9.]{1,12}\)\s*+)?(?:/\*.{0,200}?\*/\s*+)?"
    rf"\(?(?:{'|'.join(_VERBS)})\b(?=[\s\S])"
)
_SQL_BEGINNINGS = frozenset(verb[:3] for verb in _VERBS)
_SQL_WORD = re.compile(
    r"(?i)\b(?:from|into|where|values|set|table|join|limit|returning|as|on|index|savepoint|select)\b"
)
# Begins with a class of characters, so that the search skips to those. A prefix such as the E of
# E'...' and a sign stay: they say nothing.
_LITERAL = re.compile(
    r"""
    ['$0-9/-](?:
      (?<=')[^'\\]*+(?:(?:''|\\.?)[^'\\]*+)*+(?:'|\Z)      # 'it''s', 'it\'s', one cut off
    | (?<=\$)(?P<tag>\w{0,20})\$.*?(?:\$(?P=tag)\$|\Z)     # $$dollar quoted$$
    | (?<=[0-9])(?<![\w.$%:@][0-9])                        # 42, 1.5, 2e3, 0x2a; no t1 and no $1
      (?:x[0-9a-fA-F]++|[0-9]*+(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)(?![\w.])
    | (?<=-)-[^\n]*+                                      # comments hold what people typed
    | (?<=/)\*.*?(?:\*/|\Z)
    )
    """,
    re.VERBOSE | re.DOTALL,
)
# In MySQL a double-quoted string is a value where others have a name: behind an operator, and in
# the lists of VALUES and IN. One with a dot before or behind it is a name everywhere.
_QUOTED = re.compile(
    r'"[^"\\]*+(?:(?:""|\\.?)[^"\\]*+)*+(?:"|\Z)(\s*+\.\s*+(?:"[^"]*+"|[\w*]++))*+', re.DOTALL
)
# Most statements have names in quotes, and few a quote where a value may begin.
_MAY_BE_VALUE = re.compile(
    r'"(?:(?<=[=<>,(]")|(?<=[=<>,(epEP]\s")|(?<=\s\s"))(?!\w{1,64}"\s*+\.)'
).search
_OPERATORS = ("=", "<", ">", " like", " ilike", " regexp", " rlike")
_LISTS = (" in", "values")
_FURTHEST = 2_000
"""Characters within which the bracket of a list is looked for."""
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.\-]{1,20}://)(?:[^\s/?#@]*@)?([^\s/?#@'\"<>]*)[^\s'\"<>]*")


SQL_STARTS = frozenset(
    start
    for word in ("select", "insert", "update", "delete", "with a", "merge ")
    for start in (word, word.upper(), word.title())
)
"""How the usual statements begin, to tell at once whether a text may be one."""


def without_literals(statement: str) -> str:
    """Return SQL with ``%s`` for every literal; text that is no SQL comes back as it is.

    Placeholders, names and keywords stay. A literal that was cut off by a length limit goes to the
    end of the text.
    """
    beginning = statement[:3]
    if beginning.isalpha() and beginning.casefold() not in _SQL_BEGINNINGS:
        # Nearly all that is no SQL, at a glance.
        return statement
    if _SQL.match(statement) is None or _SQL_WORD.search(statement) is None:
        return statement
    without = _LITERAL.sub(lambda found: "" if found[0][:2] in ("--", "/*") else "%s", statement)
    return without if _MAY_BE_VALUE(without) is None else _without_quoted_values(without)


def _without_quoted_values(statement: str) -> str:
    lowered = statement.lower()
    values = lowered.find("values")

    def replaced(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[0]
        start = found.start()
        before = lowered[max(0, start - 20) : start].rstrip()
        if before.endswith(_OPERATORS):
            return "%s"
        if before.endswith((",", "(")):
            bracket = lowered.rfind("(", max(0, start - _FURTHEST), start)
            opened_by = lowered[max(0, bracket - 20) : max(0, bracket)].rstrip()
            if 0 <= values < start or opened_by.endswith(_LISTS):
                return "%s"
        return found[0]

    return _QUOTED.sub(replaced, statement)


def without_url_details(statement: str) -> str:
    """Return the text with every URL cut to scheme and host, as Sentry groups outgoing calls."""
    if "://" not in statement:
        return statement
    return _URL.sub(r"\1\2", statement)


_ROW_DATA: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "[parameters: ",
        re.compile(
            r"(\[parameters: ).*?\](?=\s*(?:\n|\(Background|\Z))|(\[parameters: ).*+", re.DOTALL
        ),
        r"\1\2[Filtered]]",
    ),  # SQLAlchemy, errors
    (
        "] ",
        re.compile(
            r"(?s)(\[(?:generated in|cached since|caching disabled|no key|raw sql|dialect)\b"
            r"[^\]\n]{0,120}\] )[(\[{](?![)\]}]).*+"
        ),
        r"\1[Filtered]",
    ),  # SQLAlchemy, what echo logs of a statement
    (
        ")=(",
        re.compile(
            r"(?i)(\bkey \([^()\n]{1,200}\)=\()[^\n]*?"
            r"(\) (?:already exists|is not present|conflicts|is still)|\Z|\n)"
        ),
        r"\1[Filtered]\2",
    ),  # PostgreSQL, unique and foreign keys
    (
        "Failing row contains (",
        re.compile(r"(Failing row contains \().*?(\)\.?(?=\n|\Z)|\Z)", re.DOTALL),
        r"\1[Filtered]\2",
    ),  # PostgreSQL, checks
    (
        "Duplicate entry '",
        re.compile(r"(Duplicate entry ').*?(' for key|\Z)", re.DOTALL),
        r"\1[Filtered]\2",
    ),  # MySQL
    (
        "invalid input syntax for ",
        re.compile(r"(invalid input syntax for [\w ]{1,40}: \").*?(\"(?=\n|\Z)|\Z)", re.DOTALL),
        r"\1[Filtered]\2",
    ),  # PostgreSQL, types
)


def without_row_data(message: str) -> str:
    """Return a database's error message without the values of the row it quotes."""
    for mark, pattern, replacement in _ROW_DATA:
        if mark in message:
            message = pattern.sub(replacement, message)
    return message
