"""The detectors a project runs with: the built-in table, less and more what its settings say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

# The parser of ``re`` has no public name; nothing else knows what a pattern means to ``re``.
from re import _constants as _c  # type: ignore[attr-defined]  # private, untyped
from re import _parser  # type: ignore[attr-defined]  # private, untyped
from typing import Any

from telemetry_core.filter.detectors.detector import Detector

MAX_CHOICES = 10_000
"""Ways a pattern may try to match at one place of a text, each of which may cost a step."""

_FIELDS = {"pattern", "token", "trigger"}
_TOKEN = re.compile(r"\[[A-Z][A-Z0-9_ ]{0,30}\]")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


def _choices(parsed: Iterable[tuple[Any, Any]], pattern: str) -> int:
    """Return in how many ways a parsed pattern can try to match at one place."""
    total = 1
    for operation, argument in parsed:
        if operation in (_c.MAX_REPEAT, _c.MIN_REPEAT, _c.POSSESSIVE_REPEAT):
            least, most, inner = argument
            if most == _c.MAXREPEAT:
                raise ValueError(
                    "repeats without a bound: use {1,64} in place of + and {0,64} of *"
                )
            one = _choices(inner, pattern)
            total *= (
                (most - least + 1) if one == 1 else one ** min(int(most), 64) * (most - least + 1)
            )
        elif operation is _c.BRANCH:
            total *= sum(_choices(branch, pattern) for branch in argument[1])
        elif operation is _c.SUBPATTERN:
            total *= _choices(argument[3], pattern)
        elif operation is _c.ATOMIC_GROUP:
            total *= _choices(argument, pattern)
        elif operation in (_c.ASSERT, _c.ASSERT_NOT):
            total *= _choices(argument[1], pattern)
        elif operation is _c.GROUPREF_EXISTS:
            total *= sum(_choices(branch, pattern) for branch in argument[1:] if branch)
        if total > MAX_CHOICES:
            raise ValueError(
                "can be tried in too many ways at one place: repeat less, and not inside a repeat"
            )
    return total


def _checked_pattern(name: str, pattern: object) -> str:
    if not isinstance(pattern, str):
        raise ValueError(f"detector {name!r} should have a pattern that is a string")
    try:
        compiled = re.compile(pattern)
        _choices(_parser.parse(pattern), pattern)
    except re.error as error:
        raise ValueError(f"detector {name!r} has a malformed pattern: {error}") from None
    except ValueError as error:
        raise ValueError(f"detector {name!r} has a pattern that {error}") from None
    if compiled.match(""):
        raise ValueError(f"detector {name!r} has a pattern that matches the empty text")
    return pattern


def _built(name: str, given: object) -> Detector:
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"detector name {name!r} should be lower case letters, digits and _")
    row: Mapping[str, object] = given if isinstance(given, Mapping) else {"pattern": given}
    unknown = set(row) - _FIELDS
    if unknown or "pattern" not in row:
        raise ValueError(
            f"detector {name!r} should have a pattern, and may have a token and a trigger"
        )
    pattern = _checked_pattern(name, row["pattern"])
    token = row.get("token", f"[{name.upper()}]")
    if not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
        raise ValueError(f"detector {name!r} should have a token such as [CUSTOMER]")
    if re.search(pattern, token):
        raise ValueError(f"detector {name!r} has a pattern that matches its own token {token}")
    trigger = row.get("trigger", ())
    literals = (trigger,) if isinstance(trigger, str) else trigger
    if not isinstance(literals, (tuple, list)) or not all(
        isinstance(literal, str) and literal and literal.isascii() for literal in literals
    ):
        raise ValueError(
            f"detector {name!r} should have a trigger of ASCII texts, one of which every match has"
        )
    shapes = tuple(re.escape(re.sub("[0-9]", "0", literal.lower())) for literal in literals)
    return Detector(name=name, token=token, pattern=pattern, trigger=shapes)


def build_detectors(
    config: Mapping[str, object] | None, table: tuple[Detector, ...]
) -> tuple[Detector, ...]:
    """Return the table with the detectors of ``config`` added, and those set to False left out.

    ``config`` maps names to ``False`` (switch a built-in detector off; ``True`` leaves it on), to
    a pattern, or to a mapping with ``pattern`` and, if wanted, ``token`` and ``trigger`` (texts
    of which every match holds one, in any case; digits stand for any digit). A detector with a
    built-in's name takes its place. Added detectors run before the built-in ones.

    Raises ``ValueError`` for an unknown name, a malformed pattern, and one that could take more
    than linear time.
    """
    known = {row.name for row in table}
    added: list[Detector] = []
    dropped: set[str] = set()
    for name, given in (config or {}).items():
        if isinstance(given, bool) or given is None:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ValueError(f"there is no detector {name!r} to switch on or off{hint}")
            if not given:
                dropped.add(name)
        else:
            added.append(_built(name, given))
            dropped.add(name)
    return (*added, *(row for row in table if row.name not in dropped))
