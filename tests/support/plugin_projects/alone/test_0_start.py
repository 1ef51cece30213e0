"""What the plugin costs those who don't use it."""

from __future__ import annotations

from conftest import LOADED


def test_nothing_is_loaded_but_the_plugin():
    ours = {name for name in LOADED if name.startswith("telemetry_core")}
    assert ours == {"telemetry_core", "telemetry_core.pytest_plugin"}
    assert not {"sentry_sdk", "rich", "click"} & LOADED
