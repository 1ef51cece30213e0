"""A part of an event as it is kept in memory, and the remarks on it.

Whoever asks for one gets new containers with what differs each time in its place, so that what is
kept stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from sys import getsizeof
from typing import Any, Final, NoReturn


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


def _size_of(value: Any, counted: set[int]) -> int:
    """Return about how many bytes a value takes, but for what has been counted."""
    if id(value) in counted:
        return 0
    counted.add(id(value))
    size = getsizeof(value)
    if isinstance(value, dict):
        return size + sum(
            _size_of(name, counted) + _size_of(part, counted) for name, part in value.items()
        )
    if isinstance(value, list | tuple):
        return size + sum(_size_of(part, counted) for part in value)
    return size


Taken = Sequence[Any]
"""The changing fields of a mapping, in order; of a list of mappings, a list for each field.

Nothing where there is no such mapping or list.
"""
Put = Callable[[Any, Taken], None]

_DICT: Final = frozenset((dict,))


class Changes:
    """The fields that differ each time in a mapping, or in each mapping of a list.

    ``put`` puts what was taken of them into the mapping or the list.
    """

    __slots__ = ("is_list", "names", "put")

    def __init__(self, names: tuple[str, ...], *, is_list: bool) -> None:
        self.names = names
        self.is_list = is_list
        self.put: Put = _put_into_rows(names) if is_list else self._put

    def _put(self, value: dict[str, Any], taken: Taken) -> None:
        for name, part in zip(self.names, taken, strict=True):
            if part is not None:
                value[name] = part

    def fit(self, value: Any, taken: Taken) -> bool:
        """Tell whether what was made of a value lines up with what was taken of it."""
        if value is None or not taken:
            return value is None and not taken
        # An item may have been left out.
        return not self.is_list or (
            len(value) == len(taken[0]) and _DICT.issuperset(map(type, value))
        )


def _put_into_rows(names: tuple[str, ...]) -> Put:
    """Write a function for one pass through a list, which is twice as fast as one for each name."""
    parts = [f"part_{index}" for index in range(len(names))]
    source = ["def put(rows, columns):"]
    source += [f" for row, {', '.join(parts)} in zip(rows, *columns, strict=True):"]
    source += [f"  row[{name!r}] = {part}" for name, part in zip(names, parts, strict=True)]
    space: dict[str, Any] = {}
    exec(compile("\n".join(source), "<policy>", "exec"), space)
    put: Put = space["put"]
    return put


class Remembered:
    """A filtered part of an event, the remarks on it, and how many fields were left out of it.

    ``size`` is about how many bytes it takes.

    :param changing: fields that differ each time, so that they are not kept, and where they stand
        in ``result``: in a mapping, in each mapping of a list, or in None.
    """

    __slots__ = (
        "_changing", "_dicts", "_links", "_lists", "_note", "_place", "_tables", "refused", "size"
    )  # fmt: skip

    def __init__(
        self,
        result: Any,
        note: dict[str, object] | None,
        refused: int,
        changing: Iterable[tuple[Changes, Any]],
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
        # One string in many places takes less memory, and less time to copy.
        strings: dict[str, str] = {}
        self._dicts = [_alone(each, strings) for each in dicts]
        self._lists = [_alone(each, strings) for each in lists]
        self._tables = [slice(places[id(each[0])], places[id(each[-1])] + 1) for each in tables]
        self._links = [
            (places[id(each)], name, places[id(part)])
            for each in (*dicts, *lists)
            for name, part in _parts_of(each)
            if type(part) is dict or type(part) is list
        ]
        self._changing: list[tuple[int, Put]] = []
        for changes, value in changing:
            self._changing.append((places[id(value)] if value is not None else 0, changes.put))
            for each in value if type(value) is list else [value] if value is not None else ():
                own = self._dicts[places[id(each)]]
                # They stay: a dict that has its keys need not grow when they are set.
                own.update((name, None) for name in changes.names if name in own)
        kept = [self._dicts, self._lists, self._note, self._links, self._changing]
        self.size = _size_of(kept, set())

    def copy(self, taken: Sequence[Taken]) -> tuple[Any, dict[str, object] | None]:
        """Return the part as if just made, in containers that nobody else has, and the remarks.

        Those can be added to; what is within them is shared and can't be changed.

        :param taken: the fields that differ each time.
        """
        # Python is quicker with many of one type.
        made: list[Any] = list(map(dict.copy, self._dicts))
        made += map(list.copy, self._lists)
        made += [made[places] for places in self._tables]
        for place, name, part in self._links:
            made[place][name] = made[part]
        for (place, put), each in zip(self._changing, taken, strict=True):
            if each:
                put(made[place], each)
        return made[self._place], dict(self._note) if self._note is not None else None


def _parts_of(container: Any) -> Iterable[tuple[Any, Any]]:
    return container.items() if type(container) is dict else enumerate(container)


def _containers(value: Any) -> list[Any]:
    """Return the dicts and lists in a value, level by level, itself first."""
    found = [value]
    for container in found:
        found += [part for _, part in _parts_of(container) if type(part) in (dict, list)]
    return found


def _alone(container: Any, strings: dict[str, str]) -> Any:
    """Copy a dict or list without the containers in it, and with equal strings made one."""
    own = container.copy()
    for name, part in _parts_of(container):
        kind = type(part)
        if kind is dict or kind is list:
            own[name] = None
        elif kind is str:
            own[name] = strings.setdefault(part, part)
    return own


def _are_in_a_row(values: list[Any], places: dict[int, int]) -> bool:
    """Tell whether a list holds nothing but mappings that stand one after the other."""
    found = [places.get(id(each), -1) for each in values]
    return bool(found) and found[0] >= 0 and found == list(range(found[0], found[0] + len(found)))
