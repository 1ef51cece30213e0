"""A cache with telemetry, as a site would make one, and one whose server is gone."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.locmem import LocMemCache

from telemetry_django.backends.cache import RecordedCache


class Cache(RecordedCache, LocMemCache):
    pass


class Gone(LocMemCache):
    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        raise ConnectionError("no cache")


class GoneCache(RecordedCache, Gone):
    pass
