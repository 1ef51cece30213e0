"""Where the program runs and which version of it: environment, release, and rates to match.

Everything is read when a function is called, never at import, and everything can be passed in.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DEVELOPMENT = "development"
STAGING = "staging"
PRODUCTION = "production"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentDefaults:
    """What an environment means where the settings say nothing."""

    traces_sample_rate: float
    profiles_sample_rate: float
    debug: bool


DEFAULTS_BY_ENVIRONMENT: Mapping[str, EnvironmentDefaults] = {
    # No profiles: a profile of the development server with its reloader and debugger says little
    # about the program, and what nobody asked for stays off.
    DEVELOPMENT: EnvironmentDefaults(traces_sample_rate=1.0, profiles_sample_rate=0.0, debug=True),
    STAGING: EnvironmentDefaults(traces_sample_rate=0.5, profiles_sample_rate=0.1, debug=False),
    PRODUCTION: EnvironmentDefaults(traces_sample_rate=0.1, profiles_sample_rate=0.01, debug=False),
}


def defaults_for(environment: str) -> EnvironmentDefaults:
    """Return the defaults of ``environment``, in whatever case its name is written.

    An environment that has no row of its own gets production's: the least is sent, and the SDK
    prints nothing.
    """
    known = DEFAULTS_BY_ENVIRONMENT.get(environment.lower())
    return known if known is not None else DEFAULTS_BY_ENVIRONMENT[PRODUCTION]


def detect_environment(
    *,
    explicit: str | None = None,
    environ: Mapping[str, str] | None = None,
    argv: Sequence[str] | None = None,
    frozen: bool | None = None,
    framework_debug: bool | None = None,
) -> str:
    """Name the environment; the first of these that says something decides.

    1. ``explicit``; 2. ``TELEMETRY_ENVIRONMENT``; 3. ``SENTRY_ENVIRONMENT``; 4. a frozen
    executable is production; 5. a command line that only developers use (see
    `is_development_command`) is development; 6. a framework in debug mode is development;
    7. production.

    Blank values say nothing. ``environ``, ``argv`` and ``frozen`` default to the process's own.
    Names are returned as given: `environment_fault` checks them. Never raises.
    """
    environ = os.environ if environ is None else environ
    argv = sys.argv if argv is None else argv
    frozen = is_frozen() if frozen is None else frozen
    candidates = (explicit, environ.get("TELEMETRY_ENVIRONMENT"), environ.get("SENTRY_ENVIRONMENT"))
    for named in candidates:
        if named is not None and named.strip():
            return named.strip()
    if frozen:
        return PRODUCTION
    if is_development_command(argv) or framework_debug:
        return DEVELOPMENT
    return PRODUCTION


def is_frozen() -> bool:
    """Say whether this is a frozen executable (PyInstaller, cx_Freeze, py2exe)."""
    return bool(getattr(sys, "frozen", False))


def is_development_command(argv: Sequence[str]) -> bool:
    """Say whether a command line is one that only developers use.

    These are Django's ``runserver``, ``flask run`` in debug mode (``--debug`` before or after
    ``run``, the last of ``--debug`` and ``--no-debug`` counting), and pytest, in the forms
    ``pytest``, ``py.test`` and ``python -m pytest``. A word counts only where a command can stand:
    ``manage.py migrate runserver`` is not development.
    """
    program, arguments = _split_command(argv)
    if program in ("pytest", "py.test"):
        return True
    if program == "flask":
        return _is_flask_debug_run(arguments)
    return bool(arguments) and arguments[0] == "runserver"


_FLASK_GROUP_OPTIONS_WITH_VALUE = frozenset({"-A", "--app", "-e", "--env-file"})


def _is_flask_debug_run(arguments: Sequence[str]) -> bool:
    command = ""
    debug = False
    words = iter(arguments)
    for word in words:
        if word in ("--debug", "--no-debug"):
            debug = word == "--debug"
        elif not command:
            if word in _FLASK_GROUP_OPTIONS_WITH_VALUE:
                next(words, None)
            elif not word.startswith("-"):
                command = word
    return debug and command == "run"


_PYTHON = re.compile(r"python[\d.]*w?|pypy[\d.]*")
_PYTHON_OPTIONS_WITH_VALUE = frozenset({"-W", "-X", "--check-hash-based-pycs"})


def _split_command(argv: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the program's name and its arguments, seen through ``python -m`` and ``__main__``."""
    if not argv:
        return "", ()
    program = _program_name(argv[0])
    if not _PYTHON.fullmatch(program):
        return program, argv[1:]
    position = 1
    while position < len(argv) and argv[position].startswith("-"):
        if argv[position] == "-m":
            return "".join(argv[position + 1 : position + 2]), argv[position + 2 :]
        position += 2 if argv[position] in _PYTHON_OPTIONS_WITH_VALUE else 1
    return _program_name("".join(argv[position : position + 1])), argv[position + 1 :]


def _program_name(path: str) -> str:
    # Both separators on every system, so that a Windows command line reads the same everywhere.
    parts = re.split(r"[/\\]", path)
    if parts[-1] == "__main__.py" and len(parts) > 1:
        return parts[-2]
    return parts[-1].removesuffix(".exe")


def detect_release(
    *,
    explicit: str | None = None,
    environ: Mapping[str, str] | None = None,
    root: Path | None = None,
    distribution: str | None = None,
    frozen: bool | None = None,
    executable: Path | None = None,
    bundle: Path | None = None,
) -> str | None:
    """Name the release; the first of these that says something decides, else None.

    1. ``explicit``; 2. ``TELEMETRY_RELEASE``; 3. ``SENTRY_RELEASE``; 4. ``build_info.json``, an
    object in which the first text among the keys of `BUILD_INFO_KEYS` is taken (``release``, then
    ``version``, then the usual names of a commit); 5. the first line of a file ``VERSION`` that
    isn't blank; 6. the version of the installed ``distribution``.

    The files are looked for in ``root``; without one in the current folder or, for a frozen
    executable, beside ``executable`` (default ``sys.executable``) and in its unpacked ``bundle``
    (default ``sys._MEIPASS``). A file that is missing, unreadable, malformed or holds what can't
    be a release is skipped. Blank values say nothing.
    The first three are returned as given: `release_fault` checks them. Never raises.
    """
    environ = os.environ if environ is None else environ
    candidates = (explicit, environ.get("TELEMETRY_RELEASE"), environ.get("SENTRY_RELEASE"))
    for named in candidates:
        if named is not None and named.strip():
            return named.strip()
    if root is not None:
        folders: Sequence[Path] = (root,)
    elif is_frozen() if frozen is None else frozen:
        folders = _frozen_folders(executable, bundle)
    else:
        folders = _current_folder()
    for file_name, read in (("build_info.json", _read_build_info), ("VERSION", _read_version)):
        for folder in folders:
            text = _read_text(folder / file_name)
            release = None if text is None else read(text)
            if release is not None:
                return release
    return None if distribution is None else _installed_version(distribution)


BUILD_INFO_KEYS = (
    "release",
    "version",
    "commit",
    "commit_sha",
    "commit_hash",
    "git_commit",
    "git_sha",
    "revision",
    "sha",
)

_MOST_BYTES = 65_536


def _frozen_folders(executable: Path | None, bundle: Path | None) -> tuple[Path, ...]:
    beside = (Path(sys.executable) if executable is None else executable).parent
    unpacked = getattr(sys, "_MEIPASS", None) if bundle is None else bundle
    return (beside,) if unpacked is None else (beside, Path(unpacked))


def _current_folder() -> tuple[Path, ...]:
    try:
        return (Path.cwd(),)
    except OSError:  # the current folder was removed
        return ()


def _read_text(path: Path) -> str | None:
    try:
        if not path.is_file():  # a pipe of that name would block, a folder can't be read
            return None
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        return content.decode("utf-8-sig") if len(content) <= _MOST_BYTES else None
    except (OSError, ValueError):
        return None


def _read_build_info(text: str) -> str | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    return _first_release(content.get(key) for key in BUILD_INFO_KEYS)


def _read_version(text: str) -> str | None:
    lines = [line for line in text.splitlines() if line.strip()]
    return _first_release(lines[:1])


def _installed_version(distribution: str) -> str | None:
    try:
        return _first_release([importlib.metadata.version(distribution)])
    except (importlib.metadata.PackageNotFoundError, ValueError, KeyError):
        return None


def _first_release(candidates: Iterable[object]) -> str | None:
    for candidate in candidates:
        if isinstance(candidate, str) and candidate.strip():
            release = candidate.strip()
            if not release_fault(release):
                return release
    return None


RELEASE_ALLOWED = (
    "a name of 1 to 200 characters without slash, backslash, tab or newline, such as shop@2.1.0"
)
ENVIRONMENT_ALLOWED = (
    'a name of 1 to 64 characters without space, slash or newline, and not "None",'
    " such as production"
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def release_fault(release: str) -> str:
    """Say why Sentry would refuse ``release``, or return an empty string.

    The rules are those of https://docs.sentry.io/product/releases/naming-releases/. A slash or a
    backslash is refused for privacy, too: it is how a path gets in.
    """
    if len(release) > 200:
        return f"It has {len(release)} characters."
    if not release.strip() or release in (".", ".."):
        return "It names nothing."
    if "/" in release or "\\" in release:
        return "It holds a slash or a backslash, as a path does."
    return "It holds a control character." if _CONTROL.search(release) else ""


def environment_fault(environment: str) -> str:
    """Say why Sentry would refuse ``environment``, or return an empty string.

    The rules are those of https://docs.sentry.io/product/sentry-basics/environments/.
    """
    if len(environment) > 64:
        return f"It has {len(environment)} characters."
    if not environment.strip() or environment in (".", "..") or environment.lower() == "none":
        return "It names nothing."
    if re.search(r"[/\\\s]", environment):
        return "It holds a space, a slash or a newline."
    return "It holds a control character." if _CONTROL.search(environment) else ""
