"""Parts of events that come again are looked up instead of read again.

Of two events alike, ids and times differ. A `Part` knows where those stand: its key is made of all
the rest, and what was made of the rest is remembered. The key of what has parts is made of their
keys: an event like one before is found at once, and of another what is not new in it.

Where values are known from the request, only code is remembered, in which they are not looked for:
what they leave of other texts belongs to that request alone. What is remembered is what was made of
a part, which is filtered; whoever asks gets a copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from operator import itemgetter
from pickle import Pickler
from types import SimpleNamespace
from typing import Any, Final, NoReturn

from telemetry_core.policy.forms import Form
from telemetry_core.policy.memo import Remembered
from telemetry_core.policy.rules import DROP, Handler
from telemetry_core.policy.walk import Walk

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


Columns = list[Sequence[Any]]
"""The values of the fields that differ each time, those of one name in one list together."""
Column = tuple[int, str]
"""Where such values stand: in which of the rows of a part, and under which name."""
Rows = list[list[dict[str, Any]]]
"""The mappings of a part that have such fields, those of one list together."""
Key = tuple[int, Columns]
Keys = dict[tuple["Part", int], Key]


class Unlike(ValueError):
    """A value has not the shape that is remembered."""


class _Digest(Pickler):
    """Tells values of plain types apart by a hash. Not to be used twice at once.

    Of all serialisers that come with Python this is the quickest to write equal values alike:
    `marshal` also writes which of them are the same object.
    """

    def __init__(self) -> None:
        self._written: list[bytes] = []
        sink: Any = SimpleNamespace(write=self._written.append)
        super().__init__(sink, 3)
        self.fast = True  # without looking for what stands in two places

    def of(self, value: object) -> int:
        self.dump(value)
        hashed = hash(b"".join(self._written))
        self._written.clear()
        return hashed

    def reducer_override(self, value: object) -> NoReturn:
        """Run no code of a value's own."""
        raise Unlike(type(value))


_idle: Final[list[_Digest]] = []


def hash_of(value: object) -> int:
    """Return the hash of a value. Raises ValueError if it holds other than plain types."""
    try:
        digest = _idle.pop()
    except IndexError:
        digest = _Digest()
    hashed = digest.of(value)
    _idle.append(digest)
    return hashed


class Part:
    """A mapping, or a list of mappings, that comes again but for some fields.

    :param changing: the forms of those fields, by name.
    :param anew: other fields that are not part of the key.
    :param parts: the parts within a mapping, by name.
    :param is_code: whether values known from the request mean nothing in it.
    """

    __slots__ = (
        "_blank", "_changing", "_number", "_parts", "anew", "columns", "forms", "is_code",
        "is_list", "rows",
    )  # fmt: skip

    # Belongs to each key, since other rules hold elsewhere, also under the same name.
    _numbers = count()

    def __init__(
        self,
        changing: Mapping[str, Form],
        *,
        anew: tuple[str, ...] = (),
        parts: Mapping[str, Part],
        is_list: bool,
        is_code: bool,
    ) -> None:
        self.is_list = is_list
        self.is_code = is_code
        self.anew = dict.fromkeys(anew)
        self._number = next(self._numbers)
        self._changing = tuple(changing)
        self._blank = dict.fromkeys((*changing, *anew))
        self._parts = tuple(parts.items())
        self.rows = int(bool(changing))
        self.columns: list[Column] = [(0, name) for name in changing]
        self.forms: dict[Form, list[int]] = {}
        for index, form in enumerate(changing.values()):
            self.forms.setdefault(form, []).append(index)
        for part in parts.values():
            for form, indices in part.forms.items():
                moved = [index + len(self.columns) for index in indices]
                self.forms.setdefault(form, []).extend(moved)
            self.columns += [(row + self.rows, name) for row, name in part.columns]
            self.rows += part.rows

    def key_of(self, value: Any, keys: Keys) -> Key:
        """Return the hash of a value but for its changing fields, and the values of those.

        Two values with one hash would get one result, which is wrong but gives nothing away.

        :param keys: gets the same of the parts within the value, with their ``id()``.
        :raises ValueError: if the value has another shape, or holds other than plain types.
        """
        rest: Any
        columns: Columns
        if self.is_list:
            rest, columns = self._split_list(value) if self._blank else (value, [])
        else:
            rest = value | self._blank
            columns = [(value.get(name),) for name in self._changing]
            for name, part in self._parts:
                inner = value.get(name)
                if inner is None:
                    columns += ((),) * len(part.columns)
                    continue
                inner, is_wrapped = part._unwrapped(inner)
                key, more = keys[part, id(inner)] = part.key_of(inner, keys)
                rest[name] = {"values": key} if is_wrapped else key
                columns += more
        return hash_of((self._number, rest)), columns

    def _split_list(self, values: list[Any]) -> tuple[object, Columns]:
        """Return what may not differ of a list of mappings, and the columns of what may."""
        for each in values:
            if type(each) is not dict:
                raise Unlike
        columns: Columns
        if len(set(map(len, values))) == 1:
            rest = [name for name in values[0] if name not in self._blank]
            try:
                # Mostly all have the same fields: then their names are written once.
                columns = [list(map(itemgetter(name), values)) for name in self._changing]
                return (rest, list(map(itemgetter(*rest), values))), columns
            except (KeyError, TypeError):
                pass
        columns = [[value.get(name) for value in values] for name in self._changing]
        return [value | self._blank for value in values], columns

    def _unwrapped(self, value: Any) -> tuple[Any, bool]:
        """Return the list or mapping that a part is, and whether a list stood under ``values``."""
        if type(value) is dict:
            if not self.is_list:
                return value, False
            values = value.get("values")
            if type(values) is list and len(value) == 1:
                return values, True
        elif type(value) is list and self.is_list:
            return value, False
        raise Unlike

    def rows_of(self, result: Any) -> Rows:
        """Return the mappings with changing fields in what was made of a value.

        :raises Unlike: if the result has another shape.
        """
        rows: Rows = []
        if self._changing:
            rows.append(result if self.is_list else [result])
        for name, part in self._parts:
            inner = result.get(name)
            if inner is None:
                rows += ([],) * part.rows
            else:
                rows += part.rows_of(part._unwrapped(inner)[0])
        return rows

    def hold(self, columns: Columns) -> bool:
        """Tell whether the changing fields have their forms."""
        for form, indices in self.forms.items():
            values: list[Any] = []
            for index in indices:
                column = columns[index]
                if len(column) != 1 or column[0] is not None:
                    values += column
            if not form.hold_all(values):
                return False
        return True


def remembering(whole: Handler, part: Part, anew: Mapping[str, Handler]) -> Handler:
    """Remember what ``whole`` makes of a part, but for its changing fields and what is ``anew``."""
    kind: type[Any] = list if part.is_list else dict

    def apply(value: Any, walk: Walk) -> object:
        result: Any
        if type(value) is not kind or (walk.known is not None and not part.is_code):
            return whole(value, walk)
        found = walk.part_keys.get((part, id(value)))
        if found is None:
            try:
                found = part.key_of(value, walk.part_keys)
            except (ValueError, RecursionError):
                return whole(value, walk)
        key, columns = found
        if not part.hold(columns):
            return whole(value, walk)
        remembered: Remembered | None = walk.memo.get(key)
        if remembered is not None:
            result, walk.note = remembered.copy(columns)
            walk.refused += remembered.refused
        else:
            refused = walk.refused
            result = whole({**value, **part.anew} if part.anew else value, walk)
            # Most of what is new stays alone.
            if not walk.memo.is_new(key):
                _remember(key, part, result, columns, walk.refused - refused, walk)
        for name, handler in anew.items():
            _add(name, handler, value, result, walk)
        return result

    return apply


def _remember(
    key: int, part: Part, result: Any, columns: Columns, refused: int, walk: Walk
) -> None:
    try:
        rows = part.rows_of(result)
    except Unlike:
        return
    places = [(rows[row], name) for row, name in part.columns]
    # Where an item was left out, what is left does not line up with what comes in.
    if any(len(row) != len(column) for (row, _), column in zip(places, columns, strict=True)):
        return
    remembered = Remembered(result, walk.note, refused, changing=places)
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
