"""The table of settings: every name there is, and what it may hold."""

from __future__ import annotations

from dataclasses import dataclass

from telemetry_core.environment import (
    ENVIRONMENT_ALLOWED,
    RELEASE_ALLOWED,
    environment_fault,
    release_fault,
)
from telemetry_core.settings.consent import load_consent
from telemetry_core.settings.filtering import (
    DETECTORS,
    HEADERS,
    allowed_field_fault,
    denied_field_fault,
)
from telemetry_core.settings.forms import (
    BOOLEAN,
    DSN,
    SAMPLE_RATE,
    Form,
    choice_form,
    json_from_text,
    names_form,
    text_form,
)
from telemetry_core.settings.sdk import check_options, integration_fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A row of the table of settings."""

    name: str
    """As Django settings, Flask's ``app.config`` and the environment have it."""
    field: str
    """The field of `Settings` that holds its value."""
    form: Form[object]
    default: str
    """What holds where nothing is set, in words."""
    doc: str
    otherwise: str = ""
    """A variable of the SDK's that is looked at where this one isn't set."""

    @property
    def allowed(self) -> str:
        """What is allowed, in words that complete "should be"."""
        return self.form.allowed


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="TELEMETRY_ENABLED",
        field="enabled",
        form=BOOLEAN,
        default="False",
        doc="Whether anything is collected and sent at all.",
    ),
    Setting(
        name="TELEMETRY_DSN",
        field="dsn",
        form=DSN,
        default="SENTRY_DSN, looked at only when enabled",
        otherwise="SENTRY_DSN",
        doc="Where to send to. An empty text in code says that there is none.",
    ),
    Setting(
        name="TELEMETRY_ENVIRONMENT",
        field="environment",
        form=text_form(allowed=ENVIRONMENT_ALLOWED, fault=environment_fault),
        default="detected",
        otherwise="SENTRY_ENVIRONMENT",
        doc="Where the program runs, such as development, staging or production.",
    ),
    Setting(
        name="TELEMETRY_RELEASE",
        field="release",
        form=text_form(allowed=RELEASE_ALLOWED, fault=release_fault),
        default="detected",
        otherwise="SENTRY_RELEASE",
        doc="Which version of the program runs.",
    ),
    Setting(
        name="TELEMETRY_TRACES_SAMPLE_RATE",
        field="traces_sample_rate",
        form=SAMPLE_RATE,
        default="1.0 in development, 0.5 in staging, else 0.1",
        doc="The share of requests that are traced.",
    ),
    Setting(
        name="TELEMETRY_PROFILES_SAMPLE_RATE",
        field="profiles_sample_rate",
        form=SAMPLE_RATE,
        default="0.0 in development, 0.1 in staging, else 0.01",
        doc="The share of traced requests that are profiled.",
    ),
    Setting(
        name="TELEMETRY_ALLOW_FIELDS",
        field="allow_fields",
        form=names_form(
            allowed="a list of names of fields, such as order_id or duration_*",
            fault=allowed_field_fault,
        ),
        default="none",
        doc="Fields of tags, contexts and other maps that may leave besides the policy's own.",
    ),
    Setting(
        name="TELEMETRY_DENY_FIELDS",
        field="deny_fields",
        form=names_form(
            allowed="a list of names of fields, such as order_id or duration_*",
            fault=denied_field_fault,
        ),
        default="none",
        doc="Fields that may not leave though the policy allows them.",
    ),
    Setting(
        name="TELEMETRY_ALLOW_HEADERS",
        field="allow_headers",
        form=HEADERS,
        default="none",
        doc="Request headers that may leave, their values filtered.",
    ),
    Setting(
        name="TELEMETRY_SESSION_SCOPE",
        field="session_scope",
        form=choice_form("request", "visitor"),
        default="request",
        doc="Whether a session lasts a request, or a visitor's day under a daily rotating key.",
    ),
    Setting(
        name="TELEMETRY_CONSENT",
        field="consent",
        form=Form(
            allowed="a function that takes the request, or the dotted path of one",
            check=load_consent,
        ),
        default="none: every visitor counts as consenting",
        doc="Says of a request whether its visitor has consented; without consent nothing is sent.",
    ),
    Setting(
        name="TELEMETRY_GPC",
        field="gpc",
        form=choice_form("anonymise", "drop", "ignore"),
        default="anonymise",
        doc="What Sec-GPC: 1 or DNT: 1 means: errors with no session id only, nothing, or no more"
        " than any other header.",
    ),
    Setting(
        name="TELEMETRY_INSTRUMENT",
        field="instrument",
        form=names_form(
            allowed="a list of names of Sentry's integrations, such as celery or redis",
            fault=integration_fault,
        ),
        default="none",
        doc="Integrations of sentry-sdk to switch on, behind the gate.",
    ),
    Setting(
        name="TELEMETRY_SENTRY_OPTIONS",
        field="sentry_options",
        form=Form(
            allowed="a mapping from options of sentry_sdk.init to their values",
            check=check_options,
            from_text=json_from_text,
        ),
        default="none",
        doc="Passed to sentry_sdk.init; never weakens the gate. JSON in the environment.",
    ),
    Setting(
        name="TELEMETRY_DETECTORS",
        field="detectors",
        form=DETECTORS,
        default="none",
        doc="Detectors to switch off (False) or to add. JSON in the environment.",
    ),
)


def describe_settings() -> tuple[Setting, ...]:
    """Return the rows of the table of settings, in the order in which they are documented."""
    return SETTINGS
