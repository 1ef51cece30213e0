"""Labelled texts of a second hand: other locales, formats and sentences than ``labelled`` has.

They were written without a look at the detectors and are not what these were made to pass: the
share of them that is found tells more about data that nobody has seen. Once somebody has mended a
detector by them they are like any others, and new ones have to be written.
"""

from __future__ import annotations

import html
import json
import random
import string
import urllib.parse
from collections.abc import Callable, Iterator

from faker import Faker
from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from benchmarks.labelled import Sample

LOCALES = (
    "da_DK", "cs_CZ", "tr_TR", "el_GR", "hu_HU", "pt_PT", "no_NO", "ro_RO", "uk_UA", "zh_CN",
    "en_IN", "fr_CA", "en_AU", "de_CH",
)  # fmt: skip

# A digit for each "#"; numbers as their countries' own authorities print them.
PHONES = (
    "+45 ## ## ## ##", "+420 6## ### ###", "+90 532 ### ## ##", "0532 ### ## ##",
    "+30 21# ### ####",
    "+36 30 ### ####", "+351 21# ### ###", "+47 ### ## ###", "+40 72# ### ###", "+380 67 ### ## ##",
    "+86 138 #### ####", "+91 98### #####", "+1 (514) 2##-####", "(02) 9### ####", "044 ### ## ##",
    "+41 44 ### ## ##", "0043 664 #######", "+972-54-###-####", "+27 82 ### ####",
    "+54 9 11 ####-####",
    "020 7### ####", "(01) 42 ## ## ##", "+65 9### ####", "+353 87 ### ####",
)  # fmt: skip
# Country, length of the account number, its alphabet.
ACCOUNTS = (
    ("DK", 14, "0"), ("CZ", 20, "0"), ("TR", 22, "0"), ("GR", 23, "0"), ("HU", 24, "0"),
    ("PT", 21, "0"), ("NO", 11, "0"), ("UA", 25, "0"), ("CH", 17, "0"), ("SE", 20, "0"),
)  # fmt: skip
FOLDERS = ("Jane Novák", "Οδυσσέας", "Ayşe", "björk", "jdoe", "maria.silva", "Łukasz K", "佐藤")
PLACES = (
    "/home/{}/Desktop/{}", "/Users/{}/Library/Caches/{}", "C:\\Users\\{}\\AppData\\Local\\{}",
    "/var/spool/{}/{}", "/srv/homes/{}/{}", "\\\\nas01\\home\\{}\\{}", "file:///Users/{}/{}",
    "D:/Backup/{}/{}",
)  # fmt: skip
FILES = ("invoice.xlsx", "settings.py", "dump.sql.gz", "IMG_0042.JPG", "core")
_ALPHANUMERIC = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
# (what stands before, alphabet, length): as the vendors' documentation has them.
TOKENS = (
    ("glpat-", _ALPHANUMERIC, 20), ("ghs_", _ALPHANUMERIC, 36),
    ("xoxp-1234567890-", string.digits, 12),
    ("sk-ant-api03-", _ALPHANUMERIC, 95), ("AKIA", string.ascii_uppercase + "234567", 16),
    ("rk_live_", _ALPHANUMERIC, 24), ("npm_", _ALPHANUMERIC, 36), ("dop_v1_", _HEX, 64),
    ("shpat_", _HEX, 32), ("hvs.", _ALPHANUMERIC, 90), ("lin_api_", _ALPHANUMERIC, 40),
    ("figd_", _ALPHANUMERIC, 40), ("AIzaSy", _ALPHANUMERIC, 33), ("Bearer ", _ALPHANUMERIC, 40),
    ("SG.", _ALPHANUMERIC, 22),
)  # fmt: skip

# How services word what went wrong; {} is the value, as the writer of the form spells it.
TEMPLATES = (
    "2026-03-04 05:06:07,089 WARNING [app.jobs:42] giving up on {} after 3 attempts",
    "psycopg.errors.UniqueViolation: duplicate key value\nDETAIL:  Key (who)=({}) already exists.",
    "HTTPConnectionPool(host='crm.example.net', port=80): Max retries exceeded with url: /?q={}",
    "Traceback (most recent call last):\nValueError: cannot parse {}",
    "ValidationError: {{'contact': ['“{}” is not valid.']}}",
    "<14>1 2026-03-04T05:06:07Z web app - - - rejected: {}",
    "- who: {}\n- when: yesterday", "| {} | 3 |", "* **{}** (new)", "{}, {}", "\x1b[33m{}\x1b[0m",
    "📧 {} 📨", "Пользователь {} не найден", "ユーザー「{}」が存在しません", "kunde={};status=404",
    "level=error msg=\"unknown value {}\"", "nginx: \"GET /x?who={}&y=1 HTTP/1.1\" 404",
    "Could not deliver to {}: mailbox full", "({}/{})", "who<{}>", "data: {}\n\n",
)  # fmt: skip


def _bytes_repr(text: str) -> str:
    return repr(text.encode())


WRITERS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("plain", str),
    ("repr", repr),
    ("bytes repr", _bytes_repr),
    ("json", json.dumps),
    ("json thrice", lambda v: json.dumps(json.dumps(json.dumps({"v": v})))),
    ("percent", lambda v: urllib.parse.quote(v, safe="")),
    ("percent twice", lambda v: urllib.parse.quote(urllib.parse.quote(v, safe=""), safe="")),
    ("form", urllib.parse.quote_plus),
    ("entities", lambda v: "".join(f"&#{ord(c)};" for c in v)),
    ("html", html.escape),
    ("sql", lambda v: "'" + v.replace("'", "''") + "'"),
)


class _Values:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.fakers = [Faker(locale) for locale in LOCALES]
        for number, faker in enumerate(self.fakers):
            faker.seed_instance(seed + number)

    def _filled(self, form: str) -> str:
        return "".join(self.random.choice("23456789") if c == "#" else c for c in form)

    def email(self) -> tuple[str, str]:
        faker = self.random.choice(self.fakers)
        value = self.random.choice((faker.ascii_email, faker.company_email))()
        return value, value

    def phone(self) -> tuple[str, str]:
        value = self._filled(self.random.choice(PHONES))
        return value, value

    def iban(self) -> tuple[str, str]:
        country, length, _ = self.random.choice(ACCOUNTS)
        account = "".join(self.random.choices(string.digits, k=length))
        value = country + mod_97_10.calc_check_digits(account + country) + account
        if self.random.random() < 0.5:
            value = " ".join(value[i : i + 4] for i in range(0, len(value), 4))
        return value, value

    def card(self) -> tuple[str, str]:
        number = self.random.choice(("4539", "5275", "6011"))
        number += "".join(self.random.choices(string.digits, k=11))
        number += luhn.calc_check_digit(number)
        gap = self.random.choice(("", " ", "-"))
        value = gap.join(number[i : i + 4] for i in range(0, 16, 4))
        return value, value

    def ip(self) -> tuple[str, str]:
        faker = self.random.choice(self.fakers)
        value = self.random.choice((faker.ipv4_public, faker.ipv6))()
        return value, value

    def mac(self) -> tuple[str, str]:
        pairs = ["".join(self.random.choices(_HEX, k=2)) for _ in range(6)]
        value = self.random.choice((":", "-")).join(pairs)
        return value, value

    def path(self) -> tuple[str, str]:
        folder = self.random.choice(FOLDERS)
        return self.random.choice(PLACES).format(folder, self.random.choice(FILES)), folder

    def token(self) -> tuple[str, str]:
        lead, alphabet, length = self.random.choice(TOKENS)
        secret = "".join(self.random.choices(alphabet, k=length))
        tail = "." + "".join(self.random.choices(_ALPHANUMERIC, k=43)) if lead == "SG." else ""
        return lead + secret + tail, secret


KINDS = ("email", "phone", "iban", "card", "ip", "mac", "path", "token")


def samples(seed: int, count: int) -> Iterator[Sample]:
    """Yield ``count`` samples, the kinds in turn."""
    values = _Values(seed)
    for index in range(count):
        kind = KINDS[index % len(KINDS)]
        text, gone = getattr(values, kind)()
        form, write = values.random.choice(WRITERS)
        template = values.random.choice(TEMPLATES)
        written = write(text)
        yield Sample(
            kind=kind,
            form=f"{form} in {template[:20]!r}",
            text=template.replace("{{", "{").replace("}}", "}").replace("{}", written),
            gone=(gone,),
            kept=(),
        )
