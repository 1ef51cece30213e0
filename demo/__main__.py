"""Run the demo: ``python -m demo``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from demo import backend
from demo.apps import (
    APPS,
    START_SECONDS,
    App,
    check_tools,
    environment_of,
    set_up_commands,
    start,
)
from demo.gunicorn import answers
from demo.identities import Identity, new_identity
from demo.interrupts import Interrupts
from demo.local_logs import problems_of, read_log
from demo.planting import Plantings
from demo.processes import DemoError, Process, Processes
from demo.report import Report
from demo.requests import Sent, Visits
from demo.scenarios import SCENARIOS
from demo.service import Service
from demo.verdict import expectations, judge, match, release_of
from telemetry_core.collector import Collector, CollectorError

PASSED, FAILED, CAN_NOT_RUN, INTERRUPTED = 0, 1, 2, 130

ARRIVAL_SECONDS = 15.0
BACKENDS = ("bugsink",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit code: 0 passed, 1 failed, 2 can't run, 130 interrupted."""
    parser = _parser()
    options = parser.parse_args(arguments)
    # argparse does not hold a default, which here comes from the environment, to the choices.
    if options.backend not in (None, *BACKENDS):
        parser.error(f"BACKEND should be {' or '.join(BACKENDS)}, got {options.backend!r}")
    # A terminal that knows no umlauts is no reason to fail.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    interrupts = Interrupts()
    interrupts.listen()
    try:
        return _Run(options, interrupts).run()
    except (DemoError, CollectorError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return CAN_NOT_RUN
    except KeyboardInterrupt:
        print("\nInterrupted; everything that was started has been stopped.", file=sys.stderr)
        return INTERRUPTED


class _Run:
    """One run, in the order in which the report tells it."""

    def __init__(self, options: argparse.Namespace, interrupts: Interrupts) -> None:
        self.options = options
        self.interrupts = interrupts
        self.report = Report()
        self.plantings = Plantings()
        self.sent: list[Sent] = []

    def run(self) -> int:
        report = self.report
        check_tools(APPS)
        with ExitStack() as stack:
            report.title()
            collector = stack.enter_context(Collector(port=self.options.port))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-")))
            service = stack.enter_context(Service())
            backends = stack.enter_context(Processes(self.interrupts))
            processes = stack.enter_context(Processes(self.interrupts))
            report.step(f"collector on {collector.url}")
            accounts = {app.name: new_identity() for app in APPS}
            environments = {
                app.name: environment_of(
                    app,
                    folder=folder,
                    service=service.url,
                    telemetry=self._telemetry(app, collector),
                )
                for app in APPS
            }
            bugsink = self._start_backend(backends, folder)
            self._set_up(accounts, environments, folder, processes)
            ports = self._start(environments, folder, processes)
            self._send(accounts, ports)
            self._plant_machine(folder)
            if self.options.prove == "leak":
                self._leak(collector)
            self._wait(collector)
            report.step("stopping the apps, so that they send what is left")
            processes.stop()
            report.step("searching what arrived for what was planted")
            verdict = judge(
                sent=self.sent,
                planted=list(self.plantings.planted.values()),
                collector=collector,
                trace_headers=service.told,
            )
            report.planted(self.plantings, len(self.sent))
            report.arrived(self.sent, verdict, collector)
            report.found(self.plantings, verdict, collector)
            logs = [read_log(app.name, folder / f"{app.name}.log") for app in APPS]
            wrong = problems_of(logs, list(self.plantings.planted.values()))
            wrong += report.event(verdict, logs, wrong)
            problems = verdict.problems + wrong
            if bugsink is not None:
                problems += self._store(bugsink, collector)
            report.next()
            report.outcome(verdict, problems, self.plantings)
            if self.options.keep_open:
                report.line(f"\nThe collector's page: {collector.url}   (Ctrl-C ends it)")
                threading.Event().wait()
        return FAILED if problems else PASSED

    def _start_backend(self, processes: Processes, folder: Path) -> backend.Bugsink | None:
        if not self.options.backend:
            return None
        if not backend.is_installed():
            self.report.step(f"installing Bugsink {backend.VERSION} into {backend.FOLDER}, once")
            backend.install(processes, folder)
        self.report.step("starting Bugsink")
        bugsink = backend.Bugsink(processes, folder)
        bugsink.start()
        return bugsink

    def _store(self, bugsink: backend.Bugsink, collector: Collector) -> list[str]:
        received = [each for each in collector.store if each.envelope is not None]
        planted = list(self.plantings.planted.values())
        bugsink.send(received)
        stored = bugsink.stored()
        problems = stored.problems(received, planted)
        self.report.stored(bugsink, stored, problems, stays=self.options.keep_open)
        return problems

    def _telemetry(self, app: App, collector: Collector) -> dict[str, str]:
        silent = self.options.prove == "silence" and app is APPS[-1]
        return {
            "TELEMETRY_ENABLED": "false" if silent else "true",
            "TELEMETRY_DSN": collector.dsn,
            "TELEMETRY_ENVIRONMENT": "demo",
            "TELEMETRY_RELEASE": release_of(app.name),
            "TELEMETRY_TRACES_SAMPLE_RATE": "1.0",
        }

    def _set_up(
        self,
        accounts: dict[str, Identity],
        environments: dict[str, dict[str, str]],
        folder: Path,
        processes: Processes,
    ) -> None:
        self.report.step("making a fresh database for each app")
        for app in APPS:
            self.plantings.plant_account(accounts[app.name])
        pending = {app.name: set_up_commands(app, accounts[app.name]) for app in APPS}
        while any(pending.values()):
            running = [
                processes.start(
                    f"{' '.join(commands[0][1:4])} of {name}",
                    commands.pop(0),
                    folder=next(app.folder for app in APPS if app.name == name),
                    environment=environments[name],
                    log=folder / f"{name}-set-up.log",
                )
                for name, commands in pending.items()
                if commands
            ]
            for process in running:
                process.finish(timeout=60.0)

    def _start(
        self, environments: dict[str, dict[str, str]], folder: Path, processes: Processes
    ) -> dict[str, int]:
        self.report.step("starting both apps under gunicorn")
        ports: dict[str, int] = {}
        started: list[tuple[Process, int]] = []
        for app in APPS:
            process, port = start(
                app,
                processes,
                environment=environments[app.name],
                log=folder / f"{app.name}.log",
            )
            started.append((process, port))
            ports[app.name] = port
        for process, port in started:
            process.wait_until(partial(answers, port), START_SECONDS)
        return ports

    def _send(self, accounts: dict[str, Identity], ports: dict[str, int]) -> None:
        for app in APPS:
            scenarios = [scenario for scenario in SCENARIOS if scenario.app == app.name]
            self.report.step(
                f"{app.name}: {len(scenarios)} requests, http://127.0.0.1:{ports[app.name]}/"
            )
            visits = Visits(
                port=ports[app.name], account=accounts[app.name], plantings=self.plantings
            )
            self.sent += [visits.carry_out(scenario) for scenario in scenarios]
            visits.plant_cookies()

    def _plant_machine(self, folder: Path) -> None:
        for path in {str(folder), str(APPS[0].folder.parent)}:
            self.plantings.plant("folder", path, "host")

    def _leak(self, collector: Collector) -> None:
        """Send a planted value straight to the collector, to show that it would be found."""
        email = next(p.value for p in self.plantings.planted.values() if p.kind == "e-mail")
        body = b'{}\n{"type":"event"}\n{"message":"' + email.encode().replace(b"@", b"%40") + b'"}'
        with urllib.request.urlopen(f"{collector.url}api/1/envelope/", body):
            self.report.step("sent a planted value around the gate, as asked")

    def _wait(self, collector: Collector) -> None:
        expected = expectations(self.sent)
        self.report.step(f"waiting for {len(expected)} items")
        collector.wait_for(
            lambda: all(found.entry is not None for found in match(expected, collector)),
            timeout=self.options.wait,
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Send personal data through two example apps and show what arrives.",
        epilog="Exit codes: 0 passed, 1 a value got through or an event is missing, "
        "2 the demo can't run, 130 interrupted.",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port for the collector (default: any free one)"
    )
    parser.add_argument(
        "--keep-open",
        action="store_true",
        help="leave the collector's page up after the report, until Ctrl-C",
    )
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default=os.environ.get("BACKEND") or None,
        help="also store what arrives in a real server, installed on first use "
        "(default: $BACKEND, if set)",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=ARRIVAL_SECONDS,
        metavar="SECONDS",
        help="how long to wait for the last item (default: %(default)s)",
    )
    parser.add_argument(
        "--prove",
        choices=("leak", "silence"),
        help="make the demo fail, to show that it can: send a planted value around the gate, "
        "or start the last app with telemetry off",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
