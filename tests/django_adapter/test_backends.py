"""Templates and caches of sampled requests are spans where a site names our backends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.template import TemplateDoesNotExist, engines
from django.template.backends.django import DjangoTemplates
from django_calls import Answer, call_asgi, call_wsgi, flushed, reporting

Call = Callable[..., Answer]

TEMPLATES = [
    {**engine, "BACKEND": "telemetry_django.backends.django.DjangoTemplates"}
    for engine in settings.TEMPLATES
]
ON = {"TELEMETRY_TRACES_SAMPLE_RATE": 1.0, "TEMPLATES": TEMPLATES}


def caches(name: str) -> dict[str, Any]:
    return {"CACHES": {"default": {"BACKEND": f"django_site.cache.{name}"}}}


def spans_of(transaction: dict[str, Any], op: str) -> list[tuple[str, Any]]:
    """Return names and data of the spans of one kind of operation."""
    return [
        (span["description"], {key: span.get("data", {}).get(key) for key in ("cache.hit",)})
        for span in transaction["spans"]
        if span["op"].startswith(op)
    ]


def status_of(span: dict[str, Any]) -> Any:
    # The oldest SDK has it among the tags alone.
    return span.get("status", span.get("tags", {}).get("status"))


def test_each_template_that_is_rendered_is_a_span(call: Call) -> None:
    """From a string, by a shortcut or by the response itself; what it is given does not leave."""
    with reporting(**ON) as kept:
        assert call("/render/Wilhelmina/").status == 200
        (transaction,) = flushed(kept).payloads("transaction")
    names = [name for name, _ in spans_of(transaction, "template.render")]
    assert names == ["a string", "500.html", "500.html"]
    assert b"Wilhelmina" not in kept.wire


def test_a_template_that_fails_is_a_span_that_failed() -> None:
    """And its error arrives once, as ever."""
    with reporting(**ON) as kept:
        assert call_wsgi("/template/Wilhelmina/").status == 500
        (transaction,) = flushed(kept).payloads("transaction")
        assert len(kept.payloads("event")) == 1
    failed = [span for span in transaction["spans"] if span["op"] == "template.render"]
    assert status_of(failed[0]) == "internal_error"


def test_the_engine_is_djangos_by_name_and_kind() -> None:
    """What asks Django for its engine, such as the admin's check, finds it."""
    with reporting(**ON) as kept:
        assert isinstance(engines["django"], DjangoTemplates)
        with pytest.raises(TemplateDoesNotExist):
            engines["django"].get_template("nowhere.html")
        assert engines["django"].get_template("500.html").render({}) is not None
        assert flushed(kept).bodies == []


def test_what_a_cache_is_asked_is_a_span_without_its_keys() -> None:
    """Only whether something was found; what the cache answers is what it answers without us."""
    with reporting(**ON, **caches("Cache")) as kept:
        answer = json.loads(call_wsgi("/ask-cache/Wilhelmina/").body)
        (transaction,) = flushed(kept).payloads("transaction")
    assert answer == {
        "missed": None,
        "found": "value of Wilhelmina",
        "many": 1,
        "filled": "value of Wilhelmina",
    }
    found = spans_of(transaction, "cache.")
    assert found[:3] == [
        ("get", {"cache.hit": False}),
        ("set", {"cache.hit": None}),
        ("get", {"cache.hit": True}),
    ]
    assert {name for name, _ in found[3:]} == {"get_many", "get", "delete"}
    assert b"Wilhelmina" not in kept.wire


def test_a_cache_is_recorded_under_asgi_too() -> None:
    """Its asynchronous methods ask the others, on another thread."""
    with reporting(**ON, **caches("Cache")) as kept:
        assert b"value of Wilhelmina" in call_asgi("/aask-cache/Wilhelmina/").body
        (transaction,) = flushed(kept).payloads("transaction")
    assert [name for name, _ in spans_of(transaction, "cache.")] == ["set", "get"]
    assert b"Wilhelmina" not in kept.wire


def test_a_cache_that_is_gone_fails_as_it_does_without_us() -> None:
    """The span says so, and the error arrives once."""
    with reporting(**ON, **caches("GoneCache")) as kept:
        assert call_wsgi("/ask-cache/Wilhelmina/").status == 500
        (transaction,) = flushed(kept).payloads("transaction")
        assert kept.event()["exception"]["values"][0]["type"] == "ConnectionError"
    (span,) = [span for span in transaction["spans"] if span["op"] == "cache.get"]
    assert status_of(span) == "internal_error"


def test_in_requests_that_are_not_sampled_nothing_is_recorded(call: Call) -> None:
    """The backends are then Django's own."""
    off = {**ON, "TELEMETRY_TRACES_SAMPLE_RATE": 0.0}
    with reporting(**off, **caches("Cache")) as kept:
        assert call("/render/Wilhelmina/").status == 200
        assert call("/ask-cache/Wilhelmina/").status == 200
        assert flushed(kept).bodies == []
