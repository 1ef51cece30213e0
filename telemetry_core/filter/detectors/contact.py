"""E-mail addresses (RFC 5322, RFC 6531) and telephone numbers (E.123, national habits)."""

from __future__ import annotations

import re

from telemetry_core.filter.detectors.detector import Detector, unless, words_before

# Scripts written without spaces: an address ends where such a neighbour begins.
_UNSPACED = "\u0e00-\u0eff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
# What is written above, below and beside letters: to ``re`` no part of a word.
_SIGNS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0dff"
_WORD = rf"[^\W{_UNSPACED}]"
_LOCAL_MARKS = r".+'!$*^~\-"
_LABEL = rf"(?:[^\W_{_UNSPACED}](?:{_WORD}++|[-{_SIGNS}])*+|[{_UNSPACED}]{{1,63}})"
_TOP = (
    rf"(?:xn--[A-Za-z0-9-]{{2,59}}|(?:[^\W\d_{_UNSPACED}]|[{_SIGNS}]){{2,63}}"
    rf"|[{_UNSPACED}]{{2,63}})"
)
_DOMAIN = (
    rf"(?:(?:{_LABEL}\.){{1,16}}{_TOP}|localhost(?![A-Za-z0-9_])"
    r"|\[(?:IPv6:)?[0-9A-Fa-f.:]{3,45}\]|(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.]))"
)

# Calling codes in use (ITU-T E.164, list of assigned country codes).
_COUNTRY = (
    r"(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|2[1-689][0-9]|3[578][0-9]|42[0-9]|5[09][0-9]|6[7-9][0-9]|8[058][0-9]|87[0-9]|9[679][0-9])"
)
_GAP = r"[ .\-/()+]{0,3}"
_START = r"(?<![0-9A-Za-z\\])(?<![0-9]_)(?<![0-9A-Za-z][-.])(?<![0-9]:)(?:(?<![0-9]/)|(?=[0(]))"
_END = r"(?![0-9A-Za-z])(?![-.:_][0-9]|/[1-9])"
# Day, month and year in either order: as many digits as a short telephone number has.
_DATE = re.compile(r"[0-9]{1,2}([-./ ]) ?[0-9]{1,2}\1 ?(?:19|20)[0-9]{2}(?![0-9])")


_LOCAL_BACKWARDS = re.compile(rf"(?:{_WORD}++|[{_LOCAL_MARKS}{_SIGNS}])++|[{_UNSPACED}]++").match
_LOCAL_LENGTH = 320
"""Characters, five times what RFC 5321 allows."""


def _with_local_part(match: re.Match[str]) -> tuple[int, int] | bool:
    """Tell where an address begins of which the "@" was found: sparing a search from each word."""
    at = match.start()
    local = _LOCAL_BACKWARDS(match.string[max(0, at - _LOCAL_LENGTH) : at][::-1])
    length = len(local[0].rstrip(".+'!$*^~-")) if local else 0
    return length > 0 and (at - length, match.end())


_NO_DIGIT = re.compile("[^0-9]+")


def _digits(text: str) -> int:
    return len(_NO_DIGIT.sub("", text))


def _is_international(match: re.Match[str]) -> bool:
    value = match["value"]
    count = _digits(re.split("[ex]", value, maxsplit=1)[0])
    if value.startswith("+"):
        return 7 <= count <= 17
    return 11 <= count <= 17


def _is_national(match: re.Match[str]) -> bool:
    value = match["value"]
    return 9 <= _digits(value) <= 12 and _DATE.match(value) is None


WORDS = re.compile(
    r"(?:phone|tel|mobile?|fax|handy|cell|whatsapp|sms|msisdn|telefono?|telefoon|puhelin|telefone)"
    r"(?:[ _-]?(?:number|no|nr|num|nummer)|_?[0-9])?$"
)


def _is_named(match: re.Match[str]) -> tuple[int, int] | bool:
    return unless(WORDS.search(words_before(match)[0]) is None or not _is_dialled(match), match)


def _is_dialled(match: re.Match[str]) -> bool:
    return 6 <= _digits(match["value"]) <= 15


EMAILS: tuple[Detector, ...] = (
    Detector(
        name="email",
        token="[EMAIL]",
        traits=("at",),
        pattern=rf"@{_DOMAIN}",
        check=_with_local_part,
        finds=(
            "jane@example.com",
            "mail o'neil+tag@sub.example.co.uk now",
            "<jörg@bücher.example>",
            "x=jane@[192.0.2.1]",
            "root@localhost failed",
            "用户root@localhost失败",
            "jane@192.0.2.1:/srv",
            "राजेन्द्र@example.com",
        ),
        spares=("@property", "a @ b", "user@", "lib@1.2.3", "@app.route('/x')"),
    ),
    Detector(
        name="email_quoted",
        token="[EMAIL]",
        traits=("at",),
        trigger=('"@',),
        pattern=rf'(?P<value>"{{1,2}}[^"\n@]{{1,64}}+"{{1,2}}@{_DOMAIN})',
        finds=('"jane doe"@example.com',),
        spares=('"jane doe" @ home',),
    ),
    Detector(
        name="email_cut",
        token="[EMAIL]",
        traits=("at",),
        trigger=(r"[a-z0-][.]{3}", "[a-z0-][?]"),
        # Cut off by a length limit within the domain.
        pattern=rf"@(?:{_LABEL}\.){{0,4}}{_LABEL}(?:\.\.\.|…)",
        check=_with_local_part,
        finds=("to jane.doe@exam...", "jane.doe@mail.exam…"),
        spares=("user@...", "a @b..."),
    ),
)
DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="phone_international",
        token="[PHONE]",
        traits=("digits",),
        trigger=(
            r"\+\(?0(?:[ ./()+-]{0,5}0){6}",
            r"00(?<![0a-z]00)(?:[ ./()+-]{0,5}0){9}",
        ),
        pattern=(
            # A UUID may begin with two zeros and go on with digits.
            r"(?<![0-9A-Za-z])(?<![0-9]_)(?![0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-)"
            rf"(?P<value>(?:\+\(?|(?<![0-9]\.)00 ?){_COUNTRY}\)?"
            r"(?:[ .\-/+]{0,2}\([0-9]{1,5}\))?(?:(?! \+)[ .\-/+]{0,3}[0-9]){2,14}"
            r"(?:[ ]?(?:x|ext\.? ?)[0-9]{1,6})?)(?![0-9])"
        ),
        check=_is_international,
        finds=(
            "+49 30 1234567",
            "0049 170 1234567",
            "+1 (555) 123-4567",
            "+33 (0)6 12 34 56 78",
            "+1-830-973-5122 +1-830-973-5122",
            "_+49 30 1234567_",
        ),
        spares=(
            "00703840-830f-44c8-ae4a-32ccf8e10f02",
            "x = a +1234",
            "0000000012",
            "2024-01-01T10:00:00+0200",
            "1+234567890",
            "took 8.004097023023460s",
        ),
    ),
    Detector(
        name="phone_north_american",
        token="[PHONE]",
        traits=("digits",),
        trigger=(r"000[-. +)]{1,2}000[-. +]0000",),
        pattern=(
            rf"{_START}(?<!\" )(?P<value>(?:1[-. +])?(?:\([2-9][0-9]{{2}}\)[-. +]?"
            rf"|[2-9][0-9]{{2}}[-. +])"
            rf"[0-9]{{3}}[-. +][0-9]{{4}}(?: ?(?:x|ext\.? ?)[0-9]{{1,6}})?){_END}"
        ),
        finds=("(555) 223-4567", "555-223-4567", "555.223.4567", "call 555 223 4567x12"),
        spares=("2024-01-02", "1.2.3", '"GET / HTTP/1.1" 200 512 1234'),
    ),
    Detector(
        name="phone_national",
        token="[PHONE]",
        traits=("digits",),
        trigger=(r"00(?<![0a-z]00)(?:\)?[ +]?[-./]?[ +]?0){7}",),
        pattern=(
            rf"{_START}(?P<value>(?=\(0[0-9]{{1,4}}\)|0[0-9]{{1,4}}[-./ +])\(?0[0-9]"
            rf"(?:\)?[ +]?[-./]?[ +]?[0-9]){{7,10}}){_END}"
        ),
        check=_is_national,
        finds=(
            "030/1234567",
            "06 12 34 56 78",
            "020 7946 0958",
            "(0221) 123456",
            "0170-1234567",
            "030 1234567/030 7654321",
        ),
        spares=("01-02-2024", "01.02.2024 12:30", "0.123456789", "0123456789", "09:30"),
    ),
    Detector(
        name="phone_bracketed",
        token="[PHONE]",
        traits=("digits",),
        trigger=(r"\(00{1,4}\)[ -]?00{1,4}[ -]00",),
        pattern=(
            rf"{_START}(?P<value>(?:[0-9]{{1,3}}[ -]?)?\([0-9]{{2,5}}\)[ -]?"
            rf"[0-9]{{2,5}}[ -][0-9]{{2,5}}(?:[ -][0-9]{{2,4}})?){_END}"
        ),
        check=_is_dialled,
        finds=("(11) 91234-5678", "8 (123) 456-78-90"),
        spares=("f(10) 12", "(1) 2-3"),
    ),
    Detector(
        name="phone_grouped",
        token="[PHONE]",
        traits=("digits",),
        trigger=(
            (
                r"0(?:[ -]?\(?000\)?[ -]?000[ -]00[ -]00|00[ -](?:0000[ -]0000|00 00 00)"
                r"|\)[ ]?00{1,4}[ /-][0 /-]{5})"
            ),
        ),
        # Russia, China and Spain; Germany with the trunk prefix in brackets.
        pattern=(
            rf"{_START}(?P<value>8[ -]?\(?[0-9]{{3}}\)?[ -]?[0-9]{{3}}[ -][0-9]{{2}}[ -][0-9]{{2}}"
            rf"|1[3-9][0-9]([ -])[0-9]{{4}}\2[0-9]{{4}}|[679][0-9]{{2}}(?: [0-9]{{2}}){{3}}"
            rf"|\(0\)[ ]?[1-9][0-9]{{1,4}}[ /-][0-9 /-]{{5,10}}[0-9]){_END}"
        ),
        finds=("8 800 555-35-35", "138-1234-5678", "612 34 56 78", "(0)30 1234567"),
        spares=("8 rows of 555", "138-1234-567", "(0) 1 2"),
    ),
    Detector(
        name="phone_by_word",
        token="[PHONE]",
        traits=("digits",),
        trigger=(r"0(?<=[^0a-z]0)(?:[ ./()+-]{0,3}0){5}",),
        pattern=(
            r"(?P<value>[+(0-9](?<=[:= \"'\\(\[].)(?:(?<=[0-9])|[0-9])"
            rf"(?:{_GAP}[0-9]){{5,14}}+)(?![0-9])"
        ),
        words=(
            "phone", "tel", "mobil", "fax", "handy", "cell", "whatsapp", "sms", "msisdn", "puhelin",
        ),
        check=_is_named,
        finds=("phone=5551234567", '"mobile": "13812345678"', "Tel. 12 34 56 78"),
        spares=("telephone exchange", "tel: unknown", "sms 12"),
    ),
)  # fmt: skip
