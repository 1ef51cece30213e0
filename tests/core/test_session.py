"""Sessions are random, live in their context alone, and name nobody."""

from __future__ import annotations

import asyncio
import contextvars
import re
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_core import SessionManager, get_session_manager
from telemetry_core import session as sessions
from telemetry_core.session import Session, random_session_id

ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def outside_any_session() -> Iterator[None]:
    token = sessions.bind(None)
    yield
    sessions.unbind(token)


def manager() -> SessionManager:
    return get_session_manager()


# What an id is


def test_an_id_is_128_random_bits() -> None:
    """Ids are 32 hexadecimal digits, all different, and every bit of them takes both values."""
    ids = [random_session_id() for _ in range(500)]
    assert all(re.fullmatch("[0-9a-f]{32}", made) for made in ids)
    assert len(set(ids)) == len(ids)
    ones = [sum(int(made, 16) >> bit & 1 for made in ids) for bit in range(128)]
    # A fair coin thrown 500 times shows heads 130 to 370 times, but for once in 10**26.
    assert all(130 < count < 370 for count in ones)


def test_an_id_is_made_when_it_is_asked_for_and_stays() -> None:
    """A session nobody asks for its id costs no random bits; one asked twice says the same."""
    made: list[str] = []

    def make() -> str:
        made.append(random_session_id())
        return made[-1]

    session = Session(make)
    assert made == []
    assert session.id == session.id == made[0]
    assert len(made) == 1


def test_a_session_may_have_no_id() -> None:
    """A session that may not be told from others says None, not a made-up id."""
    assert Session(lambda: None).id is None


# Starting and ending


def test_there_is_no_session_until_one_is_started() -> None:
    """Outside a session the id is None, and asking for it starts none."""
    assert manager().session_id is None
    assert manager().session_id is None


def test_start_session_returns_the_id_that_is_current() -> None:
    """The id returned is the one the manager shows, and a second start makes another."""
    first = manager().start_session()
    assert manager().session_id == first
    second = manager().start_session()
    assert manager().session_id == second != first


def test_end_session_ends_it_also_when_there_is_none() -> None:
    """After end_session there is no id; ending twice is no error."""
    manager().start_session()
    manager().end_session()
    manager().end_session()
    assert manager().session_id is None


def test_every_manager_shows_the_same_session() -> None:
    """Sessions live in their contexts, so a manager of one's own shows the same."""
    started = SessionManager().start_session()
    assert manager().session_id == started


def test_a_block_has_a_session_of_its_own() -> None:
    """Inside the block is another session; afterwards the one around it, also after an error."""
    outer = manager().start_session()
    with manager().session() as inner:
        assert manager().session_id == inner != outer
        with manager().session() as innermost:
            assert innermost not in (inner, outer)
        assert manager().session_id == inner
    assert manager().session_id == outer
    with pytest.raises(LookupError), manager().session():
        raise LookupError
    assert manager().session_id == outer


def test_a_block_may_end_in_another_context() -> None:
    """A generator that is closed from another context than it ran in ends without an error."""

    def pieces() -> Generator[str, None, None]:
        with manager().session() as session_id:
            yield session_id

    generator = pieces()
    started = contextvars.copy_context().run(next, generator)
    manager().start_session()
    contextvars.copy_context().run(generator.close)
    assert re.fullmatch("[0-9a-f]{32}", started)


# Continuing one by its id


@pytest.mark.parametrize(
    ("given_id", "why"),
    [
        ("", "empty"),
        ("jane@example.com", "names somebody"),
        ("42", "a primary key"),
        (ID[:-1], "a digit short"),
        (ID + "0", "a digit long"),
        (ID.upper(), "upper case: ours are lower"),
        (ID + "\n", "a line break, which $ would let pass"),
        (" " + ID, "a blank"),
        ("0" * 31 + "٣", "a digit, but no ASCII one"),
        ("g" * 32, "not hexadecimal"),
        (f"{ID[:8]}-{ID[8:12]}-{ID[12:16]}-{ID[16:20]}-{ID[20:]}", "a UUID, so not made here"),
        (None, "no text"),
        (int(ID, 16), "a number"),
        (ID.encode(), "bytes"),
        ([ID], "a list"),
    ],
)
def test_only_an_id_of_ours_is_continued(given_id: object, why: str) -> None:
    """Whatever has not the form of a session id is refused and changes nothing."""
    before = manager().start_session()
    assert manager().continue_session(given_id) is False, why  # type: ignore[arg-type]  # on purpose
    assert manager().session_id == before


def test_an_id_of_ours_is_continued() -> None:
    """A job may go on with the session that was handed to it."""
    assert manager().continue_session(ID) is True
    assert manager().session_id == ID


@given(st.one_of(st.text(), st.binary(), st.integers(), st.none(), st.from_regex("[0-9a-fA-F-]+")))
def test_what_is_continued_is_32_hexadecimal_digits(text: object) -> None:
    """For all inputs: either refused, or the session's id is that input and has the form."""

    def attempt() -> None:
        if manager().continue_session(text):  # type: ignore[arg-type]  # on purpose
            assert manager().session_id == text
            assert re.fullmatch("[0-9a-f]{32}", str(text))
        else:
            assert manager().session_id is None

    contextvars.copy_context().run(attempt)


# Contexts


def test_threads_see_no_session_of_another() -> None:
    """Sixteen threads at once each see their own session and never another's."""
    barrier = threading.Barrier(16)
    seen: list[set[str | None]] = []

    def work() -> None:
        before = manager().session_id
        mine = manager().start_session()
        barrier.wait(60)
        seen.append({before, mine, manager().session_id} - {mine})

    outside = manager().start_session()
    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == [{None}] * 16
    assert manager().session_id == outside


def test_a_pool_thread_keeps_no_session_of_its_last_job() -> None:
    """A job run in a copied context leaves nothing behind in a thread that is used again."""
    with ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            before = pool.submit(lambda: manager().session_id).result()
            context = contextvars.copy_context()
            started = pool.submit(context.run, manager().start_session).result()
            assert before is None
            assert context.run(lambda: manager().session_id) == started


def test_asyncio_tasks_side_by_side_have_their_own() -> None:
    """Tasks that take turns never see each other's session, nor the one that started them."""

    async def task() -> tuple[str, str | None]:
        mine = manager().start_session()
        for _ in range(3):
            await asyncio.sleep(0)
        return mine, manager().session_id

    async def main() -> list[tuple[str, str | None]]:
        return await asyncio.gather(*(task() for _ in range(20)))

    results = asyncio.run(main())
    assert all(mine == seen for mine, seen in results)
    assert len({mine for mine, _ in results}) == 20
    assert manager().session_id is None


def test_a_task_sees_the_session_it_was_started_in() -> None:
    """What belongs together is joined: a task and asyncio.to_thread go on in their session."""

    async def read() -> str | None:
        return manager().session_id

    async def main() -> list[str | None]:
        started = manager().start_session()
        task = asyncio.create_task(read())
        in_thread = await asyncio.to_thread(lambda: manager().session_id)
        # Starting another afterwards is none of the task's business.
        manager().start_session()
        return [started, await task, in_thread]

    assert len(set(asyncio.run(main()))) == 1


def test_a_copied_context_changes_nothing_outside() -> None:
    """A session started in a copy of the context stays there."""
    outer = manager().start_session()
    inner = contextvars.copy_context().run(manager().start_session)
    assert manager().session_id == outer != inner


# Binding, as requests do


def test_unbind_brings_back_the_one_before() -> None:
    """Bindings nest."""
    first, second = Session(), Session()
    outer = sessions.bind(first)
    inner = sessions.bind(second)
    assert manager().session_id == second.id
    sessions.unbind(inner)
    assert manager().session_id == first.id
    sessions.unbind(outer)
    assert manager().session_id is None


def test_unbind_in_another_context_ends_the_session_there() -> None:
    """A token of another context means nothing; the session bound here must not live on."""
    token = contextvars.copy_context().run(sessions.bind, Session())

    def elsewhere() -> str | None:
        sessions.bind(Session())
        sessions.unbind(token)
        return manager().session_id

    assert contextvars.copy_context().run(elsewhere) is None


def test_unbinding_twice_is_no_error() -> None:
    """A request whose end is told twice, by a server that closes twice, does not fail."""
    outer = manager().start_session()
    token = sessions.bind(Session())
    sessions.unbind(token)
    assert manager().session_id == outer
    sessions.unbind(token)
    assert manager().session_id == outer
