"""What many texts hold, told at once and cheaply: which detectors are worth trying on which.

The texts are joined and mapped to bytes that keep only what matters (letters in lower case, every
digit as ``0``, everything outside ASCII as ``?``), which costs about a nanosecond a character. A
*trait* is something that such a projection shows by a literal or by an expression that begins
with one, so that a few searches of the whole classify hundreds of texts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

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


def _ends(words: str, *, plural: bool) -> str:
    ends = set()
    for word in words.split():
        forms = (word, f"{word}s", f"{word}0") if plural else (word, f"{word}0")
        ends |= {form[-3:] if len(form) > 2 else f"[^a-z]{form}" for form in forms}
    return "|".join(sorted(ends))


PLAIN, SQUEEZED, RUNS = range(3)

_ASSIGNED = _ends(_CREDENTIALS, plural=True)
_COUNTED = _ends(_NUMBERED, plural=True)

_TRAITS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("at", PLAIN, (r"@(?<=[^ \x00]@)(?=[^ \x00])",)),
    ("path", PLAIN, (r"/(?<![0a-z]/)(?=[^ /\x00]+/)", r":(?=[/\\])", r"\\\\", "~/", r"~(?=[a-z_])")),
    ("digits", SQUEEZED, ("000000",)),
    ("dotted", PLAIN, (r"\.(?=0{1,3}\.0{1,3}\.0)",)),
    ("colons", PLAIN, (r":(?=:|[0a-f]{1,4}:)",)),
    ("pairs", PLAIN, (r":(?=[0a-f]{2}:[0a-f]{2}:)", r"-(?=[0a-f]{2}-[0a-f]{2}-)", r"\.(?=[0a-f]{4}\.)", "ip-0")),
    ("mixed", PLAIN, (r"0(?<=[a-z]{6}0)",)),
    ("assigned", SQUEEZED, (rf"=(?<=(?:{_ASSIGNED})=)", rf":(?<=(?:{_ASSIGNED}):)")),
    ("number_word", SQUEEZED, (
        rf"0(?<=[^0]0)(?<=(?:{_COUNTED})0)",
        rf":(?=[a-z]{{0,4}}0)(?<=(?:{_COUNTED}):)",
        rf"=(?=[a-z]{{0,4}}0)(?<=(?:{_COUNTED})=)",
        rf"#(?=[a-z]{{0,4}}0)(?<=(?:{_COUNTED})#)",
    )),
    ("credential", PLAIN, ("passw", "secret", "token", "credential", "bearer", "basic", "cookie", "authorization", "i key", "s key", "e key", "g key")),
    ("long", RUNS, ("a" * 16,)),
    ("begin", PLAIN, ("-----begin",)),
    ("user_info", PLAIN, (r"://(?=[^/ \x00]*@)",)),
    ("parameter", PLAIN, (r"\?(?=[a-z0_.-]+=)", r"&(?=[a-z0_.;-]+(?:\[\])?=)")),
    ("encoded", PLAIN, (r"%(?=[0a-fu])", r"&(?=#|[a-z]+0*;)", r"\\(?=[uxnrtfvb0\"'/\\])")),
)
"""Name, projection, and expressions of which one is there when a text has the trait."""

TRAITS = {name: 1 << index for index, (name, _, _) in enumerate(_TRAITS)}
"""The bit of each trait."""
ENCODED = TRAITS["encoded"]
ALL = (1 << len(TRAITS)) - 1

_SEARCHES = tuple(
    (
        TRAITS[name],
        projection,
        expression.encode("ascii") if re.escape(expression).replace("\\-", "-") == expression else None,
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

    A text outside ASCII counts as encoded. Errs to more traits than a text has.
    """
    joined = "\0".join(texts)
    octets = joined.encode("ascii", "replace")
    if octets.count(0) != len(texts) - 1:
        return dict.fromkeys(range(len(texts)), ALL)
    shape = octets.translate(_SHAPE)
    squeezed = octets.translate(_SHAPE, _SEPARATORS)
    projections = (shape, squeezed, shape.translate(_RUNS))
    lengths = accumulate((len(text) + 1 for text in texts), initial=0)
    starts = list(lengths)
    traits: dict[int, int] = {}
    squeezed_starts: list[int] | None = None
    for trait, projection, literal, pattern in _SEARCHES:
        where = projections[projection]
        if literal is not None:
            position = where.find(literal)
        else:
            match = pattern.search(where)
            position = match.start() if match else -1
        if position < 0:
            continue
        bounds = starts
        if projection == SQUEEZED:
            if squeezed_starts is None:
                squeezed_starts = list(
                    accumulate((len(part) + 1 for part in squeezed.split(b"\0")), initial=0)
                )
            bounds = squeezed_starts
        while position >= 0:
            index = bisect_right(bounds, position) - 1
            traits[index] = traits.get(index, 0) | trait
            if literal is not None:
                position = where.find(literal, bounds[index + 1])
            else:
                match = pattern.search(where, bounds[index + 1])
                position = match.start() if match else -1
    if not joined.isascii():
        for index, text in enumerate(texts):
            if not text.isascii():
                traits[index] = traits.get(index, 0) | ENCODED
    return traits
