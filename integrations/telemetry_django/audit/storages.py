"""A project's files: what is written in a run stays in memory, and what is there stays there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.files.storage import FileSystemStorage, InMemoryStorage

BACKEND: Mapping[str, str] = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
"""The row of ``STORAGES`` in the place of the project's default."""


def keep_in_memory() -> None:
    """Let storages in the file system read it, but write and delete in memory only.

    Also those that models name themselves. Doesn't see what a project opens without a storage.
    """
    memory: Any = InMemoryStorage()
    storage: Any = FileSystemStorage
    opened, exists = storage._open, storage.exists

    def _open(self: Any, name: str, mode: str = "rb") -> Any:
        is_new = memory.exists(name) or "w" in mode
        return memory._open(name, mode) if is_new else opened(self, name, mode)

    storage._save = lambda _self, name, content: memory._save(name, content)
    storage._open = _open
    storage.exists = lambda self, name: memory.exists(name) or exists(self, name)
    storage.delete = lambda _self, name: memory.delete(name) if name else None
