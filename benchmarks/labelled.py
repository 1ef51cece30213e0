"""Labelled texts, made from a seed: personal values in every form, and texts that hold none.

``samples`` yields texts that hold one value (or several of a kind) each, with what must not be
left of it; ``negatives`` yields texts that must come out unchanged; ``source_lines`` reads the
source of installed packages. ``survives`` judges a filter's output, decoding it with the standard
library's own decoders and not with the filter's.
"""

from __future__ import annotations

import html
import importlib.util
import json
import random
import re
import string
import unicodedata
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from faker import Faker

LOCALES = (
    "en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "nl_NL", "pl_PL", "sv_SE",
    "ja_JP", "ru_RU", "ko_KR", "fi_FI",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A text with a value in it, and what of the value must not be left."""

    kind: str
    form: str
    text: str
    gone: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A value, and its parts that give it away (the whole of it, when none are named)."""

    text: str
    parts: tuple[str, ...] = ()

    @property
    def gone(self) -> tuple[str, ...]:
        return self.parts or (self.text,)


class Values:
    """Makes values of every kind, from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.fakers = []
        for offset, locale in enumerate(LOCALES):
            faker = Faker(locale)
            faker.seed_instance(seed + offset)
            self.fakers.append(faker)
        self.by_locale = dict(zip(LOCALES, self.fakers, strict=True))

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def chars(self, alphabet: str, length: int) -> str:
        return "".join(self.random.choices(alphabet, k=length))

    @property
    def faker(self) -> Faker:
        return self.random.choice(self.fakers)

    def name(self) -> str:
        return self.faker.user_name()

    def email(self) -> Value:
        faker = self.faker
        return Value(
            self.random.choice(
                (
                    faker.email,
                    faker.free_email,
                    faker.company_email,
                    lambda: f"{faker.user_name()}+{faker.user_name()}@{faker.domain_name()}",
                    lambda: f"o'{faker.user_name()}@{faker.domain_name(levels=2)}",
                    lambda: f"{faker.user_name()}_{faker.random_int()}@mail.{faker.domain_name()}",
                    lambda: f"{faker.user_name()}@bücher-{faker.user_name().strip('._')}.de",
                    lambda: f"{faker.user_name().upper()}@{faker.domain_name().upper()}",
                )
            )()
        )

    def ipv4(self) -> Value:
        faker = self.faker
        return Value(
            self.random.choice((faker.ipv4_public, faker.ipv4_private, faker.ipv4_public))()
        )

    def ipv6(self) -> Value:
        address = self.faker.ipv6()
        groups = address.split(":")
        forms = (
            address,
            address.upper(),
            f"2001:db8::{groups[0]}:{groups[1]}",
            f"2a02:{groups[1]}::{groups[2]}",
            f"fe80::{groups[1]}:{groups[2]}%eth0",
            f"::ffff:{self.faker.ipv4_public()}",
            f"2001:db8:{groups[1]}::",
        )
        value = self.random.choice(forms)
        return Value(value, (value.partition("%")[0].rstrip(":"),))

    def _folders(self, spaces: bool) -> list[str]:
        folders = [self.name() for _ in range(self.random.randint(1, 3))]
        if spaces:
            folders.append(f"{self.name()} {self.name()}")
        return folders

    def _file(self) -> str:
        return self.random.choice(
            (self.faker.file_name, lambda: self.pick("views.py", "notes.txt", "app.log.1"))
        )()

    def path_unix(self) -> Value:
        folders = self._folders(spaces=False)
        root = self.pick("/home/", "/Users/", "/var/www/", "/srv/", "/opt/", "/tmp/", "/mnt/")
        return Value(root + "/".join((*folders, self._file())), tuple(f"{f}/" for f in folders))

    def path_plain(self) -> Value:
        folders = self._folders(spaces=False)
        return Value(
            "/" + "/".join((*folders, f"{self.name()}.{self.pick('py', 'csv', 'json', 'pdf')}")),
            tuple(f"{f}/" for f in folders),
        )

    def path_windows(self) -> Value:
        folders = self._folders(spaces=self.random.random() < 0.3)
        root = self.pick("C:\\Users\\", "D:\\", "E:\\Daten\\", "c:\\Documents and Settings\\")
        return Value(root + "\\".join((*folders, self._file())), tuple(f"{f}\\" for f in folders))

    def path_unc(self) -> Value:
        folders = ["srv" + self.name(), *self._folders(spaces=False)]
        return Value("\\\\" + "\\".join((*folders, self._file())), tuple(f"{f}\\" for f in folders))

    def path_other(self) -> Value:
        folders = self._folders(spaces=False)
        lead = self.pick("file:///home/", "~/", "~" + self.name() + "/", "file://nas/")
        return Value(lead + "/".join((*folders, self._file())), tuple(f"{f}/" for f in folders))

    def path_home(self) -> Value:
        name = self.name()
        return Value(self.pick("/home/", "/Users/", "C:\\Users\\") + name, (name,))

    def phone(self) -> Value:
        while True:
            value = self.faker.phone_number()
            digits = sum(char.isdigit() for char in value)
            # Ten bare digits are a number like any other: nothing marks them as a telephone's.
            marked = value.startswith("+") or (
                value[0] in "0(" and re.search(r"\d[ ./()-]\d", value)
            )
            if digits >= 9 and (marked or re.fullmatch(r"\d{3}[-.]\d{3}[-.]\d{4}(x\d+)?", value)):
                return Value(value)

    def card(self) -> Value:
        number = self.faker.credit_card_number()
        if self.random.random() < 0.5 and len(number) in (15, 16):
            cuts = (4, 10) if len(number) == 15 else (4, 8, 12)
            separator = self.pick(" ", "-")
            for cut in reversed(cuts):
                number = number[:cut] + separator + number[cut:]
        return Value(number)

    def iban(self) -> Value:
        number = self.by_locale[
            self.pick("en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "fi_FI")
        ].iban()
        if self.random.random() < 0.5:
            number = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
        return Value(number)

    def ssn(self) -> Value:
        return Value(self.by_locale["en_US"].ssn())

    def national_id(self) -> Value:
        return Value(
            self.random.choice(
                (
                    self.by_locale["es_ES"].nif,
                    self.by_locale["es_ES"].nie,
                    self.by_locale["it_IT"].ssn,
                    self.by_locale["fr_FR"].ssn,
                    self.by_locale["pt_BR"].cpf,
                    self.by_locale["en_GB"].ssn,
                    self.by_locale["fi_FI"].ssn,
                    self.by_locale["ko_KR"].ssn,
                    self.by_locale["sv_SE"].ssn,
                )
            )()
        )

    def mac(self) -> Value:
        value = self.faker.mac_address()
        return Value(self.random.choice((value, value.upper(), value.replace(":", "-"))))

    def secret(self) -> Value:
        alnum = string.ascii_letters + string.digits
        url = alnum + "-_"
        forms: tuple[Callable[[], str], ...] = (
            lambda: "AKIA" + self.chars(string.ascii_uppercase + "234567", 16),
            lambda: self.pick("ghp_", "gho_", "ghs_") + self.chars(alnum, 36),
            lambda: "github_pat_" + self.chars(alnum, 22) + "_" + self.chars(alnum, 59),
            lambda: "glpat-" + self.chars(url, 20),
            lambda: "-".join(
                ("xoxb", self.chars(string.digits, 11), self.chars(string.digits, 12),
                 self.chars(alnum, 24))
            ),
            lambda: self.pick("sk_live_", "rk_live_", "sk_test_") + self.chars(alnum, 24),
            lambda: "whsec_" + self.chars(alnum, 32),
            lambda: "AIza" + self.chars(url, 35),
            lambda: "ya29." + self.chars(url, 60),
            lambda: "GOCSPX-" + self.chars(url, 28),
            lambda: "npm_" + self.chars(alnum, 36),
            lambda: "pypi-AgEIcHlwaS5vcmc" + self.chars(url, 60),
            lambda: "sk-" + self.chars(alnum, 48),
            lambda: "sk-proj-" + self.chars(url, 60),
            lambda: "sk-ant-api03-" + self.chars(url, 80),
            lambda: f"SG.{self.chars(url, 22)}.{self.chars(url, 43)}",
            lambda: "hf_" + self.chars(string.ascii_letters, 34),
            lambda: "dop_v1_" + self.chars("0123456789abcdef", 64),
            lambda: "shpat_" + self.chars("0123456789abcdef", 32),
            lambda: f"{self.chars('123456789', 9)}:AA{self.chars(url, 33)}",
            lambda: ".".join(
                ("eyJhbGciOiJIUzI1NiJ9", "eyJ" + self.chars(url, 40), self.chars(url, 43))
            ),
            lambda: "sntrys_" + self.chars(alnum, 60),
            lambda: f".eJ{self.chars(url, 60)}:1{self.chars(alnum, 5)}:{self.chars(url, 43)}",
            lambda: f"eyJ{self.chars(url, 30)}.{self.chars(url, 6)}.{self.chars(url, 27)}",
        )  # fmt: skip
        return Value(self.random.choice(forms)())

    def credential(self) -> Value:
        """A value next to a word that says what it is, as logs, headers and reprs write it."""
        faker = self.faker
        word = self.random.choice(
            (
                lambda: faker.password(length=self.random.randint(8, 20)),
                lambda: faker.password(special_chars=False),
                lambda: faker.user_name() + str(faker.random_int(10, 9999)),
                lambda: self.chars(string.hexdigits.lower(), 32),
                lambda: self.chars(string.ascii_letters + string.digits, 24),
            )
        )().strip(".,;:!?&)\"'\\<>(%$*{@[+")
        word = re.sub(r"[\s\"'\\<>&;,%]", "x", word)
        key = self.pick(
            "password", "passwd", "PASSWORD", "db_password", "user.password", "userPassword",
            "secret",
            "client_secret", "api_key", "apikey", "X-Api-Key", "API-KEY", "access_token",
            "accessToken",
            "refresh_token", "auth_token", "csrftoken", "sessionid", "PHPSESSID", "JSESSIONID",
            "private_key",
            "secret_key", "SECRET_KEY", "token", "jwt", "pwd", "passphrase", "credentials",
            "authorization",
        )  # fmt: skip
        shape = self.pick(
            "{}={}",
            "{}: {}",
            '"{}": "{}"',
            "'{}': '{}'",
            '{}="{}"',
            "{}='{}'",
            "{}:{}",
            "'{}' => '{}'",
        )
        return Value(shape.format(key, word), (word,))

    def parameter(self) -> Value:
        """A sensitive parameter of a URL."""
        key = self.pick(
            "token", "key", "sig", "code", "state", "email", "access_token", "X-Amz-Signature",
            "api_key", "password",
            "signature", "id_token", "session", "name", "phone", "auth",
        )  # fmt: skip
        word = self.chars(string.ascii_letters + string.digits, self.random.randint(8, 40))
        path = self.pick("https://example.com/cb", "/reset/", "wss://example.com:8443/x")
        return Value(f"{path}{self.pick('?', '?page=2&')}{key}={word}&x=1", (word,))

    def user_info(self) -> Value:
        """User and password in a URL."""
        user, word = self.name(), self.chars(string.ascii_letters + string.digits, 12)
        scheme = self.pick("https", "postgres", "redis", "amqp", "mongodb+srv", "ftp")
        return Value(f"{scheme}://{user}:{word}@db.example.com:5432/app", (word, user + ":"))

    def location(self) -> Value:
        latitude, longitude = (str(self.faker.latitude()), str(self.faker.longitude()))
        shape = self.pick(
            "lat={}&lon={}", '"latitude": {}, "longitude": {}', "lat: {}, lng: {}", "gps: {}, {}"
        )
        return Value(shape.format(latitude, longitude), (latitude, longitude))

    def imei(self) -> Value:
        digits = [int(d) for d in "35" + self.chars(string.digits, 12)]
        total = sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits))
        number = "".join(map(str, digits)) + str(-total % 10)
        shape = self.pick("imei={}", "IMEI: {}", '"imei": "{}"')
        return Value(shape.format(number), (number,))


KINDS = (
    "email", "ipv4", "ipv6", "path_unix", "path_plain", "path_windows", "path_unc", "path_other",
    "path_home", "phone", "card", "iban", "ssn", "national_id", "mac", "secret",
    "credential", "parameter", "user_info", "location", "imei",
)  # fmt: skip


def _entities(text: str, form: str) -> str:
    return "".join(c if c.isalnum() else form.format(ord(c)) for c in text)


def _escapes(text: str) -> str:
    return "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in text)


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c in "@.:0123456789" else c for c in text)


def _inside(text: str, mark: str) -> str:
    return text[: len(text) // 2] + mark + text[len(text) // 2 :]


def _quote(text: str) -> str:
    return urllib.parse.quote(text, safe="")


# (form, what stands before, the value as it is written there, what stands after)
Form = tuple[str, str, Callable[[str], str], str]


def _as_is(text: str) -> str:
    return text


FORMS: tuple[Form, ...] = (
    ("alone", "", _as_is, ""),
    ("sentence", "Could not reach ", _as_is, " in time"),
    ("sentence end", "No such user: ", _as_is, "."),
    ("comma", "rejected ", _as_is, ", try again"),
    ("question", "is it ", _as_is, "?"),
    ("single quotes", "unknown user '", _as_is, "' (404)"),
    ("double quotes", 'unknown user "', _as_is, '" here'),
    ("backticks", "see `", _as_is, "` there"),
    ("brackets", "[", _as_is, "] done"),
    ("round brackets", "failed (", _as_is, ")"),
    ("angle brackets", "from <", _as_is, ">"),
    ("braces", "{", _as_is, "}"),
    ("key=value", "user=", _as_is, " status=404"),
    ("key=value;", "user=", _as_is, ";path=x"),
    ("key: value", "user: ", _as_is, "\nstatus: 404"),
    ("pipe", "a|", _as_is, "|b"),
    ("tab", "a\t", _as_is, "\tb"),
    ("url path", "GET https://example.com/users/", _quote, "/edit"),
    ("url query", "GET https://example.com/find?who=", _quote, "&page=2"),
    ("url query +", "GET /find?who=", urllib.parse.quote_plus, "&page=2"),
    ("url fragment", "https://example.com/find#", _quote, ""),
    ("url twice", "next=https%3A%2F%2Fexample.com%2F%3Fwho%3D", lambda v: _quote(_quote(v)),
     "%26x"),
    ("form body", "a=1&who=", urllib.parse.quote_plus, "&b=2"),
    ("entities", "<p>", lambda v: _entities(v, "&#{};"), "</p>"),
    ("hex entities", "<p>", lambda v: _entities(v, "&#x{:X};"), "</p>"),
    ("html", '<a title="', html.escape, '">x</a>'),
    ("json", '{"who": ', json.dumps, ', "n": 1}'),
    ("json in json", '{"body": "{\\"who\\": ', lambda v: json.dumps(json.dumps(v))[1:-1], '}"}'),
    ("json escapes", '{"who": "', _escapes, '"}'),
    ("json escapes twice", '{\\"who\\": \\"', lambda v: _escapes(v).replace("\\", "\\\\"), '\\"}'),
    ("repr", "KeyError({'who': ", repr, "})"),
    ("repr in repr", 'args=("', lambda v: repr(repr(v))[1:-1], '",)'),
    ("newline escape", "'first\\n", _as_is, "\\nlast'"),
    ("sql", "INSERT INTO t (who) VALUES ('", lambda v: v.replace("'", "''"), "') RETURNING id"),
    ("sql like", "WHERE who LIKE '%", lambda v: v.replace("'", "''"), "%' LIMIT 21"),
    ("full width", "who ", _wide, " end"),
    ("zero width", "who ", lambda v: _inside(v, "\u200b"), " end"),
    ("soft hyphen", "who ", lambda v: _inside(v, "\u00ad"), " end"),
    ("word joiner", "who ", lambda v: _inside(v, "\u2060"), " end"),
    ("chinese", "用户", _as_is, "已登录"),
    ("japanese", "「", _as_is, "」が見つかりません"),
    ("guillemets", "«", _as_is, "» introuvable"),
    ("typographic", "„", _as_is, "“ fehlt"),
    ("ellipsis", "…", _as_is, "…"),
    ("em dash", "nobody—", _as_is, "—here"),
    ("xml", "<who>", _as_is, "</who>"),
    ("csv", "7,", _as_is, ",x"),
    ("bytes", "got ", lambda v: repr(v.encode()), ""),
    ("colours", "\x1b[31m", _as_is, "\x1b[0m"),
    ("emoji", "\U0001f4e7", _as_is, "\U0001f4e8"),
    ("cyrillic", "Ошибка: ", _as_is, " нет"),
    ("markdown", "* **", _as_is, "** is new"),
    ("table", "| ", _as_is, " | 3 |"),
    ("yaml", "- who: ", _as_is, "\n- when: now"),
    ("log", "2026-03-04 05:06:07,089 WARNING [app.jobs:42] no ", _as_is, " after 3 attempts"),
    ("traceback", "Traceback (most recent call last):\n  ...\nValueError: bad ", repr, "\n"),
    ("constraint", "DETAIL:  Key (who)=(", _as_is, ") already exists."),
    ("retries", "Max retries exceeded with url: /?q=", _quote, " (Caused by X)"),
    ("json thrice", "got ", lambda v: json.dumps(json.dumps(json.dumps({"v": v}))), ""),
)  # fmt: skip

# An encoded path inside a URL's path goes on with that: there is no telling where it ends.
_UNFIT = {"path_plain": ("url path",)}


def samples(seed: int, per_kind: int) -> Iterator[Sample]:
    """Yield ``per_kind`` samples of each kind, the forms in turn."""
    values = Values(seed)
    for kind in KINDS:
        make = getattr(values, kind)
        unfit = [form for lead, forms in _UNFIT.items() if kind.startswith(lead) for form in forms]
        forms = [form for form in FORMS if form[0] not in unfit]
        for index in range(per_kind):
            name, before, write, after = forms[index % len(forms)]
            value = make()
            kept = (before, after)
            yield Sample(
                kind=kind,
                form=name,
                text=before + write(value.text) + after,
                gone=value.gone,
                kept=kept,
            )
            if index % 10 == 0:
                several = [make() for _ in range(3)]
                yield Sample(
                    kind=kind,
                    form="several",
                    text="; ".join(v.text for v in several),
                    gone=tuple(part for v in several for part in v.gone),
                    kept=(),
                )


_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def _plain(text: str) -> str:
    for _ in range(6):
        before = text
        text = html.unescape(urllib.parse.unquote(text))
        text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text)
        text = re.sub(r"\\+", r"\\", text).replace("''", "'").replace("\\'", "'")
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
        if text == before:
            break
    return text


def survives(sample: Sample, output: str) -> bool:
    """Tell whether any part of a sample's value is left in a filter's output."""
    readable = (output, _plain(output), _plain(output.replace("+", " ")))
    return any(
        unicodedata.normalize("NFKC", part) in text for part in sample.gone for text in readable
    )


NEGATIVES = (
    "Django/5.2.1 Python/3.12.1", "version 1.2.3", "v2.1.0-rc.1", "==4.2.11", "12:34:56",
    "2024-01-02T03:04:05.678901Z",
    "2024-01-02 03:04:05+00:00", "Mon, 02 Jan 2024 03:04:05 GMT", "02/Jan/2024:03:04:05 +0000",
    "01.02.2024 12:30",
    "took 12.345 ms", "0.0023 s", "1234567890", "1700000000", "1700000000000", "1700000000.123456",
    "0123456789abcdef",
    "SELECT * FROM t WHERE id = %s AND name = %(name)s",
    "SELECT a.b, c.d FROM t LIMIT 21 OFFSET 100", "x IN (%s, %s, %s)",
    "INSERT INTO t VALUES (?, ?, $1, :name)", "data[1:2], data[::2], data[a:b:c], x[::-1]",
    "std::vector<int>::iterator", "a::b::c",
    "text/html; charset=utf-8", "application/json", "multipart/form-data", "image/svg+xml",
    "and/or", "TCP/IP", "n/a", "km/h",
    "/api/orders/<id>/", "/api/v1/users", "/users/<int:pk>/edit", "GET /orders/17/items",
    "^orders/(?P<pk>[0-9]+)/$",
    "<Foo object at 0x7f2b4c3d2e10>", "<QuerySet [1, 2, 3]>",
    "django.core.exceptions.ImproperlyConfigured", "app.views.Order.get",
    "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101", "curl/8.5.0",
    "AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "550e8400-e29b-41d4-a716-446655440000", "@property", "@app.route('/orders')", "a @ b",
    "x = y @ z.T", "password = forms.CharField()",
    "token: str", "token = None", "password=None",
    "def login(username: str, password: str) -> bool:", "self.token = token",
    "the password is too short", "password reset", "Invalid token", "invalid password for user",
    "CSRF token missing",
    "token_count=12", "max_tokens=4096", "author: admin", "key error", "keyboard: qwerty",
    "secret_santa", "primary key: id",
    "HTTP/1.1 200 OK", "status=500", "10.5%", "1,234,567.89", "$1,234.56", "3 of 12", "port 8000",
    "line 12, column 34",
    "sha256:" + "ab12" * 16, "commit 3f2a9c1", "level=INFO duration=0.12",
    "Content-Type: text/plain", "n=1e-10", "0x1f4a",
    "[Filtered]", "[EMAIL] and [IP] and [PHONE]", "[SECRET]", "<< unparameterized >>", "…",
    # numbers that are none of somebody's
    "ISBN 978-3-16-148410-0", "EAN 4006381333931", "CAS 7732-18-5", "order 4711-0815-22 shipped",
    "invoice 2024/000123", "RFC 2822 section 3.4", "Python 3.11.4 (main, Jun  7 2023, 10:13:09)",
    "[GCC 12.2.0]", "linux-6.8.0-45-generic", "psycopg2-binary==2.9.9", "v1.2.3.4-rc1",
    "2024-03-01 12:00:01,123", "2024W09-5", "20240301T120001Z", "P3DT4H30M", "12h30m", "1.5e-10",
    "0b1010 0o17 0xdeadbeef", "#ff8800", "rgb(255, 136, 0)", "10.1103/PhysRevLett.116.061102",
    "offset 1048576 length 65536", "rank 3/10", "+3.5 %", "-12.5", "16:9", "3:2:1", "A4 210x297",
    "pid 4242 exited with 137", "took 00:00:12.345", "ETA 5m12s", "UTF-8", "ISO-8859-1", "CP1252",
    # names in code
    "com.example.app.MainActivity", "github.com/user/repo/pkg/sub", "core::option::Option<T>",
    "net/http.(*conn).serve", "@types/node", "@media screen", "npm install @babel/core",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "GET /api/v2/items/42",
    "<class 'django.db.utils.OperationalError'>", "module 'x' has no attribute 'y'",
    "relation \"shop_order\" does not exist", "LINE 1: SELECT id FROM t WHERE x = $1",
    "worker-3 | ready", "upstream timed out (110: Connection timed out)", "tcp/5432", "n/a",
    "PING PONG 64 bytes ttl=57 time=12.3 ms", "GET / HTTP/1.1\" 200 612 \"-\"",
    "celery@%h ready", "Retrying (Retry(total=2, connect=None, read=None, redirect=None))",
    # words near credentials
    "Authentication failed", "token expired", "secret sauce", "api key missing",
    "the key is unique",
    "password must be at least 8 characters", "password: too short", "PIN pad", "session closed",
    "no such column: password", "tokens used: 512", "cookie policy", "basic usage", "auth backend",
    "日本語のテキスト", "naïve café", "%d items, %5.2f",
)  # fmt: skip


def negatives(seed: int, count: int) -> Iterator[str]:
    """Yield texts that hold nothing personal, each of which must come out unchanged."""
    rng = random.Random(seed)
    yield from NEGATIVES
    for _ in range(count):
        yield rng.choice(_MAKERS)(rng)


def _hex(rng: random.Random, length: int) -> str:
    return "".join(rng.choices("0123456789abcdef", k=length))


def _date(rng: random.Random, form: str) -> str:
    return form.format(y=1990 + rng.randrange(60), m=1 + rng.randrange(12), d=1 + rng.randrange(28))


def _time(rng: random.Random) -> str:
    return f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"


_MAKERS: tuple[Callable[[random.Random], str], ...] = (
    lambda rng: f"{rng.randrange(40)}.{rng.randrange(40)}.{rng.randrange(3000)}",
    lambda rng: _hex(rng, rng.choice((8, 16, 24, 32, 40, 64))),
    lambda rng: "-".join(
        (_hex(rng, 8), _hex(rng, 4), "4" + _hex(rng, 3), "a" + _hex(rng, 3), _hex(rng, 12))
    ),
    lambda rng: _date(rng, "{y}-{m:02}-{d:02} ") + _time(rng),
    lambda rng: _date(rng, "{d:02}.{m:02}.{y}"),
    lambda rng: _date(rng, "{m}/{d}/{y}"),
    lambda rng: f"{_time(rng)}.{rng.randrange(1000):03}",
    lambda rng: f"id={rng.randrange(10 ** rng.choice((3, 5, 7, 9, 10, 11)))}",
    lambda rng: f"took {rng.random() * 1000:.3f} ms, {rng.randrange(10000)} rows",
    lambda rng: f"x[{rng.randrange(100)}:{rng.randrange(100)}:{rng.randrange(9)}]",
    lambda rng: (
        f"/{rng.choice(('api', 'shop', 'v2'))}/{rng.choice(('orders', 'users'))}"
        f"/{rng.randrange(99999)}/"
    ),
    lambda rng: f"0x{rng.randrange(2**48):x}",
    lambda rng: f"SELECT t{rng.randrange(9)}.id FROM t WHERE a = %s LIMIT {rng.randrange(100)}",
    lambda rng: f"{rng.random() * 1e6:.6f}",
    lambda rng: f"17{10**11 + rng.randrange(10**10)}",
)


def source_lines(packages: tuple[str, ...], limit: int) -> Iterator[str]:
    """Yield up to ``limit`` source lines, evenly drawn from the files of installed packages."""
    if limit < 1:
        return
    lines: list[str] = []
    for package in packages:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(folder).rglob("*.py")):
                lines += (line for line in path.read_text("utf-8").splitlines() if line.strip())
    step = max(1, len(lines) // limit)
    yield from lines[::step][:limit]
