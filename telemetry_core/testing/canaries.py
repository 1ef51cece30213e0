"""Values that stand for what is personal: unguessable, so whoever finds one has found a leak."""

from __future__ import annotations

import random
from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import Any, Final

from telemetry_core.collector import Planted

_CONSONANTS: Final = "bdfgklmnprstvz"
_VOWELS: Final = "aeiou"


class Canaries:
    """One value of each kind, made anew each time, to be put where a visitor's would be.

    They look like the real thing, and belong to nobody: domains and addresses are those reserved
    for documentation (RFC 2606, RFC 3849), the card's number has the right check digit and an
    issuer number that was never given out.

    :param source: where the randomness comes from; the operating system by default.
    """

    def __init__(self, source: random.Random | None = None) -> None:
        source = source or random.SystemRandom()
        self.first_name = _name(source)
        self.last_name = _name(source)
        self.email = f"{_name(source)}.{_name(source)}@example.org".lower()
        self.phone = f"+49 1512 {_digits(source, 3)} {_digits(source, 4)}"
        self.card = _with_check_digit(f"400000{_digits(source, 9)}")
        self.ip = str(IPv6Address((0x20010DB8 << 96) | source.getrandbits(96)))
        self.password = f"{_name(source)}-{source.getrandbits(64):016x}"
        self.note = " ".join(_name(source).lower() for _ in range(4))
        """Free text, which no pattern knows."""

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    def __iter__(self) -> Iterator[Planted]:
        """Give all of them, as in ``outbox.assert_no_leak(*canaries)``."""
        for kind, value in vars(self).items():
            yield Planted(kind=kind.replace("_", " "), value=value)

    def plant(self, client: Any) -> None:
        """Put them into all that a test client sends from now on, as a browser would send them.

        ``User-Agent``, ``Referer``, ``X-Forwarded-For`` and a cookie: what an application is asked
        for stays what it was. Where forms and paths take values, the test itself puts them.

        :param client: ``django.test.Client``, ``AsyncClient`` or ``RequestFactory``, or the test
            client of Flask or Werkzeug.
        :raises TypeError: for anything else.
        """
        headers = {
            "User-Agent": f"Mozilla/5.0 ({self.name})",
            "Referer": f"https://search.example/?q={self.email}&card={self.card}",
            "X-Forwarded-For": self.ip,
        }
        variables = {
            f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()
        }
        if hasattr(client, "environ_base"):
            client.environ_base = {**client.environ_base, **variables}
            client.set_cookie("visitor", self.password)
        elif hasattr(client, "defaults"):
            # Django's clients for ASGI take headers by their names.
            client.defaults.update(headers if hasattr(client, "_base_scope") else variables)
            client.cookies["visitor"] = self.password
        else:
            got = type(client).__name__
            raise TypeError(f"should be a test client of Django's or Flask's, got {got}")


def _name(source: random.Random) -> str:
    return "".join(source.choice(_CONSONANTS) + source.choice(_VOWELS) for _ in range(5)).title()


def _digits(source: random.Random, count: int) -> str:
    return "".join(source.choice("0123456789") for _ in range(count))


def _with_check_digit(digits: str) -> str:
    """Append the digit that makes a card's number right (ISO/IEC 7812-1, Luhn)."""
    doubled = [
        int(digit) * (2 if index % 2 == 0 else 1) for index, digit in enumerate(digits[::-1])
    ]
    return f"{digits}{-sum(number // 10 + number % 10 for number in doubled) % 10}"
