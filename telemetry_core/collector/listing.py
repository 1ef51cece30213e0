"""What a store holds as a list that is read again and again, and looked through."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

from telemetry_core.collector.store import Store
from telemetry_core.collector.summary import Entry, entries_of, readable


class Listing:
    """The entries of a store, each made once. Safe to use from many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entries: dict[int, tuple[Entry, ...]] = {}
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over what is kept at this moment, oldest first."""
        with self._lock:
            made = self._entries
            self._entries = {
                received.number: made.get(received.number) or tuple(entries_of(received))
                for received in self._store
            }
            entries = [entry for together in self._entries.values() for entry in together]
        return iter(entries)

    def get(self, number: int, position: int) -> Entry | None:
        """Return the entry with the id ``number.position``, if it is (still) kept."""
        received = self._store.get(number)
        entries = () if received is None else tuple(entries_of(received))
        return entries[position] if position < len(entries) else None


class Wanted:
    """A text that somebody looks for, whatever its case: in type, name and the whole item.

    Finds what the page shows, and what was received byte for byte. Decodes an item only where its
    bytes leave the question open, so that thousands are looked through at once.
    """

    def __init__(self, text: str) -> None:
        self._text = text.casefold()
        # The page shows texts within the item quoted.
        quoted = json.dumps(text, ensure_ascii=False)[1:-1].casefold()
        self._needles = tuple({self._text, quoted})
        self._bytes = tuple(needle.encode("utf-8", "surrogatepass") for needle in self._needles)
        self._escapes = (rb"\u", rb"\/") if "/" in text else (rb"\u",)
        # Quoted otherwise, or with a blank where senders put none.
        self._is_structure = any(mark in text for mark in (": ", ", ", '"', "\\"))

    def is_in(self, entry: Entry) -> bool:
        """Say whether the entry holds it."""
        if self._text in f"{entry.type} {entry.name}".casefold():
            return True
        data = entry.data.lower()
        if any(needle in data for needle in self._bytes):
            return True
        may_differ = self._is_structure or not data.isascii()
        if not may_differ and not any(escape in data for escape in self._escapes):
            return False
        text = _in_one_line(entry).casefold()
        return any(needle in text for needle in self._needles)


def _in_one_line(entry: Entry) -> str:
    payload = None if entry.item is None else entry.item.json
    try:
        return readable(entry.data) if payload is None else json.dumps(payload, ensure_ascii=False)
    except RecursionError:
        return readable(entry.data)
