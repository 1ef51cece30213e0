"""Caches: a mixin for any of Django's cache backends."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.core.cache.backends.base import BaseCache

from telemetry_core.trace import OperationSpan, is_recording

# By https://docs.sentry.io/platforms/python/tracing/instrumentation/custom-instrumentation/caches-module/
OPERATIONS: Final = {
    "get": "cache.get",
    "get_many": "cache.get",
    "has_key": "cache.get",
    "add": "cache.put",
    "set": "cache.put",
    "set_many": "cache.put",
    "touch": "cache.put",
    "incr": "cache.put",
    "delete": "cache.remove",
    "delete_many": "cache.remove",
    "clear": "cache.flush",
}
"""The methods that ask the cache, and what their spans are called; the others call these."""


class RecordedCache:
    """Makes spans of what a cache is asked in sampled requests: never keys or values.

    ::

        class Cache(RecordedCache, RedisCache): ...

        CACHES = {"default": {"BACKEND": "shop.cache.Cache", ...}}

    Of a ``get`` the span says whether something was found (``cache.hit``).
    """


def _recorded(name: str, op: str) -> Callable[..., Any]:
    @wraps(getattr(BaseCache, name))
    def method(self: RecordedCache, *args: Any, **kwargs: Any) -> Any:
        ask = getattr(super(RecordedCache, self), name)
        if not is_recording():
            return ask(*args, **kwargs)
        span = OperationSpan(name, op=op, data={"cache.operation": name})
        failed = True
        try:
            answer = ask(*args, **kwargs)
            failed = False
            if name == "get":
                default = kwargs.get("default", args[1] if len(args) > 1 else None)
                span.set("cache.hit", answer is not default)
            return answer
        finally:
            span.finish(failed=failed)

    return method


for _name, _op in OPERATIONS.items():
    setattr(RecordedCache, _name, _recorded(_name, _op))
