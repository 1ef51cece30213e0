"""What the tests of the Flask adapter share."""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("flask") is None:
    collect_ignore_glob = ["test_*.py"]
