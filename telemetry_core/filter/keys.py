"""Which keys of maps that an application fills (tags, extra, attributes) may leave."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import lru_cache

SEED = (
    "event_type", "category", "level", "message", "duration_*", "operation", "function",
    "timestamp", "session_id", "version", "environment", "platform",
)  # fmt: skip
"""The keys this project has always let pass."""

SENTRY = (
    # https://getsentry.github.io/sentry-conventions/attributes/ , those that hold no user data
    "sentry.op", "sentry.origin", "sentry.source", "sentry.release", "sentry.environment",
    "sentry.sample_rate", "sentry.trace_lifecycle", "sentry.is_segment", "sentry.segment.id",
    "sentry.segment.name", "sentry.segment.name.source", "sentry.sdk.*", "sentry.platform",
    "sentry.status_code", "sentry.exclusive_time", "sentry.idle_span_finish_reason",
    "sentry.description",
    "sentry.message.template", "sentry.trace.parent_span_id", "sentry.profile_id",
    "sentry.timestamp.sequence", "sentry.severity_number", "sentry.severity_text",
    "sentry.span.source", "sentry.kind", "sentry.status",
    "logger", "logger.*", "runtime", "runtime.*", "status", "status_code", "type", "mechanism",
    "handled", "reason", "transaction", "op", "origin", "source", "release", "error_type",
    "cache.hit", "cache.item_size", "cache.operation", "cache.ttl", "cache.success",
    "thread.id", "thread.name", "profiler_id",
)  # fmt: skip
"""Sentry's conventions for tags and for the attributes of spans, logs and metrics."""

OPEN_TELEMETRY = (
    # https://opentelemetry.io/docs/specs/semconv/registry/attributes/ , by namespace
    "http.method", "http.request.method", "http.request.method_original", "http.status_code",
    "http.response.status_code", "http.route", "http.flavor", "http.request.body.size",
    "http.response.body.size", "http.request.size", "http.response.size",
    "http.request_content_length", "http.response_content_length", "http.response_transfer_size",
    "http.decoded_response_content_length", "http.request.resend_count", "http.connection.state",
    "http.response.header.content_type", "reason", "http.server.request.time_in_queue",
    "network.protocol.name", "network.protocol.version", "network.transport", "network.type",
    "server.port", "client.port", "url.scheme", "url.template",
    "db.system", "db.system.name", "db.operation", "db.operation.name", "db.operation.batch.size",
    "db.collection.name", "db.sql.table", "db.namespace", "db.query.summary", "db.query.text",
    "db.statement", "db.response.status_code", "db.response.returned_rows", "db.driver.name",
    "db.redis.database_index",
    "rpc.system", "rpc.service", "rpc.method", "rpc.grpc.status_code",
    "messaging.system", "messaging.operation", "messaging.operation.name",
    "messaging.operation.type", "messaging.batch.message_count", "messaging.message.body.size",
    "messaging.message.receive.latency", "messaging.message.retry.count",
    "messaging.destination.name",
    "code.function", "code.function.name", "code.line.number", "code.lineno", "code.namespace",
    "code.filepath", "code.file.path", "code.column.number", "code.stacktrace",
    "error.type", "exception.type", "exception.escaped", "otel.status_code", "otel.kind",
    "otel.scope.name", "otel.scope.version", "service.name", "service.version",
    "telemetry.sdk.*", "deployment.environment", "deployment.environment.name",
    "process.pid", "process.runtime.name", "process.runtime.version", "thread.id", "thread.name",
    "os.type", "os.version", "feature_flag.key", "feature_flag.provider.name",
    "feature_flag.result.variant", "flag.evaluation.*", "faas.trigger", "faas.coldstart",
    "gen_ai.system", "gen_ai.provider.name", "gen_ai.operation.name", "gen_ai.request.model",
    "gen_ai.response.model", "gen_ai.response.finish_reasons", "gen_ai.usage.*_tokens",
    "gen_ai.usage.*_tokens.*", "gen_ai.request.max_tokens", "gen_ai.request.temperature",
    "gen_ai.request.top_p", "gen_ai.request.top_k", "gen_ai.tool.name", "gen_ai.tool.type",
    "gen_ai.response.streaming", "gen_ai.response.time_to_first_token",
)  # fmt: skip
"""OpenTelemetry's semantic conventions, those that hold no user data."""

OWN = ("outcome",)
"""What this package adds itself, beside keys of the above."""

ALLOWED = (*SEED, *SENTRY, *OPEN_TELEMETRY, *OWN)

# Anywhere in the folded name: words long enough to mean nothing else.
_HELD = (
    "password", "passwd", "passphrase", "passcode", "passwort", "pwd", "secret", "credential",
    "apikey", "privatekey", "accesskey", "signingkey", "encryptionkey", "sessionkey", "authkey",
    "sharedkey", "masterkey", "securitykey", "licensekey", "clientkey", "publickey", "hmackey",
    "cookie", "csrf", "xsrf", "accesstoken", "authtoken", "refreshtoken", "idtoken",
    "bearertoken", "sessionid", "sessid", "sessiontoken", "authorization", "authentication",
    "creditcard", "cardnumber", "socialsecurity", "connectionstring", "mysqlpwd",
)  # fmt: skip
# As a part of the name of its own: "auth" but not "author".
_PARTS = frozenset(
    "auth oauth token tokens jwt bearer cred creds pass pw pin otp totp mfa cvv cvc ssn sid dsn "
    "authenticated authenticator authorized authtok signature sig nonce salt xapikey".split()
)
# A count of tokens is a number, not a token.
_COUNTED = frozenset(
    "usage count max min num number total limit input output prompt completion".split()
)
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")


@lru_cache(maxsize=4096)
def is_sensitive(key: str) -> bool:
    """Tell whether a key names a credential, however it is spelt.

    Case, ``-``, ``_``, ``.``, spaces and camelCase are folded. Errs to yes.
    """
    if key == "session_id":
        return False
    parts = {part.lower().rstrip("0123456789") for part in _BOUNDARY.split(key)}
    glued = re.sub("[^a-z0-9]+", "", key.lower())
    if any(word in glued for word in _HELD):
        return True
    hits = _PARTS & parts
    if hits == {"tokens"}:
        return not _COUNTED & parts
    if hits == {"token"}:
        return not {"count", "time"} & parts
    return bool(hits)


class KeyRules:
    """Says which keys may leave: the allowlist, a project's own globs, and a blocklist.

    ``allow`` and ``deny`` are globs on the key, whatever its case (``duration_*``). ``deny`` wins
    over ``allow``, and the blocklist of credentials over both. Safe to share between threads.
    """

    named: frozenset[str]
    """Keys allowed by their own name. Of what a glob allows, somebody may have typed a part."""

    def __init__(self, *, allow: Iterable[str] = (), deny: Iterable[str] = ()) -> None:
        allow = (*ALLOWED, *allow)
        self.named = frozenset(name for name in allow if not _GLOB.search(name))
        self._allow = _matcher(allow)
        self._deny = _matcher(tuple(deny))
        self._known: dict[str, bool] = {}

    def allows(self, key: str) -> bool:
        """Tell whether the value of a key may leave (once read by the detectors)."""
        known = self._known.get(key)
        if known is None:
            known = self._decide(key)
            if len(self._known) >= 4096:
                self._known.clear()
            self._known[key] = known
        return known

    def is_sensitive(self, key: str) -> bool:
        """Tell whether a key names a credential, however it is spelt."""
        return is_sensitive(key)

    def _decide(self, key: str) -> bool:
        lowered = key.lower()
        if is_sensitive(key) or self._deny.fullmatch(lowered):
            return False
        return self._allow.fullmatch(lowered) is not None


_GLOB = re.compile(r"[*?\[]")


def _matcher(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(glob.lower()) for glob in globs) or r"(?!)")
