"""Name the place where a planted value got through: which item, which field, which form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from telemetry_core.collector.envelope import Payload
from telemetry_core.collector.search import Form, first_form
from telemetry_core.collector.store import Received


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A value that should not be found in anything that was received."""

    kind: str
    """``e-mail``, ``card number`` ..., for reports."""
    value: str
    place: str = ""
    """Where it was planted, for reports: ``form field``, ``cookie`` ..."""

    @property
    def masked(self) -> str:
        """The value with all but its first characters hidden, fit for a log."""
        return f"{self.value[: min(3, len(self.value) // 3)]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A planted value at one place. Its text never shows the whole value."""

    planted: Planted
    form: Form
    received: Received
    item_type: str
    """The type of the item, or ``request`` for what stands outside of all items."""
    position: int
    """Which item of its envelope, 0 for the first; -1 for what stands outside of all items."""
    path: str
    """The field: ``exception.values.0.value``, ``header User-Agent``, ``bytes of the body``."""

    def __str__(self) -> str:
        place = f", planted in {self.planted.place}" if self.planted.place else ""
        return (
            f"{self.planted.kind} {self.planted.masked} ({self.form.name}{place}) "
            f"in {self.item_type} at {self.path}, request {self.received.number}"
        )


def find_leaks(received: Iterable[Received], planted: Iterable[Planted]) -> list[Leak]:
    """Search all that was received for each planted value, in each form.

    Each request is searched as bytes, so that nothing is passed over because it could not be
    parsed; the fields are looked at only to say where a value stands. One leak for each field,
    value and its most direct form. A value that no single field holds is reported as
    ``bytes of the body``.
    """
    values = tuple(planted)
    held = _Search(values)
    found: list[Leak] = []
    for request in received:
        wire = request.wire
        here = [(each, form) for each in values if (form := first_form(wire, each.value))]
        if here:
            found += _places(request, here, held)
    return found


def _places(request: Received, here: Sequence[tuple[Planted, Form]], search: _Search) -> list[Leak]:
    """Return the leaks of one request; ``here`` are the values that its bytes hold, with a form."""
    places: dict[Planted, list[Leak]] = {value: [] for value, _ in here}
    # Field by field, since most of the work is to decode a field, and not to look for a value.
    for position, item_type, path, text in _fields(request):
        holds = [(value, form) for value, form in search.held_by(text) if value in places]
        if not holds:
            continue
        # A key above can itself hold a planted value, and must not be repeated.
        named = ".".join("…" if search.held_by(key) else key for key in path)
        for value, form in holds:
            leak = Leak(
                planted=value,
                form=form,
                received=request,
                item_type=item_type,
                position=position,
                path=named,
            )
            places[value].append(leak)
    for value, form in here:
        if not places[value]:
            leak = Leak(
                planted=value,
                form=form,
                received=request,
                item_type="request",
                position=-1,
                path="bytes of the body",
            )
            places[value].append(leak)
    return [leak for leaks in places.values() for leak in leaks]


Held: TypeAlias = tuple[tuple[Planted, Form], ...]
"""Which values a text holds, each in its most direct form."""

SHORT: Final = 1_000
MOST_REMEMBERED: Final = 16_384


class _Search:
    """Looks for the same values in many texts, and remembers what short ones hold."""

    def __init__(self, values: tuple[Planted, ...]) -> None:
        self._values = values
        # Stack traces repeat their short texts in each event.
        self._of_short = lru_cache(maxsize=MOST_REMEMBERED)(self._look)

    def held_by(self, text: str) -> Held:
        """Return which values a text holds."""
        return (self._of_short if len(text) <= SHORT else self._look)(text)

    def _look(self, text: str) -> Held:
        data = text.encode("utf-8", "surrogatepass")
        found = ((value, first_form(data, value.value)) for value in self._values)
        return tuple((value, form) for value, form in found if form is not None)


Path: TypeAlias = tuple[str, ...]


def _fields(request: Received) -> Iterator[tuple[int, str, Path, str]]:
    yield -1, "request", ("request line",), request.request_line
    for name, text in request.headers:
        yield -1, "request", (f"header {name}",), f"{name}: {text}"
    if request.envelope is None:
        return
    for path, text in _strings(request.envelope.headers, ("envelope header",)):
        yield -1, "request", path, text
    for position, item in enumerate(request.items):
        for path, text in _strings(item.headers, ("item header",)):
            yield position, item.type, path, text
        payload = item.json
        if payload is None:
            text = item.payload.decode("utf-8", "replace")
            yield position, item.type, ("bytes of the payload",), text
        for path, text in _strings(payload, ()):
            yield position, item.type, path, text


def _strings(value: Payload, path: Path) -> Iterator[tuple[Path, str]]:
    # A list to work through instead of recursion: what was parsed can be nested very deeply.
    todo: list[tuple[Path, Payload]] = [(path, value)]
    while todo:
        path, value = todo.pop()
        match value:
            case str() | int() | float():
                yield path, str(value)
            case dict():
                for number, (key, below) in enumerate(value.items()):
                    yield (*path, f"(name of key {number})"), key
                    todo.append(((*path, key), below))
            case list():
                todo.extend(((*path, str(index)), below) for index, below in enumerate(value))
            case _:
                continue
