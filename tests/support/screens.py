"""The screens in `PAGES`: each command is run as in a terminal, and what it shows kept there.

Those of `AUDITS` run applications with the databases of `applications`.

``python tests/support/screens.py`` writes them anew.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "cli.md"
AUDITS = ROOT / "docs" / "audit.md"
PAGES = (PAGE, AUDITS)
COLUMNS = 80
LINES = 200
"""Of what a command shows; a real terminal scrolls."""

_BLOCK = re.compile(r"^```console(?: in=(?P<folder>\S+))?\n(?P<text>.*?)^```$", re.M | re.S)
# Those that would change what is shown.
_UNWANTED = ("TELEMETRY_", "SENTRY_", "OTEL_", "DJANGO_", "FLASK_", "SHOP_", "NOTES_", "PYTEST_")
_UNWANTED_NAMES = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTHONPATH", "PYTHONSAFEPATH"}
_RARER_RULES = re.compile(r"(allowlist\s+MANY),(?:\s+\w+\s+MANY,?)*(?:\s+and\s+[0-9]+\s+more)?")
_PROXIES = re.compile(r"(?i)(?:https?|all|no)_proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A command of the page, and what it shows below it."""

    command: str
    folder: Path
    shown: str


def screens(page: str) -> list[Screen]:
    """Return the commands of a page in their order: lines that begin with ``$``."""
    return [screen for block in _BLOCK.finditer(page) for screen in _screens_of(block)]


def _screens_of(block: re.Match[str]) -> Iterator[Screen]:
    folder = ROOT / (block["folder"] or ".")
    for part in re.split(r"^\$ ", block["text"], flags=re.M)[1:]:
        command, _, shown = part.partition("\n")
        yield Screen(command=command, folder=folder, shown=shown.strip("\n"))


def applications(folder: Path) -> dict[str, str]:
    """Make databases of the audited applications in a folder; return the variables that say so."""
    variables = {
        "NOTES_DATABASE": str(folder / "notes.sqlite3"),
        "PEOPLE_DATABASE": str(folder / "people.sqlite3"),
    }
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "flask_notes", "seed-notes"],
        cwd=ROOT / "example_apps" / "flask_notes",
        env={**_environment(), **variables},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    with closing(sqlite3.connect(variables["PEOPLE_DATABASE"])) as connection:
        connection.execute("CREATE TABLE person (name TEXT)")
    return variables


def _environment() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_UNWANTED)
        and name not in _UNWANTED_NAMES
        and not _PROXIES.fullmatch(name)
    }
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    # A dozen processes import the same hundreds of modules: they may keep them compiled.
    return {**kept, "PATH": path, "PYTHONDONTWRITEBYTECODE": ""}


def run(screen: Screen, variables: Mapping[str, str] | None = None) -> str:
    """Run a screen's command in a terminal of 80 columns, and return what it shows, uncoloured."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    process = subprocess.Popen(
        ["sh", "-c", screen.command],
        cwd=screen.folder,
        env={
            **_environment(),
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
            **(variables or {}),
        },
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    pieces: list[bytes] = []
    try:
        while piece := os.read(outer, 65536):
            pieces.append(piece)
    except OSError:  # how Linux says that nobody has the terminal open any longer
        pass
    finally:
        os.close(outer)
        process.wait(60)
    terminal = pyte.Screen(COLUMNS, LINES)
    pyte.ByteStream(terminal).feed(b"".join(pieces))
    return "\n".join(line.rstrip() for line in terminal.display).strip("\n")


def comparable(shown: str) -> str:
    """Return a screen without what differs between machines, and when code moves.

    That is versions, what these widen, the numbers of lines, and how often something was found: so
    which rules are named behind the most frequent two, too, as the planted values are drawn.
    """
    text = re.sub(r"×[0-9]+|\b[1-9][0-9]*(?= leaks| items)", "MANY", shown)
    text = re.sub(_RARER_RULES, r"\1, and more", text)
    text = re.sub(r"\b[0-9]+\.[0-9]+(?:\.[0-9]+)*(?:[a-z]+[0-9]+)?\b", "VERSION", text)
    text = re.sub(r"\bline [0-9]+", "line NUMBER", text)
    return re.sub(r"─+", "─", re.sub(r"[ \t]+", " ", text))


def rewritten(page: str, variables: Mapping[str, str]) -> str:
    """Return the page with what its commands show now."""

    def block(found: re.Match[str]) -> str:
        place = f" in={found['folder']}" if found["folder"] else ""
        parts = [f"$ {screen.command}\n{run(screen, variables)}\n" for screen in _screens_of(found)]
        return f"```console{place}\n{chr(10).join(parts)}```"

    return _BLOCK.sub(block, page)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        made = applications(Path(folder))
        for page in PAGES:
            text = rewritten(page.read_text(encoding="utf-8"), made)
            page.write_text(text, encoding="utf-8")
