"""The command ``telemetry`` for where scripts aren't on the path: ``python -m telemetry_core``."""

from __future__ import annotations

from telemetry_core.cli import main

if __name__ == "__main__":
    main()
