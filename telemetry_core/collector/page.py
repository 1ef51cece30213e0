"""The page that shows what was received.

Made on the server, one string in, one string out: it needs no JavaScript and no other file, and
everything that was received is escaped. Colours keep WCAG 2.2's AA contrast in both schemes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from telemetry_core.collector.store import Store
from telemetry_core.collector.summary import Entry

PER_PAGE = 50
FASTEST_REFRESH, SLOWEST_REFRESH = 2, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the query string asks for. Anything it says wrongly counts as not said."""

    type: str = ""
    text: str = ""
    page: int = 1
    refresh: int = 0
    """Seconds after which the page loads itself again; 0 for never."""

    @classmethod
    def from_query(cls, query: Mapping[str, Sequence[str]]) -> Filters:
        """Read the filters from a parsed query string."""

        def last(name: str) -> str:
            return query.get(name, [""])[-1].strip()

        def number(name: str) -> int:
            return int(last(name)) if re.fullmatch(r"[0-9]{1,6}", last(name)) else 0

        refresh = number("refresh")
        return cls(
            type=last("type"),
            text=last("text"),
            page=max(1, number("page")),
            refresh=min(max(refresh, FASTEST_REFRESH), SLOWEST_REFRESH) if refresh else 0,
        )

    def take(self, entry: Entry) -> bool:
        """Say whether the entry is one of those asked for."""
        return entry.matches(item_type=self.type, text=self.text)

    def link(self, **changes: object) -> str:
        """Return the address of this page with some of the filters changed."""
        changed = replace(self, **changes)  # type: ignore[arg-type]  # names are checked by replace
        values = {"type": changed.type, "text": changed.text, "refresh": changed.refresh}
        if changed.page > 1:
            values["page"] = changed.page
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/?{query}" if query else "/"


def render(entries: Sequence[Entry], filters: Filters, store: Store, dsn: str) -> str:
    """Return the whole page for ``entries``, given oldest first, as HTML."""
    taken = [entry for entry in reversed(entries) if filters.take(entry)]
    last_page = max(1, -(-len(taken) // PER_PAGE))
    page = min(filters.page, last_page)
    shown = taken[(page - 1) * PER_PAGE : page * PER_PAGE]
    refresh = f'<meta http-equiv="refresh" content="{filters.refresh}">' if filters.refresh else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{refresh}
<title>{len(taken)} items – telemetry collector</title>
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#items">Skip to the items</a>
<header>
<h1>Telemetry collector</h1>
<p>What was sent to <code>{_escape(dsn)}</code>, as Sentry would get it.
Nothing on this page goes anywhere else.</p>
</header>
<main>
{_form(entries, filters)}
{_notice(store)}
<section id="items" aria-labelledby="items-heading">
<h2 id="items-heading">{_heading(len(taken), len(entries))}</h2>
{_table(shown) if shown else _nothing(entries, dsn)}
{_pages(filters, page, last_page)}
</section>
</main>
<footer>
<p><a href="/api/items.json">All items as JSON</a></p>
<form method="post" action="/api/clear"><button>Forget everything</button></form>
</footer>
</body>
</html>
"""


def _form(entries: Sequence[Entry], filters: Filters) -> str:
    types = sorted({entry.type for entry in entries} | ({filters.type} - {""}))
    options = "".join(
        f"<option{' selected' if name == filters.type else ''}>{_escape(name)}</option>"
        for name in types
    )
    again = (
        f'<a href="{_escape(filters.link(refresh=0))}">Stop refreshing '
        f"(now every {filters.refresh} seconds)</a>"
        if filters.refresh
        else f'<a href="{_escape(filters.link(refresh=5))}">Refresh every 5 seconds</a>'
    )
    keep = f'<input type="hidden" name="refresh" value="{filters.refresh}">'
    return f"""<form method="get" action="/" role="search" aria-label="Filter the items">
<label>Type <select name="type"><option value="">all types</option>{options}</select></label>
<label>Text <input type="search" name="text" value="{_escape(filters.text)}"></label>
{keep if filters.refresh else ""}
<button>Filter</button> <a href="{_escape(Filters(refresh=filters.refresh).link())}">Show all</a>
{again}
</form>"""


def _notice(store: Store) -> str:
    notices = []
    if store.forgotten:
        notices.append(f"The oldest {store.forgotten} requests were forgotten to save memory.")
    if store.unwritten:
        notices.append(f"{store.unwritten} requests could not be written to the folder.")
    return "".join(f'<p class="notice" role="status">{notice}</p>' for notice in notices)


def _heading(taken: int, of: int) -> str:
    noun = "item" if of == 1 else "items"
    return f"{of} {noun}" if taken == of else f"{taken} of {of} {noun}"


def _nothing(entries: Sequence[Entry], dsn: str) -> str:
    if entries:
        return "<p>No item fits the filter.</p>"
    return (
        "<p>Nothing has come in yet. Start an app with this in its environment:</p>"
        f"<pre>TELEMETRY_ENABLED=true TELEMETRY_DSN={_escape(dsn)}</pre>"
    )


def _table(entries: Sequence[Entry]) -> str:
    return f"""<table>
<caption>Newest first. Open a row to read the item in full.</caption>
<thead><tr><th scope="col">No.</th><th scope="col">Received (UTC)</th><th scope="col">Type</th>
<th scope="col">Name</th><th scope="col">Level</th><th scope="col" class="wide">Environment</th>
<th scope="col" class="wide">Removed</th></tr></thead>
{"".join(_rows(entry) for entry in entries)}
</table>"""


def _rows(entry: Entry) -> str:
    number = _escape(entry.id)
    at = entry.received.at
    size = len(entry.item.payload if entry.item is not None else entry.received.body)
    return f"""<tbody id="item-{number}">
<tr><th scope="row"><a href="#item-{number}">{number}</a></th>
<td><time datetime="{at.isoformat()}">{at:%H:%M:%S}</time></td>
<td>{_escape(entry.type)}</td>
<td class="name"><bdi>{_escape(entry.name)}</bdi></td>
<td>{_level(entry.level)}</td>
<td class="wide">{_escape(entry.environment)}</td>
<td class="wide">{len(entry.remarks) or ""}</td></tr>
<tr class="full"><td colspan="7">
<details><summary>{_escape(entry.type)} {number} in full, {size:,} bytes</summary>
{_remarks(entry)}
<h3>Item</h3>
<pre tabindex="0" aria-label="Item {number}">{_marked(entry)}</pre>
<h3>Headers of the envelope and the request</h3>
<pre tabindex="0" aria-label="Headers of item {number}">{_escape(_headers(entry))}</pre>
<p><a href="/api/envelopes/{entry.received.number}">The envelope's bytes</a></p>
</details></td></tr>
</tbody>
"""


def _remarks(entry: Entry) -> str:
    if not entry.remarks:
        return ""
    lines = "".join(f"<li>{_escape(str(remark))}</li>" for remark in entry.remarks)
    return f"<h3>Removed before it was sent</h3><ul>{lines}</ul>"


def _marked(entry: Entry) -> str:
    text = _escape(entry.text)
    # Only tokens: a file name that is left of a path stands in many places it was not cut in.
    tokens = {remark.text for remark in entry.remarks if re.fullmatch(r"\[[^][]+\]", remark.text)}
    for token in tokens:
        text = text.replace(_escape(token), f"<mark>{_escape(token)}</mark>")
    return text


def _headers(entry: Entry) -> str:
    received = entry.received
    lines = [received.request_line, *(f"{name}: {value}" for name, value in received.headers)]
    if received.envelope is not None:
        lines += ["", *(f"{name} = {value}" for name, value in received.envelope.headers.items())]
    if entry.item is not None:
        lines += ["", *(f"{name} = {value}" for name, value in entry.item.headers.items())]
    return "\n".join(lines)


def _level(level: str) -> str:
    known = level if level in {"fatal", "error", "warning", "info", "debug"} else "other"
    return f'<span class="level {known}">{_escape(level)}</span>' if level else ""


def _pages(filters: Filters, page: int, last_page: int) -> str:
    if last_page == 1:
        return ""
    newer = f'<a rel="prev" href="{_escape(filters.link(page=page - 1))}">Newer</a>'
    older = f'<a rel="next" href="{_escape(filters.link(page=page + 1))}">Older</a>'
    return (
        f'<nav aria-label="Pages">{newer if page > 1 else ""} Page {page} of {last_page} '
        f"{older if page < last_page else ''}</nav>"
    )


def _escape(text: str) -> str:
    return html.escape(text, quote=True)


STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fdfdfd; --soft: #5a5a66;
  --line: #d4d4dc; --panel: #f3f3f7; --link: #0b57b7; --mark: #fff0a8; --mark-ink: #3a2d00;
  --error: #a3123a; --warning: #7a4a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8ee; --paper: #17171b; --soft: #a9a9b8;
  --line: #3a3a45; --panel: #212128; --link: #8ab8ff; --mark: #5a4a00; --mark-ink: #fff3c4;
  --error: #ff8fa8; --warning: #ffc46b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 90rem; padding: 1rem 1.5rem; font: 1rem/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; } h3 { font-size: 1rem; }
a { color: var(--link); } a:focus-visible, button:focus-visible, summary:focus-visible,
input:focus-visible, select:focus-visible, pre:focus-visible { outline: 3px solid var(--link);
  outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
header p, caption, footer { color: var(--soft); } code { overflow-wrap: anywhere; }
form[role=search] { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: center;
  padding: .75rem 1rem; background: var(--panel); border-radius: .5rem; }
input, select, button { font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--soft); border-radius: .3rem; padding: .2rem .6rem; }
table { width: 100%; border-collapse: collapse; } caption { text-align: left; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; }
thead th { border-bottom: 2px solid var(--line); } tbody { border-bottom: 1px solid var(--line); }
tbody:target { background: var(--panel); } tbody th { font-weight: normal; }
tr.full td { padding-top: 0; } .name { overflow-wrap: anywhere; font-weight: 600; }
summary { cursor: pointer; color: var(--link); }
pre { background: var(--panel); padding: .75rem; border-radius: .4rem; margin: .3rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; font: .85rem/1.45 ui-monospace, monospace; }
mark { background: var(--mark); color: var(--mark-ink); border-radius: .2rem; padding: 0 .15rem; }
.level.error, .level.fatal { color: var(--error); font-weight: 600; }
.level.warning { color: var(--warning); font-weight: 600; }
.notice { border-left: .3rem solid var(--warning); padding: .3rem .8rem; }
nav { margin: 1rem 0; } footer { display: flex; gap: 2rem; align-items: center;
  margin-top: 2rem; border-top: 1px solid var(--line); }
@media (max-width: 45rem) { body { padding: .75rem; }
  th, td { padding: .3rem; } table { font-size: .9rem; } .wide { display: none; }
  .name { min-width: 9rem; } }
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Not "no-referrer": with it browsers send "Origin: null" when the page's own form is sent.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer. The style is allowed by its hash, and nothing else is."""
