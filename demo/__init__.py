"""Send personal data through the example apps and show what arrives: ``make demo``."""

from __future__ import annotations
