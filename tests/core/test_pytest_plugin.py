"""The plugin for pytest, as a project gets it that has installed telemetry-core."""

from __future__ import annotations

import re

import pytest
from plugin_runs import DOCS, run_project

pytest_plugins = ["pytester"]

WITHOUT_FRAMEWORKS = ("-p", "no:django", "-p", "no:flask")


def test_it_is_there_by_itself_and_its_messages_are_those_of_the_docs(
    pytester: pytest.Pytester,
) -> None:
    """Fixtures and marker work with no import; who fails, fails as the docs show, values masked."""
    result = run_project(pytester, "alone", *WITHOUT_FRAMEWORKS, examples=("test_unittest.py",))
    result.assert_outcomes(passed=4, failed=3)
    (shown,) = re.findall(r"^```text\n(>.*?)^```", DOCS, re.DOTALL | re.MULTILINE)
    printed = [line.rstrip() for line in result.outlines]
    start = printed.index(shown.splitlines()[0])
    assert printed[start : start + shown.count("\n")] == [
        line.rstrip() for line in shown.splitlines()
    ]
    by_marker = result.outlines[start:]
    assert "1 of 9 values leaks, in 1 field" in by_marker
    # The message alone: no frame of ours, and no hint at hidden ones.
    assert not any("pytest_plugin" in line or "full-trace" in line for line in result.outlines)
