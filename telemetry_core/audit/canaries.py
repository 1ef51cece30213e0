"""Values that exist nowhere else, one for each kind of personal value, made anew for each run."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from telemetry_core.collector import Planted

# Unguessable, so that a value found in the bytes can only have come from where it was planted.
_random = random.SystemRandom()

_ONSETS = ("b", "br", "d", "dr", "f", "g", "gr", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z")
_NUCLEI = ("a", "e", "i", "o", "u", "ei", "ou")
_CODAS = ("l", "n", "r", "s", "t", "rk", "nd", "lm", "st")
_LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"


def _word(syllables: int) -> str:
    parts = (_random.choice(_ONSETS) + _random.choice(_NUCLEI) for _ in range(syllables))
    return "".join(parts) + _random.choice(_CODAS)


def _digits(count: int) -> str:
    return "".join(_random.choice("123456789") for _ in range(count))


def _from(alphabet: str, count: int) -> str:
    return "".join(_random.choice(alphabet) for _ in range(count))


def _card() -> str:
    # ISO/IEC 7812-1, annex B.
    number = "4" + _digits(14)
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in number[::-2])
    total = sum(map(int, number[-2::-2])) + sum(doubled)
    number += str(-total % 10)
    return " ".join(number[start : start + 4] for start in range(0, 16, 4))


def _iban() -> str:
    # ISO 7064, MOD 97-10: the country as numbers (D is 13, E is 14) and 00 go to the end.
    account = _digits(18)
    iban = f"DE{98 - int(f'{account}131400') % 97:02}{account}"
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


def _ssn() -> str:
    return f"{_random.randint(101, 665)}-{_random.randint(11, 99)}-{_random.randint(1111, 9999)}"


def _ip6() -> str:
    groups = (f"{_random.randint(0x1000, 0xFFFF):x}" for _ in range(6))
    return ":".join(("2a01", f"{_random.randint(0x1000, 0xFFFF):x}", *groups))


def _token() -> str:
    return "sk_live_" + "".join(_from(_LETTERS, 4) + _digits(2) for _ in range(4))


def _mac() -> str:
    # Of a vendor, as those of devices are: neither group nor local bit is set.
    return ":".join(("3c", "5a", "b4", *(f"{_random.randint(17, 255):02x}" for _ in range(3))))


def _name() -> str:
    # With a letter outside of ASCII, which JSON, URLs and reprs write in ways of their own.
    return f"{_word(2).title()}é {_word(3).title()}"


KINDS: Final[Mapping[str, tuple[str, Callable[[], str]]]] = {
    "email": ("e-mail address", lambda: f"{_word(2)}.{_word(3)}{_digits(4)}@{_word(2)}.example"),
    "ip": ("IPv4 address", lambda: ".".join(str(_random.randint(101, 223)) for _ in range(4))),
    "ip6": ("IPv6 address", _ip6),
    "phone": ("phone number", lambda: f"+49 {_random.randint(151, 179)} {_digits(7)}"),
    "card": ("card number", _card),
    "iban": ("IBAN", _iban),
    "ssn": ("social security number", _ssn),
    "path": ("file path", lambda: f"/home/{_word(3)}{_digits(3)}/{_word(3)}/x-ray.png"),
    "token": ("token", _token),
    "mac": ("MAC address", _mac),
    "name": ("name", _name),
    "username": ("user name", lambda: f"{_word(3)}{_digits(4)}"),
    "password": ("password", lambda: f"{_word(2).title()}-{_digits(4)}-{_word(3)}!"),
    "address": (
        "street address",
        lambda: f"{_digits(2)} {_word(3).title()} Street, {_word(3).title()}",
    ),
    "born": (
        "date of birth",
        lambda: (
            f"{_random.randint(1, 28)}.{_random.randint(1, 12)}.19{_random.randint(30, 99)}"
            f" in {_word(3).title()}"
        ),
    ),
    "session": ("value in the session", lambda: f"basket of {_word(3)} and {_word(3)}"),
    "user": ("value in the user's record", lambda: f"van {_word(3).title()}"),
    "text": ("free text", lambda: f"my {_word(3)} hurts since {_word(3)} left {_word(3)}"),
}
"""Each kind, by the name that plans use: what reports call it, and how one is made."""

FIELDS: Final[tuple[tuple[str, str], ...]] = (
    ("mail", "email"),
    ("pass", "password"),
    ("pwd", "password"),
    ("token", "token"),
    ("secret", "token"),
    ("key", "token"),
    ("phone", "phone"),
    ("mobile", "phone"),
    ("tel", "phone"),
    ("card", "card"),
    ("iban", "iban"),
    ("account", "iban"),
    ("ssn", "ssn"),
    ("social", "ssn"),
    ("tax", "ssn"),
    ("birth", "born"),
    ("born", "born"),
    ("dob", "born"),
    ("addr", "address"),
    ("street", "address"),
    ("city", "address"),
    ("file", "path"),
    ("path", "path"),
    ("device", "mac"),
    ("mac", "mac"),
    ("ip", "ip"),
    ("user", "username"),
    ("login", "username"),
    ("slug", "username"),
    ("name", "name"),
    ("author", "name"),
)
"""What the name of a field holds, and the kind of value that somebody would type there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canaries:
    """The values of one run, by kind."""

    values: Mapping[str, str]

    def __getitem__(self, kind: str) -> str:
        return self.values[kind]

    def for_field(self, name: str) -> str:
        """Return the value that somebody would type into a field of this name."""
        lowered = name.lower()
        kind = next((kind for part, kind in FIELDS if part in lowered), "text")
        return self.values[kind]

    def planted(self) -> list[Planted]:
        """Return what to look for."""
        return [Planted(kind=kind, value=value) for kind, value in self.values.items()]


def new_canaries() -> Canaries:
    """Make the values of a run. Check digits are right."""
    return Canaries(values={kind: make() for kind, (_, make) in KINDS.items()})
