"""docs/cli.md shows what the commands show; docs/audit.md's screens are those of `test_audit`."""

from __future__ import annotations

import difflib
import re
import shutil
import sys
from pathlib import Path

import pytest

pytest.importorskip("click", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")
pytest.importorskip("pyte", reason="needs a terminal to compare with")

if shutil.which("telemetry", path=str(Path(sys.executable).parent)) is None:
    pytest.skip("telemetry-core is not installed: there is no script", allow_module_level=True)

from screens import AUDITS, PAGE, Screen, comparable, run, screens

from telemetry_core.cli.exits import Exit
from telemetry_core.cli.root import VERBS

pytestmark = pytest.mark.once

TEXT = PAGE.read_text(encoding="utf-8")
SCREENS = screens(TEXT)


@pytest.mark.parametrize("screen", SCREENS, ids=[screen.command for screen in SCREENS])
def test_a_screen_is_what_a_terminal_shows(screen: Screen) -> None:
    """``python tests/support/screens.py`` takes them anew."""
    now, kept = comparable(run(screen)), comparable(screen.shown)
    assert now == kept, "\n".join(difflib.unified_diff(kept.splitlines(), now.splitlines()))


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_a_screen(verb: str) -> None:
    """A newcomer sees what to expect."""
    shown = [*SCREENS, *screens(AUDITS.read_text(encoding="utf-8"))]
    assert any(f"telemetry {verb}" in screen.command for screen in shown)


def test_the_exit_codes_are_documented() -> None:
    """All, and with the meaning that the help gives."""
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", TEXT, re.MULTILINE)
    assert rows == [(str(code.value), code.meaning) for code in Exit]
