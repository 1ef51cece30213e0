"""Whether an expression tells digits, or letters, apart: if not, it reads likes of a text alike.

What an expression that takes every digit alike does not find in ``/orders/17/`` it finds in no
other ``/orders/../`` either, whatever the number.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Any, Final

DIGITS: Final = range(ord("0"), ord("9") + 1)
SMALL_LETTERS: Final = range(ord("a"), ord("z") + 1)

# The tree of the standard library's own parser; it has no public one.
_parser: Any = import_module("re._parser")

_ALIKE: Final = frozenset(("ANY", "AT", "FAILURE"))
_NESTED: Final = frozenset(
    (
        "ASSERT",
        "ASSERT_NOT",
        "ATOMIC_GROUP",
        "BRANCH",
        "MAX_REPEAT",
        "MIN_REPEAT",
        "POSSESSIVE_REPEAT",
        "SUBPATTERN",
    )
)


@cache
def takes_digits_alike(pattern: str) -> bool:
    """Tell whether an expression matches the same of two texts that differ in their digits alone.

    Errs to no: of a back reference, and of what it does not know.
    """
    return _all_alike(_parser.parse(pattern), DIGITS)


@cache
def takes_letters_alike(expression: bytes) -> bool:
    """Tell the same of the small letters from a to z, of an expression over shapes."""
    return _all_alike(_parser.parse(expression), SMALL_LETTERS)


def _all_alike(parsed: Iterable[Any], members: range) -> bool:
    return all(_is_alike(str(op), argument, members) for op, argument in parsed)


def _is_alike(op: str, argument: Any, members: range) -> bool:
    if op in ("LITERAL", "NOT_LITERAL"):
        return argument not in members
    if op == "IN":
        return all(_takes_all_or_none(str(kind), given, members) for kind, given in argument)
    if op in _NESTED:
        return all(_all_alike(part, members) for part in _parts_of(argument))
    return op in _ALIKE


def _takes_all_or_none(op: str, given: Any, members: range) -> bool:
    if op == "LITERAL":
        return given not in members
    if op == "RANGE":
        low, high = given
        return bool(
            high < members[0] or low > members[-1] or (low <= members[0] and high >= members[-1])
        )
    return op in ("NEGATE", "CATEGORY")


def _parts_of(argument: Any) -> Iterable[Any]:
    """Yield the expressions inside a group, a repetition or a choice."""
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple):
        for part in argument:
            yield from _parts_of(part)
