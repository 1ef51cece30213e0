"""Start processes, and stop every one of them by its own id."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from demo.interrupts import Interrupts


class DemoError(Exception):
    """The demo can't go on; the sentence says why and what to do."""


class Process:
    """A process with its output in a file, in a process group of its own.

    The group keeps a Ctrl-C in the terminal from reaching it behind our back, and lets what it
    has itself started be stopped with it.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.log = log
        self._output: IO[bytes] = log.open("ab")
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
            start_new_session=True,
        )

    def finish(self, timeout: float) -> None:
        """Wait until it has ended by itself. Raises DemoError when it failed or hangs."""
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise DemoError(
                f"{self.name} should have ended within {timeout:.0f} s.{self.tail()}"
            ) from error
        if status:
            raise DemoError(f"{self.name} failed with exit code {status}.{self.tail()}")

    def wait_until(self, is_ready: Callable[[], bool], timeout: float) -> None:
        """Wait until it is ready. Raises DemoError when it ends before that, or takes too long."""
        until = time.monotonic() + timeout
        while not is_ready():
            if self._process.poll() is not None:
                raise DemoError(
                    f"{self.name} ended with exit code {self._process.returncode} instead of "
                    f"starting.{self.tail()}"
                )
            if time.monotonic() > until:
                raise DemoError(f"{self.name} did not start within {timeout:.0f} s.{self.tail()}")
            time.sleep(0.05)

    def stop(self, timeout: float = 10.0) -> None:
        """Ask it to end, and make it end when it does not. Does nothing when it has ended."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
        # What is left of the group: a worker may outlive its master.
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._output.close()

    def tail(self) -> str:
        """Return the last lines of its output, set off to stand below a sentence."""
        text = self.log.read_text(encoding="utf-8", errors="replace").strip()
        lines = text.splitlines()[-12:]
        return (
            "".join(["\nIts last words:\n", *(f"  | {line}\n" for line in lines)]) if text else ""
        )

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return


class Processes:
    """All that was started; ends with the block, however that is left."""

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._started: list[Process] = []

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        pass_fds: Sequence[int] = (),
    ) -> Process:
        """Start a process and take charge of stopping it."""
        with self._interrupts.hold():
            process = Process(
                name, command, folder=folder, environment=environment, log=log, pass_fds=pass_fds
            )
            self._started.append(process)
        return process

    def stop(self) -> None:
        """Stop all of them, the last one first."""
        while self._started:
            self._started.pop().stop()

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
