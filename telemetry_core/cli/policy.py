"""``telemetry policy``: the list that a data-protection officer asks for, and its changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from telemetry_core.cli.application import Application, takes_application
from telemetry_core.cli.console import console, print_table, table
from telemetry_core.cli.exits import Exit
from telemetry_core.cli.verb import Verb

if TYPE_CHECKING:
    from telemetry_core.disclosure import Section

HELP = """List what would be sent, field by field.

With PARTS, only the tables whose titles hold one of these words: settings, keys, log, span.

Made from the tables that the gate works by and from the application's settings: versions, what
applies to all that is sent, kinds of items and how often, keys of maps, detectors, and each field
with what becomes of it and why. Two runs with the same settings and versions give the same list.

Keep it in your repository, and let continuous integration fail when an upgrade or a setting
changes it. Run it there with the environment of production (TELEMETRY_ENVIRONMENT=production and
a TELEMETRY_DSN with the host of the real one): both are in the list.

\b
Examples:
  telemetry policy --django shop.settings
  telemetry policy settings kinds
  telemetry policy --format markdown > what-is-sent.md
  telemetry policy --diff what-is-sent.md

\b
Exit codes:
  0  done; with --diff: nothing has changed
  1  with --diff: something has
  3  the application can't be loaded, or its settings are wrong
  5  the file can't be read, or is no such list
"""

NARROW: Final = 120
"""Columns of a terminal in which there is no room for how a field is filtered."""


@click.command("policy", cls=Verb, help=HELP)
@click.argument("parts", nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    show_default=True,
    help="How to print the list.",
)
@click.option(
    "--diff",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Print what differs from this list, which was printed as Markdown or JSON.",
)
@takes_application
@click.pass_context
def command(
    context: click.Context,
    *,
    application: Application,
    parts: Sequence[str],
    form: str,
    diff: Path | None,
) -> None:
    """List what would be sent with an application's settings."""
    from telemetry_core.disclosure import disclose

    sections = disclose(application.settings())
    if parts:
        sections = tuple(section for section in sections if _is_named(section.title, parts))
        if diff is not None or not sections:
            raise click.UsageError(
                "the whole list is compared" if sections else f"no table is named {' '.join(parts)}"
            )
    if diff is not None:
        if _print_changes(_read(diff), _cells(sections)):
            context.exit(Exit.FOUND)
        return
    if form == "table":
        _print_tables(sections)
    else:
        click.echo(as_markdown(sections) if form == "markdown" else as_json(sections), nl=False)


def _is_named(title: str, parts: Sequence[str]) -> bool:
    words = re.findall(r"\w+", title.lower())
    return any(part.lower() in words for part in parts)


def _print_tables(sections: Sequence[Section]) -> None:
    out = console()
    for section in sections:
        hides = "How" if out.is_terminal and out.width < NARROW else None
        shown = [index for index, name in enumerate(section.columns) if name != hides]
        out.print(section.title, style="bold")
        out.print(section.text)
        made = table(*(section.columns[index] for index in shown), out=out)
        for row in section.rows:
            made.add_row(*(row[index] for index in shown))
        print_table(made, out)
        out.print()


def as_markdown(sections: Sequence[Section]) -> str:
    """Return the list as a page of Markdown."""
    lines = ["# What is sent", "", "Printed by `telemetry policy --format markdown`."]
    for section in sections:
        lines += ["", f"## {section.title}", "", section.text, ""]
        lines += [_row(section.columns), "|---" * len(section.columns) + "|"]
        lines += [_row((f"`{row[0]}`", *row[1:])) for row in section.rows]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def as_json(sections: Sequence[Section]) -> str:
    """Return the list as JSON: sections with title, text and rows, which map columns to cells."""
    listed = [
        {
            "title": section.title,
            "text": section.text,
            "rows": [dict(zip(section.columns, row, strict=True)) for row in section.rows],
        }
        for section in sections
    ]
    return json.dumps({"sections": listed}, ensure_ascii=False, indent=2) + "\n"


Cells = Mapping[tuple[str, str], tuple[str, ...]]
"""A list to compare: by section and first cell, the other cells."""


def _cells(sections: Sequence[Section]) -> Cells:
    return {(section.title, row[0]): tuple(row[1:]) for section in sections for row in section.rows}


class NoList(click.ClickException):
    """A file that can't be compared."""

    exit_code = Exit.IMPOSSIBLE


def _read(path: Path) -> Cells:
    """Read a list from a file, or from standard input for ``-``."""
    try:
        with click.open_file(str(path), encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise NoList(f"{path} can't be read: {error}") from error
    try:
        found = dict(_of_json(text) if text.lstrip().startswith("{") else _of_markdown(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NoList(f"{path} is no list of `telemetry policy`") from error
    if not found:
        raise NoList(f"{path} holds no list of `telemetry policy --format markdown` or json")
    return found


def _of_json(text: str) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    for section in json.loads(text)["sections"]:
        for row in section["rows"]:
            name, *others = map(str, row.values())
            yield (str(section["title"]), name), tuple(others)


def _of_markdown(text: str) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    title = ""
    for line in text.splitlines():
        if line.startswith("## "):
            title = line.removeprefix("## ").strip()
        elif line.startswith("| `"):
            cells = [cell.replace("\\|", "|").strip() for cell in _CELL_END.split(line)[1:-1]]
            yield (title, cells[0].removeprefix("`").removesuffix("`")), tuple(cells[1:])


_CELL_END = re.compile(r"(?<!\\)\|")


def _print_changes(before: Cells, after: Cells) -> int:
    """Print what differs, by section, and return how many rows do."""
    out = console()
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    title = None
    for section, name in sorted(changed, key=lambda key: _order(key, before, after)):
        if section != title:
            out.print(f"\n{section}" if title is not None else section, style="bold")
            title = section
        old, new = before.get((section, name)), after.get((section, name))
        if old is not None:
            out.print(f"- {name}: {_joined(old)}", style="red")
        if new is not None:
            out.print(f"+ {name}: {_joined(new)}", style="green")
    if changed:
        count = len(changed)
        out.print(f"\n{count} {'row' if count == 1 else 'rows'} changed.")
    else:
        out.print("Nothing has changed.")
    return len(changed)


def _order(key: tuple[str, str], before: Cells, after: Cells) -> tuple[int, int]:
    titles = list(dict.fromkeys(title for title, _ in (*after, *before)))
    return titles.index(key[0]), list({**after, **before}).index(key)


def _joined(cells: Sequence[str]) -> str:
    return "; ".join(cell for cell in cells if cell)
