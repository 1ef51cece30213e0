"""How settings are read from code and the environment, and all that is wrong reported at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from telemetry_core.environment import defaults_for, detect_environment, detect_release
from telemetry_core.errors import Problem, SettingsError
from telemetry_core.settings.consent import Consent
from telemetry_core.settings.forms import Refused, nearest
from telemetry_core.settings.sdk import option_names
from telemetry_core.settings.table import SETTINGS, Setting

PREFIX = "TELEMETRY_"

_NOTHING: Mapping[str, Any] = MappingProxyType({})

overrides: dict[str, object] = {}
"""Settings that stand above code and environment alike. Empty, but in the process in which
``telemetry audit`` runs an application with its own collector for the DSN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings that were read and found right; nothing personal or secret is in the ``repr``."""

    enabled: bool = False
    dsn: str | None = field(default=None, repr=False)
    """Set whenever ``enabled`` is."""
    environment: str = "production"
    release: str | None = None
    traces_sample_rate: float = 0.1
    """From 0.0 to 1.0."""
    profiles_sample_rate: float = 0.01
    """From 0.0 to 1.0."""
    debug: bool = False
    """Whether the SDK prints what it does; follows from ``environment``."""
    allow_fields: tuple[str, ...] = ()
    deny_fields: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    """In lower case."""
    session_scope: Literal["request", "visitor"] = "request"
    consent: Consent | None = None
    gpc: Literal["anonymise", "drop", "ignore"] = "anonymise"
    instrument: tuple[str, ...] = ()
    sentry_options: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, repr=False)
    detectors: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    """What `telemetry_core.filter.detectors.build_detectors` takes, and has accepted."""


def read_settings(
    given: Mapping[str, object],
    *,
    environ: Mapping[str, str] | None = None,
    argv: Sequence[str] | None = None,
    framework_debug: bool | None = None,
    frozen: bool | None = None,
    root: Path | None = None,
    distribution: str | None = None,
) -> Settings:
    """Read the settings that code has ``given``, then those of the environment.

    ``given`` may hold anything; only names that start with ``TELEMETRY_`` are looked at. A value
    of None there, and a blank one in ``environ``, counts as not set. ``environ`` is read for names
    not given; what the others are for, and their defaults, is told at
    `telemetry_core.environment.detect_environment` and
    `telemetry_core.environment.detect_release`.

    Raises `SettingsError` with every problem there is, whether telemetry is enabled or not; only
    a missing DSN, and what is wrong with a variable of the SDK's own, is a problem just when
    enabled. ``SENTRY_DSN`` is not even looked at when disabled, nor when ``given`` holds a DSN,
    be it an empty one. Imports what ``TELEMETRY_CONSENT`` names. Starts nothing, sends nothing.
    """
    environ = os.environ if environ is None else environ
    reading = _Reading({**given, **overrides} if overrides else given, environ)
    for setting in SETTINGS:
        reading.read(setting)
    for setting in SETTINGS:
        reading.read_otherwise(setting)
    reading.require_dsn()
    reading.refuse_unknown_names()
    if reading.problems:
        raise SettingsError(reading.problems) from reading.cause
    values = reading.values
    environment = values.get("environment") or detect_environment(
        environ=_NOTHING, argv=argv, frozen=frozen, framework_debug=framework_debug
    )
    release = values.get("release") or detect_release(
        environ=_NOTHING, root=root, distribution=distribution, frozen=frozen
    )
    defaults = defaults_for(environment)
    rates = {
        "traces_sample_rate": defaults.traces_sample_rate,
        "profiles_sample_rate": defaults.profiles_sample_rate,
    }
    found = {
        "dsn": values.get("dsn") or None,
        "environment": environment,
        "release": release,
        "debug": defaults.debug,
    }
    return Settings(**{**rates, **values, **found})


class _Reading:
    """One reading of all settings: the values that are right and the problems with the others."""

    def __init__(self, given: Mapping[str, object], environ: Mapping[str, str]) -> None:
        self._given = given
        self._environ = environ
        self._refused: set[str] = set()
        self.values: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.cause: BaseException | None = None

    @property
    def _enabled(self) -> bool:
        return self.values.get("enabled") is True

    def read(self, setting: Setting) -> None:
        """Take a setting from code or, where code says nothing, from the environment."""
        value = self._given.get(setting.name)
        blank = isinstance(value, str) and not value and setting.form.empty_is_unset
        if value is None or blank:
            self._read_text(setting, setting.name)
            return
        try:
            self.values[setting.field] = setting.form.check(value)
        except Refused as refused:
            self._report(setting, setting.name, refused, "")

    def read_otherwise(self, setting: Setting) -> None:
        """Take what isn't set from the SDK's own variable.

        That variable is not ours, so what is wrong with it is no problem when disabled.
        """
        if not setting.otherwise or setting.field in self.values or setting.field in self._refused:
            return
        if self._enabled or setting.field != "dsn":
            self._read_text(setting, setting.otherwise, report=self._enabled)

    def _read_text(self, setting: Setting, name: str, *, report: bool = True) -> None:
        text = self._environ.get(name, "").strip()
        if not text:
            return
        try:
            self.values[setting.field] = setting.form.check(setting.form.from_text(text))
        except Refused as refused:
            if report:
                self._report(setting, name, refused, " in the environment")

    def _report(self, setting: Setting, name: str, refused: Refused, where: str) -> None:
        self._refused.add(setting.field)
        self.cause = self.cause or refused.__cause__
        for fault in refused.faults:
            self.problems.append(
                Problem(
                    setting=name,
                    allowed=fault.allowed or setting.form.allowed,
                    got=f"{fault.got}{where}",
                    kind=fault.kind,
                    hint=fault.hint,
                )
            )

    def require_dsn(self) -> None:
        """Report a DSN that is needed and nowhere set."""
        if not self._enabled or self.values.get("dsn") or "dsn" in self._refused:
            return
        empty = "dsn" in self.values
        self.problems.append(
            Problem(
                setting="TELEMETRY_DSN",
                allowed="set when TELEMETRY_ENABLED is true",
                got="an empty text" if empty else "nothing",
                kind="missing",
                hint="SENTRY_DSN is not looked at then." if empty else "Nor is SENTRY_DSN set.",
            )
        )

    def refuse_unknown_names(self) -> None:
        """Report every name that looks like a setting and is none."""
        known = frozenset(setting.name for setting in SETTINGS)
        variables = [name for name in self._environ if not _SERVICE_LINK.fullmatch(name)]
        for names, where in ((self._given, ""), (variables, " in the environment")):
            for name in _strays(names, known):
                self.problems.append(
                    Problem(
                        setting=name,
                        allowed="a setting of telemetry-core",
                        got=f"an unknown name{where}",
                        kind="unknown",
                        hint=_hint_for(name, known),
                    )
                )


# What Kubernetes sets in every pod for a service whose name is telemetry or starts with it:
# https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
_SERVICE_LINK = re.compile(
    r"TELEMETRY_(?:[A-Z0-9_]+_)?"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?"
    r"|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)"
)


def _strays(names: Iterable[object], known: frozenset[str]) -> list[str]:
    return sorted(
        name
        for name in names
        if isinstance(name, str) and name.startswith(PREFIX) and name not in known
    )


def _hint_for(name: str, known: frozenset[str]) -> str:
    # Compared without the prefix, which would make all names near to one another.
    wanted = name.removeprefix(PREFIX)
    match = nearest(wanted, (setting.removeprefix(PREFIX) for setting in known))
    if match:
        return f"Did you mean {PREFIX}{match}?"
    if wanted.lower() in option_names():
        return f"Put {wanted.lower()!r} into TELEMETRY_SENTRY_OPTIONS."
    return f"There are {', '.join(setting.name for setting in SETTINGS)}."
