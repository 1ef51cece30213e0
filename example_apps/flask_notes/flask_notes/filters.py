"""How notes are shown."""

from __future__ import annotations

import re

from flask import Flask
from markupsafe import Markup, escape


def highlight(text: str, query: str) -> Markup:
    """Mark each place where the query is found in the text."""
    if not query:
        return escape(text)
    # Bug: the query is taken for a regular expression, and not every text is one.
    try:
        parts = re.split(f"({query})", text, flags=re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"can't highlight {query!r} in {text!r}") from error
    return Markup("").join(
        Markup("<mark>{}</mark>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def init_app(app: Flask) -> None:
    """Register the filters."""
    app.add_template_filter(highlight)
