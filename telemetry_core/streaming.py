"""Bodies that are sent piece by piece: each piece is made inside its request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, TypeVar

from telemetry_core.request import Request

T = TypeVar("T")


class Stream(Generic[T]):
    """An iterator that makes each piece in its request, reports what fails, and ends the request.

    The request is bound only while a piece is made: between two, the thread may serve another.
    """

    def __init__(self, request: Request, pieces: Iterator[T]) -> None:
        request.is_streamed = True
        self._request = request
        self._pieces = pieces

    def __iter__(self) -> Stream[T]:
        return self

    def __next__(self) -> T:
        self._request.enter()
        try:
            return next(self._pieces)
        except StopIteration:
            self._request.finish()
            raise
        except Exception as error:
            self._request.capture(error, status=None)
            self._request.finish()
            raise
        finally:
            self._request.leave()

    def close(self) -> None:
        """Close the body inside the request, as the server does when it is done or gives up."""
        self._request.enter()
        try:
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()
        except Exception as error:
            self._request.capture(error, status=None)
            raise
        finally:
            self._request.finish()
            self._request.leave()


class AsyncStream(Generic[T]):
    """The same for asynchronous bodies."""

    def __init__(self, request: Request, pieces: AsyncIterator[T]) -> None:
        request.is_streamed = True
        self._request = request
        self._pieces = pieces

    def __aiter__(self) -> AsyncStream[T]:
        return self

    async def __anext__(self) -> T:
        self._request.enter()
        try:
            return await anext(self._pieces)
        except StopAsyncIteration:
            self._request.finish()
            raise
        except Exception as error:
            self._request.capture(error, status=None)
            self._request.finish()
            raise
        except BaseException:
            # Cancelled: the visitor went away.
            self._request.finish()
            raise
        finally:
            self._request.leave()

    async def aclose(self) -> None:
        """Close the body inside the request."""
        self._request.enter()
        try:
            close: Any = getattr(self._pieces, "aclose", None)
            if close is not None:
                await close()
        except Exception as error:
            self._request.capture(error, status=None)
            raise
        finally:
            self._request.finish()
            self._request.leave()

    def close(self) -> None:
        """End the request: for frameworks that close their responses, but not the bodies."""
        self._request.finish()


class StreamedFile:
    """A file that the server itself reads or sends: what fails in ``read`` is reported.

    Everything else is the file's own, so that the server can still hand it to the operating system.
    It does not end the request; closing the response does.
    """

    def __init__(self, request: Request, file: Any) -> None:
        request.is_streamed = True
        self._request = request
        self._file = file

    def read(self, *size: int) -> Any:
        """Read from the file inside the request."""
        self._request.enter()
        try:
            return self._file.read(*size)
        except Exception as error:
            self._request.capture(error, status=None)
            raise
        finally:
            self._request.leave()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
