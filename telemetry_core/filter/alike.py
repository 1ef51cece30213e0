"""Whether an expression tells digits, or letters, apart: if not, it reads likes of a text alike.

What an expression that takes every digit alike does not find in ``/orders/17/`` it finds in no
other ``/orders/../`` either, whatever the number. And what one does not find that takes any letter
for the one it looks for, the other doesn't find whatever the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import Any, Final

DIGITS: Final = range(ord("0"), ord("9") + 1)
SMALL_LETTERS: Final = range(ord("a"), ord("z") + 1)

# The tree of the standard library's own parser; it has no public one.
_parser: Any = import_module("re._parser")
_compiler: Any = import_module("re._compiler")

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


@cache
def whatever_letters(expression: bytes) -> Callable[[bytes], object]:
    """Return a search that finds something wherever an expression over shapes does, and more.

    It takes any small letter for one that the expression looks for, so that what it does not find
    in one shape is in none that differs in small letters alone.
    """
    parsed = _parser.parse(expression)
    try:
        parsed.data = _with_any_letter(parsed)
    except _Untold:
        return lambda _: True
    search: Callable[[bytes], object] = _compiler.compile(parsed).search
    return search


class _Untold(Exception):
    """An expression that can't take other letters without missing some that it finds."""


_LETTER: Final = (_parser.IN, [(_parser.RANGE, (SMALL_LETTERS[0], SMALL_LETTERS[-1]))])
_TAKES_BACK: Final = ("ASSERT", "BRANCH", "MAX_REPEAT", "MIN_REPEAT", "SUBPATTERN")
"""What tries another way when what follows does not match."""


def _with_any_letter(parsed: Iterable[Any]) -> list[Any]:
    changed: list[Any] = []
    for op, argument in parsed:
        kind = str(op)
        if _is_alike(kind, argument, SMALL_LETTERS):
            changed.append((op, argument))
        elif kind == "LITERAL" or (kind == "IN" and str(argument[0][0]) != "NEGATE"):
            # Beside the letters, what else it takes.
            others = argument if kind == "IN" else []
            changed.append((_parser.IN, [*others, *_LETTER[1]]))
        elif kind in _TAKES_BACK:
            for part in _parts_of(argument):
                part.data = _with_any_letter(part)
            changed.append((op, argument))
        elif kind != "ASSERT_NOT":
            raise _Untold
        # Where something must not be, other letters might be.
    return changed


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
