"""The errors that telemetry raises, all of them at start-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TelemetryError(Exception):
    """Base of every error that this package raises on purpose."""


class FrameworkMissingError(TelemetryError, ModuleNotFoundError):
    """An adapter was imported where its framework is not installed; ``name`` is the framework."""

    def __init__(self, adapter: str, framework: str) -> None:
        name = framework.lower()
        super().__init__(
            f"{adapter} needs {framework}, which is not installed here: "
            f"pip install 'telemetry-core[{name}]'",
            name=name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with the settings.

    Nothing in it may hold a DSN or another secret: it is printed by consoles and CI logs.
    """

    setting: str
    """The name as the user typed it, e.g. ``TELEMETRY_TRACES_SAMPLE_RATE``."""
    allowed: str
    """What would have been right, e.g. ``a number from 0.0 to 1.0``."""
    got: str
    """What was there instead, e.g. ``7`` or ``a value that is not shown``."""
    kind: str = "value"
    """``unknown``, ``type``, ``value`` or ``missing``."""
    hint: str = ""
    """What to do about it, e.g. the nearest known name."""

    def __str__(self) -> str:
        sentence = f"{self.setting} should be {self.allowed}, got {self.got}."
        return f"{sentence} {self.hint}" if self.hint else sentence


class SettingsError(TelemetryError, ValueError):
    """The settings hold one problem or more; all of them are listed at once.

    ``problems`` carries the evidence, so that a framework can report each in its own way.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        noun = "problem" if len(self.problems) == 1 else "problems"
        super().__init__(f"telemetry settings have {len(self.problems)} {noun}:\n{lines}")
