"""The page that shows what was received.

Made on the server, one string in, one string out: it is read without JavaScript and loads no other
file, and everything that was received is escaped. A script of its own adds what comes in while it
is open. Colours keep WCAG 2.2's AA contrast in both schemes.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from telemetry_core.collector.remarks import ItemRemark
from telemetry_core.collector.store import Store
from telemetry_core.collector.style import SCRIPT, STYLE
from telemetry_core.collector.summary import Entry

PER_PAGE = 50
FASTEST_REFRESH, SLOWEST_REFRESH = 2, 60
KINDS = frozenset(("event", "transaction", "span", "log"))
"""Types that have a colour of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the query string asks for. Anything it says wrongly counts as not said."""

    type: str = ""
    text: str = ""
    page: int = 1
    refresh: int = 0
    """Seconds after which the page loads itself again without JavaScript; 0 for never."""

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
    again = f'<meta http-equiv="refresh" content="{filters.refresh}">' if filters.refresh else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<noscript>{again}</noscript>
<title>{_heading(len(taken), len(entries))} – telemetry inspect</title>
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#items">Skip to the items</a>
<header>
<h1>What leaves</h1>
<p>Sent to <code>{_escape(dsn)}</code>, shown as Sentry would get it.
Nothing on this page goes anywhere else.</p>
</header>
<main>
{_form(entries, filters)}
<div id="notices">{_notices(store)}</div>
<section id="items" aria-labelledby="items-heading">
<div class="bar"><h2 id="items-heading">{_heading(len(taken), len(entries))}</h2>
<div id="live"><noscript>{_refreshing(filters)}</noscript></div></div>
<p id="news" role="status" aria-live="polite" class="skip"></p>
<div id="empty">{"" if shown else _nothing(entries, dsn)}</div>
<ol id="list" reversed>
{"".join(map(_item, shown))}</ol>
<nav id="pages" aria-label="Pages">{_pages(filters, page, last_page)}</nav>
</section>
</main>
<footer>
<a href="/api/items.json">All items as JSON</a>
<form method="post" action="/api/clear"><button>Forget everything</button></form>
</footer>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _form(entries: Sequence[Entry], filters: Filters) -> str:
    counts = Counter(entry.type for entry in entries)
    options = "".join(
        f'<option value="{_escape(name)}"{" selected" if name == filters.type else ""}>'
        f"{_escape(name)} ({counts[name]})</option>"
        for name in sorted({*counts, filters.type} - {""})
    )
    keep = f'<input type="hidden" name="refresh" value="{filters.refresh}">'
    everything = Filters(refresh=filters.refresh)
    show_all = f'<a href="{_escape(everything.link())}">Show all</a>'
    return f"""<form method="get" action="/" role="search" aria-label="Filter the items">
<label>Type <select id="types" name="type"><option value="">all types</option>{options}</select>
</label>
<label class="text">Text <input type="search" name="text" value="{_escape(filters.text)}"
placeholder="in the whole item"></label>
{keep if filters.refresh else ""}
<button>Filter</button> {show_all if filters.type or filters.text else ""}
</form>"""


def _refreshing(filters: Filters) -> str:
    if filters.refresh:
        stop = _escape(filters.link(refresh=0))
        return f'<a href="{stop}">Stop refreshing (now every {filters.refresh} seconds)</a>'
    return f'<a href="{_escape(filters.link(refresh=5))}">Refresh every 5 seconds</a>'


def _notices(store: Store) -> str:
    notices = []
    if store.forgotten:
        notices.append(f"The oldest {store.forgotten} requests were forgotten to save memory.")
    if store.unwritten:
        notices.append(f"{store.unwritten} requests could not be written to the folder.")
    return "".join(f'<p class="notice">{notice}</p>' for notice in notices)


def _heading(taken: int, of: int) -> str:
    noun = "item" if of == 1 else "items"
    return f"{of:,} {noun}" if taken == of else f"{taken:,} of {of:,} {noun}"


def _nothing(entries: Sequence[Entry], dsn: str) -> str:
    if entries:
        return '<p class="empty">No item fits the filter. <a href="/">Show all</a></p>'
    dsn = _escape(dsn)
    return f"""<div class="empty"><p><strong>Nothing has come in yet.</strong>
Send your application's telemetry here, then let something fail.</p>
<h3>Django: in the settings</h3>
<pre>TELEMETRY_ENABLED = True
TELEMETRY_DSN = "{dsn}"</pre>
<h3>Flask: before Telemetry(app)</h3>
<pre>app.config["TELEMETRY_ENABLED"] = True
app.config["TELEMETRY_DSN"] = "{dsn}"</pre>
<h3>Either: in the environment</h3>
<pre>TELEMETRY_ENABLED=true TELEMETRY_DSN={dsn}</pre>
<p class="about">To try it at once: <code>telemetry doctor --send-test</code> with these in the
environment. Any other Sentry SDK can send here, too.</p></div>"""


def _item(entry: Entry) -> str:
    number = _escape(entry.id)
    at = entry.received.at
    kind = entry.type if entry.type in KINDS else "other"
    removed = len(entry.remarks)
    chip = f'<span class="removed">{removed} removed</span>' if removed else "<span></span>"
    facts = [f"Item {number}", f"{entry.size:,} bytes", entry.environment]
    about = " · ".join(_escape(fact) for fact in facts if fact)
    return f"""<li class="item" id="item-{number}"><details>
<summary><time datetime="{at.isoformat()}">{at.astimezone():%H:%M:%S}</time>
<span class="type {kind}">{_escape(entry.type)}</span>
<span class="name"><bdi>{_escape(entry.name)}</bdi> {_level(entry.level)}</span>
{chip}</summary>
<div class="full">
<p class="about">{about} · <a href="#item-{number}">Link to it</a> ·
<a href="/api/envelopes/{entry.received.number}">The envelope's bytes</a></p>
{_remarks(entry)}
<h3>As Sentry gets it</h3>
{_text(f"Item {number}", _marked(entry))}
<h3>Headers of the envelope and the request</h3>
{_text(f"Headers of item {number}", _escape(_headers(entry)))}
</div></details></li>
"""


def _text(label: str, markup: str) -> str:
    # Can be scrolled, so that it must be reached with the keyboard.
    return f'<pre tabindex="0" role="region" aria-label="{label}">{markup}</pre>'


def _remarks(entry: Entry) -> str:
    if not entry.remarks:
        return ""
    rows = "".join(map(_remark, entry.remarks))
    return f"""<h3 id="removed-{_escape(entry.id)}">Removed before it was sent</h3>
<table class="rules" aria-labelledby="removed-{_escape(entry.id)}">
<thead><tr><th scope="col">Rule</th><th scope="col">Now</th><th scope="col">Field</th></tr></thead>
<tbody>{rows}</tbody></table>"""


def _remark(remark: ItemRemark) -> str:
    now = f"<mark>{_escape(remark.text)}</mark>" if remark.text else _escape(remark.kind)
    path = f"<code>{_escape(remark.path)}</code>"
    return f"<tr><td>{_escape(remark.rule)}</td><td>{now}</td><td>{path}</td></tr>"


def _marked(entry: Entry) -> str:
    text = _escape(entry.text)
    # Only tokens: a file name that is left of a path stands in many places it was not cut in.
    rules: dict[str, dict[str, None]] = {}
    for remark in entry.remarks:
        if re.fullmatch(r"\[[^][]+\]", remark.text):
            rules.setdefault(_escape(remark.text), {})[remark.rule] = None
    if not rules:
        return text

    def mark(token: re.Match[str]) -> str:
        by = _escape(" or ".join(rules[token[0]]))
        return f'<mark title="removed by rule {by}">{token[0]}</mark>'

    return re.sub("|".join(map(re.escape, rules)), mark, text)


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
        f"{newer if page > 1 else ''} Page {page} of {last_page} "
        f"{older if page < last_page else ''}"
    )


def _escape(text: str) -> str:
    return html.escape(text, quote=True)
