"""What many texts hold, told at once and cheaply: which detectors are worth trying on which.

The texts are joined and mapped to bytes that keep only what matters (letters in lower case, every
digit as ``0``, everything outside ASCII as ``?``), which costs about a nanosecond a character. A
*trait* is something that such a projection shows by a literal or by an expression that begins
with one, so that a few searches of the whole classify hundreds of texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_SHAPE = bytes(
    ord("0") if 0x30 <= code <= 0x39 else code + 32 if 0x41 <= code <= 0x5A else code
    for code in range(256)
)
# As the shape, but letters, digits, "_" and "-" look alike.
_RUNS = bytes(
    ord("a") if chr(code).isalnum() and code < 128 or chr(code) in "_-" else code
    for code in range(256)
)
# What may stand between the digits of one number, and between a key and its value.
_SEPARATORS = b" \t\r\n\"'\\()[]-+./,_?"

# Words before a credential (detectors/secrets.py), and before a number that is somebody's
# (identity.py, contact.py, device.py, location.py). Only their ends are looked for.
_CREDENTIALS = (
    "password passwd passphrase passcode passwort contrasena contrasea senha passe secret key token credential "
    "csrftoken sessionid sessid string authorization pass pwd pw auth authentication oauth jwt csrf "
    "xsrf sid cookie otp totp mfa cvv cvc pin sig signature dsn nonce bearer cred session hash value old new id "
    "code confirm confirmation again header middlewaretoken"
)
_NUMBERED = (
    "phone tel mobile mobil fax handy cell whatsapp sms msisdn telefono telefon number no nr num nummer lat lon lng "
    "long latitude longitude latlng latlon coord coords coordinate coordinates gps geo position location point ssn "
    "security sec sin id identity card passport licence license tin nin nino dni nif nie cpf cnpj pesel bsn insee nir "
    "personnummer cpr hetu egn cnp oib curp rfc aadhaar nhs rrn tckn kimlik idnr avs ahv niss cislo fiscale fnr "
    "isikukood imei code"
)


def _ends(words: str) -> str:
    ends = set()
    for word in words.split():
        for form in (word, f"{word}s", f"{word}0"):
            ends.add(form[-3:] if len(form) > 2 else f"[^a-z]{form}")
    return "|".join(sorted(ends))


_MARKS = bytes(ord("@") if chr(code) in "@%&\\~?" else code for code in range(256))

_LETTERS = bytes(
    ord("a") if chr(code).isalpha() and code < 128 else code for code in range(256)
)

PLAIN, SQUEEZED, RUNS, MARKED, LETTERS = range(5)
"""The projections: the shape; it without separators; with words of ``a``; with
marks alike; with letters alike."""

_CREDENTIAL_ENDS = _ends(_CREDENTIALS)
_NUMBER_ENDS = _ends(_NUMBERED)

_TRAITS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("mark", MARKED, ("@",)),
    ("path", PLAIN, (r"/(?<![0a-z]/)(?=[^ /\x00]+/)",)),
    ("digits", SQUEEZED, ("000000",)),
    ("dotted", PLAIN, (r"\.(?=0{1,3}\.0{1,3}\.0|[0a-f]{4}\.)",)),
    ("dashed", PLAIN, (r"-(?=[0a-f]{2}-[0a-f]{2}-|0{1,3}-0{1,3}-0|----begin)",)),
    ("mixed", LETTERS, ("aaaaaa00a00a000a",)),
    ("colon", SQUEEZED, (
        rf":(?=[^\x00])(?:(?=:|[0a-f]{{1,4}}:)|(?<=(?:{_CREDENTIAL_ENDS}):)|(?=[a-z]{{0,4}}0)(?<=(?:{_NUMBER_ENDS}):))",
    )),
    ("equals", SQUEEZED, (
        rf"=(?=[^\x00])(?:(?<=(?:{_CREDENTIAL_ENDS})=)|(?=[a-z]{{0,4}}0)(?<=(?:{_NUMBER_ENDS})=))",
    )),
    ("word", PLAIN, ("passw", "secret", "token", "bearer", "basic", " key")),
    ("long", RUNS, ("a" * 16,)),
)  # fmt: skip
"""Name, projection, and expressions of which one is there when a text has the trait."""

TRAITS = {name: 1 << index for index, (name, _, _) in enumerate(_TRAITS)}
"""The bit of each trait."""
MARK = TRAITS["mark"]
ALL = (1 << len(TRAITS)) - 1

_SEARCHES = tuple(
    (
        TRAITS[name],
        projection,
        expression.encode("ascii") if re.fullmatch("[a-z0@ ]+", expression) else None,
        re.compile(expression.encode("ascii")),
    )
    for name, projection, expressions in _TRAITS
    for expression in expressions
)


def shape_of(text: str) -> bytes:
    """Return the shape of a text, as many bytes as the text has characters."""
    return text.encode("ascii", "replace").translate(_SHAPE)


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
        shape.translate(_RUNS),
        shape.translate(_MARKS),
        shape.translate(_LETTERS),
    )
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
            traits[index] = traits.get(index, 0) | trait
            before = where.find(0, position)
            if before < 0:
                break
    if not joined.isascii():
        for index, text in enumerate(texts):
            if not text.isascii():
                traits[index] = traits.get(index, 0) | MARK
    return traits
