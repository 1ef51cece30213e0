"""What many texts hold, told at once and cheaply: which detectors are worth trying on which.

The texts are joined and mapped to bytes that keep only what matters (letters in lower case, every
digit as ``0``, everything outside ASCII as ``?``), which costs about a nanosecond a character. A
*trait* is something that such a projection shows by a literal or by an expression that begins
with one, so that a few searches of the whole classify hundreds of texts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

Search = Callable[[bytes, int], re.Match[bytes] | None]
"""The search of an expression over shapes."""

_SHAPE = bytes(
    ord("0") if 0x30 <= code <= 0x39 else code + 32 if 0x41 <= code <= 0x5A else code
    for code in range(256)
)
# Small letters and "_" look alike, and so do what names in code seldom have: capitals, digits, "-".
_RUNS = bytes(
    ord("a") if 0x61 <= code <= 0x7A or code == 0x5F
    else ord("A") if 0x41 <= code <= 0x5A or 0x30 <= code <= 0x39 or code == 0x2D
    else code
    for code in range(256)
)  # fmt: skip
# What may stand between the digits of one number, and between a key and its value.
_SEPARATORS = b" \t\r\n\"'\\()[]-+./,_?"

# Words before a credential (detectors/secrets.py), separators left out.
_CREDENTIALS = (
    "password passwd passphrase passcode passwort contrasena senha motdepasse secret key token "
    "credential pass pwd pw "
    "sessionid sessid string authorization auth authentication oauth jwt csrf xsrf sid cookie "
    "otp totp mfa cvv cvc "
    "pin sig signature dsn nonce bearer cred creds session setcookie middlewaretoken"
)
# What may follow some of them: "password_confirm", "tokenValue".
_CONTINUED = "password passwd pass pwd secret token auth session csrf pin key cookie"
_CONTINUATIONS = "hash value old new id code confirm confirmation again header string"
# Words before a number that is somebody's (identity.py, contact.py, device.py, location.py): only
# how they end.
_NUMBERED = (
    "phone tel mobile mobil fax handy cell whatsapp sms msisdn telefono telefon telefoon "
    "puhelin telefone number no "
    "nr num nummer lat lon lng long latitude longitude latlng latlon coord coords coordinate "
    "coordinates gps geo "
    "position location point center ssn security sec sin id identity card passport licence "
    "license tin nin nino dni "
    "nif nie cpf cnpj pesel bsn insee nir personnummer cpr hetu egn cnp oib curp rfc aadhaar "
    "nhs rrn tckn kimlik idnr "
    "avs ahv niss cislo fiscale fnr isikukood imei code"
)


def _words(*, credentials: bool) -> set[str]:
    words = set((_CREDENTIALS if credentials else _NUMBERED).split())
    if credentials:
        words |= {word + end for word in _CONTINUED.split() for end in _CONTINUATIONS.split()}
    return words | {f"{word}{end}" for word in words for end in ("s", "0")}


def _tree(words: set[str]) -> str:
    """Return an expression that looks for any of many words letter by letter."""
    branches: dict[str, set[str]] = {}
    for word in words:
        branches.setdefault(word[:1], set()).add(word[1:])
    if "" in branches:
        return ""  # a shorter word ends here: what follows does not matter
    rest = "|".join(f"{first}{_tree(after)}" for first, after in sorted(branches.items()))
    return f"(?:{rest})" if len(branches) > 1 else rest


def _after(words: set[str]) -> str:
    return _tree({word[::-1] for word in words})


_LETTERS = bytes(ord("a") if chr(code).isalpha() and code < 128 else code for code in range(256))

PLAIN, SQUEEZED, RUNS, LETTERS, REVERSED = range(5)
"""The projections: the shape; it without separators; with words of ``a``; with letters alike;
without separators and back to front."""

_CREDENTIAL = _after(_words(credentials=True))
_NUMBER = rf"(?:(?<=0.)|(?<=0[a-z].)){_after(_words(credentials=False))}(?![a-z])"

_TRAITS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    # An "@" behind something, a "%" that encodes, an entity, a parameter: of a decorator or a
    # placeholder nothing is found.
    (
        "mark",
        PLAIN,
        (
            r"@(?<=[^\s\x00]@)",
            r"%(?:[0a-f]{2}|u[0a-f]{4})",
            r"&(?:#|[a-z]{1,31}0{0,2};|[^\s=?&\x00]{1,80}=)",
            r"\?[^\s=?&\x00]{1,80}=",
            r"\\",
            "~",
            r"\x1b",
        ),
    ),
    (
        "path",
        PLAIN,
        (
            r"/(?<![0a-z/]/)(?=[^ /\x00]+/)",
            "//(?<=[0a-z]//)",
            "/home/",
            "/users/",
            "file:/",
            ":///",
        ),
    ),
    ("digits", SQUEEZED, ("000000",)),
    ("dotted", PLAIN, (r"\.(?=0{1,3}\.0{1,3}\.0|[0a-f]{4}\.)",)),
    ("dashed", PLAIN, (r"-(?=[0a-f]{2}-[0a-f]{2}-|0{1,3}-0{1,3}-0|----begin)",)),
    ("mixed", LETTERS, ("00a00a000a",)),
    ("colon", SQUEEZED, (r":(?=:|[0a-f]{1,4}:)",)),
    ("named", REVERSED, tuple(rf"{mark}(?<!\x00.)(?:{_CREDENTIAL}|{_NUMBER})" for mark in ":=#")),
    ("word", PLAIN, ("passw", "secret", "token", "bearer", "identified")),
    ("mac", PLAIN, ("mac(?=[^a-z]|addr)",)),
    # A capital, digit or dash that begins, ends or divides a word as long as a key.
    ("long", RUNS, (r"A(?:(?=[aA]{15})|(?<=[aA]{17})|(?<=[aA]{9})(?=[aA]{7}))",)),
)  # fmt: skip
"""Name, projection, and expressions of which one is there when a text has the trait."""

TRAITS = {name: 1 << index for index, (name, _, _) in enumerate(_TRAITS)}
"""The bit of each trait."""
MARK = TRAITS["mark"]
LONG_WORD = TRAITS["long"]
ANY = 1 << len(TRAITS)
"""The bit that every text has."""
ALL = 2 * ANY - 1

_SEARCHES = tuple(
    (
        TRAITS[name],
        projection,
        expression.encode("ascii") if re.fullmatch("[a-z0:/~]+", expression) else None,
        re.compile(expression.encode("ascii")),
    )
    for name, projection, expressions in _TRAITS
    for expression in expressions
)


class Shapes:
    """The shapes of many texts, to be searched together."""

    __slots__ = ("_joined", "_starts")

    def __init__(self, texts: Sequence[str]) -> None:
        self._joined = "\0".join(texts).encode("ascii", "replace").translate(_SHAPE)
        self._starts = [0, *accumulate(len(text) + 1 for text in texts)]

    def hits(self, search: Search) -> Iterator[int]:
        """Yield the indices of the texts in which something is found."""
        joined, starts = self._joined, self._starts
        match = search(joined, 0)
        while match:
            index = bisect_right(starts, match.start()) - 1
            yield index
            match = search(joined, starts[index + 1])


def shape_of(text: str) -> bytes:
    """Return the shape of a text, as many bytes as the text has characters."""
    return text.encode("ascii", "replace").translate(_SHAPE)


_WORDS = re.compile(r"(?:[A-Za-z0-9]{1,15}(?:[ ,;'\"()!]++|\Z))*").fullmatch
_NO_DIGITS = bytes(code for code in range(256) if not 0x30 <= code <= 0x39)
_TELLING_WORDS = ("passw", "secret", "token", "bearer", "identified", "mac")


def is_wordy(text: str) -> bool:
    """Tell whether a text is of short words and few digits alone, and so has no trait. Errs to no.

    Costs a fraction of what `traits_of` does for a single text.
    """
    if _WORDS(text) is None or len(text.encode().translate(None, _NO_DIGITS)) > 5:
        return False
    lowered = text.lower()
    return not any(word in lowered for word in _TELLING_WORDS)


def traits_of(texts: Sequence[str]) -> dict[int, int]:
    """Return the traits of those of many texts that have any, by their index.

    A text outside ASCII has the trait ``mark``. Errs to more traits than a text has.
    """
    joined = "\0".join(texts)
    octets = joined.encode("ascii", "replace")
    if octets.count(0) != len(texts) - 1:
        return dict.fromkeys(range(len(texts)), ALL)
    shape = octets.translate(_SHAPE)
    squeezed = octets.translate(_SHAPE, _SEPARATORS)
    projections = (
        shape,
        squeezed,
        octets.translate(_RUNS),
        shape.translate(_LETTERS),
        squeezed[::-1],
    )
    last = len(texts) - 1
    traits: dict[int, int] = {}
    for trait, projection, literal, pattern in _SEARCHES:
        where = projections[projection]
        search = pattern.search
        index = before = 0
        while True:
            if literal is not None:
                position = where.find(literal, before)
            else:
                match = search(where, before)
                position = match.start() if match else -1
            if position < 0:
                break
            index += where.count(0, before, position)
            key = last - index if projection == REVERSED else index
            traits[key] = traits.get(key, 0) | trait
            before = where.find(0, position)
            if before < 0:
                break
    if not joined.isascii():
        for index, text in enumerate(texts):
            if not text.isascii():
                traits[index] = traits.get(index, 0) | MARK
    return traits
