"""Parts of events that come again are looked up instead of read again.

Of two events alike, ids and times differ. A `Part` knows where those stand: its key is made of all
the rest, and what was made of the rest is remembered. The key of what has parts is made of their
keys: an event like one before is found at once, and of another what is not new in it.

What is remembered is what was made of a part, which is filtered; whoever asks gets a copy. Where
values are known from the request, that goes for parts that hold none of them: what those values
leave of a text belongs to that request alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from telemetry_core.policy.digest import Digest, Unlike, idle_digest
from telemetry_core.policy.forms import Form
from telemetry_core.policy.remembered import Changes, Remembered, Taken
from telemetry_core.policy.rule import DROP, Handler
from telemetry_core.policy.walk import Walk

if TYPE_CHECKING:
    from telemetry_core.filter.known import KnownValues

CHANGING: Final[Mapping[str, tuple[str, ...]]] = {
    "event": ("event_id", "timestamp", "start_timestamp"),
    "exception[]": (),
    "frames[]": (),
    "breadcrumbs[]": ("timestamp",),
    "spans[]": ("trace_id", "span_id", "parent_span_id", "start_timestamp", "timestamp"),
    "contexts": (),
    "trace": ("trace_id", "span_id", "parent_span_id"),
}
"""The mappings and lists of mappings that come again, with the fields that differ each time.

Those are ids and times, kept if they have their forms: there is nothing to remark.
"""

ANEW: Final[Mapping[str, tuple[str, ...]]] = {"event": ("user", "transaction", "_meta")}
"""Fields that follow from the request as well, or that nothing follows from."""


Search = Callable[[Any, Walk, list[str]], None]
Key = tuple[int, list[Taken]]
Keys = list[tuple["Part", object, Key]]


_DICT: Final = frozenset((dict,))


class Part:
    """A mapping, or a list of mappings, that comes again but for some fields.

    :param changing: the forms of those fields, by name.
    :param anew: other fields that are not part of the key.
    :param parts: the parts within a mapping, by name.
    :param search: gathers the texts in which values known from the request are looked for.
    """

    __slots__ = (
        "_changing", "_forms", "_number", "_parts", "_search", "anew", "changes", "is_list",
    )  # fmt: skip

    # Belongs to each key, since other rules hold elsewhere, also under the same name.
    _numbers = count()

    def __init__(
        self,
        changing: Mapping[str, Form],
        *,
        anew: tuple[str, ...] = (),
        parts: Mapping[str, Part],
        search: Search | None,
        is_list: bool,
    ) -> None:
        self.is_list = is_list
        self._search = search
        self.anew = dict.fromkeys(anew)
        self._number = next(self._numbers)
        self._changing = tuple(changing)
        self._parts = tuple(parts.items())
        self.changes = [Changes(self._changing, is_list=is_list)] if changing else []
        self._forms: dict[Form, list[tuple[int, int]]] = {}
        for index, form in enumerate(changing.values()):
            self._forms.setdefault(form, []).append((0, index))
        for part in parts.values():
            for form, places in part._forms.items():
                moved = [(len(self.changes) + place, index) for place, index in places]
                self._forms.setdefault(form, []).extend(moved)
            self.changes += part.changes

    def key_of(self, value: Any, keys: Keys) -> Key:
        """Return the hash of a value without its changing fields, and those.

        Two values with one hash would get one result, which is wrong but gives nothing away.

        :param keys: gets the same of the lists within the value.
        :raises ValueError: if the value has another shape, or holds other than plain types.
        """
        digest = idle_digest()
        all_taken: list[Taken] = []
        rest = self._rest_of(value, all_taken, digest, keys)
        key = digest.of((self._number, rest))
        digest.release()
        return key, all_taken

    def _rest_of(self, value: Any, all_taken: list[Taken], digest: Digest, keys: Keys) -> object:
        """Return what may not differ; lists of a mapping have their keys in it."""
        if self.is_list:
            return self._split(value, all_taken) if self._changing else value
        rest = value.copy()
        for name in self.anew:
            if name in rest:
                rest[name] = None
        if self._changing:
            taken = []
            for name in self._changing:
                field = rest.pop(name, None)
                taken.append(field)
                if field is not None:
                    # There or not there is part of what may not differ.
                    rest[name] = None
            all_taken.append(taken)
        for name, part in self._parts:
            inner = rest.get(name)
            if inner is None:
                all_taken += ((),) * len(part.changes)
            elif not part.is_list:
                rest[name] = part._rest_of(part.within(inner), all_taken, digest, keys)
            else:
                values = part.within(inner)
                taken_within: list[Taken] = []
                within = part._rest_of(values, taken_within, digest, keys)
                key = digest.of((part._number, within))
                keys.append((part, values, (key, taken_within)))
                all_taken += taken_within
                rest[name] = key if values is inner else {"values": key}
        return rest

    def _split(self, values: list[Any], all_taken: list[Taken]) -> object:
        """Return what may not differ of a list of mappings."""
        if not _DICT.issuperset(map(type, values)):
            raise Unlike
        if len(set(map(len, values))) == 1:
            rest = [name for name in values[0] if name not in self._changing]
            try:
                # Mostly all have the same fields: then their names are written once.
                taken = [list(map(itemgetter(name), values)) for name in self._changing]
                fixed = rest, list(map(itemgetter(*rest), values))
            except (KeyError, TypeError):
                pass
            else:
                all_taken.append(taken)
                return fixed
        rests = list(map(dict.copy, values))
        for name in self._changing:
            for value in rests:
                value[name] = None
        all_taken.append([[value.get(name) for value in values] for name in self._changing])
        return rests

    def within(self, value: Any) -> Any:
        """Return the mapping or the list that a part is, also of a list alone under ``values``."""
        if self.is_list and type(value) is dict and len(value) == 1:
            value = value.get("values")
        if type(value) is not (list if self.is_list else dict):
            raise Unlike
        return value

    def is_free(self, value: Any, walk: Walk, known: KnownValues) -> bool:
        """Tell whether none of the values known from the request is in a part. Errs to no.

        :raises ValueError: if the value has another shape, or holds other than plain types.
        """
        for part, where, found in walk.searched:
            if where is value and part is self:
                return bool(found)
        free = True
        for name, part in self._parts:
            inner = value.get(name)
            if inner is not None:
                free = part.is_free(part.within(inner), walk, known) and free
        if self._search is not None:
            texts: list[str] = []
            self._search(value, walk, texts)
            found = known.free(texts)
            free = free and found.issuperset(texts)
            if not free:
                walk.pass_(found)
        walk.searched.append((self, value, free))
        return free

    def changing_in(self, result: Any) -> list[Any]:
        """Return the mappings and lists with changing fields in what was made of a value.

        None where one is missing. Raises `Unlike` if the result has another shape.
        """
        found = [result] if self._changing else []
        for name, part in self._parts:
            inner = result.get(name)
            if inner is None:
                found += (None,) * len(part.changes)
            else:
                found += part.changing_in(part.within(inner))
        return found

    def hold(self, all_taken: list[Taken]) -> bool:
        """Tell whether the changing fields have their forms."""
        for form, places in self._forms.items():
            values: list[Any] = []
            for place, index in places:
                taken = all_taken[place]
                if taken:
                    if self.changes[place].is_list:
                        values += taken[index]
                    elif taken[index] is not None:
                        values.append(taken[index])
            if not form.hold_all(values):
                return False
        return True


def remembering(whole: Handler, part: Part, anew: Mapping[str, Handler]) -> Handler:
    """Remember what ``whole`` makes of a part, but for its changing fields and what is ``anew``."""
    kind: type[Any] = list if part.is_list else dict

    def apply(value: Any, walk: Walk) -> object:
        result: Any
        if type(value) is not kind:
            return whole(value, walk)
        found = _found(walk.part_keys, part, value) if walk.part_keys else None
        try:
            if walk.known is not None and not part.is_free(value, walk, walk.known):
                return whole(value, walk)
            if found is None:
                found = part.key_of(value, walk.part_keys)
        except (ValueError, RecursionError):
            return whole(value, walk)
        key, taken = found
        if not part.hold(taken):
            return whole(value, walk)
        remembered: Remembered | None = walk.memo.get(key)
        if remembered is not None:
            result, walk.note = remembered.copy(taken)
            walk.refused += remembered.refused
        else:
            refused = walk.refused
            result = whole({**value, **part.anew} if part.anew else value, walk)
            # Most of what is new stays alone.
            if not walk.memo.met.is_new(key):
                _remember(key, part, result, taken, walk.refused - refused, walk)
        for name, handler in anew.items():
            _add(name, handler, value, result, walk)
        return result

    return apply


def _found(keys: Keys, part: Part, value: object) -> Key | None:
    for of, where, key in keys:
        if where is value and of is part:
            return key
    return None


def _remember(
    key: int, part: Part, result: Any, all_taken: list[Taken], refused: int, walk: Walk
) -> None:
    try:
        found = part.changing_in(result)
    except Unlike:
        return
    for changes, value, taken in zip(part.changes, found, all_taken, strict=True):
        if not changes.fit(value, taken):
            return
    changing = zip(part.changes, found, strict=True)
    remembered = Remembered(result, walk.note, refused, changing)
    walk.memo.put(key, remembered, remembered.size)


def _add(
    name: str, handler: Handler, value: dict[str, Any], result: dict[str, object], walk: Walk
) -> None:
    """Add what a handler makes of a field to a result, and its note to the result's."""
    part = value.get(name)
    if part is None:
        return
    note, walk.note = walk.note, None
    new = handler(part, walk)
    if walk.note is not None:
        note = note if note is not None else {}
        note[name] = walk.note
    walk.note = note
    if new is not DROP:
        result[name] = new
