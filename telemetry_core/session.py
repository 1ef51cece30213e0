"""Anonymous sessions: a random id that joins what belongs together and names nobody."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from telemetry_core.request import Request

ID_FORM: Final = re.compile(r"[0-9a-f]{32}")
"""What a session id looks like: 128 random bits in hexadecimal."""


_DRAWN_AT_ONCE: Final = 64

_drawn: list[str] = []


def random_session_id() -> str:
    """Return a fresh id: 128 bits from the operating system, unrelated to anything else.

    Ids are drawn many at a time: asking the system is what costs most in a request that records
    nothing.
    """
    try:
        return _drawn.pop()
    except IndexError:
        digits = secrets.token_hex(16 * _DRAWN_AT_ONCE)
        ids = [digits[start : start + 32] for start in range(0, len(digits), 32)]
        # Each is a single step, which no other thread can come between.
        drawn = ids.pop()
        _drawn.extend(ids)
        return drawn


if hasattr(os, "register_at_fork"):
    # A forked process must not hand out the ids that its parent will.
    os.register_at_fork(after_in_child=_drawn.clear)


class Bearer(Protocol):
    """What is current in a context: a session, or a request, which is one as well."""

    @property
    def id(self) -> str | None:
        """The session's id; None in one that may not be told from others."""

    @property
    def request(self) -> Request | None:
        """The request it belongs to; None outside requests."""


class Session:
    """One session. Its id is made when somebody first asks for it, and stays.

    :param request: the request it was started in.
    """

    __slots__ = ("_id", "_make_id", "request")

    def __init__(
        self,
        make_id: Callable[[], str | None] = random_session_id,
        request: Request | None = None,
    ) -> None:
        self._make_id = make_id
        self._id: str | None = None
        self.request = request

    @property
    def id(self) -> str | None:
        """The id: 32 hexadecimal digits, or None in a session that may not be told from others."""
        if self._id is None:
            self._id = self._make_id()
        return self._id


_current: ContextVar[Bearer | None] = ContextVar("telemetry_session", default=None)


class SessionManager:
    """Starts and ends sessions in the current context.

    A session lives in a context variable: threads and asyncio tasks side by side never see each
    other's, and a task sees the session it was started in. Nothing is stored and no cookie is set.
    """

    def start_session(self) -> str:
        """Start a new session in this context, in place of any other, and return its id."""
        session_id = random_session_id()
        _begin(lambda: session_id)
        return session_id

    def continue_session(self, session_id: str) -> bool:
        """Make an id that was handed on the current session's; False if it isn't one of ours."""
        if not isinstance(session_id, str) or not ID_FORM.fullmatch(session_id):
            return False
        _begin(lambda: session_id)
        return True

    def end_session(self) -> None:
        """End the session of this context, if there is one."""
        _begin(lambda: None)

    @property
    def session_id(self) -> str | None:
        """The id of this context's session: 32 hexadecimal digits, or None outside a session."""
        session = _current.get()
        return session.id if session is not None else None

    @contextmanager
    def session(self) -> Iterator[str]:
        """Run a block in a session of its own; the one around it comes back afterwards."""
        token = _current.set(_current.get())
        try:
            yield self.start_session()
        finally:
            unbind(token)


def _begin(make_id: Callable[[], str | None]) -> None:
    """Put a session in place of the current one; in a request it is that request's."""
    before = _current.get()
    _current.set(Session(make_id, before.request if before is not None else None))


current: Final = _current.get
"""Return the session, or the request, of this context, or None."""

bind: Final = _current.set
"""Make a session, or a request, the current one; hand the token to `unbind`."""


def unbind(token: Token[Bearer | None]) -> None:
    """Bring back the session from before `bind`, also where the context has changed since.

    A streamed response may end in another context than it began in, in which the token means
    nothing; the session is then ended there. A token that was used already changes nothing.
    """
    try:
        _current.reset(token)
    except ValueError:
        _current.set(None)
    except RuntimeError:
        return


_manager = SessionManager()


def get_session_manager() -> SessionManager:
    """Return the session manager. It holds no state of its own: sessions live in their contexts."""
    return _manager
