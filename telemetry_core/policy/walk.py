"""The state of one item's way through the policy: what reads its text, and what it learned."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from sys import getsizeof
from typing import TYPE_CHECKING, Any, Final

from telemetry_core.filter.text import FILTERED
from telemetry_core.policy.memo import Memo, Seen
from telemetry_core.policy.remembered import Shared, frozen
from telemetry_core.policy.statement import SQL_STARTS, without_literals

if TYPE_CHECKING:
    from telemetry_core.filter.keys import KeyRules
    from telemetry_core.filter.known import KnownValues
    from telemetry_core.filter.text import Remark, TextFilter

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

Note = dict[str, object]
"""A piece of ``_meta``: under ``""`` the remarks on a value, under its keys those on its parts."""


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
                remarks = (*_relocated(remarks, text, result, later), *later)
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


def ended(text: str, length: int, limit: int) -> str:
    """Return a text that was read up to its limit, or as much of it as leaves no half a value.

    :param length: that of the text it was made of.
    """
    if length > limit + CUT_ZONE:
        limit = min(limit, len(text) - CUT_ZONE)
    return text if len(text) <= limit else text[: max(0, limit - 3)] + "..."


_KEY = re.compile(r"[A-Za-z_$][\w.\-:$/]{0,99}")


def size_of(text: str, remarks: tuple[Remark, ...]) -> int:
    """Return about how many bytes a text and the remarks on it take."""
    return getsizeof(text) + 150 * len(remarks)


def remarked(*remarks: tuple[object, ...]) -> Note:
    """Make the note of a value's own remarks, in Relay's format ``[rule, kind, start, end]``."""
    return {"": {"rem": tuple(map(tuple, remarks))}}


@cache
def removed(rule: str) -> Shared:
    """Return the note of a value that was taken out whole."""
    return frozen(remarked((rule, "x")))


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def without_lone_surrogates(text: str) -> str:
    """Return a text with a mark for each half of a character.

    Neither JSON nor UTF-8 can carry one, and no detector could read across it.
    """
    return _LONE_SURROGATE.sub("\ufffd", text)


def _relocated(
    remarks: tuple[Remark, ...], before: str, after: str, swallowed: tuple[Remark, ...]
) -> list[Remark]:
    """Return ``remarks`` on ``before`` where their tokens stand in ``after``.

    A token inside a longer value that a detector took out is gone, and so is its remark.
    """
    moved: list[Remark] = []
    position = 0
    for remark in sorted(remarks, key=lambda remark: remark.start):
        token = before[remark.start : remark.end]
        found = after.find(token, position)
        if found < 0 or any(other.start <= found < other.end for other in swallowed):
            continue
        position = found + len(token)
        moved.append(remark._replace(start=found, end=position))
    return moved


# Ids and times, of which the form is all that counts.
_UNREAD: Final = frozenset(
    ("timestamp", "start_timestamp", "event_id", "trace_id", "span_id", "parent_span_id")
)
# Of a path the last part is read.
_PATHS: Final = frozenset(("abs_path", "filename"))


def texts_of(payload: object, clean: Collection[str], shorter: dict[str, str]) -> list[str]:
    """Return the texts in a payload of plain containers, at most `MAX_DEPTH` levels deep.

    As the rules of the policy read them: SQL without its literals, paths cut to the file name.

    :param clean: texts that need not be read.
    :param shorter: gets each statement, and what is left of it without its literals.
    """
    texts: list[str] = []
    level: list[Any] = [payload]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for container in level:
            if container.__class__ is dict:
                for key, part in container.items():
                    if part.__class__ is str:
                        if part in clean or key in _UNREAD:
                            continue
                        if key in _PATHS:
                            texts.append(part.rpartition("/")[2])
                        elif part[:6] in SQL_STARTS and len(part) <= MAX_TEXT:
                            shorter[part] = without_literals(part)
                            texts.append(shorter[part])
                        else:
                            texts.append(part)
                    elif part.__class__ is dict or part.__class__ is list:
                        below.append(part)
            else:
                for part in container:
                    if part.__class__ is str:
                        texts.append(part)
                    elif part.__class__ is dict or part.__class__ is list:
                        below.append(part)
        if not below or len(below) > MAX_ITEM_NODES:
            break
        level = below
    return [text for text in texts if len(text) <= MAX_PRIMED]


def plain(value: Mapping[object, object]) -> dict[object, object]:
    """Copy any mapping into a ``dict``; one that raises makes its item be dropped."""
    return dict(value)
