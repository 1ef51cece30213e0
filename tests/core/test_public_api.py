"""The names that the documentation promises are there, called as it calls them, and typed."""

from __future__ import annotations

import ast
import importlib.resources
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sentry_sdk
from capturing import DSN, Kept

import telemetry_core
from telemetry_core import (
    PIIFilter,
    SessionManager,
    SettingsError,
    TelemetryConfig,
    TelemetryError,
    filter_event,
    get_pii_filter,
    get_session_manager,
    get_telemetry_config,
    initialize_telemetry,
    shutdown_telemetry,
)
from telemetry_core.settings import Settings

NAMES = {
    "initialize_telemetry",
    "shutdown_telemetry",
    "get_telemetry_config",
    "get_session_manager",
    "get_pii_filter",
    "filter_event",
    "TelemetryConfig",
    "PIIFilter",
    "SessionManager",
    "TelemetryError",
    "SettingsError",
}
PACKAGE = Path(telemetry_core.__file__).parent


def test_the_names_are_those_of_the_documentation() -> None:
    """No name is missing, and every name that is offered is there."""
    assert set(telemetry_core.__all__) >= NAMES
    assert all(hasattr(telemetry_core, name) for name in telemetry_core.__all__)


@pytest.mark.parametrize("name", sorted(telemetry_core.__all__))
def test_each_name_says_what_it_promises(name: str) -> None:
    """Everything public has a docstring; so have the public methods of its classes."""
    found = getattr(telemetry_core, name)
    assert inspect.getdoc(found)
    if inspect.isclass(found):
        for method, member in vars(found).items():
            is_called = inspect.isfunction(member) or isinstance(member, property | classmethod)
            if is_called and not method.startswith("_"):
                assert inspect.getdoc(member), f"{name}.{method}"


def test_it_is_typed() -> None:
    """Type checkers of users see the annotations."""
    assert importlib.resources.files("telemetry_core").joinpath("py.typed").is_file()


def test_a_session_of_the_documentation_s_calls() -> None:
    """From initialise to shutdown, as the documentation writes it."""
    kept = Kept()
    initialize_telemetry(
        dsn=DSN,
        environment="production",
        release="v2.1.0",
        enabled=True,
        sentry_options={"transport": kept.transport},
    )
    try:
        with sentry_sdk.isolation_scope():
            config = get_telemetry_config()
            assert isinstance(config, TelemetryConfig)
            manager = get_session_manager()
            assert isinstance(manager, SessionManager)
            manager.start_session()
            session_id = manager.session_id
            config.set_user_context(session_id)
            config.set_tag("operation", "pay")
            config.set_context("payment", {"operation": "pay"})
            first = config.capture_message("hello")
            second = config.capture_exception(ValueError("hello"))
    finally:
        shutdown_telemetry(timeout=60)
        get_session_manager().end_session()
    events = kept.payloads("event")
    assert [event["event_id"] for event in events] == [first, second]
    for event in events:
        assert event["user"] == {"id": session_id}
        assert event["tags"] == {"operation": "pay", "session_id": session_id}
        assert event["release"] == "v2.1.0"
        assert event["environment"] == "production"


def test_the_filter_s_methods_are_there() -> None:
    """A filter alone, and the process's, with the methods that are promised."""
    for found in (PIIFilter(), get_pii_filter()):
        assert isinstance(found, PIIFilter)
        for method in ("string", "dict", "exception", "breadcrumbs", "user_context", "event"):
            assert callable(getattr(found, f"filter_{method}"))
    assert filter_event({"message": "hello"}, {}) is not None


def test_errors_have_one_base() -> None:
    """Whoever catches TelemetryError catches them all; wrong settings are ValueErrors as well."""
    assert issubclass(SettingsError, TelemetryError)
    assert issubclass(SettingsError, ValueError)
    with pytest.raises(TelemetryError):
        initialize_telemetry(enabled="perhaps")  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    ("show", "why"),
    [
        (lambda: repr(Settings(enabled=True, dsn=DSN)), "settings"),
        (lambda: repr(get_telemetry_config()), "the process's telemetry"),
        (lambda: repr(get_telemetry_config().drops), "counts"),
    ],
)
def test_no_repr_shows_a_dsn(show: Callable[[], str], why: str) -> None:
    """What a debugger or a log shows of our objects holds no key and no host."""
    initialize_telemetry(dsn=DSN, enabled=True)
    try:
        assert DSN.partition("@")[2] not in show(), why
        assert DSN.partition("@")[0].rpartition("/")[2] not in show(), why
    finally:
        shutdown_telemetry(timeout=0)


def test_importing_it_imports_no_web_framework_and_no_settings() -> None:
    """The core serves programs of any kind: neither Django nor Flask comes with it."""
    code = """
import sys
import telemetry_core
heavy = {"django", "flask", "werkzeug", "asgiref", "celery", "http.server"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_no_module_of_the_core_names_a_framework() -> None:
    """Nor is one imported later, inside a function."""
    frameworks = {"django", "flask", "werkzeug", "asgiref", "celery"}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found = {name.partition(".")[0] for name in names} & frameworks
            assert not found, f"{path.name} imports {found}"
