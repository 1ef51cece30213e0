"""Local log lines hold nothing personal, are never lost, and can be joined with what is sent."""

from __future__ import annotations

import importlib.util
import json
import logging
import logging.config
import logging.handlers
import queue
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import StringIO
from typing import Any

import pytest
import sentry_sdk
from capturing import Running, inside, telemetry
from leak_matrix import Visitor

from telemetry_core import error_boundary, get_session_manager, telemetry_context
from telemetry_core.consent import Permission
from telemetry_core.logging import (
    CONTEXT_FIELDS,
    WITHHELD,
    FilteredFormatter,
    JsonFormatter,
    ReadableFormatter,
    ServerFormatter,
    TelemetryFilter,
)
from telemetry_core.logging.formatters import json_encoder
from telemetry_core.request import Request

EMAIL = "jane.roe" + "@mail.example.org"
CARD = "4111 1111 1111 1111"
NAME = "Jane" + " Roe"
FOLDER = "/home/" + "jane.roe/orders.csv"
CITY = "Lis" + "bon"
PLANTED = (EMAIL, CARD, NAME, FOLDER)


class Log:
    """A logger of the standard library, with one handler that writes to a text."""

    def __init__(self, handler: logging.Handler, stream: StringIO) -> None:
        self.stream = stream
        self.handler = handler
        self.logger = logging.getLogger("shop.orders")

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def line(self) -> dict[str, Any]:
        (line,) = self.text.splitlines()
        return dict(json.loads(line))


@contextmanager
def log_with(formatter: logging.Formatter, *filters: logging.Filter) -> Iterator[Log]:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    for each in filters:
        handler.addFilter(each)
    log = Log(handler, stream)
    level = log.logger.level
    log.logger.addHandler(handler)
    log.logger.setLevel(logging.INFO)
    try:
        yield log
    finally:
        log.logger.removeHandler(handler)
        log.logger.setLevel(level)


FORMATTERS: dict[str, Callable[[], tuple[logging.Formatter, *tuple[logging.Filter, ...]]]] = {
    "json": lambda: (JsonFormatter(),),
    "readable": lambda: (ReadableFormatter(colours=False),),
    "filtered": lambda: (FilteredFormatter("%(levelname)s %(session_id)s %(message)s"),),
    "filter before the standard formatter": lambda: (
        logging.Formatter("%(pathname)s %(operation)s %(message)s"),
        TelemetryFilter(),
    ),
}
if importlib.util.find_spec("pythonjsonlogger") is not None:
    from pythonjsonlogger.json import JsonFormatter as TheirFormatter

    class BehindOurs(FilteredFormatter, TheirFormatter):
        """Another's formatter behind ours."""

    FORMATTERS["theirs behind ours"] = lambda: (BehindOurs(),)
    FORMATTERS["filter before theirs"] = lambda: (TheirFormatter(), TelemetryFilter())
every_formatter = pytest.mark.parametrize("make", FORMATTERS.values(), ids=list(FORMATTERS))


def entered(running: Running, *, sent: str = NAME) -> AbstractContextManager[Request]:
    return inside(Request(running.config, Visitor(sent=sent)))


# Nothing personal


class Customer:
    def __repr__(self) -> str:
        return f"Customer({NAME!r}, {EMAIL!r})"


def in_message(logger: logging.Logger) -> None:
    logger.error("paid by " + EMAIL + " with " + CARD + " of " + NAME + " from " + FOLDER)


def in_arguments(logger: logging.Logger) -> None:
    logger.error("paid by %s with %s of %s from %s", *(EMAIL, CARD, NAME, FOLDER))


def in_split_arguments(logger: logging.Logger) -> None:
    user, _, host = EMAIL.partition("@")
    logger.error("%s@%s, %s %s", user, host, *NAME.split())


def in_named_arguments(logger: logging.Logger) -> None:
    logger.error("%(who)s with %(card)s", {"who": EMAIL, "card": CARD, "name": NAME})


def in_an_f_string(logger: logging.Logger) -> None:
    logger.error(f"{NAME} <{EMAIL}> {CARD} {FOLDER}")


def in_a_dict(logger: logging.Logger) -> None:
    logger.error({"who": NAME, "operation": EMAIL, "card": CARD, "path": {"of": FOLDER}})


def in_a_dict_argument(logger: logging.Logger) -> None:
    logger.error("order %s", {"who": NAME, "mail": EMAIL, "card": CARD})


def in_an_object(logger: logging.Logger) -> None:
    logger.error("order of %r", Customer())


class Braces:
    """A message in the style of ``{}``, as the logging cookbook has it."""

    def __init__(self, text: str, *args: object) -> None:
        self.text, self.args = text, args

    def __str__(self) -> str:
        return self.text.format(*self.args)


def in_braces(logger: logging.Logger) -> None:
    logger.error("{} with {} from {}".format(EMAIL, CARD, FOLDER))  # noqa: UP032
    logger.error(Braces("order of {} <{}>, {}", NAME, EMAIL, CARD))


def in_an_adapter(logger: logging.Logger) -> None:
    class Named(logging.LoggerAdapter[logging.Logger]):
        def process(self, msg: Any, kwargs: Any) -> tuple[Any, Any]:
            return f"[{NAME} {CARD}] {msg}", {**kwargs, "extra": self.extra}

    Named(logger, {"customer": NAME, "operation": EMAIL}).error("paid from %s", FOLDER)


def in_extra(logger: logging.Logger) -> None:
    logger.error("paid", extra={"customer": NAME, "operation": EMAIL, "data": {"card": [CARD]}})


def in_an_exception(logger: logging.Logger) -> None:
    try:
        try:
            try:
                raise KeyError(EMAIL)
            except KeyError as error:
                raise ValueError(f"no order of {NAME}") from error
        except ValueError:
            failure = RuntimeError(f"no card {CARD}")
            failure.add_note(f"read from {FOLDER}")
            raise failure  # noqa: B904  # its context is what is looked for
    except RuntimeError:
        logger.exception("failed for %s", NAME)


def in_a_group(logger: logging.Logger) -> None:
    try:
        raise ExceptionGroup(f"of {NAME}", [ValueError(EMAIL), TypeError(CARD)])
    except ExceptionGroup:
        logger.exception("failed")


def in_a_statement(logger: logging.Logger) -> None:
    logger.error("(0.001) SELECT * FROM person WHERE name = '%s' AND city = '%s'", NAME, CITY)


def in_names(logger: logging.Logger) -> None:
    for name in (EMAIL, f"export of {NAME}"):
        thread = threading.Thread(target=lambda: logger.error("paid", stack_info=True), name=name)
        thread.start()
        thread.join()
    threading.current_thread().name, before = NAME, threading.current_thread().name
    try:
        logger.getChild(NAME).error("paid")
    finally:
        threading.current_thread().name = before


PLACES = (
    in_message,
    in_arguments,
    in_split_arguments,
    in_named_arguments,
    in_an_f_string,
    in_a_dict,
    in_a_dict_argument,
    in_an_object,
    in_braces,
    in_an_adapter,
    in_extra,
    in_an_exception,
    in_a_group,
    in_a_statement,
    in_names,
)


@every_formatter
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_what_is_planted_is_neither_logged_nor_sent(
    place: Callable[[logging.Logger], None], make: Callable[[], tuple[Any, ...]]
) -> None:
    """Wherever in a log call it stands: not in the local line, nor in breadcrumb, event or log."""
    with (
        telemetry(sentry_options={"enable_logs": True}) as running,
        log_with(*make()) as log,
        entered(running),
    ):
        place(log.logger)
        running.config.capture_message("with breadcrumbs")
        running.config.flush()
        assert log.text.strip(), "the line is there"
        assert running.kept.payloads("event")
        for value in (*PLANTED, *NAME.split(), "jane.roe", CITY):
            # The names of functions are code, and so are the lines of this test that they stand in.
            assert value not in log.text, log.text
            assert value.encode() not in running.kept.wire


@every_formatter
def test_the_record_stays_as_it_was(make: Callable[[], tuple[Any, ...]]) -> None:
    """What other handlers see, and what sentry-sdk makes its event of, is not changed."""
    seen: list[tuple[Any, ...]] = []

    class Other(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            standard = {key: value for key, value in vars(record).items() if key != "message"}
            seen.append((record.getMessage(), record.msg, record.args, record.exc_info, standard))

    with log_with(*make()) as log:
        before, behind = Other(), Other()
        log.logger.handlers.insert(0, before)
        log.logger.addHandler(behind)
        try:
            try:
                raise ValueError(EMAIL)
            except ValueError:
                log.logger.exception("paid by %s", EMAIL, extra={"who": NAME})
        finally:
            log.logger.removeHandler(before)
            log.logger.removeHandler(behind)
    assert seen[0] == seen[1]
    assert seen[1][0] == f"paid by {EMAIL}"


def test_text_that_another_formatter_has_left_is_not_taken_over() -> None:
    """The standard formatter leaves an exception's text on the record for others."""
    with log_with(JsonFormatter()) as log:
        first = logging.StreamHandler(StringIO())
        log.logger.handlers.insert(0, first)
        try:
            raise ValueError(EMAIL)
        except ValueError:
            log.logger.exception("failed")
        finally:
            log.logger.removeHandler(first)
        assert EMAIL not in log.text
        assert "ValueError: [EMAIL]" in log.line()["exception"]


def test_a_record_that_comes_without_its_exception_keeps_the_text() -> None:
    """One that was sent by another process has the text alone."""
    record = logging.makeLogRecord({"msg": "failed", "exc_text": f"ValueError: {EMAIL}"})
    assert json.loads(JsonFormatter().format(record))["exception"] == "ValueError: [EMAIL]"


@pytest.mark.parametrize("make", [None, lambda: None], ids=["missing", "another"])
def test_a_line_is_written_as_the_standard_library_writes_it(make: Any) -> None:
    """Also where that has no encoder in C, or one with other parameters than are known."""
    line = {"a": 'é "\n', "b": [1, 2.5, None, True, {"c": float("nan")}], "d": object()}
    expected = json.dumps(line, default=lambda _: "[Filtered]")
    assert json_encoder()(line) == json_encoder(make)(line) == expected


def test_half_a_character_can_be_written() -> None:
    """No stream's encoding fails at a line, which the standard library would print unfiltered."""
    for formatter in (JsonFormatter(), ReadableFormatter(colours=False)):
        line = formatter.format(logging.makeLogRecord({"msg": "from \udc80 to"}))
        assert line.encode("utf-8")


# What is added


def test_a_line_of_a_request_tells_where_it_belongs() -> None:
    """Session, route, trace, span, release, environment, operation: as the event has them."""
    with (
        telemetry(traces_sample_rate=1.0) as running,
        log_with(JsonFormatter()) as log,
        entered(running) as request,
        error_boundary("pay", category="network"),
    ):
        log.logger.error("declined")
        line, event, session_id = log.line(), running.kept.event(), request.session_id
    assert set(CONTEXT_FIELDS) <= line.keys()
    assert line["session_id"] == event["user"]["id"] == session_id
    assert line["route"] == event["transaction"]
    assert line["trace_id"] == event["contexts"]["trace"]["trace_id"]
    assert line["span_id"] == event["contexts"]["trace"]["span_id"]
    assert (line["release"], line["environment"]) == (event["release"], event["environment"])
    assert line["operation"] == event["tags"]["operation"] == "pay"
    assert line["category"] == "network"


def test_an_unsampled_request_has_its_trace_too() -> None:
    """The one under which its error is filed."""
    with telemetry() as running, log_with(JsonFormatter()) as log, entered(running):
        log.logger.error("declined")
        trace = running.kept.event()["contexts"]["trace"]
        assert (log.line()["trace_id"], log.line()["span_id"]) == (
            trace["trace_id"],
            trace["span_id"],
        )


def test_outside_of_requests_a_session_is_told() -> None:
    """That which the application has started."""
    with log_with(JsonFormatter()) as log, get_session_manager().session() as session_id:
        log.logger.info("begun")
        assert log.line()["session_id"] == session_id
        assert "route" not in log.line()


def test_a_visitor_who_has_not_agreed_has_no_session_in_the_log() -> None:
    """Lines of theirs can't be joined; known values go all the same."""
    with telemetry() as running, log_with(JsonFormatter()) as log:
        request = Request(running.config, Visitor(sent=NAME), permission=Permission.NONE)
        request.enter()
        log.logger.info("paid by %s", NAME)
        request.leave()
        assert "session_id" not in log.line()
        assert log.line()["message"] == "paid by [INPUT]"


def test_what_is_bound_and_extra_is_allowlisted() -> None:
    """Allowed names with filtered values; of others that there was something."""
    with telemetry(allow_fields=("plan", "items")), log_with(JsonFormatter()) as log:
        with telemetry_context(plan=f"pro of {EMAIL}", who=NAME):
            log.logger.info("paid", extra={"items": 3, "customer": NAME, "duration_ms": 1.5})
        line = log.line()
    assert (line["plan"], line["items"], line["duration_ms"]) == ("pro of [EMAIL]", 3, 1.5)
    assert (line["who"], line["customer"]) == ("[Filtered]", "[Filtered]")


def test_numbers_under_allowed_names_are_kept_unless_they_are_somebody_s() -> None:
    """Small ones and truth values as they are; a card number, or what the visitor sent, is not."""
    with (
        telemetry() as running,
        log_with(JsonFormatter()) as log,
        entered(running, sent="83746512"),
    ):
        log.logger.info("a", extra={"status": 503, "handled": True, "operation": "pay"})
        log.logger.info("b", extra={"status": int(CARD.replace(" ", ""))})
        log.logger.info("c", extra={"status": 83746512})
        kept, card, sent = map(json.loads, log.text.splitlines())
    assert (kept["status"], kept["handled"], kept["operation"]) == (503, True, "pay")
    assert (card["status"], sent["status"]) == ("[CARD]", "[INPUT]")


def test_no_field_takes_the_place_of_a_line_s_own() -> None:
    """Who logs a level or a time as a field does not forge the line's."""
    with log_with(JsonFormatter()) as log, telemetry_context(level="debug", timestamp="never"):
        log.logger.info({"level": "x", "logger": "y", "environment": "z", "status": 3})
        line = log.line()
    assert (line["level"], line["logger"], line["status"]) == ("INFO", "shop.orders", 3)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"])
    assert line["environment"] != "z"


def test_a_queue_s_line_is_of_where_it_was_logged() -> None:
    """The formatter stands before the queue, where the request is known."""
    lines: queue.Queue[Any] = queue.Queue()
    with telemetry() as running, entered(running) as request:
        handler = logging.handlers.QueueHandler(lines)
        handler.setFormatter(JsonFormatter())
        handler.handle(
            logging.makeLogRecord({"name": "shop", "msg": "paid by %s", "args": (NAME,)})
        )
        line = json.loads(lines.get_nowait().getMessage())
        assert (line["message"], line["session_id"]) == ("paid by [INPUT]", request.session_id)


def test_a_listener_s_line_is_of_where_it_was_logged() -> None:
    """A real queue and its listener's thread: the filter on the queue's handler reads in context,
    and the formatter behind the listener adds nothing and takes nothing away."""
    lines: queue.Queue[Any] = queue.Queue()
    stream = StringIO()
    written = logging.StreamHandler(stream)
    written.setFormatter(JsonFormatter())
    handler = logging.handlers.QueueHandler(lines)
    handler.addFilter(TelemetryFilter())
    listener = logging.handlers.QueueListener(lines, written)
    logger = logging.getLogger("shop.orders")
    logger.addHandler(handler)
    with telemetry() as running, entered(running) as request:
        listener.start()
        try:
            try:
                raise ValueError(f"no card {CARD} of {NAME}")
            except ValueError:
                logger.exception("paid by %s", NAME)
        finally:
            listener.stop()
            logger.removeHandler(handler)
        session_id = request.session_id
    line = json.loads(stream.getvalue())
    assert (line["session_id"], line["route"]) == (session_id, "/orders/<int:id>/")
    assert line["message"].startswith("paid by [INPUT]")
    assert "ValueError: no card [CARD] of [INPUT]" in f"{line['message']}{line.get('exception')}"
    assert not [value for value in (NAME, CARD) if value in stream.getvalue()]


def test_warnings_are_lines_as_any() -> None:
    """What `logging.captureWarnings` hands to logging."""
    with telemetry() as running, log_with(JsonFormatter()) as log, entered(running):
        logger = logging.getLogger("py.warnings")
        logger.addHandler(log.handler)
        logging.captureWarnings(True)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                warnings.warn_explicit(f"{NAME} <{EMAIL}>", UserWarning, FOLDER, 7)
        finally:
            logging.captureWarnings(False)
            logger.removeHandler(log.handler)
        line = log.line()
    assert (line["logger"], line["level"]) == ("py.warnings", "WARNING")
    assert "UserWarning: [INPUT] <[EMAIL]>" in line["message"]
    assert not [value for value in (NAME, EMAIL, FOLDER) if value in log.text]


def test_known_values_are_noticed_as_they_become_known() -> None:
    """What the application has read since the last line is taken out of the next."""

    class Reading(Visitor):
        read: list[str] = []  # noqa: RUF012  # of one test

        def visitor_values(self) -> Iterator[str]:
            yield from self.read

        def stamp(self) -> list[object]:
            return list(self.read)

    with telemetry() as running, log_with(ReadableFormatter(colours=False)) as log:
        facts = Reading(sent="")
        request = Request(running.config, facts)
        request.enter()
        log.logger.info("hello %s", NAME)
        facts.read.append(NAME)
        log.logger.info("hello %s", NAME)
        request.leave()
    first, second = log.text.splitlines()
    assert f"hello {NAME}" in first
    assert "hello [INPUT]" in second


# For people


def test_the_readable_line_is_short() -> None:
    """Time, level, logger, message, and beside it what joins lines; ids are cut."""
    with (
        telemetry() as running,
        log_with(ReadableFormatter(colours=False)) as log,
        entered(running) as request,
        telemetry_context(operation="pay"),
    ):
        log.logger.warning("slow\nvery")
        session_id = str(request.session_id)
    first, second = log.text.splitlines()
    assert re.match(r"\d\d:\d\d:\d\d WARNING shop\.orders  slow  \[", first)
    assert f"session_id={session_id[:8]} " in first
    assert session_id not in first
    assert "operation=pay route=/orders/<int:id>/" in first
    assert second == "very"


@pytest.mark.parametrize(("colours", "painted"), [(True, True), (False, False), ("auto", False)])
def test_colours_are_for_terminals(colours: Any, painted: bool) -> None:
    """And a text can't paint or move anything itself."""
    formatter = ReadableFormatter(colours=colours, stream=StringIO())
    line = formatter.format(logging.makeLogRecord({"msg": "a\x1b[2Jb\rc", "levelname": "INFO"}))
    assert ("\x1b[" in line) is painted
    assert "\x1b[2J" not in line
    assert "\r" not in line


# Never lost


class Failing:
    def __repr__(self) -> str:
        raise RuntimeError(EMAIL)

    __str__ = __repr__


class FailingDict(dict[str, object]):
    def items(self) -> Any:
        raise RuntimeError(EMAIL)


@every_formatter
@pytest.mark.parametrize(
    ("message", "arguments", "error"),
    [
        # An argument that can't be written, too few of them, one of another type, and a message.
        ("paid by %s", (Failing(),), "RuntimeError by its own message or arguments"),
        ("paid by %s and %s", (EMAIL,), "TypeError by its own message or arguments"),
        ("paid %d by", (EMAIL,), "TypeError by its own message or arguments"),
        (Failing(), (), "RuntimeError by its own message or arguments"),
        # A mapping that is logged in place of a message is read by the filter.
        (FailingDict(a=1), (), "RuntimeError while it was filtered"),
    ],
)
def test_a_line_that_can_not_be_filtered_goes_out_withheld(
    message: Any,
    arguments: tuple[object, ...],
    error: str,
    make: Callable[[], tuple[Any, ...]],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With logger, level, place and reason, and without a word of it; it is counted.

    The same is said once in telemetry's own log.
    """
    with telemetry() as running, log_with(*make()) as log:
        # Not by the logger: sentry-sdk reads the record, too, and says on stderr what it can't.
        record = log.logger.makeRecord(
            "shop.orders", logging.INFO, "/srv/app/pay.py", 7, message, arguments, None, "pay"
        )
        log.handler.handle(record)
        assert WITHHELD in log.text
        assert EMAIL not in log.text + "".join(capsys.readouterr()) + caplog.text
        assert f"; INFO of shop.orders at pay.py:7 in pay: {error}" in caplog.text
        assert running.config.drops.counts()["log_error", "line"] == 1
        if make is FORMATTERS["json"]:
            line = log.line()
            assert (line["logger"], line["level"]) == ("shop.orders", "INFO")
            assert (line["place"], line["error"]) == ("pay.py:7 in pay", error)
        if make is FORMATTERS["readable"]:
            assert "INFO    shop.orders  [unfiltered text withheld]" in log.text
            assert f"error={error} place=pay.py:7 in pay" in log.text


# Servers


@pytest.mark.parametrize(
    ("logger", "message", "arguments", "line"),
    [
        (
            "uvicorn.access",
            '%s - "%s %s HTTP/%s" %d',
            ("203.0.113.7:51234", "POST", f"/friends/{NAME}?of={NAME}", "1.1", 201),
            {"message": "POST 201", "status": 201},
        ),
        (
            "hypercorn.access",
            "%(h)s %(r)s %(s)s",
            ({"h": "203.0.113.7", "r": f"GET /{NAME} 2", "m": "GET", "s": "200", "D": 12_345},),
            {"message": "GET 200", "status": 200, "duration_ms": 12},
        ),
        (
            "gunicorn.access",
            "%(m)s %(s)s",
            ({"m": NAME, "s": "400", "D": 0},),  # a method is what somebody calls one
            {"message": "[Filtered] 400", "status": 400, "duration_ms": 0},
        ),
        ("daphne.access", f"{NAME} came by", (), {"message": "request"}),
        ("gunicorn.access", "%(h)s", ({"h": NAME},), {"message": "[Filtered]"}),
        ("uvicorn.error", "to %s: %d", (f"https://{NAME}/?q", 3), {"message": "to [PATH]: 3"}),
        (
            "gunicorn.error",
            "Listening at: %s (%d)",
            ("x:80", 7),
            {"message": "Listening at: x:80 (7)"},
        ),
    ],
)
def test_a_server_s_line_holds_nothing_of_its_visitor(
    logger: str, message: str, arguments: tuple[Any, ...], line: dict[str, object]
) -> None:
    """No address, path, query nor name: whatever the server, and a line that is not known to us."""
    record = logging.LogRecord(logger, logging.INFO, "server.py", 1, message, arguments, None)
    given = vars(record).copy()
    written = json.loads(ServerFormatter().format(record))
    assert {name: written.get(name) for name in ("message", "status", "duration_ms")} == {
        "message": None,
        "status": None,
        "duration_ms": None,
        **line,
    }
    assert NAME not in str(written)
    assert vars(record) == given


# Set up


def test_it_is_set_up_by_dict_config() -> None:
    """As Django's LOGGING and Flask's dictConfig have it."""
    root, stream = logging.getLogger(), StringIO()
    handlers, level = root.handlers[:], root.level
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"telemetry": {"()": "telemetry_core.logging.TelemetryFilter"}},
            "formatters": {
                "json": {"()": "telemetry_core.logging.JsonFormatter"},
                "readable": {
                    "()": "telemetry_core.logging.ReadableFormatter",
                    "colours": False,
                },
                "filtered": {
                    "class": "telemetry_core.logging.FilteredFormatter",
                    "format": "%(route)s %(message)s",
                },
                "plain": {"format": "%(environment)s %(message)s"},
            },
            "handlers": {
                name: {"class": "logging.StreamHandler", "stream": stream, "formatter": name}
                | ({"filters": ["telemetry"]} if name == "plain" else {})
                for name in ("json", "readable", "filtered", "plain")
            },
            "root": {"handlers": ["json", "readable", "filtered", "plain"], "level": "INFO"},
        }
    )
    try:
        logging.getLogger("shop").info("paid by %s", EMAIL)
    finally:
        root.handlers[:], root.level = handlers, level
    lines = stream.getvalue().splitlines()
    assert json.loads(lines[0])["message"] == "paid by [EMAIL]"
    assert "INFO    shop  paid by [EMAIL]" in lines[1]
    assert lines[2] == "- paid by [EMAIL]"
    assert lines[3].endswith(" paid by [EMAIL]")


def test_a_filter_lets_others_on_the_handler_decide() -> None:
    """Filters behind it see the filtered record, and what they turn away is not written."""
    seen: list[str] = []

    def only_paid(record: logging.LogRecord) -> bool:
        seen.append(record.getMessage())
        return "paid" in record.getMessage()

    with log_with(logging.Formatter("%(message)s"), TelemetryFilter()) as log:
        log.handler.addFilter(only_paid)
        log.logger.info("paid by %s", EMAIL)
        log.logger.info("seen by %s", EMAIL)
        assert log.text == "paid by [EMAIL]\n"
    assert seen == ["paid by [EMAIL]", "seen by [EMAIL]"]


def test_a_filter_asked_by_itself_answers_with_the_record() -> None:
    """As the filters of newer Pythons do."""
    record = logging.makeLogRecord({"msg": "by %s", "args": (EMAIL,)})
    assert TelemetryFilter().filter(record).getMessage() == "by [EMAIL]"
    assert record.getMessage() == f"by {EMAIL}"


# What is sent


def test_each_line_is_sent_once_in_each_form() -> None:
    """INFO is a breadcrumb, ERROR an event; with logs enabled each is one log; DEBUG is nothing."""
    with (
        telemetry(sentry_options={"enable_logs": True}) as running,
        log_with(JsonFormatter()) as log,
    ):
        log.logger.setLevel(logging.DEBUG)
        sentry_sdk.get_isolation_scope().clear_breadcrumbs()
        log.logger.debug("asked")
        log.logger.info("begun by %s", EMAIL)
        log.logger.error("failed for %s", EMAIL)
        running.config.flush()
        event = running.kept.event()
        logs = [item["body"] for batch in running.kept.payloads("log") for item in batch["items"]]
        assert len(log.text.splitlines()) == 3
    crumbs = [crumb["message"] for crumb in event["breadcrumbs"]["values"]]
    assert crumbs == ["begun by [EMAIL]"]
    assert event["logentry"]["formatted"] == "failed for [EMAIL]"
    assert event["logentry"]["message"] == "failed for %s"
    assert logs == ["begun by [EMAIL]", "failed for [EMAIL]"]
