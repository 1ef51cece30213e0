"""The plugin for pytest: fixtures and a marker, there wherever telemetry-core is installed.

It loads nothing but itself, so that test runs which don't use it pay nothing and coverage sees the
rest of the package being loaded. What it does is done by `telemetry_core.testing`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from telemetry_core.testing import Canaries, Outbox

MARKER: Final = "telemetry_canaries"
CLIENTS: Final = ("client", "async_client", "admin_client")
"""Fixtures of pytest-django and pytest-flask that hold a test client."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(*values): plant values in all that the test's client sends, and fail the test "
        "when one of them, or of the values given, would leave in telemetry.",
    )


@pytest.fixture
def telemetry_outbox() -> Iterator[Outbox]:
    """What telemetry sends in this test: ``.events``, ``.logs``, ``.assert_no_leak(...)``."""
    from telemetry_core.testing import collect_telemetry

    with collect_telemetry() as outbox:
        yield outbox


@pytest.fixture
def telemetry_canaries(
    request: pytest.FixtureRequest,
    telemetry_outbox: Outbox,  # noqa: ARG001  # they go together
) -> Canaries:
    """Unguessable values for this test: ``.email``, ``.name``, ``.card`` and others."""
    from telemetry_core.testing import Canaries

    canaries = Canaries()
    if request.node.get_closest_marker(MARKER):
        for name in CLIENTS:
            if name in request.fixturenames:
                # A fixture of that name can be something else altogether.
                with suppress(TypeError):
                    canaries.plant(request.getfixturevalue(name))
    return canaries


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the marked tests their fixtures."""
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is not None and item.get_closest_marker(MARKER):
            # Last: the clients' own fixtures depend on the order of theirs.
            names += [name for name in ("telemetry_outbox", MARKER) if name not in names]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Look for the planted values after a marked test that has passed."""
    funcargs = getattr(item, "funcargs", {})
    if MARKER not in funcargs or not item.get_closest_marker(MARKER):
        return (yield)
    canaries: Canaries = funcargs[MARKER]
    outbox: Outbox = funcargs["telemetry_outbox"]
    result = yield
    given = [value for marker in item.iter_markers(MARKER) for value in marker.args]
    try:
        # A test in which nothing is sent has nothing to hide: whole modules are marked.
        outbox.assert_no_leak(*canaries, *given, allow_empty=True)
    except AssertionError as error:
        found = str(error)
    else:
        return result
    # No line of the test is at fault that a traceback could show.
    pytest.fail(found, pytrace=False)
