"""The state of one item's way through the policy: what reads its text, and what it learned."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from telemetry_core.filter.text import FILTERED
from telemetry_core.policy.limits import (
    CUT_ZONE,
    MAX_ALONE,
    MAX_ITEM_NODES,
    MAX_ITEM_TEXT,
    MAX_TEXT,
)
from telemetry_core.policy.memo import Memo, Seen
from telemetry_core.policy.remarks import Note, relocated, remarked, size_of
from telemetry_core.policy.statement import without_literals
from telemetry_core.policy.texts import ended, texts_of, without_lone_surrogates

if TYPE_CHECKING:
    from telemetry_core.filter.keys import KeyRules
    from telemetry_core.filter.known import KnownValues
    from telemetry_core.filter.text import Remark, TextFilter


class ItemTooLarge(ValueError):
    """The item holds more than can be read in reasonable time; it is dropped."""


class Session:
    """What to put in an item's ``user``: an id, nothing, or whatever has the form of an id."""

    __slots__ = ("session_id",)

    def __init__(self, session_id: str | None) -> None:
        self.session_id = session_id


class Memory:
    """What a policy remembers between items."""

    __slots__ = (
        "labels", "messages", "names", "paths", "results", "shapes", "slugs", "statements",
        "titles",
    )  # fmt: skip

    def __init__(self) -> None:
        self.results: Memo[Any] = Memo()
        self.names: Seen[str] = Seen()
        self.labels: Seen[str] = Seen()
        self.paths: Seen[str] = Seen()
        self.slugs: Seen[str] = Seen()
        self.titles: Seen[str] = Seen()
        self.messages: Seen[str] = Seen()
        self.statements: Seen[str] = Seen()
        self.shapes: Seen[bytes] = Seen()

    @property
    def max_bytes(self) -> int:
        """About how many bytes all of it takes at most."""
        return sum(getattr(self, name).max_bytes for name in self.__slots__)


class Walk:
    """Carries one item through the interpreter. Not shared between threads.

    ``note`` is how a value tells its container that it was changed: the container takes it, puts it
    under the value's key, and hands on its own. So an unchanged item costs no ``_meta`` at all.
    """

    __slots__ = (
        "_read_alone",
        "_shorter",
        "allow_headers",
        "changed",
        "clean",
        "free",
        "keys",
        "known",
        "labels",
        "limit",
        "memo",
        "memory",
        "messages",
        "names",
        "note",
        "part_keys",
        "paths",
        "payload",
        "nodes_left",
        "refused",
        "searched",
        "route",
        "route_is_url",
        "session",
        "slugs",
        "statements",
        "text_left",
        "texts",
        "texts_seen",
        "titles",
        "trusted",
    )

    def __init__(
        self,
        *,
        texts: TextFilter,
        keys: KeyRules,
        known: KnownValues | None = None,
        trusted: Collection[str] = (),
        allow_headers: Collection[str] = (),
        session: Session | None = None,
        route: str | None = None,
        memory: Memory,
        payload: object = None,
        limit: int = MAX_TEXT,
    ) -> None:
        self.limit = limit
        self.texts = texts
        self.clean = texts.clean
        self.keys = keys
        self.known = known or None
        self.trusted = trusted
        self.allow_headers = allow_headers
        self.session = session
        self.note: Note | None = None
        self.part_keys: list[Any] = []
        self.searched: list[Any] = []
        self.memory = memory
        self.memo = memory.results
        self.names = memory.names.values
        self.paths = memory.paths.values
        # Where values are known from the request, texts have to be read for them, if only once.
        self.labels = memory.labels.values if self.known is None else {}
        self.slugs = memory.slugs.values if self.known is None else {}
        self.titles = memory.titles.values if self.known is None else {}
        self.messages = memory.messages.values if self.known is None else {}
        self.statements = memory.statements.values if self.known is None else {}
        self.texts_seen = texts.clean if self.known is None else {}
        self.free: set[str] = set()
        self.payload = payload
        self.changed: dict[str, tuple[str, tuple[Remark, ...]]] = {}
        self._shorter: dict[str, str] = {}
        self._read_alone = 0
        self.refused = 0
        self.route = route
        self.route_is_url = False
        self.nodes_left = MAX_ITEM_NODES
        self.text_left = MAX_ITEM_TEXT

    def spend(self, nodes: int) -> None:
        """Count ``nodes`` values; raises `ItemTooLarge` when the item has too many."""
        self.nodes_left -= nodes
        if self.nodes_left < 0:
            raise ItemTooLarge("more values than can be read")

    def pass_(self, free: set[str]) -> None:
        """Take texts for what they would be if nothing were known: they hold nothing known."""
        self.free |= free
        memory = self.memory
        for seen, remembered in (
            (self.labels, memory.labels.values),
            (self.slugs, memory.slugs.values),
            (self.titles, memory.titles.values),
            (self.messages, memory.messages.values),
            (self.statements, memory.statements.values),
            (self.texts_seen, self.clean),
        ):
            seen.update(dict.fromkeys(free & remembered.keys()))

    def read(self, text: str, *, known: bool, length: int = 0) -> str:
        """Return ``text`` without anything personal, and leave a note if that changed it.

        Source code passes ``known=False``: what a visitor typed may well be the name of a function.
        A text beyond the limit is cut when it has been read, so that no value is cut in two.

        :param length: that of the text that this is the beginning of.
        """
        if text in self.clean and (not known or self.known is None or text in self.free):
            return text
        length = length or len(text)
        text = text[: self.limit + CUT_ZONE]
        self.text_left -= len(text)
        if self.text_left < 0:
            raise ItemTooLarge("more text than can be read")
        if not text.isascii():
            text = without_lone_surrogates(text)
        remarks: tuple[Remark, ...] = ()
        if known and self.known is not None and text not in self.free:
            # First what is known, while the text still reads as the visitor wrote it.
            text, remarks = self.known.filter_with_remarks(text)
        if text not in self.clean:
            result, later = self._detected(text)
            if later:
                remarks = (*relocated(remarks, text, result, later), *later)
            text = result
        if length > self.limit:
            text = ended(text, length, self.limit)
            remarks = tuple(remark for remark in remarks if remark.end <= len(text))
        if remarks:
            self.note = remarked(*remarks)
        elif known and self.known is not None:
            self.texts_seen[text] = None
        return text

    def without_literals(self, text: str) -> str:
        """Return SQL without its literals, which may have been looked for already."""
        shorter = self._shorter.get(text)
        return shorter if shorter is not None else without_literals(text)

    def _detected(self, text: str) -> tuple[str, tuple[Remark, ...]]:
        """Return what the detectors make of a text that isn't known to be clean."""
        key = hash(text)
        found = self.memo.get(key)
        if found is None:
            if self.payload is not None:
                if self.texts.passes(text):
                    return text, ()
                self._read_alone += 1
                if self._read_alone > MAX_ALONE or not self._is_like_others():
                    self._read_together()
                    if text in self.clean:
                        return text, ()
            found = self.changed.get(text) or self.texts.filter_with_remarks(text)
            if found[1]:
                self.memo.put(key, found, size_of(*found))
        return found

    def _is_like_others(self) -> bool:
        """Tell whether a part of the item has come before."""
        get = self.memo.get
        return any(get(key) is not None for _, _, (key, _) in self.part_keys)

    def _read_together(self) -> None:
        """Read all new texts: where many come together, that takes little more than one does."""
        get = self.memo.get
        texts = texts_of(self.payload, self.clean, self._shorter)
        self.payload = None
        self.changed = self.texts.prime(text for text in texts if get(hash(text)) is None)

    def read_key(self, key: object) -> str:
        """Return the name of a map's key, or a token where the name could be a value.

        Reads like `read`; leaves no note, since a note would have to stand under the key.
        """
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            return FILTERED
        read = self.read(str.__str__(key), known=True)
        self.note = None
        return read

    def knows_number(self, value: object) -> bool:
        """Tell whether a number is one of the values known from the request."""
        return self.known is not None and self.known.filter(str(value)) != str(value)


_KEY = re.compile(r"[A-Za-z_$][\w.\-:$/]{0,99}")


def plain(value: Mapping[object, object]) -> dict[object, object]:
    """Copy any mapping into a ``dict``; one that raises makes its item be dropped."""
    return dict(value)
