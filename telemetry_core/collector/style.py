"""How the page looks and what keeps it up to date, and the headers that allow just that."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

STYLE = """
:root { color-scheme: light dark; --ink: #1c1b22; --paper: #fbfbfd; --soft: #5b5a66;
  --line: #dcdce4; --panel: #f1f1f6; --link: #4338ca; --mark: #ffeeb0; --mark-ink: #4a3500;
  --event: #a3123a; --transaction: #0b5e6b; --log: #4338ca; --other: #5b5a66;
  --error: #a3123a; --warning: #7a4a00; --good: #17663a; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf2; --paper: #15151b; --soft: #a8a8b8;
  --line: #33333f; --panel: #1f1f28; --link: #a5b4fc; --mark: #54430a; --mark-ink: #ffeeb0;
  --event: #ff9db4; --transaction: #7fd6e4; --log: #a5b4fc; --other: #a8a8b8;
  --error: #ff9db4; --warning: #ffc46b; --good: #7fdca4; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; letter-spacing: -.01em; } h2 { font-size: 1.1rem; margin: 0; }
h3 { font-size: .95rem; margin: 1.2rem 0 .3rem; } p { margin: .4rem 0; }
a { color: var(--link); } :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
code, pre, time, .name { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; }
code { overflow-wrap: anywhere; font-size: .9em; }
header p, footer, .about { color: var(--soft); }
form[role=search] { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center;
  margin: 1.2rem 0; padding: .8rem 1rem; background: var(--panel); border-radius: .6rem; }
label { display: flex; gap: .5rem; align-items: center; } .text { flex: 1 1 16rem; }
.text input { flex: 1; min-width: 6rem; }
input, select, button { font: inherit; color: inherit; background: var(--paper); max-width: 100%;
  border: 1px solid var(--soft); border-radius: .4rem; padding: .25rem .7rem; }
button { cursor: pointer; }
.bar { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; margin: .6rem 0; }
#live { margin-left: auto; display: flex; gap: .8rem; align-items: center; color: var(--soft); }
#live .on::before { content: "● "; color: var(--good); }
#live .off::before { content: "○ "; color: var(--warning); }
ol { list-style: none; margin: 0; padding: 0; }
li.item { border-top: 1px solid var(--line); } li.item:target { background: var(--panel); }
li.new { animation: come 2s; } @keyframes come { from { background: var(--mark); } }
@media (prefers-reduced-motion: reduce) { li.new { animation: none; } }
summary { display: grid; grid-template-columns: 6.6rem 7.2rem 1fr auto; gap: .2rem .9rem;
  align-items: baseline; padding: .55rem .4rem; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; } summary:hover { background: var(--panel); }
summary time { color: var(--soft); font-size: .9rem; white-space: nowrap; }
summary time::before { content: "▸ "; } details[open] summary time::before { content: "▾ "; }
.type { font-weight: 600; color: var(--other); } .type.event { color: var(--event); }
.type.transaction, .type.span { color: var(--transaction); } .type.log { color: var(--log); }
.name { overflow-wrap: anywhere; min-width: 0; font-size: .92rem; }
.level { font-size: .8rem; border: 1px solid; border-radius: .8rem; padding: 0 .55rem;
  color: var(--soft); font-family: system-ui, sans-serif; }
.level.error, .level.fatal { color: var(--error); } .level.warning { color: var(--warning); }
.removed { font-size: .85rem; background: var(--mark); color: var(--mark-ink);
  border-radius: .8rem; padding: .05rem .6rem; white-space: nowrap; }
.full { padding: 0 .4rem 1.2rem 1.4rem; }
pre { background: var(--panel); padding: .8rem 1rem; border-radius: .5rem; margin: .3rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; font-size: .84rem; line-height: 1.5;
  max-height: 34rem; overflow: auto; }
.whole pre { max-height: none; } .whole h2 { margin: 1.2rem 0 .3rem; }
mark { background: var(--mark); color: var(--mark-ink); border-radius: .25rem; padding: 0 .2rem; }
.rules { border-collapse: collapse; font-size: .9rem; } .rules th { text-align: left; }
.rules td, .rules th { padding: .15rem 1.2rem .15rem 0; vertical-align: top; }
.rules td { overflow-wrap: anywhere; }
.notice { border-left: .3rem solid var(--warning); padding: .3rem .8rem; }
.empty { background: var(--panel); border-radius: .6rem; padding: 1.2rem 1.4rem; }
.empty pre { background: var(--paper); }
nav { margin: 1rem 0; } footer { display: flex; flex-wrap: wrap; gap: .5rem 2rem;
  align-items: center; margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .8rem; }
@media (max-width: 45rem) { body { padding: .9rem; }
  summary { grid-template-columns: 6.6rem 1fr auto; }
  summary .name { grid-column: 1 / -1; grid-row: 2; }
  .full { padding-left: .4rem; } #live { margin-left: 0; } }
@media (forced-colors: active) { .removed, mark { border: 1px solid; } }
"""

SCRIPT = """
"use strict";
(() => {
  const live = document.getElementById("live");
  const state = document.createElement("span");
  const pause = document.createElement("button");
  pause.type = "button";
  live.append(state, pause);
  let paused = false, busy = false, missed = false;

  function show(connected) {
    state.className = connected && !paused ? "on" : "off";
    state.textContent = !connected ? "Not connected" : paused ? "Paused" : "Live";
    pause.textContent = paused ? "Go on" : "Pause";
  }

  async function update() {
    if (paused || busy) { missed = true; return; }
    busy = true;
    missed = false;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      merge(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      missed = true;
    }
    // One at a time, and seldom: thousands may come at once.
    setTimeout(() => { busy = false; if (missed) update(); }, 400);
  }

  function merge(page) {
    document.title = page.title;
    for (const id of ["items-heading", "notices", "pages", "types"]) {
      const [now, then] = [document.getElementById(id), page.getElementById(id)];
      if (now.innerHTML !== then.innerHTML && !now.contains(document.activeElement)) {
        const chosen = now.value;
        now.innerHTML = then.innerHTML;
        if (chosen !== undefined) now.value = chosen;
      }
    }
    const list = document.getElementById("list"), fresh = page.getElementById("list");
    const wanted = new Set(Array.from(fresh.children, (item) => item.id));
    let added = 0;
    for (const item of Array.from(fresh.children).reverse()) {
      if (document.getElementById(item.id)) continue;
      item.classList.add("new");
      list.prepend(item);
      added += 1;
    }
    // What is being read stays.
    for (const item of Array.from(list.children)) {
      const read = item.querySelector("details[open]") || item.contains(document.activeElement);
      if (!wanted.has(item.id) && (!read || !wanted.size)) item.remove();
    }
    document.getElementById("empty").innerHTML = page.getElementById("empty").innerHTML;
    if (added) {
      const news = document.getElementById("news");
      news.textContent = added + (added > 1 ? " new items" : " new item");
    }
  }

  pause.addEventListener("click", () => {
    paused = !paused;
    show(source.readyState === EventSource.OPEN);
    if (!paused && missed) update();
  });
  const source = new EventSource("/api/live");
  source.addEventListener("message", update);
  // Also after a break: something may have come in meanwhile.
  source.addEventListener("open", () => { show(true); update(); });
  source.addEventListener("error", () => show(false));
  show(false);
})();
"""


def _allowed(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src {_allowed(STYLE)}; script-src {_allowed(SCRIPT)}; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Not "no-referrer": with it browsers send "Origin: null" when the page's own form is sent.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer. Style and script are allowed by their hashes, and nothing else is."""
