"""Every way there is to hand something to the SDK, each fed with the same text."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import sentry_sdk
from sentry_sdk import crons, feature_flags
from sentry_sdk.consts import DEFAULT_OPTIONS

from telemetry_core import attach_text

logger = logging.getLogger("hostile")


class CheckoutError(Exception):
    """What ends a request: the error that a developer must see, once."""


class Thing:
    """Something whose repr is personal."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"<Thing {self.text}>"


def streams_spans() -> bool:
    return sentry_sdk.get_client().options.get("trace_lifecycle") == "stream"


def people(text: str) -> None:
    sentry_sdk.set_user(
        {
            "id": text,
            "username": text,
            "email": text,
            "ip_address": text,
            "name": text,
            "segment": text,
            "geo": {"city": text},
            "data": {"street": text},
            text: text,
        }
    )


def labels(text: str) -> None:
    scope = sentry_sdk.get_isolation_scope()
    sentry_sdk.set_tag("operation", text)
    sentry_sdk.set_tag("session_id", text)
    sentry_sdk.set_tag(text, "x")
    sentry_sdk.set_tag("nickname", text)
    sentry_sdk.set_extra("message", [text, {"operation": text, "customer": text}])
    sentry_sdk.set_extra("customer", text)
    sentry_sdk.set_context("payment", {"operation": text, "payer": text, text: text})
    sentry_sdk.set_context("operation", {"level": {"level": {"level": text}}})
    for name in ("device", "os", "culture", "browser", "app", "cloud_resource", "state"):
        sentry_sdk.set_context(name, {"name": text, "id": text, "type": text})
    feature_flags.add_feature_flag("new_checkout", True)
    feature_flags.add_feature_flag(text, True)
    sentry_sdk.get_current_scope().set_transaction_name(f"/orders/{text}/", source="custom")
    scope.fingerprint = ["checkout", text]


def steps(text: str) -> None:
    sentry_sdk.add_breadcrumb(
        category="checkout", message=f"paid by {text}", data={"operation": text, "payer": text}
    )
    sentry_sdk.add_breadcrumb(category=text, type=text, message="typed", level=text)
    sentry_sdk.add_breadcrumb(
        type="http", category="httplib", data={"url": f"https://a.example/{text}", "reason": text}
    )


def logs(text: str) -> None:
    thing = Thing(text)
    logger.info("began for %s", text, extra={"operation": text, "customer": text})
    logger.warning("%(who)s and %(thing)r", {"who": text, "thing": thing})
    logging.getLogger(f"hostile.{text}").warning("from a logger of one's own, %r", thing)
    try:
        int(f"{text}, please")
    except ValueError:
        logger.exception("caught for %s", text, stack_info=True, extra={"customer": thing})
    structured: Any = getattr(sentry_sdk, "logger", None)
    if structured is None:
        from sentry_sdk import logger as structured
    structured.warning("paid by {who}", who=text)
    structured.error(f"refused {text}", attributes={"operation": text, "payer": text, text: 1})


def spans(text: str) -> None:
    if streams_spans():
        from sentry_sdk import traces

        attributes = {
            "sentry.op": text, "operation": text, "payer": text, "gen_ai.input.messages": text,
            "db.query.text": f"SELECT 1 FROM t WHERE n = '{text}'", "url.full": text, text: text,
            "sentry.segment.name": text, "sentry.description": text, "user.email": text,
        }  # fmt: skip
        with traces.start_span(f"pay {text}", attributes=dict(attributes)) as span:
            span.set_attribute("message", text)
        with traces.start_span(
            "chat", attributes={"sentry.op": "gen_ai.chat", **attributes, "level": text}
        ):
            pass
        sentry_sdk.get_isolation_scope().set_attribute("operation", text)
        return
    with sentry_sdk.start_span(op="pay", name=f"pay {text}") as span:
        span.set_data("operation", text)
        span.set_data("payer", text)
        span.set_data("db.query.text", f"SELECT 1 FROM t WHERE n = '{text}'")
        span.set_tag("operation", text)
        span.set_tag(text, text)
        span.set_status(text)
    with sentry_sdk.start_span(op=text, name=text):
        pass
    with sentry_sdk.start_span(op="gen_ai.chat", name=f"chat {text}") as span:
        for key in ("gen_ai.request.messages", "gen_ai.input.messages", "gen_ai.response.text"):
            span.set_data(key, [{"role": "user", "content": text}])
        span.set_data("gen_ai.prompt", text)
        span.set_data("gen_ai.request.model", "m-1")
    if sentry_sdk.get_current_span() is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            sentry_sdk.set_measurement(f"m.{text}", 1.0, text)


def counts(text: str) -> None:
    attributes: dict[str, Any] = {"operation": text, "payer": text, text: text, "level": 3}
    attributes |= {"message": [text], "category": Thing(text), "function": {"name": text}}
    # 2.42 has them under another name.
    is_old = importlib.util.find_spec("sentry_sdk.metrics") is None
    metrics = importlib.import_module(f"sentry_sdk.{'_' if is_old else ''}metrics")
    metrics.count("payments", 1, unit=text, attributes=dict(attributes))
    metrics.gauge(text, 1, attributes=dict(attributes))
    metrics.distribution("amount", 1.5, unit="second", attributes=dict(attributes))


def check_ins(text: str) -> None:
    config: Any = {"schedule": {"type": "crontab", "value": text}, "owner": text}
    check_in = crons.capture_checkin(monitor_slug=text, status=text, monitor_config=config)
    crons.capture_checkin(monitor_slug="billing", check_in_id=check_in, status="ok", duration=2.0)
    with crons.monitor(monitor_slug="billing", monitor_config={"timezone": text}):
        pass


def sessions(text: str) -> None:
    sentry_sdk.get_isolation_scope().start_session()
    sentry_sdk.get_isolation_scope().end_session()


def feedback(text: str) -> None:
    shown = {"name": text, "contact_email": text, "message": f"I am {text}", "url": text}
    event: Any = {"type": "feedback", "level": "info", "contexts": {"feedback": shown}}
    sentry_sdk.capture_event(event)


def attachments(text: str) -> None:
    scope = sentry_sdk.get_isolation_scope()
    scope.add_attachment(bytes=text.encode(), filename=f"{text}.txt", content_type=text)
    scope.add_attachment(bytes=text.encode(), filename="a.txt", add_to_transactions=True)
    attach_text(f"one\npaid by {text}\n", name="payment.log")


def events(text: str) -> None:
    sentry_sdk.capture_message(f"paid by {text}", level="warning")
    event: Any = {
        "message": text, "server_name": text, "release": text, "environment": text,
        "logger": text, "level": text, "platform": text, "modules": {text: text},
        "request": {
            "url": f"https://shop.example/{text}", "query_string": f"q={text}", "data": text,
            "headers": {"X-Name": text}, "cookies": {"a": text}, "env": {"REMOTE_ADDR": text},
            "method": text, "fragment": text,
        },
        "threads": {"values": [{"name": text, "stacktrace": _stack(text)}]},
        "stacktrace": _stack(text), "invented": text, text: text,
    }  # fmt: skip
    sentry_sdk.capture_event(event)
    try:
        try:
            raise LookupError(f"no {text}")
        except LookupError as error:
            error.add_note(f"noted of {text}")
            failures = [ValueError(text), OSError(5, text, f"/home/{text}/x")]
            raise ExceptionGroup(f"all of {text}", failures) from error
    except ExceptionGroup as group:
        sentry_sdk.capture_exception(group)


def _stack(text: str) -> dict[str, Any]:
    frame = {
        "function": "pay", "filename": f"/home/{text}/pay.py", "abs_path": text, "module": "pay",
        "lineno": 3, "vars": {"payer": text}, "context_line": "pay(payer)", text: text,
    }  # fmt: skip
    return {"frames": [frame], "registers": {"r": text}}


WAYS: tuple[Callable[[str], None], ...] = (
    people,
    labels,
    steps,
    logs,
    spans,
    counts,
    check_ins,
    sessions,
    feedback,
    events,
)


def everything(text: str) -> None:
    """Hand ``text`` to the SDK in every way there is."""
    for way in WAYS:
        way(text)


def options(personal: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return options for ``sentry_sdk.init`` that collect all there is, and hooks that add to it.

    :param personal: what the hooks add to whatever they are shown.
    :param names: more options, by name.
    """
    from sentry_sdk.integrations import Integration
    from sentry_sdk.scope import add_global_event_processor

    def add(event: Any, hint: Any) -> Any:
        event["user"] = {"email": personal}
        event.setdefault("extra", {})["message"] = f"added {personal}"
        event.setdefault("tags", {})["operation"] = personal
        event.setdefault("contexts", {})["added"] = {"operation": personal, "who": personal}
        event["request"] = {"data": personal, "url": personal}
        event["added"] = personal
        return event

    def add_to_signal(signal: Any, hint: Any) -> Any:
        signal["attributes"] = {**signal["attributes"], "operation": personal, "payer": personal}
        if "body" in signal:
            signal["body"] += f" of {personal}"
        return signal

    def add_to_crumb(crumb: Any, hint: Any) -> Any:
        crumb["data"] = {"payer": personal, "operation": personal}
        return crumb

    class Adding(Integration):
        identifier = "adding"

        @staticmethod
        def setup_once() -> None:
            add_global_event_processor(process)

    def process(event: Any, hint: Any) -> Any:
        event.setdefault("extra", {})["function"] = personal
        return event

    given: dict[str, Any] = {
        "include_local_variables": True,
        "max_request_body_size": "always",
        "enable_logs": True,
        "attach_stacktrace": True,
        "send_client_reports": True,
        "auto_session_tracking": True,
        # Nothing is to be lost because a test is in a hurry.
        "transport_queue_size": 10_000,
        "server_name": personal,
        "before_send": add,
        "before_send_transaction": add,
        "before_send_log": add_to_signal,
        "before_breadcrumb": add_to_crumb,
        "integrations": [Adding()],
        **names,
    }
    experiments = {"enable_metrics": True, "record_sql_params": True}
    given["_experiments"] = {**experiments, **names.get("_experiments", {})}
    if "before_send_metric" in DEFAULT_OPTIONS:
        given["before_send_metric"] = add_to_signal
    else:
        given["_experiments"]["before_send_metric"] = add_to_signal
    if given.get("trace_lifecycle") == "stream":
        given["before_send_span"] = add_to_signal
    return given


def fail_on_errors() -> None:
    """Add what raises while the SDK reads an error, where the SDK survives that."""
    if "before_send_metric" not in DEFAULT_OPTIONS:
        return  # 2.42 gives the error up, which the matrix waits for

    def fail(event: Any, exc_info: Any) -> Any:
        raise RuntimeError(f"no way to read {exc_info[1]}")

    sentry_sdk.get_isolation_scope().add_error_processor(fail)
