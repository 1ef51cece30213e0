"""The texts of an item: which have to be read, and what is left of one that is too long."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

from telemetry_core.policy.limits import CUT_ZONE, MAX_DEPTH, MAX_ITEM_NODES, MAX_PRIMED, MAX_TEXT
from telemetry_core.policy.statement import SQL_STARTS, without_literals

# Ids and times, of which the form is all that counts.
_UNREAD: Final = frozenset(
    ("timestamp", "start_timestamp", "event_id", "trace_id", "span_id", "parent_span_id")
)
# Of a path the last part is read.
_PATHS: Final = frozenset(("abs_path", "filename"))


def texts_of(payload: object, clean: Collection[str], shorter: dict[str, str]) -> list[str]:
    """Return the texts in a payload of plain containers, at most `MAX_DEPTH` levels deep.

    As the rules of the policy read them: SQL without its literals, paths cut to the file name.

    :param clean: texts that need not be read.
    :param shorter: gets each statement, and what is left of it without its literals.
    """
    texts: list[str] = []
    level: list[Any] = [payload]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for container in level:
            if container.__class__ is dict:
                for key, part in container.items():
                    if part.__class__ is str:
                        if part in clean or key in _UNREAD:
                            continue
                        if key in _PATHS:
                            texts.append(part.rpartition("/")[2])
                        elif part[:6] in SQL_STARTS and len(part) <= MAX_TEXT:
                            shorter[part] = without_literals(part)
                            texts.append(shorter[part])
                        else:
                            texts.append(part)
                    elif part.__class__ is dict or part.__class__ is list:
                        below.append(part)
            else:
                for part in container:
                    if part.__class__ is str:
                        texts.append(part)
                    elif part.__class__ is dict or part.__class__ is list:
                        below.append(part)
        if not below or len(below) > MAX_ITEM_NODES:
            break
        level = below
    return [text for text in texts if len(text) <= MAX_PRIMED]


def ended(text: str, length: int, limit: int) -> str:
    """Return a text that was read up to its limit, or as much of it as leaves no half a value.

    :param length: that of the text it was made of.
    """
    if length > limit + CUT_ZONE:
        limit = min(limit, len(text) - CUT_ZONE)
    return text if len(text) <= limit else text[: max(0, limit - 3)] + "..."


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def without_lone_surrogates(text: str) -> str:
    """Return a text with a mark for each half of a character.

    Neither JSON nor UTF-8 can carry one, and no detector could read across it.
    """
    return _LONE_SURROGATE.sub("\ufffd", text)
