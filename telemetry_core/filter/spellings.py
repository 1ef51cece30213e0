"""What is looked for of a value that is known: as it is, and as applications write it anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from unicodedata import normalize

from telemetry_core.filter.views import fold_view

MIN_LENGTH = 4
"""Characters of the shortest value: shorter ones are found in any text."""
PREFIX = 12
"""Characters at the beginning of a longer value that give it away where a text was cut off; twice
as many do so anywhere."""

LONGEST_NAME = 80
"""Characters of a value that may be spelled anew, as a name or title is and no longer text."""
TOKEN = re.compile(r"\[[A-Za-z]+\]")
"""What an earlier pass has put in a value's place."""

# Values that forms and headers send all the time, and that say nothing about anybody.
_TRIVIAL = frozenset(
    "true false none null nil undefined yes no on off submit default post get put head patch "
    "delete options trace "
    "connect create update save cancel search login logout http https localhost html json text "
    "utf-8 gzip deflate "
    "keep-alive close identity chunked bytes en-us en-gb de-de fr-fr name email user username "
    "password admin "
    "asc desc date title test value type page next prev previous first last none left right "
    "name id "
    "application/json application/xml text/html text/plain text/xml multipart/form-data "
    "application/x-www-form-urlencoded application/octet-stream image/png image/jpeg */* "
    "xmlhttprequest no-cache "
    "same-origin navigate document cors max-age=0".split()
)
_LOCALE = re.compile(r"[a-z]{2,3}(?:[-_][a-z]{4})?[-_](?:[a-z]{2}|[0-9]{3})").fullmatch
_SMALL_NUMBER = re.compile(r"[-+]?[0-9]{1,5}(?:\.[0-9]{1,4})?").fullmatch
_NO_SLUG = re.compile(r"[^\w\s-]")
_NAME_WORDS = 4
# Mailboxes that are nobody's (RFC 2142, and what is as common), before an "@".
_ROLES = frozenset(
    "abuse account accounts billing contact hello help hostmaster info jobs mail marketing news "
    "no-reply noreply office orders postmaster press root sales security service shop store "
    "support team webmaster".split()
)
_ADDRESS = re.compile(r"([^\s@]{4,64})@[^\s@]+").fullmatch


def _folded(text: str) -> str:
    if text.isascii() and "\\" not in text:
        # What `fold_view` makes of it, too.
        return " ".join(text.lower().replace("+", " ").split())
    return " ".join(fold_view(text).text.split())


def _is_telling(folded: str) -> bool:
    return (
        len(folded) >= MIN_LENGTH
        and folded not in _TRIVIAL
        and _LOCALE(folded) is None
        and _SMALL_NUMBER(folded) is None
        and TOKEN.fullmatch(folded) is None
        and any(char.isalnum() for char in folded)
    )


def _telling(spellings: Iterable[str]) -> Iterator[str]:
    """Yield those that are worth looking for, in the form in which texts are compared."""
    return filter(_is_telling, map(_folded, spellings))


def spellings_of(value: str) -> Iterator[str]:
    """Yield a value, as applications write it anew, and those of its parts that tell it alone.

    All that is looked for is folded, see `fold_view`; what would be found in any text is left out.
    """
    spellings = [value]
    if len(value) <= LONGEST_NAME:
        spellings += _spellings(value)
    lines = value.splitlines()
    if len(lines) > 1:
        spellings += (line for line in lines if len(line.strip()) >= PREFIX)
    return _telling(spellings)


def words_of_name(value: str, token: str) -> Iterator[str]:
    """Yield a name's words: "Jane Doe" is often just "Jane" in a message.

    And ``jane.doe`` of an address; a list is sorted by "Doe, Jane".

    :param token: ``[USER]`` for what is a user's for sure; else the value has to look like a name.
    """
    if token != "[USER]" and not _is_name(value):
        return _telling(())
    words = [word for word in re.split(r"[\s,;@]+", value) if len(word) < len(value)]
    found = [word for word in words if len(word) >= MIN_LENGTH and word[0].isalpha()]
    if 2 <= len(words) <= _NAME_WORDS and len(value) <= LONGEST_NAME:
        found += (f"{words[-1]}{mark}{' '.join(words[:-1])}" for mark in (", ", ",", " "))
    return _telling(found)


def joined_name(value: str) -> str:
    """Return a short value with nothing between its words: "janedoe"; of others nothing."""
    return _folded("".join(value.split())) if len(value) <= LONGEST_NAME else ""


def _is_name(value: str) -> bool:
    """Tell whether what a visitor has typed looks like somebody's name: "Jane van Doe"."""
    words = re.split(r",? ", value) if len(value) <= LONGEST_NAME else []
    return (
        2 <= len(words) <= _NAME_WORDS
        and all(re.sub("[.'\u2019-]", "", word).isalpha() for word in words)
        and sum(word[0].isupper() for word in words) >= 2
        and words[0][0].isupper()
        and words[-1][0].isupper()
    )


def _spellings(value: str) -> Iterator[str]:
    """Yield a short value as names of files and addresses of pages spell it.

    With accents apart or left out, and with its words joined: ``zoe-dupont`` of "Zo\u00eb Dupont".
    """
    spellings = [value]
    if not value.isascii():
        yield from (normalize(form, value) for form in ("NFC", "NFD"))
        plain = normalize("NFKD", value).encode("ascii", "ignore").decode("ascii")
        # Of a script without Latin letters nothing is left that would tell it.
        if 3 * len(plain) >= 2 * len(value):
            spellings.append(plain)
            yield plain
    for spelling in spellings:
        words = _NO_SLUG.sub("", spelling).split()
        if len(words) > 1:
            yield from (mark.join(words) for mark in "-_")


def accounts_of(value: str) -> Iterator[str]:
    """Yield what somebody's address or name becomes where they have an account."""
    return _telling(_accounts(value))


def _accounts(value: str) -> Iterator[str]:
    address = _ADDRESS(value)
    if address is not None and address[1].lower() not in _ROLES:
        yield address[1]
    words = value.split() if len(value) <= LONGEST_NAME else []
    if 2 <= len(words) <= 3 and all(
        word[0].isalpha() and re.sub("[.'-]", "", word).isalnum() for word in words
    ):
        yield from (mark.join(words) for mark in ("", "."))
        # "jdoe", "janed"
        initials = (words[0][0] + words[-1], words[0] + words[-1][0])
        yield from (account for account in initials if len(account) > MIN_LENGTH)
