"""The command ``telemetry``: the door that stands also where click and rich are not installed.

The same verbs are ``python -m telemetry_core``, ``manage.py telemetry`` and ``flask telemetry``.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from telemetry_core.cli.exits import Exit

if TYPE_CHECKING:
    from telemetry_core.cli.application import Host

LIBRARIES = ("click", "rich")
"""What the extra ``cli`` installs."""


def main(
    arguments: Sequence[str] | None = None,
    *,
    program: str | None = None,
    host: Host | None = None,
) -> NoReturn:
    """Run the command line and leave the interpreter with one of the codes of `Exit`.

    :param arguments: the words behind the program's name; those of the process if None.
    :param program: how the user called it, for the help texts; found out if None.
    :param host: the framework whose own command started this one.
    """
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"telemetry: the command line needs {' and '.join(missing)}: "
            "pip install 'telemetry-core[cli]'\n"
        )
        sys.exit(Exit.NOT_INSTALLED)

    from telemetry_core.cli.root import root

    # In development the SDK tells whatever it does, also while the interpreter ends: around what a
    # verb prints, nobody wants to read that.
    logging.getLogger("sentry_sdk.errors").addFilter(_is_warning)
    root.main(args=list(arguments) if arguments is not None else None, prog_name=program, obj=host)
    raise AssertionError("click leaves the interpreter by itself")


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
