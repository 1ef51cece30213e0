"""The demo, run as its user runs it: what it shows, how it fails, and that it leaves nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from processes import children_of, is_alive, running, wait_until

from telemetry_core.collector import Collector

ROOT = Path(__file__).resolve().parents[2]
APPS = ("django_shop", "flask_notes")

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("django", "flask", "gunicorn")),
        reason="the demo runs both frameworks under gunicorn",
    ),
]


def environment_in(folder: Path) -> dict[str, str]:
    """Where `demo` is found, but not what lies next to it: telemetry comes from what is installed.

    Hostile, too: a developer's own Sentry is set, and telemetry is off, and neither may matter.
    """
    (folder / "path").mkdir()
    (folder / "path" / "demo").symlink_to(ROOT / "demo")
    return {
        **{name: value for name, value in os.environ.items() if name != "NO_COLOR"},
        "PYTHONPATH": str(folder / "path"),
        "PYTHONSAFEPATH": "1",
        "SENTRY_DSN": "http://key@127.0.0.1:9/1",
        "TELEMETRY_ENABLED": "false",
        "BACKEND": "",
        "TMPDIR": str(folder),
    }


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return environment_in(tmp_path)


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "demo", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    done: subprocess.CompletedProcess[str]
    processor_seconds: float
    left: list[str]


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run as `make demo` does it, for all tests that only look at it."""
    folder = tmp_path_factory.mktemp("demo")
    environment = environment_in(folder)
    before = os.times()
    done = run(environment)
    after = os.times()
    return Run(
        done=done,
        processor_seconds=after.children_user - before.children_user,
        left=[path.name for path in folder.iterdir()],
    )


def test_nothing_that_was_planted_gets_through(ordinary: Run) -> None:
    """It passes, and finds none of the values it planted."""
    out = ordinary.done.stdout
    assert ordinary.done.returncode == 0, out[-6_000:] + ordinary.done.stderr
    assert ordinary.done.stderr == ""
    assert re.search(r"^1\. Planted: [1-9][0-9]+ values", out, re.MULTILINE)
    assert re.search(r"^3\. Found: 0 of [1-9][0-9]+ planted values", out, re.MULTILINE)
    assert re.search(r"^PASSED: ", out, re.MULTILINE)


def test_events_of_both_apps_are_shown_with_their_routes(ordinary: Run) -> None:
    """The report lists what arrived, and shows one event in full as it arrived."""
    out = ordinary.done.stdout
    assert re.search(r"^2\. Arrived: .*[1-9][0-9]+ events", out, re.MULTILINE)
    for app in APPS:
        assert f"   {app}\n" in out
    for pattern in (
        r"PricingError +/checkout/",
        r"LookupError +/api/notes",
        r"/orders/<.*/invoice/",
    ):
        assert re.search(pattern, out)
    assert '"environment": "demo"' in out


def test_a_log_line_and_an_event_are_shown_under_one_session(ordinary: Run) -> None:
    """The event's user is the session of the lines beside it, in which nothing planted is found."""
    event, _, log = ordinary.done.stdout.partition("5. In the apps' own logs: ")
    assert re.match(r"[1-9][0-9]+ JSON lines, with 0 planted values", log)
    session = re.search(r'"user": \{"id": "([0-9a-f]{32})"\}', event)
    assert session is not None
    assert f'"session_id": "{session[1]}"' in log


def test_it_takes_less_than_a_minute_and_leaves_nothing(ordinary: Run) -> None:
    """Of the processor, which others may use meanwhile. Databases and logs are gone at its end."""
    assert 0 < ordinary.processor_seconds < 60
    assert ordinary.left == ["path"]


def test_the_report_fits_a_terminal(ordinary: Run) -> None:
    """What is read at a glance is at most 100 columns wide, and plain text in a pipe."""
    out = ordinary.done.stdout
    report = out[: out.index("4. One event in full")]
    assert max(map(len, report.splitlines())) <= 100
    assert "\x1b" not in out


def test_a_value_that_gets_through_fails_the_demo(environment: dict[str, str]) -> None:
    """A value sent around the gate is found, named by kind, form, item and field, and not shown."""
    done = run(environment, "--prove", "leak")
    assert done.returncode == 1
    (leak,) = (line for line in done.stdout.splitlines() if "LEAK" in line and "e-mail" in line)
    assert "in event at message" in leak
    assert "percent-encoded" in leak
    assert not re.search(r"[\w.]{8,}(@|%40)", leak), "only its first characters are printed"
    assert re.search(r"^3\. Found: [1-9]", done.stdout, re.MULTILINE)
    assert re.search(r"^FAILED: ", done.stdout, re.MULTILINE)


def test_an_app_that_does_not_report_fails_the_demo(environment: dict[str, str]) -> None:
    """Zero leaks out of silence is no success: each missing event is named with its route."""
    done = run(environment, "--prove", "silence", "--wait", "3")
    assert done.returncode == 1
    missing = [line for line in done.stdout.splitlines() if "MISSING: the event" in line]
    assert any("LookupError of flask_notes, route /api/notes" in line for line in missing)
    assert not any("django_shop" in line for line in missing)


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("making a fresh database", signal.SIGTERM),
        ("starting both apps", signal.SIGINT),
        ("flask_notes: ", signal.SIGTERM),
    ],
)
def test_an_interrupt_leaves_nothing_running(
    environment: dict[str, str], tmp_path: Path, moment: str, number: int
) -> None:
    """Ctrl-C or SIGTERM at any moment stops every process it started, and says so: exit 130.

    Ctrl-C at the end is tested below.
    """
    log = tmp_path / "log"
    command = [sys.executable, "-m", "demo"]
    with running(command, log=log, environment=environment) as demo:
        wait_until(lambda: moment in log.read_text(), f"the demo is {moment}")
        wait_until(lambda: bool(children_of(demo.pid)), "the demo has started a process")
        children = children_of(demo.pid)
        demo.send_signal(number)
        assert demo.wait(timeout=60) == 130
        assert not [pid for pid in children if is_alive(pid)]
    assert "Traceback" not in log.read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"log", "path"}


def test_the_page_stays_open_when_asked_to(environment: dict[str, str], tmp_path: Path) -> None:
    """With --keep-open the collector's page can be read until Ctrl-C; the apps are gone."""
    log = tmp_path / "log"
    command = [sys.executable, "-m", "demo", "--keep-open"]
    with running(command, log=log, environment=environment) as demo:
        wait_until(lambda: "The collector's page:" in log.read_text(), "the page is open")
        assert children_of(demo.pid) == set()
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=60) == 130


@pytest.mark.skipif(
    not list((ROOT / ".venv" / "bugsink").glob("installed-*")),
    reason="Bugsink is installed by running 'make demo BACKEND=bugsink' once",
)
def test_a_real_server_stores_the_events(environment: dict[str, str]) -> None:
    """Bugsink takes what passed the gate, stores each event and none of the planted values."""
    done = run({**environment, "BACKEND": "bugsink"})
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr
    assert re.search(
        r"^6\. Stored by Bugsink: [1-9][0-9]* events as [1-9][0-9]* issues, with 0 planted",
        done.stdout,
        re.MULTILINE,
    )


def test_an_unknown_backend_gets_a_sentence(environment: dict[str, str]) -> None:
    """It says which there are; exit code 2."""
    done = run({**environment, "BACKEND": "sentry"})
    assert done.returncode == 2
    assert "BACKEND should be bugsink, got 'sentry'" in done.stderr


def test_a_port_in_use_gets_a_sentence(environment: dict[str, str]) -> None:
    """It names the port and what to do; no traceback, exit code 2."""
    with Collector() as taken:
        done = run(environment, "--port", str(taken.port))
    assert done.returncode == 2
    assert f"port {taken.port}" in done.stderr
    assert "another port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def spoiled(tmp_path: Path) -> Path:
    """A folder that comes first on the path, for a module that spoils something."""
    folder = tmp_path / "spoiled"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("module", ["gunicorn", "django", "telemetry_flask"])
def test_a_missing_tool_gets_a_sentence(
    environment: dict[str, str], spoiled: Path, module: str
) -> None:
    """It names what is missing and how to get it; exit code 2."""
    (spoiled / "sitecustomize.py").write_text(
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name, *rest: "
        f"None if name == {module!r} else find(name, *rest)\n"
    )
    path = os.pathsep.join([str(spoiled), environment["PYTHONPATH"]])
    done = run({**environment, "PYTHONPATH": path}, "--port", "0")
    assert done.returncode == 2
    assert f"lacks {module}" in done.stderr
    assert "make demo" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_app_that_does_not_start_gets_a_sentence(
    environment: dict[str, str], spoiled: Path
) -> None:
    """It shows the app's last words; exit code 2, and nothing is left running."""
    (spoiled / "sitecustomize.py").write_text(
        "import sys\nif 'gunicorn' in sys.orig_argv: raise SystemExit('out of order')\n"
    )
    path = os.pathsep.join([str(spoiled), environment["PYTHONPATH"]])
    done = run({**environment, "PYTHONPATH": path})
    assert done.returncode == 2
    assert "gunicorn with django_shop" in done.stderr
    sentence, _, last_words = done.stderr.partition("Its last words:")
    assert "out of order" in last_words
    assert "Traceback" not in sentence


@pytest.fixture
def demo_parts(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the demo's modules importable in this process."""
    monkeypatch.syspath_prepend(environment["PYTHONPATH"])


@pytest.mark.usefixtures("demo_parts")
def test_planted_values_are_valid_and_new_each_time() -> None:
    """Cards and IBANs have right check digits, all but the mistyped one, and no value is reused."""
    from demo.identities import luhn_sum, new_identity, values_of

    people = [new_identity() for _ in range(200)]
    for person in people:
        assert luhn_sum(person.card) % 10 == 0
        assert luhn_sum(person.bad_card) % 10 != 0
        iban = person.iban.replace(" ", "")
        digits = "".join(str(int(character, 36)) for character in iban[4:] + iban[:4])
        assert int(digits) % 97 == 1, "ISO 13616: the number modulo 97 is 1"
    assert len({value for person in people for _, value in values_of(person)}) == 200 * 16


def _event(title: str, route: str, session: str) -> bytes:
    event = {
        "exception": {"values": [{"type": title, "value": "text"}]},
        "transaction": route,
        "release": "django_shop@1.0",
        "user": {"id": session},
    }
    return b'{}\n{"type":"event"}\n' + json.dumps(event).encode()


@pytest.mark.parametrize(
    ("events", "problems"),
    [
        ([("KeyError", "/", "session-1")], []),
        ([("KeyError", "/", "session-1")] * 2, ["NOT EXPECTED: event KeyError at /"]),
        ([("KeyError", "/raw/path", "session-1")], ["MISSING", "NOT EXPECTED"]),
        ([("KeyError", "/", "session-2")], ["MISSING", "NOT EXPECTED"]),
        ([("IndexError", "/", "session-1")], ["MISSING", "NOT EXPECTED"]),
        ([], ["MISSING: the event KeyError of django_shop, route /"]),
    ],
)
@pytest.mark.usefixtures("demo_parts")
def test_each_error_should_arrive_once(
    events: list[tuple[str, str, str]], problems: list[str]
) -> None:
    """Twice, under another name, route or session, or not at all: each is a problem."""
    from demo.requests import Sent
    from demo.scenarios import Scenario
    from demo.verdict import judge

    scenario = Scenario(
        app="django_shop", title="breaks it", path="/", route="/", status=500, errors=("KeyError",)
    )
    sent = Sent(scenario=scenario, status=500, reference="session-1")
    with Collector() as collector:
        for event in events:
            with urlopen(f"{collector.url}api/1/envelope/", _event(*event)):
                pass
        verdict = judge(sent=[sent], planted=[], collector=collector, trace_headers=[])
    found = [problem for problem in verdict.problems if "the transaction" not in problem]
    assert len(found) == len(problems)
    assert all(got.startswith(start) for got, start in zip(found, problems, strict=True))
