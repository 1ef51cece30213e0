"""What the names of credentials have in common, and what their values have."""

from __future__ import annotations

import re

# Long enough to mean nothing else, whatever letters stand before ("dbpassword").
_ANYWHERE = (
    r"pass_?w(?:or)?d|passwd|pass_?phrase|passcode|passwort|senha|mot_?de_?passe"
    r"|kennwort|parola|heslo|wachtwoord|l[oöø]sen(?:ord)?|has[lł]o|salasana|jelsz[oó]|[sş]ifre"
    r"|passord|adgangskode|contrase(?:n|ñ)a|lozinka|пароль|密码|密碼|パスワード|비밀번호"
    r"|secret(?:[_-]?access)?(?:[_-]?key)?|api[_ -]?key|api[_ -]?token|(?:access|auth|refresh"
    r"|bearer|id)[_ -]?token"
    r"|(?:access|private|signing|encryption|account|master|shared[_-]?access|session|storage"
    r"|license|hmac)[_ -]?key"
    r"|credentials?|csrf[_-]?token|xsrf[_-]?token|csrfmiddlewaretoken|sessionid|sessid"
    r"|session_?token"
    r"|connection[_ -]?string|authorization"
)
# Only as a word of their own, or as one part of a name ("x-auth", "userPin").
_WORD = (
    r"pass|pwd|pw|token|tokens|auth|authentication|oauth|jwt|csrf|xsrf|sid|cookies?|set-cookie"
    r"|otp|totp|mfa|cvv2?|cvc"
    r"|pin|sig|signature|dsn|nonce|bearer|creds?|session|clave|chave"
)
_SENSITIVE = re.compile(
    rf"(?:{_ANYWHERE}|(?<![a-z])(?:{_WORD}))"
    r"(?:[_-]?(?:hash|value|old|new|key|id|token|code|confirm(?:ation)?|again|string|header"
    r"|[0-9])){0,2}s?$"
).search
HUMP = re.compile("(?<=[a-z])(?=[A-Z])")
# How sensitive keys end, to spare most others the search.
_ENDS = frozenset(
    "rd wd se de rt na ña ha et ey en al ng on th wt rf id ie in ig re sn ce er ed tp fa vv vc "
    "pw ss sh ue ld ew in on de pa ve la lo ło zo zó ka ль 密码 密碼 ード 번호".split()
)
is_named_in = re.compile(rf"{_ANYWHERE}|{_WORD}").search
"""Find out whether a text in lower case has such a name in it."""


def sensitive_key(key: str) -> str:
    """Return a key in lower case if it names a credential, as ``userPin`` does; else nothing."""
    lowered = key.lower()
    if lowered.rstrip("s0123456789")[-2:] not in _ENDS:
        return ""
    if lowered != key:
        lowered = HUMP.sub("_", key).lower()
    return lowered if _SENSITIVE(lowered) else ""


is_placeholder = re.compile(
    r"[^%\n]*%(?:[sd]|\(\w+\)s).*|\{[^{}]*\}|\$\{?\w+\}?|\*+|\.+|_[a-z_]+|\[[A-Za-z]+\]"
    # how a command is called: "[object_type=Request] [num=200 [max_depth=10]]"
    r"|[^\n ]*[ =]?[\[<][^\n]{0,200} ?\[[^\n]{0,200}\]"
).fullmatch
"""Find out whether a value stands for another."""

_CAPITALS = re.compile("[A-Z]{2}").search
PIECE = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def is_scrambled(value: str) -> bool:
    """Tell letters and digits that no words make: in pieces shorter than theirs, with capitals."""
    if len(value) < 12 or not value.isalnum() or value.lower() == value or value.upper() == value:
        return False
    pieces = len(PIECE.findall(value))
    if value.isalpha():
        return len(value) <= 3.4 * pieces and _CAPITALS(value) is not None
    return len(value) <= 3.1 * pieces
