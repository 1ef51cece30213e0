"""Credentials next to a word that says what they are: ``password=...``, headers, parameters."""

from __future__ import annotations

import math
import re
from collections import Counter

from telemetry_core.filter.detectors.detector import Detector

# Long enough to mean nothing else, whatever letters stand before ("dbpassword").
_ANYWHERE = (
    r"passw(?:or)?d|passwd|passphrase|passcode|passwort|contrasena|contraseña|senha|mot_?de_?passe"
    r"|secret(?:[_-]?access)?(?:[_-]?key)?|api[_ -]?key|api[_ -]?token|(?:access|auth|refresh|bearer|id)[_ -]?token"
    r"|(?:access|private|signing|encryption|account|master|shared[_-]?access|session|storage|license|hmac)[_ -]?key"
    r"|credentials?|csrf[_-]?token|xsrf[_-]?token|csrfmiddlewaretoken|sessionid|sessid|session_?token"
    r"|connection[_ -]?string|authorization"
)
# Only as a word of their own, or as one part of a name ("x-auth", "userPin").
_WORD = (
    r"pass|pwd|pw|token|tokens|auth|authentication|oauth|jwt|csrf|xsrf|sid|cookies?|set-cookie|otp|totp|mfa|cvv2?|cvc"
    r"|pin|sig|signature|dsn|nonce|bearer|creds?|session"
)
_QUOTE = r"\\{0,8}[\"']"
_ASSIGN = rf"(?:{_QUOTE})?\]?[ ]{{0,4}}(?:=>|:=|==|[:=])[ ]{{0,4}}"
# A key with a value after it, and only then the question whether it is a sensitive one: the order
# matters for speed, since most words have no value.
_KEY = (
    rf"(?<![A-Za-z0-9_.-])(?=[A-Za-z][A-Za-z0-9_.-]{{0,80}}+(?: [A-Za-z-]{{1,12}}+){{0,2}}{_ASSIGN}[^\s])"
    rf"(?P<key>[A-Za-z0-9_.-]{{0,80}}?(?:(?i:{_ANYWHERE})|(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))(?i:{_WORD}))"
    r"(?i:[_-]?(?:hash|value|old|new|key|id|token|code|confirm(?:ation)?|again|string|header|[0-9])){0,2}s?)"
)
_SCHEME = r"(?:(?i:bearer|basic|digest|token|negotiate|apikey|aws4-hmac-sha256)(?: |\+|%20))?"

# What a source line or a sentence has where a credential would stand.
_CODE = re.compile(
    r"[A-Za-z_][A-Za-z_]*[0-9]?(?:\.[A-Za-z_][A-Za-z0-9_]*)*[\[(.)\]}|]"  # a call, an attribute
    r"|(?:[A-Za-z_]+\.)+[A-Za-z_]+$"
    r"|[\[({<$%*.?@]|[fFrRbB]{1,2}[\"']|\\|lambda\b|-+$|\.\.\."
)
_CONSTANTS = frozenset(
    "none true false null undefined str bytes int bool float object any string text self cls optional "
    "required missing invalid expired not is in if for and or the was has must should cannot empty "
    "nil nan password token secret list dict tuple set type callable boolean integer number unknown "
    "denied rejected failed ok error valid changed default disabled enabled".split()
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z_]+")
_TYPE = re.compile(r"(?:[A-Z][a-z]+)+|[A-Z][A-Z_]+|_[A-Za-z_]+|[a-z]+(?:_[a-z]+)+")


def _is_credential(match: re.Match[str]) -> bool:
    """Tell a value from code, and from words about credentials."""
    key, value = match["key"].lower(), match["value"]
    assign = match["assign"].strip("\\\"'")
    lowered = value.strip(".!?").lower()
    if lowered in _CONSTANTS or _CODE.match(value):
        return False
    if "token" in key and value.isdigit() and len(value) < 8:
        return False  # a count of tokens
    if _NAME.fullmatch(value) is None:
        return True
    after = match.string[match.end() : match.end() + 1]
    if lowered.strip("_") in key or re.search(_ANYWHERE, lowered) or after in tuple("([.)=|{"):
        return False
    if assign == "=":
        # "password=hunter" is a value, "login(user, password=word)" is code.
        return after != ","
    return (
        ":" in assign and _TYPE.fullmatch(value) is None and after in ("", "\n", ",", ";", "&", "}")
    )


def _is_text(match: re.Match[str]) -> bool:
    """Tell a quoted credential from a placeholder and from the name of a field."""
    key, value = match["key"].lower(), match["value"]
    lowered = value.lower()
    if lowered in _CONSTANTS or re.fullmatch(
        r"%s|%\(\w+\)s|\{[^{}]*\}|\$\{?\w+\}?|\*+|\.+|\[[A-Z]+\]|\[Filtered\]", value
    ):
        return False
    if re.fullmatch(r"_?[A-Za-z]+(?:[_-][A-Za-z]+)+", value) and re.search(
        rf"{_ANYWHERE}|{_WORD}", lowered
    ):
        return False
    return lowered != key


def _is_random(match: re.Match[str]) -> bool:
    """Tell a random value from words, versions and identifiers, by its entropy (bits a char)."""
    value = match["value"]
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return (
        entropy >= 2.8
        and kinds >= 2
        and any(char.isdigit() for char in value)
        and (
            re.fullmatch(r"[a-z]+[-_.][0-9.]+|[A-Za-z]+[0-9]{1,2}|[0-9]+[a-z]{1,2}", value) is None
        )
    )


def _is_key(match: re.Match[str]) -> bool:
    value = match["value"]
    return (
        _is_random(match) and re.fullmatch(r"[0-9a-fA-F-]+|[a-z_.:-]+[0-9a-f.:-]*", value) is None
    )


_PERSONAL = (
    r"(?:[a-z0-9]{1,12}[_.-]){0,3}(?:e-?mail|mail|name|user(?:name)?|login|phone|mobile|tel|address|addr|street|city|zip"
    r"|zipcode|postcode|postal_?code|birth_?(?:day|date)|dob|age|gender|ssn|token|key|apikey|auth|sig|signature|code"
    r"|state|nonce|secret|password|passwd|pwd|pass|session|sessionid|sid|jwt|otp|pin|hash|credential|policy|ticket"
    r"|assertion|samlresponse|samlrequest|lat|lon|lng|latitude|longitude|ip|customer|account|invite|confirm(?:ation)?)"
    r"(?:[_.-]?(?:id|key|token|hint|hash|code|[0-9]))?(?:\[\])?"
)

DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="cookie_header",
        token="[SECRET]",
        traits=("named",),
        trigger=("cookie0? ?:",),
        pattern=r"(?i:(?<![a-z])(?:set-)?cookie2?) ?: ?(?P<value>[^\s\"'=;]{1,100}=[^\n\r\"']*+)",
        finds=("Cookie: sessionid=abc; theme=dark", "Set-Cookie: a=b; Path=/"),
        spares=("cookie: none",),
    ),
    Detector(
        name="authorization",
        token="[SECRET]",
        traits=("long", "named"),
        trigger=("bearer", "basic", "authorization"),
        pattern=(
            r"(?i:(?<![a-z])(?:bearer|basic))(?:[ +]|: ?|=|%20){1,2}(?P<value>[A-Za-z0-9._~+/-]{6,}+=*+)"
            r"|(?i:(?<![a-z])authorization)[\"']? ?[:=] ?[\"']?(?i:digest|aws4-hmac-sha256|hawk|oauth) (?P<rest>[^\n]++)"
        ),
        check=lambda match: (
            match["rest"] is not None or bool(re.search(r"[0-9=A-Z]", match["value"]))
        ),
        finds=("Authorization: Bearer abc123.def456", "Basic dXNlcm5hbWU6cGFzcw=="),
        spares=("basic authentication", "bearer instruments"),
    ),
    Detector(
        name="query_parameter",
        token="[Filtered]",
        traits=("mark",),
        trigger=(r"[?&;][a-z0_.-]+(?:\[\])?=",),
        pattern=rf"(?<=[?&;])(?i:{_PERSONAL})=(?P<value>[^&;#\s\"'<>\\]++)(?<!\[Filtered\])",
        check=lambda match: re.match(r"%[sd(]|\{|\$|<|\[[A-Z][A-Za-z]*\]$", match["value"]) is None,
        finds=("/cb?code=abc123&state=x9", "?q=1&email=jane#top"),
        spares=("?page=2&sort=asc", "?token=%s", "?format=json"),
    ),
    Detector(
        name="sensitive_quoted",
        token="[SECRET]",
        traits=("named",),
        trigger=(r"[a-z]0?[\"'\\\]]{0,8} {0,4}[:=]{1,2}>? {0,4}[^ ,)]",),
        pattern=(
            rf"{_KEY}(?P<assign>{_ASSIGN})[bru]?(?P<quote>{_QUOTE})"
            r"(?P<value>(?:(?!(?P=quote))[^\n])++)(?=(?P=quote))"
        ),
        check=_is_text,
        finds=(
            '"password": "hunter two"',
            "token='abc'",
            r"{\"secret\": \"x y\"}",
            "db_password = 'x'",
        ),
        spares=("password: str", "token = None", "token_name = '_reset_token'", "'password': '%s'"),
    ),
    Detector(
        name="sensitive_plain",
        token="[SECRET]",
        traits=("named",),
        trigger=(r"[a-z]0?[\"'\\\]]{0,8} {0,4}[:=]{1,2}>? {0,4}[^ ,)]",),
        pattern=(
            rf"{_KEY}(?P<assign>{_ASSIGN}){_SCHEME}"
            r"(?P<value>(?:[^\s,;&)}\]\"'\\<]|[)}\]](?=[^\s,;&)}\]\"'\\<.:])|&(?![A-Za-z_][A-Za-z0-9_.\[\]-]{0,60}=|\s|amp;|$)){2,}+)"
        ),
        check=_is_credential,
        finds=(
            "password=hunter2",
            "csrftoken=abc123; x",
            "x token=abc&x=1",
            "password: hunter",
            "pin=1234",
        ),
        spares=(
            "password=forms.CharField()",
            "token: str",
            "token=None",
            "login(password=password)",
            "max_tokens=4096",
            "session_key=session_key",
            "class_id = pg_class",
            "password: is too short",
            "def f(token: Token)",
        ),
    ),
    Detector(
        name="random_by_word",
        token="[SECRET]",
        traits=("word", "long"),
        trigger=("0",),
        pattern=(
            r"(?i:password|passwd|passphrase|secret|token|credentials?|(?:api|access|secret|private|signing)[ _-]?key)s?"
            r"(?:[ :=]{1,3}(?i:is|was|of|for|value|found|with|rejected|expired|invalid|used|given|got)){0,3}[ :=]{1,3}[\"'`(<\[]{0,2}"
            r"(?P<value>[A-Za-z0-9+/_.~!@#$%^*-]{8,}+=*+)"
        ),
        check=_is_random,
        finds=("Invalid token 9f8e7d6c5b4a39281706", "the password is Tr0ub4dor&3"),
        spares=("token authentication2", "password validators", "token version-1.2"),
    ),
    Detector(
        name="random_by_key",
        token="[SECRET]",
        traits=("named",),
        trigger=("key[\"' ]{0,2}[:=]",),
        pattern=r"(?i:(?<![a-z])key)[\"']? ?[:=] ?[\"']?(?P<value>[A-Za-z0-9+/_.-]{12,}+=*+)",
        check=_is_key,
        finds=("key=a8Fk29dLq01ZxP", "Key: 'Zm9vYmFyMTIzNDU2'"),
        spares=(
            "key: id",
            "key=550e8400-e29b-41d4-a716-446655440000",
            "key: views.cache.0123456789abcdef",
        ),
    ),
)
