"""How much of an item is read."""

from __future__ import annotations

from typing import Final

MAX_TEXT: Final = 100_000
"""Characters of one text that are kept; the SDK's own limit is as high."""
CUT_ZONE: Final = 500
"""Characters at the end of a cut text in which half a value may stand that nothing can tell."""
MAX_PRIMED: Final = 2_000
"""Characters of a text that is read together with others; a longer one gains nothing by it."""
MAX_ALONE: Final = 4
"""New texts of an item like others that are read by themselves; if it holds more, the rest are read
together."""
MAX_ITEM_TEXT: Final = 4_000_000
"""Characters of new text in one item; Sentry takes no event of more than a megabyte compressed."""
MAX_DEPTH: Final = 10
"""Levels of a map the app filled; the SDK cuts at five."""
MAX_ITEM_NODES: Final = 400_000
"""Values in one item."""
