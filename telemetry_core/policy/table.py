"""The policy: for every item type, field by field, what may leave the process and in what shape.

One row is one field of the protocol: where it sits, the rule for it, and why. What no row names is
dropped. Paths are written as in the protocol's documentation
(https://develop.sentry.dev/sdk/foundations/transport/event-payloads/); ``[]`` stands for each item
of a list, whether the list is bare or under ``values``. The rules are explained in ``RULES``; the
published list ``docs/what-is-sent.md`` is generated from these rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from telemetry_core.policy import forms
from telemetry_core.policy.forms import Form

RULES: dict[str, str] = {
    "keep": "kept if it has the form the protocol gives it, else dropped",
    "label": "kept if it is the configured one; else one word, read like text",
    "digits": "up to 20 digits, read by the detectors",
    "name": "a name in code: has the form of one, read by the detectors",
    "title": "a name that the app gives: as in code, read by the detectors and for known values",
    "slug": "lower-case words joined by punctuation, read by the detectors and for known values",
    "text": "read by the detectors and for known values",
    "source": "a line of source code: read by the detectors",
    "path": "cut to the file name, or to the path inside the project",
    "file name": f"{forms.FILE_NAME.means}; dropped if anything in it would have to go",
    "file": "cut to the file name, with no remark: every frame has one",
    "route": "kept if the name is a route, a task or code; a raw URL becomes a marker",
    "message": "text; SQL loses its literals, a database error the row it quotes",
    "statement": "text; SQL loses its literals, a URL its path and query",
    "map": "allowed keys only; the values are read like text",
    "attributes": "allowed keys only, with their types; the values are read like text",
    "headers": "allowed headers only; the values are read like text",
    "packages": "versions of well-known public packages only",
    "threads": "the ids of threads, as digits, and their names, read like text",
    "session": "the anonymous session id and nothing else",
    "anew": "made of our own remarks on what was changed",
    "drop": "never sent",
}


OUTCOMES: dict[str, str] = {
    "keep": "kept",
    "label": "filtered",
    "digits": "filtered",
    "name": "filtered",
    "title": "filtered",
    "file name": "kept",
    "slug": "filtered",
    "text": "filtered",
    "source": "filtered",
    "path": "file name",
    "file": "file name",
    "route": "filtered",
    "message": "filtered",
    "statement": "filtered",
    "map": "allowlisted",
    "attributes": "allowlisted",
    "headers": "allowlisted",
    "packages": "allowlisted",
    "threads": "filtered",
    "session": "replaced",
    "anew": "replaced",
    "drop": "dropped",
}
"""What becomes of a field, in a word, by the rule of its row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One field: its ``path`` in the item, the ``rule`` for it, ``why``, and a ``form`` to keep."""

    path: str
    rule: str
    why: str
    form: Form | None = None


def keep(path: str, form: Form, why: str) -> Row:
    """Make the row of a field that is kept if it has the form."""
    return Row(path, "keep", why, form)


def under(prefix: str, rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return ``rows`` moved under ``prefix``."""
    return tuple(Row(f"{prefix}.{row.path}", row.rule, row.why, row.form) for row in rows)


STACKTRACE = (
    Row("frames[].function", "name", "where it happened"),
    Row("frames[].raw_function", "name", "where it happened"),
    Row("frames[].module", "name", "where it happened"),
    Row("frames[].filename", "path", "where it happened"),
    Row("frames[].abs_path", "file", "folders above the file name can name people"),
    keep("frames[].lineno", forms.LINE, "where it happened"),
    keep("frames[].colno", forms.LINE, "where it happened"),
    Row("frames[].context_line", "source", "the line that failed"),
    Row("frames[].pre_context[]", "source", "the lines before it"),
    Row("frames[].post_context[]", "source", "the lines after it"),
    keep("frames[].in_app", forms.BOOLEAN, "tells your code from libraries"),
    keep("frames[].platform", forms.PLATFORM, "tells Python from native frames"),
    Row("frames[].vars", "drop", "local variables hold whatever the program works on"),
    Row("registers", "drop", "memory may hold anything"),
)

TRACE = (
    keep("trace_id", forms.TRACE_ID, "joins what belongs to one request"),
    keep("span_id", forms.SPAN_ID, "joins what belongs to one step"),
    keep("parent_span_id", forms.SPAN_ID, "gives the trace its tree"),
    Row("op", "slug", "the kind of work"),
    Row("description", "statement", "what was done"),
    Row("origin", "slug", "which instrumentation made it"),
    keep("status", forms.STATUS, "how it ended"),
)

SDK = (
    Row("sdk.name", "slug", "which SDK"),
    Row("sdk.version", "label", "which SDK"),
    Row("sdk.integrations[]", "slug", "what was instrumented"),
    Row("sdk.packages[].name", "slug", "which SDK"),
    Row("sdk.packages[].version", "label", "which SDK"),
)

EVENT = (
    keep("event_id", forms.EVENT_ID, "names the event in Sentry and in your logs"),
    keep(
        "type",
        forms.one_of("event type", "error", "default", "event", "transaction", "feedback"),
        "tells the kinds of events apart",
    ),
    keep("timestamp", forms.TIMESTAMP, "when it happened"),
    keep("start_timestamp", forms.TIMESTAMP, "when the request began"),
    keep("received", forms.TIMESTAMP, "when it was received"),
    keep("level", forms.LEVEL, "how bad it is"),
    keep("platform", forms.PLATFORM, "how Sentry reads stack traces"),
    Row("logger", "title", "which logger said it"),
    Row("transaction", "route", "which route, task or command it happened in"),
    keep("transaction_info.source", forms.SOURCE, "whether the name is a route"),
    Row("transaction_info.original", "drop", "the raw URL"),
    Row("release", "label", "which version of your code"),
    Row("dist", "label", "which build of your code"),
    Row("environment", "label", "production, staging, development"),
    Row("server_name", "drop", "names a machine, often after a person"),
    Row("message", "message", "what was logged"),
    Row("logentry.message", "message", "what was logged, before its arguments went in"),
    Row("logentry.formatted", "message", "what was logged"),
    Row("logentry.params", "drop", "the arguments, already in the formatted message"),
    Row("exception[].type", "name", "what went wrong"),
    Row("exception[].value", "message", "what went wrong, in words"),
    Row("exception[].module", "name", "where the exception's class lives"),
    Row("exception[].thread_id", "digits", "which thread it happened in"),
    Row("exception[].mechanism.type", "slug", "who reported it"),
    keep("exception[].mechanism.handled", forms.BOOLEAN, "whether it was a crash"),
    keep("exception[].mechanism.synthetic", forms.BOOLEAN, "whether the exception is made up"),
    keep("exception[].mechanism.exception_id", forms.COUNT, "gives an exception group its tree"),
    keep("exception[].mechanism.parent_id", forms.COUNT, "gives an exception group its tree"),
    keep(
        "exception[].mechanism.is_exception_group",
        forms.BOOLEAN,
        "gives an exception group its tree",
    ),
    Row("exception[].mechanism.source", "title", "__cause__, __context__ or a place in a group"),
    keep(
        "exception[].mechanism.meta.errno.number",
        forms.COUNT,
        "the operating system's error number",
    ),
    Row("exception[].mechanism.data", "drop", "may hold anything"),
    *under("exception[].stacktrace", STACKTRACE),
    *under("stacktrace", STACKTRACE),
    Row("threads[].id", "digits", "which thread"),
    Row("threads[].name", "text", "which thread"),
    keep("threads[].crashed", forms.BOOLEAN, "which thread failed"),
    keep("threads[].current", forms.BOOLEAN, "which thread was running"),
    keep("threads[].main", forms.BOOLEAN, "which thread is the main one"),
    *under("threads[].stacktrace", STACKTRACE),
    Row("breadcrumbs[].type", "slug", "what kind of step"),
    Row("breadcrumbs[].category", "title", "what kind of step"),
    Row("breadcrumbs[].message", "message", "what happened before"),
    keep("breadcrumbs[].level", forms.LEVEL, "how bad it was"),
    keep("breadcrumbs[].timestamp", forms.TIMESTAMP, "when it was"),
    keep("breadcrumbs[].event_id", forms.EVENT_ID, "the event it tells of"),
    Row("breadcrumbs[].data", "map", "details of the step"),
    keep("request.method", forms.METHOD, "GET, POST, ..."),
    Row("request.headers", "headers", "only those you list in TELEMETRY_ALLOW_HEADERS"),
    Row("request.url", "drop", "a raw URL holds path arguments; the route is in transaction"),
    Row("request.query_string", "drop", "what the visitor sent"),
    Row("request.data", "drop", "what the visitor sent"),
    Row("request.cookies", "drop", "what identifies the visitor"),
    Row("request.env", "drop", "addresses and the process's environment"),
    Row("user", "session", "counts sessions without knowing anybody"),
    Row("tags", "map", "your own labels"),
    Row("extra", "map", "your own details"),
    *under("contexts.trace", TRACE),
    keep("contexts.trace.sampled", forms.BOOLEAN, "whether the trace was recorded"),
    Row("contexts.trace.data", "map", "details of the request"),
    keep("contexts.response.status_code", forms.COUNT, "how the request ended"),
    keep("contexts.response.body_size", forms.COUNT, "how much was sent"),
    Row("contexts.runtime.name", "label", "CPython, PyPy"),
    Row("contexts.runtime.version", "label", "which Python"),
    Row("contexts.runtime.build", "drop", "names the compiler's host"),
    Row("contexts.os.name", "label", "which operating system"),
    Row("contexts.os.version", "label", "which version of it"),
    Row("contexts.app.app_version", "label", "which version of your code"),
    keep("contexts.profile.profiler_id", forms.TRACE_ID, "joins a trace and its profile"),
    Row("contexts.flags[].flag", "title", "which feature flag"),
    keep("contexts.flags[].result", forms.BOOLEAN, "whether it was on"),
    Row("contexts.device", "drop", "describes a visitor's device"),
    Row("contexts.browser", "drop", "describes a visitor's browser"),
    Row("contexts.culture", "drop", "a visitor's language and time zone"),
    Row("contexts.replay", "drop", "replays are never sent"),
    Row("contexts.feedback.message", "text", "what the visitor wrote"),
    keep("contexts.feedback.associated_event_id", forms.EVENT_ID, "the event it is about"),
    Row("contexts.feedback.name", "drop", "the visitor's name"),
    Row("contexts.feedback.contact_email", "drop", "the visitor's address"),
    Row("contexts.feedback.url", "drop", "a raw URL"),
    Row("contexts.boundary.operation", "text", "which operation failed"),
    Row("contexts.boundary.category", "slug", "what kind of operation it is"),
    keep("contexts.boundary.duration_ms", forms.MEASURE, "how long it took until then"),
    keep("contexts.boundary.outcome", forms.OUTCOME, "what came of it"),
    Row("contexts.boundary.within[]", "text", "the operations around it"),
    keep("contexts.boundary.code", forms.ERROR_CODE, "the error's number, not its words"),
    Row("contexts.*", "map", "your own details"),
    Row("fingerprint[]", "text", "how Sentry groups events"),
    Row("modules", "packages", "which libraries were in use"),
    *SDK,
    Row("debug_meta", "drop", "paths of loaded libraries"),
    Row("_meta", "anew", "the SDK's remarks speak of places that we changed"),
    keep("spans[].start_timestamp", forms.TIMESTAMP, "when the step began"),
    keep("spans[].timestamp", forms.TIMESTAMP, "when the step ended"),
    keep("spans[].same_process_as_parent", forms.BOOLEAN, "whether a step crossed processes"),
    keep("spans[].exclusive_time", forms.MEASURE, "milliseconds spent in the step itself"),
    keep("spans[].is_segment", forms.BOOLEAN, "whether it is the root"),
    *under("spans[]", TRACE),
    Row("spans[].tags", "map", "your own labels"),
    Row("spans[].data", "map", "details of the step"),
    keep("measurements.*.unit", forms.UNIT, "what the number counts"),
    keep("measurements.*.value", forms.MEASURE, "a number you measured"),
)

CHECK_IN = (
    keep("type", forms.one_of("event type", "check_in"), "tells the kinds of events apart"),
    keep("event_id", forms.EVENT_ID, "names the event"),
    keep("check_in_id", forms.EVENT_ID, "joins start and end of a run"),
    Row("monitor_slug", "title", "which job"),
    keep("status", forms.CHECK_IN_STATUS, "how the run went"),
    keep("duration", forms.MEASURE, "seconds it took"),
    keep("timestamp", forms.TIMESTAMP, "when it was"),
    Row("environment", "label", "production, staging, development"),
    Row("release", "label", "which version of your code"),
    Row("dist", "label", "which build of your code"),
    keep("platform", forms.PLATFORM, "how Sentry reads it"),
    keep("contexts.trace.trace_id", forms.TRACE_ID, "joins what belongs to one run"),
    keep("contexts.trace.span_id", forms.SPAN_ID, "joins what belongs to one step"),
    keep("contexts.trace.parent_span_id", forms.SPAN_ID, "gives the trace its tree"),
    keep("monitor_config.schedule.type", forms.SCHEDULE, "when the job is due"),
    keep("monitor_config.schedule.value", forms.CRONTAB, "when the job is due"),
    keep("monitor_config.schedule.unit", forms.SCHEDULE_UNIT, "when the job is due"),
    keep("monitor_config.timezone", forms.TIMEZONE, "when the job is due"),
    keep("monitor_config.checkin_margin", forms.COUNT, "minutes it may be late"),
    keep("monitor_config.max_runtime", forms.COUNT, "minutes it may take"),
    keep("monitor_config.failure_issue_threshold", forms.COUNT, "failures before an alert"),
    keep("monitor_config.recovery_threshold", forms.COUNT, "successes that end an alert"),
    Row("monitor_config.owner", "drop", "names a person or a team"),
    Row("threads", "drop", "a stack trace says nothing of a schedule"),
    Row("_meta", "anew", "the SDK's remarks speak of places that we changed"),
    *SDK,
    Row("server_name", "drop", "names a machine, often after a person"),
)

SESSION_ATTRIBUTES = (
    Row("attrs.release", "label", "which version of your code"),
    Row("attrs.environment", "label", "production, staging, development"),
    Row("attrs.ip_address", "drop", "the visitor's address"),
    Row("attrs.user_agent", "drop", "describes a visitor's browser"),
)

SESSION = (
    keep("sid", forms.EVENT_ID, "one run of the program; random"),
    keep("init", forms.BOOLEAN, "whether it is the first report"),
    keep("seq", forms.COUNT, "the order of reports"),
    keep("started", forms.TIMESTAMP, "when it began"),
    keep("timestamp", forms.TIMESTAMP, "when this was reported"),
    keep("duration", forms.MEASURE, "seconds it took"),
    keep("status", forms.SESSION_STATUS, "whether it crashed"),
    keep("errors", forms.COUNT, "how many errors"),
    Row("did", "drop", "the user's id, e-mail or name in clear"),
    *SESSION_ATTRIBUTES,
)

SESSIONS = (
    keep("aggregates[].started", forms.TIMESTAMP, "which minute is counted"),
    keep("aggregates[].exited", forms.COUNT, "requests that went well"),
    keep("aggregates[].errored", forms.COUNT, "requests with a handled error"),
    keep("aggregates[].crashed", forms.COUNT, "requests that crashed"),
    keep("aggregates[].abnormal", forms.COUNT, "requests that ended abnormally"),
    keep("aggregates[].unhandled", forms.COUNT, "requests with an unhandled error"),
    Row("aggregates[].did", "drop", "the user's id, e-mail or name in clear"),
    *SESSION_ATTRIBUTES,
)

LOG = (
    keep("version", forms.COUNT, "the format's version"),
    keep("items[].timestamp", forms.TIMESTAMP, "when it was logged"),
    keep("items[].trace_id", forms.TRACE_ID, "joins what belongs to one request"),
    keep("items[].span_id", forms.SPAN_ID, "joins what belongs to one step"),
    keep("items[].level", forms.LEVEL, "how bad it is"),
    keep("items[].severity_number", forms.COUNT, "how bad it is"),
    Row("items[].body", "message", "what was logged"),
    Row("items[].attributes", "attributes", "details"),
)

TRACE_METRIC = (
    keep("version", forms.COUNT, "the format's version"),
    keep("items[].timestamp", forms.TIMESTAMP, "when it was measured"),
    keep("items[].trace_id", forms.TRACE_ID, "joins what belongs to one request"),
    keep("items[].span_id", forms.SPAN_ID, "joins what belongs to one step"),
    Row("items[].name", "title", "what was measured"),
    keep("items[].type", forms.METRIC_TYPE, "counter, gauge or distribution"),
    keep("items[].value", forms.MEASURE, "the number"),
    keep("items[].unit", forms.UNIT, "what the number counts"),
    Row("items[].attributes", "attributes", "details"),
)

SPAN = (
    keep("version", forms.COUNT, "the format's version"),
    keep("items[].trace_id", forms.TRACE_ID, "joins what belongs to one request"),
    keep("items[].span_id", forms.SPAN_ID, "joins what belongs to one step"),
    keep("items[].parent_span_id", forms.SPAN_ID, "gives the trace its tree"),
    Row("items[].name", "statement", "what was done"),
    keep("items[].status", forms.STATUS, "how it ended"),
    keep("items[].is_segment", forms.BOOLEAN, "whether it is the root"),
    keep("items[].start_timestamp", forms.TIMESTAMP, "when the step began"),
    keep("items[].end_timestamp", forms.TIMESTAMP, "when the step ended"),
    Row("items[].attributes", "attributes", "details of the step"),
    Row("items[].links", "drop", "may hold attributes of another service"),
)

PROFILE_STACKS = (
    Row("profile.frames[].function", "name", "where time is spent"),
    Row("profile.frames[].module", "name", "where time is spent"),
    Row("profile.frames[].filename", "path", "where time is spent"),
    Row("profile.frames[].abs_path", "file", "folders above the file name can name people"),
    keep("profile.frames[].lineno", forms.LINE, "where time is spent"),
    keep("profile.frames[].in_app", forms.BOOLEAN, "tells your code from libraries"),
    keep("profile.stacks[][]", forms.COUNT, "which frames were on the stack"),
    keep("profile.samples[].stack_id", forms.COUNT, "which stack was running"),
    Row("profile.samples[].thread_id", "digits", "in which thread"),
    Row("profile.samples[].elapsed_since_start_ns", "digits", "when"),
    keep("profile.samples[].timestamp", forms.TIMESTAMP, "when"),
    Row("profile.thread_metadata", "threads", "which thread"),
)

PROFILE = (
    keep("event_id", forms.EVENT_ID, "names the profile"),
    keep("platform", forms.PLATFORM, "how Sentry reads it"),
    Row("version", "label", "the format's version"),
    Row("release", "label", "which version of your code"),
    Row("environment", "label", "production, staging, development"),
    keep("timestamp", forms.TIMESTAMP, "when it began"),
    Row("device.architecture", "label", "the server's processor"),
    Row("os.name", "label", "the server's system"),
    Row("os.version", "label", "the server's system"),
    Row("runtime.name", "label", "CPython, PyPy"),
    Row("runtime.version", "label", "which Python"),
    keep("transactions[].id", forms.EVENT_ID, "the transaction it belongs to"),
    Row("transactions[].name", "route", "the route"),
    keep("transactions[].trace_id", forms.TRACE_ID, "joins it with the trace"),
    Row("transactions[].relative_start_ns", "digits", "when"),
    Row("transactions[].relative_end_ns", "digits", "when"),
    Row("transactions[].active_thread_id", "digits", "in which thread"),
    *PROFILE_STACKS,
)

PROFILE_CHUNK = (
    keep("chunk_id", forms.EVENT_ID, "names the chunk"),
    keep("profiler_id", forms.EVENT_ID, "joins the chunks of one profiler"),
    keep("platform", forms.PLATFORM, "how Sentry reads it"),
    Row("version", "label", "the format's version"),
    Row("release", "label", "which version of your code"),
    Row("environment", "label", "production, staging, development"),
    Row("dist", "label", "which build of your code"),
    Row("client_sdk.name", "slug", "which SDK"),
    Row("client_sdk.version", "label", "which SDK"),
    *PROFILE_STACKS,
)

CLIENT_REPORT = (
    keep("timestamp", forms.TIMESTAMP, "when it was counted"),
    Row("discarded_events[].reason", "slug", "why it was not sent"),
    Row("discarded_events[].category", "slug", "what was not sent"),
    keep("discarded_events[].quantity", forms.COUNT, "how many"),
)

ATTACHMENT = (
    Row("(content)", "text", "only of text handed over with attach_text(); any other is dropped"),
)

ITEMS: dict[str, tuple[Row, ...]] = {
    "event": EVENT,
    "transaction": EVENT,
    "feedback": EVENT,
    "check_in": CHECK_IN,
    "session": SESSION,
    "sessions": SESSIONS,
    "log": LOG,
    "trace_metric": TRACE_METRIC,
    "span": SPAN,
    "profile": PROFILE,
    "profile_chunk": PROFILE_CHUNK,
    "client_report": CLIENT_REPORT,
}
"""Every item type that may leave. A type that is not named here is dropped and counted."""

ENVELOPE_HEADERS = (
    keep("event_id", forms.EVENT_ID, "names the event"),
    keep("sent_at", forms.TIMESTAMP, "lets the server correct clocks"),
    keep("trace.trace_id", forms.TRACE_ID, "joins what belongs to one request"),
    Row("trace.public_key", "label", "the project, as in the DSN"),
    keep("trace.sample_rate", forms.RATE, "how Sentry extrapolates counts"),
    keep("trace.sample_rand", forms.RATE, "how Sentry samples whole traces"),
    keep("trace.sampled", forms.TRUTH, "whether the trace was recorded"),
    Row("trace.release", "label", "which version of your code"),
    Row("trace.environment", "label", "production, staging, development"),
    Row("trace.org_id", "digits", "the organisation, as in the DSN"),
    Row("trace.transaction", "drop", "may come from the visitor's own baggage header"),
    Row("trace.user_id", "drop", "comes from the visitor's own baggage header"),
)

ITEM_HEADERS = (
    keep("type", forms.one_of("item type", *ITEMS, "attachment"), "what the item is"),
    keep("content_type", forms.CONTENT_TYPE, "how it is written"),
    keep("item_count", forms.COUNT, "how many it holds"),
    keep("platform", forms.PLATFORM, "how Sentry reads it"),
    Row("filename", "file name", "the name that the app gave its text"),
    Row("attachment_type", "drop", "minidumps and view hierarchies are not sent"),
)
