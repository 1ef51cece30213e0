"""What a block of code is about: bound while it runs, seen in whatever is recorded meanwhile.

Bindings are a chain in a context variable. Entering a block adds a link and merges nothing, since
most blocks record nothing; what is bound is only put together for an event, a span or a log line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Final, Protocol

from telemetry_core.blocks import Block


class Bound:
    """One block's link in the chain.

    The block that makes it sets its attributes: that takes half the time of a constructor, and
    every call of a decorated function makes one.
    """

    __slots__ = ("block", "is_over", "outer")

    block: Binding
    outer: Bound | None
    is_over: bool


class Binding(Protocol):
    """What makes links: a block with values."""

    @property
    def values(self) -> Mapping[str, object]:
        """What it binds."""
        raise NotImplementedError


_current: ContextVar[Bound | None] = ContextVar("telemetry_context", default=None)

current_bound: Final = _current.get
"""Return the innermost link of this context, or None."""
bind: Final = _current.set
"""Make a link the innermost of this context."""


def rebind(bound: Bound) -> None:
    """Make a link of a generator's, which runs a step again, the innermost of this context."""
    bound.outer = _current.get()
    _current.set(bound)


def bound_by(block: object) -> Bound | None:
    """Return the innermost link that a block has made in this context, or None."""
    bound = current_bound()
    while bound is not None and (bound.block is not block or bound.is_over):
        bound = bound.outer
    return bound


def unbind(bound: Bound) -> None:
    """Take a link out of the chain. Those inside it stay, should they end later."""
    if current_bound() is not bound:
        # Left out of order, as a generator's block is that waits for its next step.
        bound.is_over = True
        return
    outer = bound.outer
    while outer is not None and outer.is_over:
        outer = outer.outer
    bind(outer)


def chain() -> Iterator[Bound]:
    """Yield the links of this context, the innermost first."""
    bound = _current.get()
    while bound is not None:
        if not bound.is_over:
            yield bound
        bound = bound.outer


def bound_values() -> dict[str, object]:
    """Return all that is bound in this context; of two values for a name the inner one."""
    bound = _current.get()
    if bound is None:
        return {}
    if bound.outer is None and not bound.is_over:
        return dict(bound.block.values)
    values: dict[str, object] = {}
    for link in chain():
        values = {**link.block.values, **values}
    return values


class telemetry_context(Block[Bound]):  # reads as a statement, as contextlib's do
    """Bind tags and details to a block, or to each call of a function.

    ::

        with telemetry_context(operation="export", plan="pro"):
            ...

        @telemetry_context(operation="export")
        async def export(): ...

    They are in every event, span and log line that is made in the block, also by what it calls and
    by the asyncio tasks it starts. Texts, numbers and booleans are tags, mappings are details under
    their name. Blocks nest; the inner value counts, also over a tag of ``set_tag``.

    What is bound leaves like anything an application adds: under an allowed name only (see
    ``TELEMETRY_ALLOW_FIELDS``), and filtered. Under any other name it arrives as ``[Filtered]``.

    Never raises. Functions, coroutines, generators and asynchronous generators can be decorated; a
    generator's context holds in its own steps and not in between.
    """

    __slots__ = ("values",)

    def __init__(self, **values: object) -> None:
        super().__init__()
        self.values: Mapping[str, object] = values

    def _begin(self) -> Bound:
        bound = Bound()
        bound.block = self
        bound.outer = current_bound()
        bound.is_over = False
        bind(bound)
        return bound

    def _resume(self, begun: Bound) -> None:
        rebind(begun)

    def _pause(self, begun: Bound) -> None:
        unbind(begun)

    def _end(self, begun: Bound | None, error: BaseException | None) -> BaseException | None:
        begun = begun or bound_by(self)
        if begun is not None:
            unbind(begun)
        return error


def describe(event: dict[str, Any]) -> None:
    """Put what is bound in this context on an event."""
    for name, value in bound_values().items():
        if isinstance(value, Mapping):
            event.setdefault("contexts", {})[name] = dict(value)
        else:
            event.setdefault("tags", {})[name] = value
