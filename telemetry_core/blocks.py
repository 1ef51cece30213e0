"""Blocks of code with a beginning and an end: a ``with`` statement, or a decorator of anything.

A decorated generator is one block from its first step to its end, but bound to the context only
while a step runs: what its consumer does in between is none of it.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from types import TracebackType
from typing import Any, Generic, TypeVar

Begun = TypeVar("Begun")
F = TypeVar("F", bound=Callable[..., Any])


class Block(ABC, Generic[Begun]):
    """What a ``with`` statement, an ``async with`` statement and a decorator have in common.

    One object may be used any number of times, also at the same time in several threads and tasks:
    what belongs to one run is in its context.
    """

    __slots__ = ("_fallback",)

    def __init__(self, fallback: object = None) -> None:
        self._fallback = fallback

    @abstractmethod
    def _begin(self) -> Begun:
        """Begin a run and bind it to this context."""

    @abstractmethod
    def _resume(self, begun: Begun) -> None:
        """Bind a run to this context again."""

    @abstractmethod
    def _pause(self, begun: Begun) -> None:
        """Unbind a run that goes on later."""

    @abstractmethod
    def _end(self, begun: Begun | None, error: BaseException | None) -> BaseException | None:
        """End a run; return what is to be raised of the exception that ended it.

        :param begun: the run; None for the innermost of this block in this context.
        """

    def _succeed(self, begun: Begun) -> None:
        """End a run in which nothing went wrong."""
        self._end(begun, None)

    def __enter__(self) -> None:
        self._begin()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:  # not bool, which to type checkers means that errors are often hidden
        left = self._end(None, error)
        if left is None:
            return error is not None
        if left is not error:
            raise left
        return False

    async def __aenter__(self) -> None:
        self._begin()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return self.__exit__(kind, error, traceback)

    def __call__(self, function: F) -> F:
        """Return the function so that each call of it is a run of this block."""
        wrapper: Any
        if inspect.isasyncgenfunction(function):
            wrapper = self._around_async_generator(function)
        elif inspect.iscoroutinefunction(function):
            wrapper = self._around_coroutine(function)
        elif inspect.isgeneratorfunction(function):
            wrapper = self._around_generator(function)
        else:
            wrapper = self._around_function(function)
        same: Any = functools.update_wrapper(wrapper, function)
        return same  # type: ignore[no-any-return]  # its signature is the function's

    def _around_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            begun = self._begin()
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                left = self._end(begun, error)
                if left is error:
                    raise
            else:
                self._succeed(begun)
                return result
            return self._instead(left)

        return run

    def _around_coroutine(
        self, function: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        async def run(*args: Any, **kwargs: Any) -> Any:
            begun = self._begin()
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                left = self._end(begun, error)
                if left is error:
                    raise
            else:
                self._succeed(begun)
                return result
            return self._instead(left)

        return run

    def _around_generator(
        self, function: Callable[..., Generator[Any, Any, Any]]
    ) -> Callable[..., Generator[Any, Any, Any]]:
        def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            begun = self._begin()
            result = None
            try:
                generator = function(*args, **kwargs)
                step: Callable[[Any], Any] = generator.send
                given: Any = None
                while True:
                    try:
                        made = step(given)
                    except StopIteration as stop:
                        result = stop.value
                        break
                    self._pause(begun)
                    try:
                        given = yield made
                        step = generator.send
                    except GeneratorExit:
                        self._resume(begun)
                        generator.close()
                        raise
                    except BaseException as thrown:
                        step, given = generator.throw, thrown
                    self._resume(begun)
            except BaseException as error:
                left = self._end(begun, error)
                if left is error:
                    raise
            else:
                self._succeed(begun)
                return result
            return self._instead(left)

        return run

    def _around_async_generator(
        self, function: Callable[..., AsyncGenerator[Any, Any]]
    ) -> Callable[..., AsyncGenerator[Any, Any]]:
        async def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            begun = self._begin()
            try:
                generator = function(*args, **kwargs)
                step: Callable[[Any], Awaitable[Any]] = generator.asend
                given: Any = None
                while True:
                    try:
                        made = await step(given)
                    except StopAsyncIteration:
                        break
                    self._pause(begun)
                    try:
                        given = yield made
                        step = generator.asend
                    except GeneratorExit:
                        self._resume(begun)
                        await generator.aclose()
                        raise
                    except BaseException as thrown:
                        step, given = generator.athrow, thrown
                    self._resume(begun)
            except BaseException as error:
                left = self._end(begun, error)
                if left is error:
                    raise
            else:
                self._succeed(begun)
                return
            self._instead(left)

        return run

    def _instead(self, left: BaseException | None) -> object:
        """Return the fallback, or raise what must not be hidden."""
        if left is not None:
            raise left
        return self._fallback
