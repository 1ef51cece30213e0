"""Remembers what was made of a text, so that the next event like the last one costs less.

`Memo` holds results only, which are filtered: never what they were made of. A key is the hash of
what was read; two texts with one hash would get one result, which is wrong but gives nothing away.
`Seen` holds texts that passed as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from sys import getsizeof
from typing import Any, Final, Generic, NoReturn, TypeVar

R = TypeVar("R")
T = TypeVar("T", str, bytes)

MAX_ENTRY: Final = 500_000
"""Bytes of the largest result that is remembered."""


MAX_MET: Final = 10_000
"""Keys of which it is known that they came once; half a megabyte."""


class Memo(Generic[R]):
    """A bounded mapping from hashes to results. Safe to share between threads.

    :param max_bytes: bytes of results held at most; the older half goes when they are reached.
    """

    __slots__ = ("_bytes", "_max_bytes", "_met", "_old", "_young")

    def __init__(self, max_bytes: int = 8_000_000) -> None:
        self._met: set[int] = set()
        self._max_bytes = max_bytes
        self._bytes = 0
        self._young: dict[int, R] = {}
        self._old: dict[int, R] = {}

    def get(self, key: int) -> R | None:
        """Return what was remembered under ``key``, or None."""
        found = self._young.get(key)
        return found if found is not None else self._old.get(key)

    def is_new(self, key: int) -> bool:
        """Tell whether this is asked of ``key`` for the first time in a while."""
        if key in self._met:
            return False
        if len(self._met) >= MAX_MET:
            self._met.clear()
        self._met.add(key)
        return True

    def put(self, key: int, result: R, size: int) -> None:
        """Remember a result of about ``size`` bytes."""
        if size > MAX_ENTRY:
            return
        # A race between threads loses or doubles a count; the bound holds within one entry each.
        self._bytes += size + 200
        if self._bytes > self._max_bytes // 2:
            self._old, self._young, self._bytes = self._young, {}, size + 200
        self._young[key] = result

    @property
    def size(self) -> int:
        """How many results are held."""
        return len(self._young) + len(self._old)


class Seen(Generic[T]):
    """Texts that a rule left as they were: a bounded set. Safe to share between threads.

    Only texts in which the detectors find nothing are added.
    """

    __slots__ = ("_bytes", "_max_bytes", "values")

    def __init__(self, max_bytes: int = 500_000) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self.values: dict[T, None] = {}

    def add(self, text: T) -> None:
        """Add a text; when the bound is reached, begin anew."""
        if text not in self.values:
            self._bytes += len(text) + 100
            if self._bytes > self._max_bytes:
                self.values.clear()
                self._bytes = len(text) + 100
            self.values[text] = None


class Shared(dict[str, object]):
    """A piece of ``_meta`` that stands in more than one event: a mapping that can't be changed.

    As a ``dict`` it is JSON and equals another; a copy of it can be changed.
    """

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("remarks are shared between events: change a copy of them")

    _refused: Any = _refuse
    __setitem__ = __delitem__ = __ior__ = _refused
    clear = pop = popitem = setdefault = update = _refused

    def __reduce__(self) -> tuple[type, tuple[dict[str, object]]]:
        """Copy and pickle it as the plain mapping that it stands for."""
        return dict, (dict(self),)


def frozen(note: dict[str, object]) -> Shared:
    """Return a piece of ``_meta`` as one that can be shared."""
    return Shared(
        (key, frozen(part) if isinstance(part, dict) else part) for key, part in note.items()
    )


def _size_of(value: Any) -> int:
    """Return about how many bytes a value takes; what stands in it twice counts twice."""
    size = getsizeof(value)
    if isinstance(value, dict):
        return size + sum(getsizeof(name) + _size_of(part) for name, part in value.items())
    if isinstance(value, list | tuple):
        return size + sum(map(_size_of, value))
    return size


class Remembered:
    """A filtered part of an event, the remarks on it, and how many fields were left out of it.

    ``size`` is about how many bytes it takes.

    :param changing: mappings in ``result``, and a name under which each of them has something else
        each time: that is not kept.
    """

    __slots__ = (
        "_changing", "_dicts", "_links", "_lists", "_note", "_place", "_tables", "refused", "size"
    )  # fmt: skip

    def __init__(
        self,
        result: Any,
        note: dict[str, object] | None,
        refused: int,
        *,
        changing: list[tuple[list[dict[str, Any]], str]],
    ) -> None:
        self.refused = refused
        self._note = frozen(note) if note is not None else None
        containers = _containers(result)
        dicts = [each for each in containers if type(each) is dict]
        places = {id(each): place for place, each in enumerate(dicts)}
        lists: list[list[Any]] = []
        tables: list[list[Any]] = []
        for each in containers:
            if type(each) is list:
                (tables if _are_in_a_row(each, places) else lists).append(each)
        containers = [*dicts, *lists, *tables]
        places = {id(each): place for place, each in enumerate(containers)}
        self._place = places[id(result)]
        self._dicts = [_without_containers(each) for each in dicts]
        self._lists = [_without_containers(each) for each in lists]
        self._tables = [slice(places[id(each[0])], places[id(each[-1])] + 1) for each in tables]
        self._links = [
            (places[id(each)], name, places[id(part)])
            for each in (*dicts, *lists)
            for name, part in _parts_of(each)
            if type(part) is dict or type(part) is list
        ]
        self._changing = [(name, [places[id(each)] for each in row]) for row, name in changing]
        for name, row in self._changing:
            for place in row:
                # Stays: a dict that has its keys need not grow when they are set.
                self._dicts[place][name] = None
        self.size = _size_of([self._dicts, self._lists, self._note, self._links, self._changing])

    def copy(self, columns: Sequence[Sequence[Any]]) -> tuple[Any, dict[str, object] | None]:
        """Return the part as if just made, in containers that nobody else has, and the remarks.

        Those can be added to; what is within them is shared and can't be changed.

        :param columns: the values under each of the names, None where there is none.
        """
        # Python is quicker with many of one type.
        made: list[Any] = list(map(dict.copy, self._dicts))
        made += map(list.copy, self._lists)
        made += [made[places] for places in self._tables]
        for place, name, part in self._links:
            made[place][name] = made[part]
        for (name, row), column in zip(self._changing, columns, strict=True):
            for place, value in zip(row, column, strict=True):
                if value is not None:
                    made[place][name] = value
                else:
                    del made[place][name]
        return made[self._place], dict(self._note) if self._note is not None else None


def _parts_of(container: Any) -> Iterable[tuple[Any, Any]]:
    return container.items() if type(container) is dict else enumerate(container)


def _containers(value: Any) -> list[Any]:
    """Return the dicts and lists in a value, level by level, itself first."""
    found = [value]
    for container in found:
        found += [part for _, part in _parts_of(container) if type(part) in (dict, list)]
    return found


def _without_containers(container: Any) -> Any:
    own = container.copy()
    for name, part in _parts_of(container):
        if type(part) is dict or type(part) is list:
            own[name] = None
    return own


def _are_in_a_row(values: list[Any], places: dict[int, int]) -> bool:
    """Tell whether a list holds nothing but mappings that stand one after the other."""
    found = [places.get(id(each), -1) for each in values]
    return bool(found) and found[0] >= 0 and found == list(range(found[0], found[0] + len(found)))
