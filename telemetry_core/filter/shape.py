"""What many texts hold, told at once and cheaply: which detectors are worth trying on which.

The texts are joined and mapped to bytes that keep only what matters (letters in lower case, every
digit as ``0``, everything outside ASCII as ``?``), which costs about a nanosecond a character. A
*trait* is something that such a projection shows by a literal or by an expression that begins
with one, so that a few searches of the whole classify hundreds of texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_SHAPE = bytes(
    ord("0") if 0x30 <= code <= 0x39 else code + 32 if 0x41 <= code <= 0x5A else code
    for code in range(256)
)
# Small letters and "_" look alike, and so do what names in code seldom have: capitals, digits, "-".
_RUNS = bytes(
    ord("a") if 0x61 <= code <= 0x7A or code == 0x5F
    else ord("A") if 0x41 <= code <= 0x5A or 0x30 <= code <= 0x39 or code == 0x2D
    else code
    for code in range(256)
)  # fmt: skip
# What base64 makes of printable ASCII, octet by octet: half the alphabet can't stand where it does.
_OF_ASCII = "[I-Za-f][C-HS-Xi-ny-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]"
SHORT_BASE64 = (
    rf"(?:{_OF_ASCII}){{2,3}}(?:[I-Za-f](?:[AQgw](?:==)?|[C-HS-Xi-ny-z0-3][AEIMQUYcgkosw048]=?))?"
    r"(?![A-Za-z0-9+/_=-])"
)
"""A word of 8 to 15 letters that is the base64 of ASCII; longer ones are told by their length."""
# What may stand between the digits of one number, and between a key and its value.
_SEPARATORS = b" \t\r\n\"'\\()[]-+./,_?"

# Words before a credential (detectors/credentials.py), separators left out.
_CREDENTIALS = (
    "password passwd passphrase passcode passwort contrasena senha motdepasse secret key token "
    "credential pass pwd pw "
    "kennwort parola heslo wachtwoord losenord losen haslo salasana jelszo sifre passord "
    # "lösenord", "hasło", "contraseña", "şifre": of letters beyond ASCII nothing is left.
    "lsenord lsen haso contrasea ifre "
    "adgangskode clave chave lozinka "
    "sessionid sessid string authorization auth authentication oauth jwt csrf xsrf sid cookie "
    "otp totp mfa cvv cvc "
    "pin sig signature dsn nonce bearer cred creds session setcookie middlewaretoken"
)
# What may follow some of them: "password_confirm", "tokenValue".
_CONTINUED = "password passwd pass pwd secret token auth session csrf pin key cookie"
_CONTINUATIONS = "hash value old new id code confirm confirmation again header string"
# Words before a number that is somebody's (identity.py, contact.py, device.py, location.py): only
# how they end.
_NUMBERED = (
    "phone tel mobile mobil fax handy cell whatsapp sms msisdn telefono telefon telefoon "
    "puhelin telefone number no "
    "nr num nummer lat lon lng long latitude longitude latlng latlon coord coords coordinate "
    "coordinates gps geo "
    "position location point center ssn security sec sin id identity card passport licence "
    "license tin nin nino dni "
    "nif nie cpf cnpj pesel bsn insee nir personnummer cpr hetu egn cnp oib curp rfc aadhaar "
    "nhs rrn tckn kimlik idnr "
    "avs ahv niss cislo fiscale fnr isikukood imei code tfn pps ppsn fodselsnummer "
    "rijksregisternummer svnr medicare hkid inn snils pan ktp jmbg cuit cuil ruc rut cedula "
    "ausweis "
    "personalausweis reisepass passeport pasaporte passaporto pasaporta ahvn rg ine kodas "
    "breitengrad laengengrad breite laenge latitud longitud latitudine longitudine szerokosc"
)


def _words(*, credentials: bool) -> set[str]:
    words = set((_CREDENTIALS if credentials else _NUMBERED).split())
    if credentials:
        words |= {word + end for word in _CONTINUED.split() for end in _CONTINUATIONS.split()}
    return words | {f"{word}{end}" for word in words for end in ("s", "0")}


def any_of(words: set[str]) -> str:
    """Return an expression that looks for any of many words letter by letter."""
    branches: dict[str, set[str]] = {}
    for word in words:
        branches.setdefault(word[:1], set()).add(word[1:])
    if "" in branches:
        return ""  # a shorter word ends here: what follows does not matter
    rest = "|".join(f"{first}{any_of(after)}" for first, after in sorted(branches.items()))
    return f"(?:{rest})" if len(branches) > 1 else rest


def _after(words: set[str]) -> str:
    return any_of({word[::-1] for word in words})


PLAIN, SQUEEZED, REVERSED = range(3)
"""The projections: the shape; it without separators; that back to front."""

_CREDENTIAL = _after(_words(credentials=True))
_NUMBER = rf"(?:(?<=0.)|(?<=0[a-z].)){_after(_words(credentials=False))}(?![a-z])"
_NAMED = rf"(?<!\x00.)(?:{_CREDENTIAL}|{_NUMBER})"

EXPRESSIONS: tuple[tuple[str, int, tuple[tuple[str, str], ...]], ...] = (
    ("at", PLAIN, (("@", r"(?<=[^\s\x00]@)"),)),
    # A "%" that encodes, an entity: of a placeholder nothing is found.
    (
        "encoded",
        PLAIN,
        (
            ("%", "(?:[0a-f]{2}|u[0a-f]{4})"),
            ("&", "(?:#|[a-z]{1,31}0{0,2};)"),
            ("\\", ""),
            ("\x1b", ""),
        ),
    ),
    ("parameter", PLAIN, tuple((mark, r"[^\s=?&\x00]{1,80}=") for mark in "?&;")),
    ("tilde", PLAIN, (("~", ""),)),
    ("dollar", PLAIN, (("$", r"\{?(?:home|tmpdir)"), ("%", "[a-z]{3,16}%"))),
    (
        "path",
        PLAIN,
        (
            (
                "/",
                (
                    r"(?:(?<![0a-z/]/)(?=(?:/(?<!:..))?[^ /\x00]+/)|/(?<=[0a-z]//)|(?:home|users)/"
                    r"|(?<=file:/)|(?<=smb:/)|(?<=afp:/)|(?<=nfs:/)|(?<=cifs:/)|(?<=sftp:/)"
                    r"|(?<=scp:/)|(?<=:/)//)"
                ),
            ),
        ),
    ),
    ("digits", SQUEEZED, (("000000", ""),)),
    ("dotted", PLAIN, ((".", r"(?=0{1,3}\.0{1,3}\.0|[0a-f]{4}\.)"),)),
    ("dashed", PLAIN, (("-", r"(?=[0a-f]{2}-[0a-f]{2}-|0{1,3}-0{1,3}-0|----begin)"),)),
    ("mixed", PLAIN, (("00", "[a-z]00[a-z]000[a-z]"),)),
    ("colon", SQUEEZED, ((":", r"(?=:|[0a-f]{1,4}:)"),)),
    ("named", REVERSED, tuple((mark, _NAMED) for mark in ":=#>")),
    # A word in another script, whichever it is.
    ("foreign", PLAIN, (("?", r"[\"'\\\] ]{0,3}[:=]"),)),
    (
        "word",
        PLAIN,
        (
            ("passw", ""), ("secret", ""), ("token", ""), ("bearer", ""), ("identified", ""),
            ("session", ""), ("api", "[ _-]?key"), ("curl", " "), ("sshpass", ""),
            ("$", "(?:0[abxy]?|y|argon0(?:id|[id])|scrypt)[$]"), ("pbkdf", ""),
        ),
    ),
    ("mac", PLAIN, (("mac", "(?=[^a-z]|addr)"),)),
)  # fmt: skip
"""Name, projection, and expressions of which one is there when a text has the trait: how each
begins, to the letter, and how it goes on."""

TRAITS = {
    name: 1 << index
    for index, name in enumerate((*(name for name, _, _ in EXPRESSIONS), "long", "short"))
}
"""The bit of each trait."""
ENCODED = TRAITS["encoded"]
LONG_WORD = TRAITS["long"]
SHORT_WORD = TRAITS["short"]
"""Of a text with a short word that may be base64."""
DIGITS = TRAITS["digits"]
DOTTED = TRAITS["dotted"]
ANY = 1 << len(TRAITS)
"""The bit that every text has."""
ALL = 2 * ANY - 1

_SEARCHES = tuple(
    (
        TRAITS[name],
        projection,
        start.encode("ascii"),
        re.compile((re.escape(start) + rest).encode("ascii")).search if rest else None,
    )
    for name, projection, expressions in EXPRESSIONS
    for start, rest in expressions
)


def projected(shape: bytes, projection: int) -> bytes:
    """Return a projection of a text of which the shape is given."""
    if projection == PLAIN:
        return shape
    squeezed = shape.translate(None, _SEPARATORS)
    return squeezed if projection == SQUEEZED else squeezed[::-1]


def shape_of(text: str) -> bytes:
    """Return the shape of a text, as many bytes as the text has characters."""
    return text.encode("ascii", "replace").translate(_SHAPE)


_WORDS = re.compile(r"(?:[A-Za-z0-9]{1,15}(?:[ ,;'\"()!]++|\Z))*").fullmatch
_NO_DIGITS = bytes(code for code in range(256) if not 0x30 <= code <= 0x39)
_CHANGES = b"AaA"


def is_wordy(text: str) -> bool:
    """Tell whether a text is of short words and few digits alone, and so has no trait but by words.

    Errs to no. Costs a fraction of what `traits_of` does for a single text.
    """
    if _WORDS(text) is None:
        return False
    octets = text.encode()
    return len(octets.translate(None, _NO_DIGITS)) <= 5 and not may_hold_short_base64(octets)


def traits_of(texts: Sequence[str]) -> dict[int, int]:
    """Return the traits of those of many texts that have any, by their index.

    A text outside ASCII has the trait ``encoded``. Errs to more traits than a text has.
    """
    joined = "\0".join(texts)
    octets = joined.encode("ascii", "replace")
    if octets.count(0) != len(texts) - 1:
        return dict.fromkeys(range(len(texts)), ALL)
    shape = octets.translate(_SHAPE)
    squeezed = octets.translate(_SHAPE, _SEPARATORS)
    projections = (shape, squeezed, squeezed[::-1])
    last = len(texts) - 1
    traits: dict[int, int] = {}
    for trait, projection, start, search in _SEARCHES:
        where = projections[projection]
        position = where.find(start)
        index = before = 0
        while position >= 0:
            if search is not None:
                match = search(where, position)
                if match is None:
                    break
                position = match.start()
            index += where.count(0, before, position)
            key = last - index if projection == REVERSED else index
            traits[key] = traits.get(key, 0) | trait
            before = where.find(0, position)
            if before < 0:
                break
            position = where.find(start, before)
    runs = octets.translate(_RUNS)
    for index in _with_long_words(runs):
        traits[index] = traits.get(index, 0) | LONG_WORD
    if runs.find(_CHANGES) >= 0:
        for index in _with_short_base64(octets, runs):
            traits[index] = traits.get(index, 0) | SHORT_WORD
    if _EQUALS in octets:
        for index in _with_equals(octets):
            traits[index] = traits.get(index, 0) | ENCODED | SHORT_WORD
    if not joined.isascii():
        for index, text in enumerate(texts):
            if not text.isascii():
                traits[index] = traits.get(index, 0) | ENCODED
    for index, shown in traits.items():
        if shown & DIGITS and shown & DOTTED and is_addressed(texts[index]):
            traits[index] = shown & ~DIGITS
    return traits


_LONG = b"a" * 16
_REST = re.compile(rb"a*+").match
# A capital, digit or dash that begins, ends or divides a word as long as a key.
_DIVIDED = re.compile(rb"A(?:(?=[aA]{15})|(?<=[aA]{17})|(?<=[aA]{9})(?=[aA]{7}))").search


def has_long_word(octets: bytes) -> bool:
    """Tell whether a text has the trait ``long``."""
    return next(_with_long_words(octets.translate(_RUNS)), None) is not None


def may_be_written(octets: bytes) -> bool:
    """Tell cheaply whether a text may hold base64 or hexadecimal digits; misses few short ones."""
    return octets.translate(_RUNS).find(_CHANGES) >= 0


def _with_long_words(runs: bytes) -> Iterator[int]:
    """Yield the indices of texts with a word that is as long as a key, and looks like one."""
    words = runs.lower()
    index = before = 0
    position = words.find(_LONG)
    while position >= 0:
        end = _REST(words, position).end()  # type: ignore[union-attr]  # matches the empty text, too
        if runs.find(b"A", position, end) >= 0 and _DIVIDED(runs, position, end):
            index += words.count(0, before, position)
            yield index
            before = end = words.find(0, end)
            if before < 0:
                return
        position = words.find(_LONG, end)


_EQUALS = ord("=")
# Of quoted-printable and the encoded words of headers: two octets, broken lines, ...; or at the end
# of base64.
_PRINTED = (
    rb"=(?:\?[A-Za-z]|40|\r?\n|[0-9A-F]{2}=[0-9A-F]{2}"
    rb"|(?![A-Za-z0-9])(?:(?<=[I-Za-f][C-HS-Xi-ny-z0-3][AEIMQUYcgkosw048]=)"
    rb"|=(?<=[I-Za-f][AQgw]==)))"
)
_MARKED = re.compile(_PRINTED).search


def _with_equals(octets: bytes) -> Iterator[int]:
    """Yield the indices of texts in which something may be encoded by means of "="."""
    index = before = 0
    match = _MARKED(octets)
    while match is not None:
        index += octets.count(0, before, match.start())
        yield index
        before = octets.find(0, match.start())
        match = _MARKED(octets, before) if before >= 0 else None


_SHORT = re.compile(rf"(?<![A-Za-z0-9+/_-]){SHORT_BASE64}".encode("ascii")).match
_WORD_BEFORE = re.compile(rb"[A-Za-z0-9+/_-]{0,15}").match
_WORD_AFTER = re.compile(rb"[A-Za-z0-9+/_-]*+").match


def _with_short_base64(octets: bytes, runs: bytes) -> Iterator[int]:
    """Yield the indices of texts with a short word of base64: where capitals change with others."""
    index = before = 0
    position = runs.find(_CHANGES)
    while position >= 0:
        # The word's beginning: it is short, and the search seldom comes here.
        ahead = octets[max(0, position - 15) : position][::-1]
        start = position - _WORD_BEFORE(ahead).end()  # type: ignore[union-attr]  # matches nothing, too
        # What holds of a word holds at its every change.
        end = _WORD_AFTER(octets, position).end()  # type: ignore[union-attr]  # nor does this fail
        if _SHORT(octets, start):
            index += octets.count(0, before, position)
            yield index
            before = end = octets.find(0, position)
            if end < 0:
                return
        position = runs.find(_CHANGES, end)


_MAY_BE_SHORT = re.compile(
    rb"(?<![A-Za-z0-9+/_-])(?=[A-Za-z0-9+/_-]{8,15}(?![A-Za-z0-9+/_-]))"
    rb"[A-Za-z0-9+/_-]*?[A-Z0-9-][a-z_][A-Z0-9-]"
).search
_MAY_BE_MARKED = re.compile(
    rb"=(?:\?[A-Za-z]|[0-9]{2}|\r?\n|[0-9A-Z]{2}=[0-9A-Z]{2}"
    rb"|(?![A-Za-z0-9])(?<=[A-Za-z0-9]{2}.)=?(?<=[A-Za-z0-9]{2}.))"
).search


def may_hold_short_base64(octets: bytes) -> bool:
    """Tell whether a text may have a short word of base64, whichever letters are in it.

    One that ends in an "=" is told by `may_be_marked`.
    """
    return may_be_written(octets) and _MAY_BE_SHORT(octets) is not None


def may_be_marked(octets: bytes) -> bool:
    """Tell whether something may be encoded by means of "=", whichever letters are in a text."""
    return _EQUALS in octets and _MAY_BE_MARKED(octets) is not None


_ADDRESS = re.compile(r"[0-9](?<![0-9.][0-9])[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?![0-9]|\.[0-9])").sub


def is_addressed(text: str) -> bool:
    """Tell whether the digits in a text are too few but for those of IPv4 addresses."""
    rest = _ADDRESS(_without_address, text).encode("ascii", "replace")
    return b"000000" not in rest.translate(_SHAPE, _SEPARATORS)


def _without_address(match: re.Match[str]) -> str:
    return "x" if all(int(octet) < 256 for octet in match[0].split(".")) else match[0]
