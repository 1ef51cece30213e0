"""The process of `probe`: ``python -m telemetry_core.audit``."""

from __future__ import annotations

from telemetry_core.audit.probe import main

if __name__ == "__main__":
    main()
