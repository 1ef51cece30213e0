"""Payment cards (ISO/IEC 7812) and bank accounts (ISO 13616)."""

from __future__ import annotations

import re

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from telemetry_core.filter.detectors.detector import Detector, stands_apart, words_before

# Issuers by leading digits, and how long their numbers are: without it, one decimal id in ten
# would pass for a card by its check digit alone.
_ISSUERS = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|3[47][0-9]{13}"  # American Express
    r"|(?:30[0-59]|36[0-9]|3[89][0-9])[0-9]{11}"  # Diners Club
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12,15}"  # Discover
    r"|35[0-9]{14,17}"  # JCB (in use: 3528 to 3589)
    r"|(?:2131|1800)[0-9]{11}"  # JCB, older
    r"|62[0-9]{14,17}|81[0-9]{14,17}"  # UnionPay
    r"|220[0-4][0-9]{12,15}"  # Mir
    r"|(?:50(?:18|20|38)|5[6-8][0-9]{2}|5893|6304|6390|6759|676[123]|0604)[0-9]{8,15}"  # Maestro
    r"|(?:50|5[6-9]|6[0-9])[0-9]{14}"  # Maestro, the rest of its ranges
    r"|(?:606282|637[0-9]{3}|60[0-9]{4}|65[0-9]{4})[0-9]{10}"  # Hipercard, Elo, RuPay
)

_LENGTHS = {
    15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
    21: "CH GB HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "AO GW LY PT ST", 26: "IR IS TR",
    27: "BI CF CG DJ FR GA GQ GR IT KM MC MR SM TD BF",
    28: "AL AZ BY CI CY DO GT HN HU LB MZ NI PL SV SN ML BJ CI CM CV MA NE TG",
    29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 33: "RU LC",
}  # fmt: skip
"""Lengths of an IBAN by country (SWIFT IBAN Registry; of GB also one as test data has it)."""

_IBAN = "|".join(
    rf"(?:{'|'.join(countries.split())})[0-9]{{2}}(?:[ +-]?[A-Za-z0-9]){{{length - 4}}}"
    for length, countries in _LENGTHS.items()
)


_MARKS = str.maketrans("", "", " +-")


# What as many digits as the shortest cards have are more often, with a check digit of its own.
_GOODS = re.compile(
    r"(?<![a-z])(?:ean|gtin|upc|isbn|barcode|batch|lot|order|article|item|product|offset)"
    r"(?:[ _-]?(?:code|id|no|nr|number|1[234]))?$"
).search
_SHORT_CARD = 14


def _is_card(match: re.Match[str]) -> bool:
    digits = re.sub(r"[^0-9]", "", match["value"])
    return (
        _ISSUERS.fullmatch(digits) is not None
        and bool(luhn.is_valid(digits))
        and stands_apart(match)
        and (len(digits) > _SHORT_CARD or _GOODS(words_before(match)[0]) is None)
    )


def _is_iban(match: re.Match[str]) -> bool:
    value = match["value"].translate(_MARKS).upper()
    if not mod_97_10.is_valid(value[4:] + value[:4]):
        return False
    before = match.string[: match.start()][-1:]
    # Behind a letter only one that has its country's form: every long word of base64 is searched.
    return not before.isalpha() or not before.isascii() or _has_form(value)


def _has_form(value: str) -> bool:
    from stdnum import iban  # brings a large table, which most processes never need

    return bool(iban.is_valid(value, check_country=False))


_START = r"(?<![0-9])(?<![0-9]\.)"
_END = r"(?![0-9A-Za-z])(?!\.[0-9])"

DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="iban",
        token="[IBAN]",
        traits=("digits", "long"),
        trigger=(r"00(?<=[a-z]{2}00)(?=(?:[ +-]?[0a-z?]){11})",),
        pattern=(
            rf"(?<![0-9A-Z])(?:(?<![a-z])|(?=[A-Z]{{2}}))(?P<value>(?i:{_IBAN}))(?![0-9A-Za-z])"
        ),
        check=_is_iban,
        finds=(
            "DE89370400440532013000",
            "GB29 NWBK 6016 1331 9268 19 now",
            "NO93 8601 1117 947",
            "xDE89 3704 0044 0532 0130 00",
            "LU37966KD8WUFFO5PT6P",
        ),
        spares=("DE89370400440532013001", "SHA256 ab12 cd34", "XX00 1234 5678"),
    ),
    Detector(
        name="card",
        token="[CARD]",
        traits=("digits",),
        trigger=("000000000000",),
        pattern=rf"{_START}(?P<value>[0-9]{{12,19}}){_END}",
        check=_is_card,
        finds=(
            "4111111111111111",
            "card 378282246310005.",
            "n=5555555555554444&x",
            "card4111111111111111",
        ),
        spares=(
            "4111111111111112",
            "1700000000000",
            "0.4111111111111111",
            "a4111111111111111",
            "EAN 4868282880729",
            "x7f4111111111111111",
        ),
    ),
    Detector(
        name="card_grouped",
        token="[CARD]",
        traits=("digits",),
        trigger=(r"0000(?=[ .+-]0)",),
        pattern=(
            rf"{_START}(?P<value>[0-9]{{4}}([ .+-])(?:[0-9]{{4}}\2[0-9]{{4}}\2[0-9]{{4}}"
            rf"|[0-9]{{6}}\2[0-9]{{4,5}}|[0-9]{{4}}\2[0-9]{{4,6}}\2[0-9]{{1,3}})){_END}"
        ),
        check=_is_card,
        finds=(
            "4111 1111 1111 1111",
            "3782-822463-10005",
            "4111 1111 1111 1111 123",
            "4111.1111.1111.1111",
        ),
        spares=("4111 1111 1111 1112", "2024-0102-0304-0506"),
    ),
    Detector(
        name="card_grouped_long",
        token="[CARD]",
        traits=("digits",),
        trigger=("0000[ +-]0000[ +-]0000[ +-]0000[ +-]0",),
        pattern=(rf"{_START}(?P<value>[0-9]{{4}}([ +-])(?:[0-9]{{4}}\2){{3}}[0-9]{{1,3}}){_END}"),
        check=_is_card,
        finds=("6304 0000 0000 0000 000",),
        spares=("4111 1111 1111 1112 123",),
    ),
)
