"""The plugin for pytest in a Flask project, with pytest-flask and pytest-xdist."""

from __future__ import annotations

import pytest
from plugin_runs import run_project

pytest.importorskip("pytest_flask", reason="needs pytest-flask")
pytest.importorskip("xdist", reason="needs pytest-xdist")
pytest_plugins = ["pytester"]


def test_a_project_that_has_telemetry_off_in_its_tests_can_test_it(
    pytester: pytest.Pytester,
) -> None:
    """In several processes: an application of the session, those of a test, the docs' example."""
    result = run_project(
        pytester, "flask_search", "-p", "no:django", "-n", "2", examples=("test_notes.py",)
    )
    result.assert_outcomes(passed=8)
