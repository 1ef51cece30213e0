"""National identity numbers: those with a form or a check digit that makes a match safe.

Numbers that are bare digits with a weak check (or none) are found only next to a word that says
what they are. Forms and check digits: python-stdnum, module by module.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module

from stdnum.iso7064 import mod_11_2

from telemetry_core.filter.detectors.detector import Detector, words_before

_START = r"(?<![0-9A-Za-z])(?<![0-9][-._])"
_END = r"(?![0-9A-Za-z])(?![-._][0-9])"
_MONTH_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_DAY_MONTH = r"(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])"


@cache
def _validator(module: str) -> Callable[[str], bool]:
    # Each is imported when a number of its form first turns up; most processes need none.
    validator: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return validator


# Where Linux has the stacks of threads, whose addresses are their numbers in Python: one in a
# hundred has the check digits of a French number.
_STACKS = range(0x7E00_0000_0000, 0x8000_0000_0000, 64)


def _checked_by(module: str) -> Callable[[re.Match[str]], bool]:
    def check(match: re.Match[str]) -> bool:
        value = match["value"].replace("+", "").upper()
        return _validator(module)(value) and not (value.isdecimal() and int(value) in _STACKS)

    return check


def _is_chinese(match: re.Match[str]) -> bool:
    return bool(mod_11_2.is_valid(match["value"].upper()))


# One for all: most digits are in none of these forms.
_DOTTED = r"\.00(?:0\.000-00|0\.000/0000-00|0\.000-[0k]|\.00-000\.00)"
_DATED = "000000[-+a-y/]000"

# (name, trigger, pattern, module of python-stdnum, finds, spares)
_NUMBERS: tuple[tuple[str, str, str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("dni", "0000000-?[a-z]", r"[0-9]{8}-?[A-HJ-NP-TV-Z]", "es.dni",
     ("DNI 54362315K",), ("54362315A", "54362315k")),
    ("nie", "0000000-?[a-z]", r"[XYZ][0-9]{7}-?[A-HJ-NP-TV-Z]", "es.nie",
     ("X2482300W",), ("X2482300A",)),
    ("codice_fiscale", "[a-z]{6}00[a-z]00[a-z]000[a-z]",
     r"[A-Za-z]{6}[0-9]{2}[A-EHLMPRSTa-ehlmprst][0-9]{2}[A-Za-z][0-9]{3}[A-Za-z]",
     "it.codicefiscale",
     ("RCCMNL83S18D969H",), ("RCCMNL83S18D967H",)),
    ("nir", "0[ +]?00[ +]?00[ +]?0[0ab][ +]?000[ +]?000[ +]?00",
     r"[1-478][ +]?[0-9]{2}[ +]?[0-9]{2}[ +]?[0-9][0-9AB][ +]?[0-9]{3}[ +]?[0-9]{3}[ +]?[0-9]{2}",
     "fr.nir",
     ("2 95 10 99 126 111 93", "253072B07300470"), ("295109912611194", "thread 139831267550912")),
    ("cpf", _DOTTED, r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", "br.cpf",
     ("390.533.447-05",), ("231.002.999-00",)),
    ("cnpj", _DOTTED, r"[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2}",
     "br.cnpj", ("16.727.230/0001-97",), ("16.727.230.0001-98",)),
    ("rut", _DOTTED, r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9Kk]", "cl.rut",
     ("12.531.909-2",), ("12.531.909-3",)),
    ("niss", _DOTTED, r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}", "be.nn",
     ("85.07.30-033.28",), ("85.07.30-033.29",)),
    ("rodne_cislo", _DATED, r"[0-9]{2}[0-8][0-9][0-3][0-9]/[0-9]{4}", "cz.rc",
     ("710319/2745",), ("710319/2746",)),
    ("hetu", _DATED,
     rf"{_DAY_MONTH}[0-9]{{2}}[-+A-FU-Y][0-9]{{3}}[0-9A-FHJ-NPR-Y]", "fi.hetu",
     ("131052-308T",), ("131052-308U",)),
    ("personnummer", _DATED,
     rf"(?:19|20)?[0-9]{{2}}{_MONTH_DAY}[-+][0-9]{{4}}", "se.personnummer",
     ("880320-0016",), ("880320-0018",)),
    ("cpr", _DATED, rf"{_DAY_MONTH}[0-9]{{2}}-[0-9]{{4}}", "dk.cpr",
     ("211062-5629",), ("511062-5629",)),
    ("ahv", "000[. +-]?0000[. +-]?0000[. +-]?00",
     r"756[. +-]?[0-9]{4}[. +-]?[0-9]{4}[. +-]?[0-9]{2}", "ch.ssn",
     ("756.9217.0769.85", "7569217076985"), ("756.9217.0769.84",)),
    ("sin", "000[- +]000[- +]000", r"[0-9]{3}([- +])[0-9]{3}\2[0-9]{3}", "ca.sin",
     ("123-456-782",), ("123-456-789",)),
    ("nhs", "000[- +]000[- +]000", r"[0-9]{3}([- +])[0-9]{3}\2[0-9]{4}", "gb.nhs",
     ("943-476-5870",), ("1.2.3",)),
    ("aadhaar", "0000[- +]0000[- +]0000",
     r"[2-9][0-9]{3}([- +])[0-9]{4}\2[0-9]{4}", "in_.aadhaar", ("2341 2341 2346",),
     ("2341 2341 2347",)),
    ("cnp", "0000000000000", rf"[1-8][0-9]{{2}}{_MONTH_DAY}[0-9]{{6}}", "ro.cnp",
     ("1630615123457",), ("1700000000000", "1630615123458")),
    ("curp", "000000[hm][a-z]{5}", r"[A-Z]{4}[0-9]{6}[HM][A-Z]{5}[0-9A-Z][0-9]", "mx.curp",
     ("BOXW310820HNERXN09",), ("BOXW310820HNERXN08",)),
)  # fmt: skip

WORDS = re.compile(
    r"(?<![a-z])(?:"
    r"ssn|social[ _-]?security|soc[ _-]?sec|sin|national[ _-]?id(?:entity)?|id[ _-]?card"
    r"|identity(?:[ _-]?card|(?=[ _-](?:number|no|nr|num)))"
    r"|passport|driver'?s?[ _-]?licen[sc]e|driving[ _-]?licen[sc]e|tax[ _-]?(?:id"
    r"|payer[ _-]?id)|tin|itin|nin|nino"
    r"|dni|nif|nie|cpf|cnpj|pesel|bsn|insee|nir|personnummer|cpr|hetu|egn|cnp|oib|curp|rfc"
    r"|aadhaar|nhs|rrn"
    r"|tckn|tc[ _-]?kimlik|steuer[ _-]?id|idnr|avs|ahv|niss|rodn[eé] [cč][ií]slo"
    r"|codice[ _-]?fiscale|fnr|isikukood|f(?:ø|oe?)dselsnummer|rijksregisternummer|tfn|ppsn?|svnr"
    r"|medicare|hkid|inn|snils|инн|снилс|pan[ _-]?card|ktp|jmbg|emb?[sš]o"
    r"|cui[tl]|ruc|rut|rg|c[eé]dula"
    r"|(?:personal)?ausweis|reisepass|passeport|pasaporte|passaporto|passaporte|paspoort|マイナンバー"
    r"|(?:sozial)?versicherungsnummer|s[eé]curit[eé] sociale|seguridad social|asmens kodas"
    r")(?:[ _-]?(?:number|no|nr|num|id|code|is|was))?$"
)
_BARE = re.compile("[A-Za-z]{0,2}[0-9]{6}|[0-9]{1,6}(?:[ -][0-9]{2,6}){2}")


def _is_named(match: re.Match[str]) -> bool:
    words, gap = words_before(match)
    return (
        WORDS.search(words) is not None
        and sum(char.isdigit() for char in match["value"]) >= 5
        # Without a mark between only what has the look of a number: "tin 2000 cans" is none.
        and (not gap.isspace() or _BARE.match(match["value"]) is not None)
    )


DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="ssn",
        token="[ID]",
        traits=("digits",),
        trigger=("000[- +]00[- +]0000",),
        # SSA's rules for what is never issued; 9xx is an ITIN.
        pattern=(
            rf"{_START}(?P<value>(?!000"
            rf"|666)[0-9]{{3}}([- +])(?!00)[0-9]{{2}}\2(?!0000)[0-9]{{4}}){_END}"
        ),
        finds=("123-45-6789", "ssn 123 45 6789", "912-70-1234", "_123-45-6789_"),
        spares=("123-45-67890", "2024-01-02"),
    ),
    Detector(
        name="nino",
        token="[ID]",
        traits=("digits",),
        trigger=("00[ +-]?00[ +-]?00[ +-]?[a-z]",),
        pattern=(
            rf"{_START}(?P<value>(?:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]|ZZ)"
            r"[ +]?[0-9]{2}[ +-]?[0-9]{2}[ +-]?[0-9]{2}[ +-]?[A-DT])(?![0-9A-Za-z])"
        ),
        finds=("AB 12 34 56 C", "JG103759A"),
        spares=("DA 12 34 56 C", "AB123456X"),
    ),
    Detector(
        name="rrn",
        token="[ID]",
        traits=("digits",),
        trigger=("000000-0000000",),
        # South Korea dropped the check digit in 2020; the century digit remains.
        pattern=rf"{_START}(?P<value>[0-9]{{6}}-[1-8][0-9]{{6}}){_END}",
        finds=("971013-1019877",),
        spares=("971013-9019877", "971013-101987"),
    ),
    Detector(
        name="ric",
        token="[ID]",
        traits=("digits",),
        trigger=("00000000000000000[0x]",),
        pattern=(
            rf"{_START}(?P<value>[1-9][0-9]{{5}}(?:19"
            rf"|20)[0-9]{{2}}{_MONTH_DAY}[0-9]{{3}}[0-9Xx]){_END}"
        ),
        check=_is_chinese,
        finds=("11010519491231002X",),
        spares=("110105194912310021",),
    ),
    *(
        Detector(
            name=name,
            token="[ID]",
            traits=("mixed" if name == "codice_fiscale" else "digits",),
            trigger=(trigger,),
            pattern=rf"{_START}(?P<value>{pattern}){_END}",
            check=_checked_by(module),
            finds=finds,
            spares=spares,
        )
        for name, trigger, pattern, module, finds, spares in _NUMBERS
    ),
    Detector(
        name="id_by_word",
        token="[ID]",
        traits=("named", "digits"),
        trigger=(
            (
                r"[:=# ](?:(?<! )[^0a-z]{0,8}[a-z]{0,4}[ -]?0"
                r"|(?<= )#?(?=[a-z]{0,2}000000|0{1,6}[ -]0{2,6}[ -]00))"
            ),
        ),
        pattern=(
            r"(?P<value>[0-9A-Za-z](?<=[:=# \"'\\(].)(?:(?<=[0-9])|(?=[A-Za-z]{0,3}[ -]?[0-9]))"
            r"(?:[.+/-]?[0-9A-Za-z]| (?=[A-Za-z]{0,3}[0-9])[0-9A-Za-z]){5,19}+)(?![0-9A-Za-z])"
        ),
        words=tuple(
            "ssn soc sin national identity card passport "
            "licen tax tin nin dni nif nie cpf cnpj pesel bsn "
            "insee nir personnummer cpr hetu egn cnp oib curp rfc aadhaar nhs rrn tckn kimlik "
            "steuer idnr avs ahv niss rodn codice fnr isikukood fodselsnummer foedselsnummer "
            "rijksregisternummer tfn pps svnr medicare hkid inn snils ktp jmbg emso embso cui ruc "
            "rut rg cedula ausweis reisepass passeport pasaport passaport paspoort securit "
            "versicherungsnummer seguridad kodas".split()
        ),
        check=_is_named,
        finds=("ssn=123456789", "SSN 123456789 refused", "bsn: 111222333",
               '"passport": "C01X00T47"', "PESEL: 44051401359"),
        spares=("rfc: 2822", "tin 2000 cans", "passport: none", "ssn=%s"),
    ),
)  # fmt: skip
