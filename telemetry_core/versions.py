"""The versions of installed packages, where they are installed as packages."""

from __future__ import annotations

import importlib.metadata
from typing import Final

UNKNOWN: Final = "unknown"
"""What stands for the version of a package that runs from its source."""


def version_of(distribution: str) -> str:
    """Return the version of a package, or `UNKNOWN`."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return UNKNOWN
