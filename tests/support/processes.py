"""Start a process for a test and stop it again by its own id, whatever the test does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

# Only what fails takes so long: a machine that is busy with other things makes no claim untrue.
START_SECONDS = 120.0
SECONDS = 60.0


def free_port() -> int:
    """Return a port that nothing listens on at this moment; another process may still take it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until(is_so: Callable[[], bool], what: str, timeout: float = SECONDS) -> None:
    """Return as soon as ``is_so()`` is true; fail the test after ``timeout`` seconds."""
    until = time.monotonic() + timeout
    while not is_so():
        if time.monotonic() > until:
            raise AssertionError(f"not within {timeout:.0f} s: {what}")
        time.sleep(0.02)


def answers(port: int, path: str = "/") -> bool:
    """Say whether an HTTP server answers at this port, with whatever status."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10.0)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


@contextmanager
def running(
    command: Sequence[str],
    *,
    log: Path,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for the length of the block, its output in the file ``log``.

    With ``port``, the block begins when an HTTP server answers there. The process gets a group
    of its own, of which nothing is left at the end.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            if port is not None:
                wait_until(
                    lambda: process.poll() is not None or answers(port),
                    f"{command[0]} answers at port {port}",
                    START_SECONDS,
                )
                assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes], timeout: float = SECONDS) -> None:
    """End a process that was started with a group of its own, and what is left of the group."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def children_of(pid: int) -> set[int]:
    """Return the ids of a process's children and of theirs, as /proc tells them (Linux)."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The name, in parentheses, may hold blanks; after it come state and parent.
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except (OSError, ValueError):
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def is_alive(pid: int) -> bool:
    """Say whether a process with this id exists and has not ended (Linux)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
