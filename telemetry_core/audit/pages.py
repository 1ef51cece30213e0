"""What a page offers a visitor: forms to fill in, and links to follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from telemetry_core.audit.canaries import Canaries


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form of a page."""

    action: str
    """The path it is sent to."""
    method: str
    values: dict[str, str] = field(default_factory=dict)
    """What stands in hidden fields and choices."""
    hidden: dict[str, str] = field(default_factory=dict)
    """What stands in hidden fields alone."""
    typed: list[str] = field(default_factory=list)
    """The names of fields in which a visitor types."""
    files: list[str] = field(default_factory=list)


CHOICES = frozenset(("hidden", "radio", "checkbox", "submit", "button"))
SHAPED = {"number": "1", "range": "1", "date": "2024-02-29", "time": "12:30", "color": "#000000"}
"""What a browser lets a visitor type into fields of these types."""


class _Reader(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__(convert_charrefs=True)
        self._path = path
        self._select = ""
        self._open: Form | None = None
        self.forms: list[Form] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self._follow(given.get("href", ""))
        elif tag == "form":
            action = urlsplit(urljoin(self._path, given.get("action", ""))).path
            method = given.get("method", "get").upper()
            self._open = Form(action=action or self._path, method=method)
            self.forms.append(self._open)
        elif self._open is not None:
            self._fill(self._open, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = ""

    def _follow(self, href: str) -> None:
        parts = urlsplit(urljoin(self._path, href))
        if not parts.netloc and not parts.scheme and parts.path.startswith("/"):
            self.links.append(parts.path)

    def _fill(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text").lower()
        if tag == "option" and self._select:
            # The first that says anything; a page's first option is often "please choose".
            form.values[self._select] = form.values[self._select] or given.get("value", "")
        elif not name:
            return
        elif tag == "select":
            self._select = name
            form.values[name] = ""
        elif tag == "input" and kind == "file":
            form.files.append(name)
        elif tag == "input" and kind in CHOICES:
            form.values.setdefault(name, given.get("value", "on"))
            if kind == "hidden":
                form.hidden[name] = form.values[name]
        elif tag == "input" and kind in SHAPED:
            form.values.setdefault(name, given.get("value") or SHAPED[kind])
        elif tag in ("input", "textarea"):
            form.typed.append(name)


def read_page(html: str, path: str) -> tuple[list[Form], list[str]]:
    """Return the forms of a page and the paths of its links; what is no HTML has none.

    Links to other hosts are left out.
    """
    reader = _Reader(path)
    reader.feed(html)
    return reader.forms, reader.links


def filled(form: Form, canaries: Canaries) -> dict[str, str]:
    """Return what a visitor would send who types a canary wherever one can type."""
    return {**form.values, **{name: canaries.for_field(name) for name in form.typed}}
