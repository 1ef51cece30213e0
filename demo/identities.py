"""People who do not exist, made afresh for each run so that no value is found by chance."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, fields

# Unguessable, so that a value found in the bytes can only have come from where it was planted.
_random = random.SystemRandom()

_ONSETS = ("b", "br", "d", "dr", "f", "g", "gr", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z")
_NUCLEI = ("a", "e", "i", "o", "u", "ä", "é", "ø", "ei", "ou")
_CODAS = ("l", "n", "r", "s", "t", "rk", "nd", "lm", "st")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One person's data. A field name is what a scenario writes in braces: ``{me.email}``."""

    name: str
    email: str
    phone: str
    card: str
    bad_card: str
    iban: str
    ip: str
    address: str
    username: str
    password: str
    token: str
    file: str
    born: str
    postcode: str
    voucher: str
    text: str


KINDS: dict[str, str] = {
    "name": "name",
    "email": "e-mail",
    "phone": "phone",
    "card": "card number",
    "bad_card": "card number",
    "iban": "IBAN",
    "ip": "IP address",
    "address": "street address",
    "username": "user name",
    "password": "password",
    "token": "token",
    "file": "file path",
    "born": "date of birth",
    "postcode": "postcode",
    "voucher": "voucher",
    "text": "free text",
}
"""What each field is called in the report."""


def new_identity() -> Identity:
    """Make up a person. Check digits are right, but for ``bad_card``'s."""
    first, last = _word(2).title(), _word(3).title()
    plain = _ascii(f"{first}.{last}").lower()
    card = _with_luhn_digit("4" + _digits(14))
    return Identity(
        name=f"{first} {last}",
        email=f"{plain}.{_digits(4)}@{_ascii(_word(2))}.example",
        phone=f"+49 {_random.randint(150, 179)} {_digits(7)}",
        card=" ".join(card[start : start + 4] for start in range(0, 16, 4)),
        bad_card=_with_luhn_digit("5" + _digits(14), off_by=_random.randint(1, 9)),
        iban=_iban(),
        ip=".".join(str(_random.randint(101, 223)) for _ in range(4)),
        address=f"{_random.randint(11, 99)} {_word(3).title()} Street, {_word(3).title()}",
        username=f"{_ascii(last).lower()}{_digits(5)}",
        password=f"{_word(2)}-{_digits(3)}-{_word(2)}!",
        token=f"tok_{secrets.token_hex(16)}",
        file=f"/home/{_ascii(last).lower()}{_digits(3)}/{_word(3)}/x-ray.png",
        born=f"{_random.randint(1, 28)}.{_random.randint(1, 12)}.19{_random.randint(30, 99)}"
        f" in {_word(3).title()}",
        postcode=f"{_ascii(_word(1)).upper()}{_digits(3)} {_ascii(_word(2)).upper()}",
        voucher=f"{_ascii(_word(2)).upper()}-{_digits(6)}",
        text=f"my {_word(3)} hurts since {_word(3)} left, tell {_word(2).title()} about it",
    )


def values_of(identity: Identity) -> Iterator[tuple[str, str]]:
    """Yield each field's name and value."""
    for field in fields(identity):
        yield field.name, getattr(identity, field.name)


def luhn_sum(number: str) -> int:
    """Return the sum that ISO/IEC 7812-1, annex B, wants to be a multiple of 10."""
    digits = [int(character) for character in number if character.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return sum(digits[-1::-2]) + sum(doubled)


def _with_luhn_digit(number: str, *, off_by: int = 0) -> str:
    right = -luhn_sum(number + "0") % 10
    return f"{number}{(right + off_by) % 10}"


def _iban() -> str:
    # ISO 7064, MOD 97-10: the country as numbers (D is 13, E is 14) and 00 go to the end.
    account = _digits(18)
    check = 98 - int(f"{account}131400") % 97
    iban = f"DE{check:02}{account}"
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


def _digits(count: int) -> str:
    return "".join(_random.choice("123456789") for _ in range(count))


def _word(syllables: int) -> str:
    parts = (_random.choice(_ONSETS) + _random.choice(_NUCLEI) for _ in range(syllables))
    return "".join(parts) + _random.choice(_CODAS)


def _ascii(text: str) -> str:
    return text.translate(str.maketrans("äéøÄÉØ", "aeoAEO"))
