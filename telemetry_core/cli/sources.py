"""Files that ``telemetry doctor`` reads: the source of what is loaded, and of configuration."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_MOST_SOURCE: Final = 1_000_000
"""Bytes of a file that is read."""

_OWN: Final = Path(__file__).parents[1]


def text_of(path: Path) -> str:
    """Return the text of a small file; an empty one of what can't be read."""
    try:
        if path.stat().st_size > _MOST_SOURCE:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def sources_below(folder: Path) -> Iterator[Path]:
    """Yield the files of modules that were loaded from there, neither ours nor installed."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py") and file.startswith(str(folder)):
            path = Path(file)
            if "site-packages" not in path.parts and not path.is_relative_to(_OWN):
                yield path
