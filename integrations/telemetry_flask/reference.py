"""The session's id as a reference code to show: ``g.telemetry_session_id``, also in templates."""

from __future__ import annotations

from typing import Any

from flask import Flask, g

from telemetry_core.request import current_request

NAME = "telemetry_session_id"


def show_reference(app: Flask) -> None:
    """Give ``flask.g`` and the templates of an application the session's id.

    It is None where the visitor may not be told apart, outside requests and without telemetry. It
    is made when something first asks for it, as hardly any request does.
    """
    kind: Any = app.app_ctx_globals_class
    combined: Any = type(kind.__name__, (_WithReference, kind), {})
    app.app_ctx_globals_class = combined
    app.context_processor(_template_variables)


class _WithReference:
    """Laid over the class of ``flask.g``."""

    # Beside what the application keeps there, so that it is no part of it when that is listed.
    __slots__ = ("_shown",)

    _shown: str | None

    @property
    def telemetry_session_id(self) -> str | None:
        telemetry = current_request()
        if telemetry is not None:
            self._shown = telemetry.session_id
        # For tests, which can look at ``g`` when the request is over.
        return getattr(self, "_shown", None)

    def get(self, name: str, default: Any = None) -> Any:
        if name == NAME:
            return self.telemetry_session_id
        return super().get(name, default)  # type: ignore[misc]  # of the class it is laid over

    def __contains__(self, name: str) -> bool:
        return name == NAME or super().__contains__(name)  # type: ignore[misc]  # as above


def _template_variables() -> dict[str, Any]:
    return {NAME: g.get(NAME)}
