"""What the plugin has loaded before any test has been."""

from __future__ import annotations

import sys

LOADED = frozenset(sys.modules)
