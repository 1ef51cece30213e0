"""The markers that keep tests out of environments of tox say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PURE = [path for path in TESTS.rglob("test_*.py") if "= pytest.mark.pure\n" in path.read_text()]
NOT_PURE = (
    r"^ *(?:from|import) (?:sentry_sdk|django|flask|telemetry_django|telemetry_flask|capturing)"
)


@pytest.mark.parametrize("path", PURE, ids=[path.stem for path in PURE])
def test_what_is_pure_imports_neither_the_sdk_nor_a_framework(path: Path) -> None:
    """What does is a test to repeat with the oldest SDK and every framework."""
    assert not re.findall(NOT_PURE, path.read_text(), re.MULTILINE)
