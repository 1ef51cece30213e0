"""The plugin for pytest in a Django project, with pytest-django."""

from __future__ import annotations

import pytest
from plugin_runs import run_project

pytest.importorskip("pytest_django", reason="needs pytest-django")
pytest_plugins = ["pytester"]


def test_a_project_that_has_telemetry_off_in_its_tests_can_test_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Views, sync and async, ``settings``, the marker, ``TestCase``, and the docs' examples."""
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "pay_settings")
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    result = run_project(
        pytester, "django_pay", "-p", "no:flask", examples=("test_checkout.py", "test_orders.py")
    )
    # The one that should: what it logs has no pattern.
    result.assert_outcomes(passed=10, failed=1)
    result.stdout.fnmatch_lines(["FAILED *::test_caught - Failed: 1 of 9 values leaks, in 1 field"])
