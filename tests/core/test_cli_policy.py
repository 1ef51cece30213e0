"""``telemetry policy``: the list names everything that could leave, and what changes it is told."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("click", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")

from capturing import DSN
from click.testing import CliRunner, Result

from telemetry_core.cli import policy
from telemetry_core.cli.application import Application, Host
from telemetry_core.cli.exits import Exit
from telemetry_core.cli.root import root
from telemetry_core.disclosure import Section, disclose
from telemetry_core.policy import table
from telemetry_core.settings import Settings

ON = Settings(enabled=True, dsn=DSN, release="r1")


def run(*arguments: str, settings: Settings = ON) -> Result:
    """Run the verb for an application with these settings."""
    host = Host(load=lambda: Application(name="shop.settings", settings=lambda: settings))
    return CliRunner().invoke(root, ["policy", *arguments], obj=host)


def section(title: str, settings: Settings = ON) -> dict[str, tuple[str, ...]]:
    """Return the rows of a table of the list by their names."""
    (found,) = (each for each in disclose(settings) if each.title == title)
    return {row[0]: row[1:] for row in found.rows}


@pytest.mark.parametrize("kind", table.ITEMS)
def test_every_field_of_every_kind_is_in_the_list(kind: str) -> None:
    """With its outcome and the reason that the table gives."""
    rows = {
        name: cells
        for each in disclose(ON)
        if kind in each.title.split(", ")
        for name, *cells in each.rows
    }
    assert rows.keys() == {row.path for row in table.ITEMS[kind]}
    for row in table.ITEMS[kind]:
        assert rows[row.path][0] in table.OUTCOMES.values()
        assert rows[row.path][-1] == row.why


def test_names_are_the_only_ones_in_their_table() -> None:
    """Else of two rows one would not be compared."""
    for each in disclose(replace(ON, allow_fields=("order", "level"), deny_fields=("op", "level"))):
        names = [row[0] for row in each.rows]
        assert len(set(names)) == len(names), each.title


@pytest.mark.parametrize(
    ("title", "name", "changed", "cells", "why"),
    [
        ("Settings", "Telemetry", {"enabled": False}, ["off"], "off"),
        ("Settings", "Recipient", {}, ["telemetry.example"], "the host, never the key"),
        ("Settings", "Environment", {"environment": "staging"}, ["staging"], ""),
        ("Settings", "Visitor", {"session_scope": "visitor"}, ["visitor", "pseudonym"], ""),
        ("Settings", "Sec-GPC, DNT", {"gpc": "drop"}, ["drop", "nothing"], ""),
        ("Settings", "Consent", {"consent": str.isascii}, ["isascii"], "a function's name"),
        ("Settings", "Headers", {"allow_headers": ("x-a", "cookie")}, ["x-a;"], "never cookie"),
        ("Settings", "Instrumented", {"instrument": ("asyncio",)}, ["asyncio"], ""),
        (
            "Settings",
            "Options of the SDK",
            {"sentry_options": {"dist": "d7"}},
            ["dist;"],
            "no value",
        ),
        ("Kinds of items", "transaction", {"traces_sample_rate": 0.25}, ["25 %"], ""),
        ("Kinds of items", "transaction", {"traces_sample_rate": 0.0}, ["0 %"], ""),
        (
            "Kinds of items",
            "transaction",
            {"sentry_options": {"traces_sampler": len}},
            ["a function decides"],
            "a sampler",
        ),
        ("Kinds of items", "log", {}, ["never"], "off unless switched on"),
        ("Kinds of items", "log", {"sentry_options": {"enable_logs": True}}, ["each"], ""),
        ("Kinds of items", "event", {"sentry_options": {"sample_rate": 0.5}}, ["0.5 of them"], ""),
        (
            "Kinds of items",
            "session, sessions",
            {"sentry_options": {"auto_session_tracking": False}},
            ["never"],
            "",
        ),
        ("Keys", "order_*", {"allow_fields": ("order_*",)}, ["filtered", "ALLOW_FIELDS"], "yours"),
        ("Keys", "level", {"deny_fields": ("level",)}, ["dropped", "DENY_FIELDS"], "the policy's"),
        ("Keys", "db.system", {"deny_fields": ("db.*",)}, ["dropped"], "by a glob"),
        ("Detectors", "email", {"detectors": {"email": False}}, ["nothing", "off"], ""),
        ("Detectors", "member", {"detectors": {"member": "M-[0-9]{4}"}}, ["[MEMBER]", "added"], ""),
        ("Detectors", "email", {"detectors": {"email": "E-[0-9]{4}"}}, ["replaced"], ""),
        ("event, transaction, feedback", "request.headers", {}, ["dropped"], "none is listed"),
        (
            "event, transaction, feedback",
            "request.headers",
            {"allow_headers": ("x-a",)},
            ["allowlisted; x-a"],
            "",
        ),
        (
            "event, transaction, feedback",
            "user",
            {"session_scope": "visitor"},
            ["replaced", "pseudonym"],
            "",
        ),
    ],
)
def test_a_setting_is_in_the_list(
    title: str, name: str, changed: dict[str, Any], cells: Sequence[str], why: str
) -> None:
    """As it would be applied."""
    row = f"{'; '.join(section(title, replace(ON, **changed))[name])};"
    for cell in cells:
        assert cell in row, why


@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_the_list_holds_nothing_that_changes_by_itself(form: str) -> None:
    """No release and no time; and nobody who reads it can send in our name."""
    first = run("--format", form).output
    assert first == run("--format", form, settings=replace(ON, release="r2")).output
    assert DSN.partition("://")[2].partition("@")[0] not in first
    assert not re.search(r"20[0-9]{2}-[0-9]{2}", first)


def test_json_and_markdown_say_the_same() -> None:
    """Also where a cell holds what Markdown would take for the end of it."""
    odd = (Section(title="T", text="", columns=("A", "B", "C"), rows=(("a", "x|y", ""),)),)
    for sections in (disclose(ON), odd):
        assert (
            dict(policy._of_json(policy.as_json(sections)))
            == dict(policy._of_markdown(policy.as_markdown(sections)))
            == policy._cells(sections)
        )


@pytest.mark.parametrize("form", ["markdown", "json"])
def test_a_changed_setting_fails_the_comparison_and_is_named(form: str, tmp_path: Path) -> None:
    """By section, with the old row and the new one."""
    kept = tmp_path / "kept"
    kept.write_text(run("--format", form).output, encoding="utf-8")
    same = run("--diff", str(kept))
    assert (same.exit_code, same.output) == (Exit.OK, "Nothing has changed.\n")
    other = run("--diff", str(kept), settings=replace(ON, gpc="ignore", allow_fields=("order",)))
    assert other.exit_code == Exit.FOUND
    assert other.output.splitlines() == [
        "Settings",
        "- Sec-GPC, DNT: anonymise; Of such a visitor errors alone are sent, with no id.",
        "+ Sec-GPC, DNT: ignore; Such a visitor's requests are treated as all others.",
        "",
        "Keys",
        "+ order: filtered; TELEMETRY_ALLOW_FIELDS",
        "",
        "2 rows changed.",
    ]


def test_a_field_that_an_upgrade_took_away_is_named(tmp_path: Path) -> None:
    """Rows and whole tables that only the kept list has."""
    kept = json.loads(run("--format", "json").output)
    kept["sections"].append({"title": "gone", "rows": [{"Field": "x", "Leaves": "kept"}]})
    file = tmp_path / "kept.json"
    file.write_text(json.dumps(kept))
    found = run("--diff", str(file))
    assert found.exit_code == Exit.FOUND
    assert found.output == "gone\n- x: kept\n\n1 row changed.\n"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "there is none"),
        (b"\xff\xfe", "no text"),
        (b"", "empty"),
        (b"# Another page", "no list"),
        (b"{", "cut off"),
        (b'{"sections": 7}', "JSON of another form"),
        (b'{"sections": [{"title": "x", "rows": [{}]}]}', "a row without cells"),
        (b'{"sections": ' + b"[" * 100_000, "nested without end"),
    ],
)
def test_a_file_that_is_no_list_is_told_from_one_that_differs(
    content: bytes | None, why: str, tmp_path: Path
) -> None:
    """Continuous integration shouldn't take a mistyped name for a change of the policy."""
    file = tmp_path / "kept"
    if content is not None:
        file.write_bytes(content)
    result = run("--diff", str(file))
    assert result.exit_code == Exit.IMPOSSIBLE, why
    assert str(file) in result.output


def test_parts_of_the_list_can_be_asked_for() -> None:
    """By a word of their titles; the comparison is of the whole, and a mistyped word is no part."""
    shown = run("settings", "span").output
    assert re.findall(r"^(?:Settings|Versions|Keys|span)$", shown, re.MULTILINE) == [
        "Settings",
        "span",
    ]
    assert run("setings").exit_code == Exit.USAGE
    assert run("span", "--diff", "x").exit_code == Exit.USAGE


def test_wrong_settings_are_all_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of a list that would be of other settings."""
    monkeypatch.setenv("TELEMETRY_GPC", "maybe")
    monkeypatch.setenv("TELEMETRY_TRACES_SAMPLE_RATE", "7")
    result = CliRunner().invoke(root, ["policy"])
    assert result.exit_code == Exit.APPLICATION
    assert "TELEMETRY_GPC" in result.output
    assert "TELEMETRY_TRACES_SAMPLE_RATE" in result.output


def test_an_option_that_would_go_around_the_gate_is_told() -> None:
    """It could not be started with, so there is nothing to list."""
    result = run(settings=replace(ON, sentry_options={"spotlight": True}))
    assert result.exit_code == Exit.APPLICATION
    assert "Spotlight" in result.output


def test_a_pipe_gets_plain_text_in_full() -> None:
    """No boxes, no colours, nothing cut, no blanks at the ends of lines."""
    shown = run().output
    assert "\x1b" not in shown
    assert not re.search(r"[─│┃━]", shown)
    assert not re.search(r" $", shown, re.MULTILINE)
    assert "exception[].stacktrace.frames[].context_line" in shown
