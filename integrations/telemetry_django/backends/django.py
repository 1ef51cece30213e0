"""Templates: ``telemetry_django.backends.django.DjangoTemplates`` as ``BACKEND``.

The last part but one is that of Django's own, so that the engine keeps its name, ``django``.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.backends.django import DjangoTemplates as Engine
from django.template.backends.django import Template as EngineTemplate

from telemetry_core.trace import OperationSpan, is_recording


class Template(EngineTemplate):
    """A template whose rendering is a span: named by the template, with nothing of its context."""

    def render(self, context: Any = None, request: HttpRequest | None = None) -> Any:
        """Render the template. What it includes or extends is part of the same span."""
        if not is_recording():
            return super().render(context, request)
        name = self.template.name or "a string"
        span = OperationSpan(str(name), op="template.render", data={})
        failed = True
        try:
            rendered = super().render(context, request)
            failed = False
            return rendered
        finally:
            span.finish(failed=failed)


class DjangoTemplates(Engine):
    """Django's template engine. Outside sampled requests it is that and nothing else."""

    def from_string(self, template_code: str) -> Template:
        """Return a template made of its text."""
        return Template(super().from_string(template_code).template, self)

    def get_template(self, template_name: str) -> Template:
        """Return a template by its name.

        :raises django.template.TemplateDoesNotExist: when there is none.
        """
        return Template(super().get_template(template_name).template, self)
