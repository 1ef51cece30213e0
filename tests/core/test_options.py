"""What the SDK is started with: as little collection as it can, and nothing around the gate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from capturing import DSN, Kept, telemetry
from sentry_sdk.consts import DEFAULT_OPTIONS
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.logging import LoggingIntegration

import telemetry_core
from telemetry_core import SettingsError, initialize_telemetry, shutdown_telemetry
from telemetry_core.collector import Collector
from telemetry_core.errors import Problem
from telemetry_core.settings import Settings, read_settings
from telemetry_core.settings.sdk import integration_names

HAS_DATA_COLLECTION = "data_collection" in DEFAULT_OPTIONS
ROOT = Path(telemetry_core.__file__).parent.parent


@pytest.fixture(autouse=True)
def end_without_telemetry() -> Iterator[None]:
    yield
    shutdown_telemetry(timeout=0)


def resolved(**sentry_options: Any) -> dict[str, Any]:
    with telemetry(sentry_options=sentry_options) as running:
        return running.config.client_options


def problems_of(settings: Settings) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as caught:
        initialize_telemetry(settings=settings)
    assert not sentry_sdk.get_client().is_active()
    return caught.value.problems


# What is collected


def test_the_sdk_collects_as_little_as_it_can() -> None:
    """Whatever the installed SDK knows to switch off is off."""
    options = resolved()
    assert options["server_name"] == ""
    assert options["include_local_variables"] is False
    assert options["max_request_body_size"] == "never"
    assert options["trace_propagation_targets"] == []
    assert options["send_client_reports"] is False
    assert options["spotlight"] is False
    assert options["auto_enabling_integrations"] is False
    if not HAS_DATA_COLLECTION:
        assert options["send_default_pii"] is False
        return
    collected = options["data_collection"]
    assert collected["user_info"] is False
    assert collected["cookies"]["mode"] == "off"
    assert collected["http_headers"]["request"]["mode"] == "off"
    assert collected["url_query_params"]["mode"] == "off"
    assert list(collected["http_bodies"]) == []
    assert collected["stack_frame_variables"] is False
    for name in ("database_query_data", "queues"):
        if name in collected:
            assert collected[name] is False
    for name in ("graphql", "gen_ai"):
        assert not any(collected.get(name, {}).values())


def test_every_category_of_data_collection_is_switched_off() -> None:
    """A category that a newer SDK brings and nobody switches off would be collected."""
    if not HAS_DATA_COLLECTION:
        pytest.skip("this SDK has no data_collection")
    on = {"frame_context_lines", "provided_by_user"}
    collected = resolved()["data_collection"]

    def is_off(value: Any) -> bool:
        if isinstance(value, Mapping):
            return value.get("mode") == "off" or all(map(is_off, value.values()))
        return value in (False, [], (), None, 0) or value == "off"

    still_on = {name for name, value in collected.items() if not is_off(value)} - on
    # Response headers are those of the application's own answers, of which the policy keeps none.
    assert still_on <= {"http_headers"}, collected


COMBINATIONS: list[tuple[dict[str, Any], str]] = [
    ({}, "nothing given"),
    ({"send_default_pii": True}, "the old switch, on"),
    ({"send_default_pii": False}, "the old switch, off"),
    ({"data_collection": {}}, "the new switch, everything on"),
    ({"data_collection": {"user_info": True}}, "one category on"),
    ({"data_collection": {}, "send_default_pii": True}, "both switches"),
    ({"before_send": lambda event, hint: event}, "a hook"),
    ({"before_send_transaction": lambda event, hint: event}, "a hook"),
    ({"before_breadcrumb": lambda crumb, hint: crumb}, "a hook"),
    ({"before_send_log": lambda log, hint: log}, "a hook of newer SDKs"),
    ({"before_send_metric": lambda metric, hint: metric}, "a hook of newer SDKs"),
    ({"before_send_span": lambda span, hint: span, "trace_lifecycle": "stream"}, "streamed spans"),
    ({"trace_lifecycle": "stream"}, "streamed spans"),
    ({"enable_logs": True}, "logs"),
    ({"include_local_variables": True, "max_request_body_size": "always"}, "much collected"),
    ({"default_integrations": True}, "the SDK's default integrations"),
    ({"traces_sampler": lambda context: 1.0}, "a sampler"),
    ({"integrations": []}, "no integrations of the user's"),
    ({"integrations": None}, "none at all"),
    ({"debug": False}, "a setting that is ours"),
    ({"spotlight": False}, "what is off anyway"),
    ({"instrumenter": "sentry"}, "what is the default anyway"),
    ({"transport": None}, "no transport of the user's"),
]


@pytest.mark.parametrize(("given", "why"), COMBINATIONS, ids=map(str, range(len(COMBINATIONS))))
def test_no_option_warns_or_opens_the_gate(given: dict[str, Any], why: str) -> None:
    """Warnings are errors here: whatever is given, starting up is silent and the gate holds."""
    known = {name: value for name, value in given.items() if name in DEFAULT_OPTIONS}
    if known != given:
        pytest.skip("this SDK has no such option")
    kept = Kept()
    transport = {} if "transport" in given else {"transport": kept.transport}
    with telemetry(sentry_options={**given, **transport}) as running:
        sentry_sdk.set_user({"id": "7", "email": "jane.doe@example.com"})
        if "transport" not in given:
            running.config.capture_message("mail to jane.doe@example.com")
    if "transport" not in given:
        assert len(kept.payloads("event")) == 1, why
        assert b"jane" not in kept.wire, why


# The user's hooks


def test_the_user_s_hooks_run_first_and_the_gate_has_the_last_word() -> None:
    """A before_send sees the event as the SDK made it; what it puts in is filtered after it."""
    seen: list[str] = []

    def before_send(event: Any, hint: Any) -> Any:
        seen.append(json.dumps(event["extra"]))
        event["extra"]["message"] = "set by a hook: jane.doe@example.com"
        event["user"] = {"email": "jane.doe@example.com"}
        event["invented"] = "jane.doe@example.com"
        return event

    def before_breadcrumb(crumb: Any, hint: Any) -> Any:
        crumb["data"] = {"customer": "jane.doe@example.com"}
        return crumb

    options = {"before_send": before_send, "before_breadcrumb": before_breadcrumb}
    with telemetry(sentry_options=options) as running:
        sentry_sdk.add_breadcrumb(message="clicked")
        sentry_sdk.get_isolation_scope().set_extra("message", "jane.doe@example.com")
        running.config.capture_message("hello")
    event = running.kept.event()
    assert "jane.doe@example.com" in seen[0]
    assert event["extra"] == {"message": "set by a hook: [EMAIL]"}
    assert b"jane" not in running.kept.wire


def test_a_hook_may_drop_what_it_is_shown() -> None:
    """A before_send that returns None drops the event, as it does without telemetry."""
    with telemetry(sentry_options={"before_send": lambda event, hint: None}) as running:
        assert running.config.capture_message("hello") is None
    assert running.kept.bodies == []


def test_a_hook_that_raises_reaches_nobody() -> None:
    """A hook of the user's that fails does not reach the code that captured."""

    def fail(event: Any, hint: Any) -> Any:
        raise OSError("jane.doe@example.com")

    with telemetry(sentry_options={"before_send": fail, "before_breadcrumb": fail}) as running:
        running.config.capture_message("mail to jane.doe@example.com")
        running.config.capture_exception(ValueError("jane.doe@example.com"))
    assert b"jane" not in running.kept.wire


def test_the_user_s_integrations_take_the_place_of_ours_of_the_same_kind() -> None:
    """An integration that is given replaces the one of its kind; the others stay."""
    own = LoggingIntegration(event_level=None)
    with telemetry(sentry_options={"integrations": [own]}) as running:
        import logging

        client = sentry_sdk.get_client()
        assert client.get_integration("logging") is own
        assert client.get_integration("dedupe") is not None
        logging.getLogger("shop").error("no event")
    assert running.kept.bodies == []


def test_event_processors_of_the_user_s_run_before_the_gate() -> None:
    """What a scope's event processor puts in is filtered as well."""

    def process(event: Any, hint: Any) -> Any:
        event["tags"] = {"operation": "jane.doe@example.com"}
        return event

    with telemetry() as running:
        sentry_sdk.get_isolation_scope().add_event_processor(process)
        running.config.capture_message("hello")
    assert running.kept.event()["tags"] == {"operation": "[EMAIL]"}


# What would go around the gate


class Otlp(Integration):
    """An integration that goes by the name of the one that sends on its own."""

    identifier = "otlp"

    @staticmethod
    def setup_once() -> None:
        raise AssertionError("set up though it was refused")


class OpenTelemetry(Otlp):
    """The same for OpenTelemetry's tracing and propagation."""

    identifier = "opentelemetry"


class Renamed(OpenTelemetry):
    """A subclass with a name of its own."""

    identifier = "ours"


class Spotlight(Otlp):
    """The same for Spotlight."""

    identifier = "spotlight"


@pytest.mark.parametrize(
    ("option", "reason", "why"),
    [
        ({"spotlight": True}, "copy", "Spotlight gets everything before the gate"),
        ({"spotlight": "http://127.0.0.1:8969/stream"}, "copy", "at an address of one's own, too"),
        ({"instrumenter": "otel"}, "past the gate", "OpenTelemetry has exporters of its own"),
        ({"integrations": [Otlp()]}, "past the gate", "the OTLP exporter sends on its own"),
        ({"integrations": [OpenTelemetry()]}, "every host", "its propagator knows no targets"),
        ({"integrations": [Renamed()]}, "every host", "nor does one that is made out of it"),
        ({"_experiments": {"otel_powered_performance": True}}, "every host", "as the experiment"),
        ({"integrations": [Spotlight()]}, "copy", "as the option does"),
        ({"integrations": ["redis"]}, "", "a name is no integration: that is TELEMETRY_INSTRUMENT"),
        ({"integrations": LoggingIntegration()}, "", "one integration is no list of them"),
        ({"integrations": [LoggingIntegration]}, "", "a class is no integration"),
    ],
)
def test_what_goes_around_the_gate_is_refused(
    option: dict[str, Any], reason: str, why: str
) -> None:
    """Start-up fails with the setting's name and the reason, and nothing is started."""
    problems = problems_of(Settings(enabled=True, dsn=DSN, sentry_options=option))
    assert len(problems) == 1, why
    assert problems[0].setting == "TELEMETRY_SENTRY_OPTIONS"
    assert reason in str(problems[0])


def test_all_that_is_refused_is_told_at_once() -> None:
    """Options and integrations are looked at together."""
    options = {"spotlight": True, "instrumenter": "otel", "integrations": [Otlp()]}
    instrument = ("otlp",) if "otlp" in integration_names() else ("spotlight",)
    settings = Settings(enabled=True, dsn=DSN, sentry_options=options, instrument=instrument)
    problems = problems_of(settings)
    names = [problem.setting for problem in problems]
    assert sorted(names)[-3:] == ["TELEMETRY_SENTRY_OPTIONS"] * 3


# Integrations by name


def absent(name: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(name) is None


@pytest.mark.parametrize("name", ["celery", "redis", "sqlalchemy", "tornado", "aiohttp"])
def test_an_integration_whose_library_is_missing_is_named(name: str) -> None:
    """What can't be switched on is an error at start-up that names it, not a stack trace."""
    if not absent(name):
        pytest.skip(f"{name} is installed here")
    (problem,) = problems_of(Settings(enabled=True, dsn=DSN, instrument=(name,)))
    assert problem.setting == "TELEMETRY_INSTRUMENT"
    assert repr(name) in str(problem)
    assert "installed" in str(problem)


def test_every_integration_is_switched_on_or_refused_by_name() -> None:
    """Each name that the settings take works, or is an error that names it. Nothing else."""
    # In a process of its own: an integration changes libraries for good.
    code = f"""
        from telemetry_core import SettingsError, initialize_telemetry, shutdown_telemetry
        from telemetry_core.settings.sdk import integration_names
        import sentry_sdk, warnings

        warnings.simplefilter("ignore")  # what is deprecated in whose library is not of interest
        for name in sorted(integration_names()):
            try:
                initialize_telemetry(dsn={DSN!r}, enabled=True, instrument=[name])
            except SettingsError as error:
                (problem,) = error.problems
                assert problem.setting == "TELEMETRY_INSTRUMENT", problem
                assert repr(name) in str(problem), problem
                assert not sentry_sdk.get_client().is_active()
                print("refused", name)
            else:
                assert sentry_sdk.get_client().get_integration(name) is not None, name
                print("on", name)
            shutdown_telemetry(timeout=0)
    """
    result = run(code, {})
    assert result.returncode == 0, result.stderr
    told = {name: state for state, name in map(str.split, result.stdout.splitlines())}
    assert set(told) == integration_names()
    assert told["logging"] == "on"


def test_unknown_names_are_refused_by_the_settings() -> None:
    """A name that the installed SDK does not have never gets as far as the SDK."""
    with pytest.raises(SettingsError, match="TELEMETRY_INSTRUMENT"):
        read_settings({"TELEMETRY_INSTRUMENT": ["celerie"]}, environ={})
    with pytest.raises(SettingsError, match="TELEMETRY_SENTRY_OPTIONS"):
        read_settings({"TELEMETRY_SENTRY_OPTIONS": {"spotlite": True}}, environ={})


# The environment of a process


def run(
    code: str, environ: Mapping[str, str], *, arguments: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own, warnings being errors."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SENTRY_", "TELEMETRY_", "PYTEST"))
    }
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *arguments],
        env={**inherited, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


DISABLED = """
    import sys, threading

    calls = []
    # Not all of sockets: urllib3 makes one when it is imported, to see whether there is IPv6.
    used = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"}
    sys.addaudithook(lambda event, arguments: calls.append(event) if event in used else None)
    import logging
    import sentry_sdk
    excepthooks = (sys.excepthook, sys.unraisablehook, threading.excepthook)
    patched = (threading.Thread.start, logging.Logger.callHandlers)

    import telemetry_core
    config = telemetry_core.initialize_telemetry()
    assert config is not None
    assert not config.active
    config.capture_message("hello")
    config.capture_exception(ValueError("hello"))
    config.set_tag("operation", "pay")
    config.set_context("payment", {"operation": "pay"})
    config.set_user_context("0" * 32)
    telemetry_core.get_session_manager().start_session()
    logging.getLogger("shop").error("hello")
    config.flush()
    telemetry_core.shutdown_telemetry(timeout=60)

    assert not sentry_sdk.get_client().is_active(), sentry_sdk.get_client()
    assert not sentry_sdk.get_global_scope()._tags
    assert not sentry_sdk.get_isolation_scope()._tags
    assert threading.enumerate() == [threading.main_thread()], threading.enumerate()
    assert excepthooks == (sys.excepthook, sys.unraisablehook, threading.excepthook)
    assert patched == (threading.Thread.start, logging.Logger.callHandlers)
    assert calls == [], calls
"""


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "nothing set"),
        (
            {"TELEMETRY_ENABLED": "false", "SENTRY_SPOTLIGHT": "1", "SENTRY_DEBUG": "1"},
            "switched off, variables of the SDK's",
        ),
        (
            {
                "TELEMETRY_DSN": "{dsn}",
                "SENTRY_SPOTLIGHT": "{url}",
                "SENTRY_RELEASE": "1",
                "SENTRY_DEBUG": "1",
            },
            "a DSN is no switch, nor are other variables of the SDK's",
        ),
    ],
)
def test_disabled_means_no_client_no_thread_and_no_byte(environ: dict[str, str], why: str) -> None:
    """With SENTRY_DSN set and everything used, a real process opens no socket and no thread."""
    with Collector() as collector:
        filled = {
            name: value.format(dsn=collector.dsn, url=collector.url)
            for name, value in environ.items()
        }
        result = run(DISABLED, {"SENTRY_DSN": collector.dsn, **filled})
        assert result.returncode == 0, (why, result.stderr)
        assert collector.body() == b"", why


ENABLED = """
    import logging, sys
    import sentry_sdk
    import telemetry_core

    config = telemetry_core.initialize_telemetry(
        dsn=sys.argv[1], enabled=True, environment="production", release="1.2.3",
    )
    logging.getLogger("shop").error("logged for jane.doe@example.com")
    config.capture_message("mail to jane.doe@example.com")
    try:
        raise ValueError("jane.doe@example.com")
    except ValueError as error:
        config.capture_exception(error)
    with sentry_sdk.start_transaction(name="/jane.doe@example.com", sampled=True):
        pass
    telemetry_core.shutdown_telemetry(timeout=60)
"""


IN_ANY_CASE = {
    "SENTRY_DSN": "{other_dsn}",
    "SENTRY_RELEASE": "9",
    "SENTRY_ENVIRONMENT": "elsewhere",
    "SENTRY_TRACE": "0" * 32 + "-" + "1" * 16 + "-1",
    "SENTRY_BAGGAGE": "sentry-user_id=jane.doe",
}
"""Another server, what was given otherwise, a trace to continue with a visitor's baggage."""


# Those that don't exclude each other are set together: a process a row takes its time.
@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({}, "none"),
        ({**IN_ANY_CASE, "SENTRY_SPOTLIGHT": "{other}stream"}, "a copy to an address"),
        (
            {**IN_ANY_CASE, "SENTRY_SPOTLIGHT": "1", "SENTRY_PRINT_ENVELOPES": "1"},
            "a copy to the default address and to the console",
        ),
    ],
)
def test_variables_of_the_sdk_s_open_nothing(variables: dict[str, str], why: str) -> None:
    """Bytes go to the DSN that was given and nowhere else, filtered; so is what is printed."""
    with Collector() as collector, Collector() as other:
        environ = {
            name: value.format(other=other.url, other_dsn=other.dsn)
            for name, value in variables.items()
        }
        result = run(ENABLED, environ, arguments=(collector.dsn,))
        assert result.returncode == 0, (why, result.stderr)
        assert other.body() == b"", why
        assert len(collector.items("event")) == 3, why
        assert {item.json["release"] for item in collector.items("event")} == {"1.2.3"}
        assert {item.json["environment"] for item in collector.items("event")} == {"production"}
        assert b"jane" not in collector.body(), why
        # Nor on the console: the one line there is the application's own, which logging prints.
        printed = (result.stdout + result.stderr).replace("logged for jane.doe@example.com", "")
        assert "jane" not in printed, printed


def test_debugging_shows_a_developer_what_the_sdk_does() -> None:
    """SENTRY_DEBUG prints to stderr and changes nothing of what is sent."""
    with Collector() as collector:
        result = run(ENABLED, {"SENTRY_DEBUG": "1"}, arguments=(collector.dsn,))
        assert result.returncode == 0, result.stderr
        assert len(collector.items("event")) == 3
        assert b"jane" not in collector.body()


def test_an_unhandled_exception_arrives_and_is_still_printed() -> None:
    """The interpreter's own hooks report what nobody caught, once, and Python still shows it."""
    code = """
        import sys, threading
        import telemetry_core
        telemetry_core.initialize_telemetry(dsn=sys.argv[1], enabled=True, environment="production")
        def work():
            raise LookupError("in a thread: jane.doe@example.com")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        raise ValueError("mail to jane.doe@example.com")
    """
    with Collector() as collector:
        result = run(code, {}, arguments=(collector.dsn,))
        assert result.returncode == 1
        assert "ValueError: mail to jane.doe@example.com" in result.stderr
        types = [item.json["exception"]["values"][0]["type"] for item in collector.items("event")]
        assert sorted(types) == ["LookupError", "ValueError"]
        assert b"jane" not in collector.body()
        assert "Sentry is attempting" not in result.stderr + result.stdout


def test_nothing_is_written_to_the_console_in_production() -> None:
    """Start-up, capturing and the end of the process print nothing."""
    code = """
        import sys
        import telemetry_core
        config = telemetry_core.initialize_telemetry(
            dsn=sys.argv[1], enabled=True, environment="production"
        )
        config.capture_message("hello")
    """
    with Collector() as collector:
        result = run(code, {}, arguments=(collector.dsn,))
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
        assert len(collector.items("event")) == 1


CHECKED: list[tuple[Callable[[], Any], str]] = [
    (lambda: 5, "a number"),
    (lambda: "http", "a text"),
]


@pytest.mark.parametrize(("make", "why"), CHECKED, ids=[row[-1] for row in CHECKED])
def test_a_transport_that_is_none_is_refused(make: Callable[[], Any], why: str) -> None:
    """What can't carry an envelope is an error at start-up that names the setting."""
    options = {"transport": make()}
    (problem,) = problems_of(Settings(enabled=True, dsn=DSN, sentry_options=options))
    assert problem.setting == "TELEMETRY_SENTRY_OPTIONS", why
