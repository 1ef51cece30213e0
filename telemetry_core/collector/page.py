"""The page that shows what was received, and one for each item that is too long for it.

Made on the server, one string in, one string out: it is read without JavaScript and loads no other
file, and everything that was received is escaped. A script of its own adds what comes in while it
is open. Colours keep WCAG 2.2's AA contrast in both schemes.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from telemetry_core.collector.listing import Wanted
from telemetry_core.collector.remarks import ItemRemark
from telemetry_core.collector.store import Store
from telemetry_core.collector.style import SCRIPT, STYLE
from telemetry_core.collector.summary import Entry

PER_PAGE = 50
MOST_CHARACTERS = 8_000
"""Of an item in the list, and..."""
MOST_REMARKS = 20
"""... rows of what was removed from it: its own page has the rest. So the list takes about half a
megabyte at most, and is made at once."""
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

    def taken(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield those of the entries that are asked for."""
        wanted = Wanted(self.text) if self.text else None
        for entry in entries:
            if self.type in ("", entry.type) and (wanted is None or wanted.is_in(entry)):
                yield entry

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
    taken = list(filters.taken(reversed(entries)))
    last_page = max(1, -(-len(taken) // PER_PAGE))
    page = min(filters.page, last_page)
    shown = taken[(page - 1) * PER_PAGE : page * PER_PAGE]
    again = f'<meta http-equiv="refresh" content="{filters.refresh}">' if filters.refresh else ""
    body = f"""<a class="skip" href="#items">Skip to the items</a>
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
<script>{SCRIPT}</script>"""
    return _document(_heading(len(taken), len(entries)), body, f"<noscript>{again}</noscript>")


def render_item(entry: Entry) -> str:
    """Return a page of its own for one item, with all that is known of it, as HTML."""
    body = f"""<header>
<p><a href="/">All items</a></p>
<h1><span class="type {_kind(entry)}">{_escape(entry.type)}</span>
<bdi>{_escape(entry.name)}</bdi></h1>
<p>{entry.received.at.astimezone():%H:%M:%S} {_level(entry.level)}</p>
</header>
<main class="whole">
<p class="about">{_facts(entry)}</p>
{_details(entry, entry.remarks, entry.text(), heading="h2")}</main>"""
    return _document(f"{entry.type} {entry.id}", body)


def _document(title: str, body: str, head: str = "") -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{head}
<title>{_escape(title)} – telemetry inspect</title>
<style>{STYLE}</style>
</head>
<body>
{body}
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
        notices.append(
            f"The newest {len(store):,} requests are here; "
            f"{store.forgotten:,} older ones were forgotten to save memory."
        )
    if store.unwritten:
        notices.append(f"{store.unwritten:,} requests could not be written to the folder.")
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
    at = entry.received.at
    removed = f"{entry.removed:,} removed" if entry.removed else ""
    chip = f'<span class="removed">{removed}</span>' if removed else "<span></span>"
    remarks, text = entry.remarks[:MOST_REMARKS], entry.text(MOST_CHARACTERS + 1)
    return f"""<li class="item" id="item-{entry.id}"><details>
<summary><time datetime="{at.isoformat()}">{at.astimezone():%H:%M:%S}</time>
<span class="type {_kind(entry)}">{_escape(entry.type)}</span>
<span class="name"><bdi>{_escape(entry.name)}</bdi> {_level(entry.level)}</span>
{chip}</summary>
<div class="full"><p class="about">{_facts(entry)} · <a href="/items/{entry.id}">Link to it</a></p>
{_rest(entry, len(remarks), len(text))}
{_details(entry, remarks, text[:MOST_CHARACTERS], heading="h3")}</div></details></li>
"""


def _rest(entry: Entry, remarks: int, characters: int) -> str:
    """Lead to what the list has no room for, if there is such."""
    left_out = [f"{entry.removed - remarks:,} more removals"] if entry.removed > remarks else []
    if characters > MOST_CHARACTERS:
        left_out.append("the rest of the item")
    if not left_out:
        return ""
    return f"""<p class="notice"><a href="/items/{entry.id}">See it whole</a>:
{" and ".join(left_out)}.</p>"""


def _kind(entry: Entry) -> str:
    return entry.type if entry.type in KINDS else "other"


def _facts(entry: Entry) -> str:
    facts = (f"Item {entry.id}", f"{entry.size:,} bytes", _escape(entry.environment))
    raw = f'<a href="/api/envelopes/{entry.received.number}">The envelope\'s bytes</a>'
    return " · ".join(fact for fact in (*facts, raw) if fact)


def _details(entry: Entry, remarks: Sequence[ItemRemark], text: str, *, heading: str) -> str:
    return f"""{_remarks(entry, remarks, heading)}
<{heading}>As Sentry gets it</{heading}>
{_text(f"Item {entry.id}", _marked(text, remarks))}
<{heading}>Headers of the envelope and the request</{heading}>
{_text(f"Headers of item {entry.id}", _escape(_headers(entry)))}"""


def _text(label: str, markup: str) -> str:
    # Can be scrolled, so that it must be reached with the keyboard.
    return f'<pre tabindex="0" role="region" aria-label="{label}">{markup}</pre>'


def _remarks(entry: Entry, remarks: Sequence[ItemRemark], heading: str) -> str:
    if not remarks:
        return ""
    rows = "".join(map(_remark, remarks))
    return f"""<{heading} id="removed-{entry.id}">Removed before it was sent</{heading}>
<table class="rules" aria-labelledby="removed-{entry.id}">
<thead><tr><th scope="col">Rule</th><th scope="col">Now</th><th scope="col">Field</th></tr></thead>
<tbody>{rows}</tbody></table>"""


def _remark(remark: ItemRemark) -> str:
    now = f"<mark>{_escape(remark.text)}</mark>" if remark.text else _escape(remark.kind)
    path = f"<code>{_escape(remark.path)}</code>"
    return f"<tr><td>{_escape(remark.rule)}</td><td>{now}</td><td>{path}</td></tr>"


def _marked(plain: str, remarks: Iterable[ItemRemark]) -> str:
    text = _escape(plain)
    # Only tokens: a file name that is left of a path stands in many places it was not cut in.
    rules: dict[str, dict[str, None]] = {}
    for remark in remarks:
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

    def link(name: str, to: int, rel: str = "") -> str:
        attribute = f' rel="{rel}"' if rel else ""
        return f'<a{attribute} href="{_escape(filters.link(page=to))}">{name}</a>'

    newer = (link("Newest", 1), link("Newer", page - 1, "prev")) if page > 1 else ()
    older = (link("Older", page + 1, "next"), link("Oldest", last_page)) if page < last_page else ()
    return " · ".join((*newer, f"Page {page} of {last_page}", *older))


def _escape(text: str) -> str:
    return html.escape(text, quote=True)
