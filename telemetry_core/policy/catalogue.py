"""The published list of what is sent, and the check that nothing on the wire is missing from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from telemetry_core.policy import table
from telemetry_core.policy.table import Row

SECTIONS: Final[Mapping[str, tuple[str, tuple[Row, ...]]]] = {
    "event, transaction, feedback": ("An error, a message, a sampled request.", table.EVENT),
    "log": ("A log line, when logs are enabled.", table.LOG),
    "trace_metric": ("A metric.", table.TRACE_METRIC),
    "span": ("Streamed spans, and generative-AI spans split from transactions.", table.SPAN),
    "check_in": ("One report of a scheduled job.", table.CHECK_IN),
    "session": ("One run of the program, for crash-free rates.", table.SESSION),
    "sessions": ("Requests counted by the minute, for crash-free rates.", table.SESSIONS),
    "profile": ("Where a sampled request spent its time.", table.PROFILE),
    "profile_chunk": ("Where the process spent its time.", table.PROFILE_CHUNK),
    "client_report": ("How much was not sent, and why.", table.CLIENT_REPORT),
    "attachment": ("Text that the app handed over with `attach_text`.", table.ATTACHMENT),
    "Envelope headers": ("What stands in front of the items.", table.ENVELOPE_HEADERS),
    "Item headers": ("What stands in front of each item.", table.ITEM_HEADERS),
}
"""The parts of the list: by title, which names types of items, what these are and their rows."""


_HEAD: Final = """# What is sent

Generated from `telemetry_core/policy/table.py` by `python -m telemetry_core.policy`; a test fails
when the two differ. What is not in these tables does not leave: unknown item types, unknown fields,
and known fields of another form are dropped and counted.

Field names are those of the [protocol's documentation]\
(https://develop.sentry.dev/sdk/foundations/transport/event-payloads/); `[]` is each item of a list.

| Rule | Meaning |
|---|---|
"""


def what_is_sent() -> str:
    """Return the tables as Markdown."""
    lines = [_HEAD.rstrip("\n")]
    lines += [f"| {rule} | {meaning} |" for rule, meaning in table.RULES.items()]
    for title, (meaning, rows) in SECTIONS.items():
        lines += ["", f"## {title}", "", meaning, "", "| Field | Rule | Why |", "|---|---|---|"]
        lines += [f"| `{row.path}` | {_rule_of(row)} | {row.why} |" for row in rows]
    return "\n".join(lines) + "\n"


def _rule_of(row: Row) -> str:
    return row.rule if row.form is None else f"{row.rule}: {row.form.means}"


# Below these, the keys are the application's own and the rule speaks of them.
_FREE: Final = frozenset(
    ("map", "attributes", "headers", "packages", "session", "threads", "anew", "drop")
)


def unnamed_fields(rows: Iterable[Row], payload: object) -> list[str]:
    """Return the paths of fields in ``payload`` that no row names.

    For tests: what an SDK puts on the wire should be in the table, if only to be dropped.
    """
    rules = {row.path.replace("[]", ".[]"): row.rule for row in rows}
    prefixes = {
        ".".join(steps[:count])
        for steps in (path.split(".") for path in rules)
        for count in range(1, len(steps) + 1)
    }
    return sorted(set(_unnamed(payload, "", rules, prefixes)))


def _unnamed(
    value: object, path: str, rules: Mapping[str, str], prefixes: set[str]
) -> Iterator[str]:
    if rules.get(path) in _FREE:
        return
    if isinstance(value, Mapping):
        inner: Any = value.get("values")
        if f"{path}.[]" in prefixes and isinstance(inner, list):
            value = inner
        elif path and path not in prefixes:
            yield path
            return
    if isinstance(value, list):
        for part in value:
            yield from _unnamed(part, f"{path}.[]", rules, prefixes)
    elif isinstance(value, Mapping):
        for key, part in value.items():
            below = f"{path}.{key}".lstrip(".")
            anything = f"{path}.*".lstrip(".")
            if below not in prefixes and anything in prefixes:
                below = anything
            yield from _unnamed(part, below, rules, prefixes)
    elif path not in rules and value is not None:
        yield path
