"""Values that are assigned to the name of a credential: ``password=...``, ``"token": "..."``."""

from __future__ import annotations

import re

from telemetry_core.filter.detectors.credentials import (
    PIECE,
    is_named_in,
    is_placeholder,
    is_scrambled,
    sensitive_key,
)
from telemetry_core.filter.detectors.detector import Detector

_QUOTE = r"(?:''(?=[^\s',;)\]}])|\\{0,8}[\"'])"  # in SQL a quote inside quotes is doubled
# What assigns to a key. Which key that is, and how far the value goes, is for the check: marks are
# fewer than words, and most keys are not sensitive.
_ASSIGN = r"(?P<assign>[:=](?<![:=!<>].)(?:(?<==)>|(?<=:)=)?(?![=:]))[ ]{0,4}"
_KEY_BACKWARDS = re.compile(
    r"[ ]{0,4}\]?(?:''|[\"']\\{0,8})?(?P<key>[\w.-]{2,80}+"
    r"(?i: (?:ipa|ssecca|terces|etavirp|gningis|tnuocca|noitpyrcne|noisses|ed tom|e[cs]necil)"
    r"(?![\w.-]))?+)"
).match


def _key_before(match: re.Match[str]) -> str:
    """Return the key before an assignment in lower case if it is sensitive, else nothing."""
    mark = match.start()
    found = _KEY_BACKWARDS(match.string[max(0, mark - 100) : mark][::-1])
    return sensitive_key(found["key"][::-1]) if found is not None else ""


_SCHEME = r"(?:(?i:bearer|basic|digest|token|negotiate|apikey|ssws|aws4-hmac-sha256)(?: |\+|%20))?"

# What a source line or a sentence has where a credential would stand.
_CODE = re.compile(
    # a call, an attribute
    r"base64\.|[a-z:]{2,20}:`|[a-z_]+[0-9]{1,3}[a-z_]{2,}[(.\[]|"
    r"[A-Za-z_][A-Za-z_]*[0-9]?(?:\.[A-Za-z_][A-Za-z0-9_]*)*(?:[\[(.|]|[)\]}]++(?=[\s,.;:(\[]|$))"
    r"|(?:[A-Za-z_]+\.)+[A-Za-z_]+$"
    r"|0[xX][0-9A-Fa-f]{1,16}$|[\[({<$%*.?@]|[fFrRbB]{1,2}[\"']|\\|lambda\b|-+$|\.\.\."
)
_CONSTANTS = frozenset(
    "await yield none true false null undefined str bytes int bool float object any string text "
    "self cls optional "
    "required missing invalid expired not is in if for and or the was has must should cannot empty "
    "nil nan password token secret list dict tuple set type callable boolean integer number "
    "unknown "
    "bearer basic digest "
    "denied rejected failed ok error valid changed default disabled enabled".split()
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z_]+")
_TYPE = re.compile(r"(?:[A-Z][a-z]+)+|[A-Z][A-Z_]+|_[A-Za-z_]+|[a-z]+(?:_[a-z]+)+")
_PLAIN_VALUE = re.compile(
    rf"{_SCHEME}(?P<value>(?:[^\s,;&)}}\]\"'\\<]|[)}}\]]++(?=[^\s,;&)}}\]\"'\\<.:])"
    r"|&(?![A-Za-z_][A-Za-z0-9_.\[\]-]{0,60}=|\s|amp;|$)){2,}+)"
).match
_QUOTED_VALUE = re.compile(
    rf"[bru]?(?P<quote>{_QUOTE})(?P<value>(?:(?!(?P=quote))[^\n])++)(?=(?P=quote)|\Z)"
).match
_ATTRIBUTE = re.compile(r"\.[a-z]+\(").match
_WORDLIKE = re.compile(r"[^\W_]").search
_FIELD = re.compile(r"_?[A-Za-z]+(?:[_.-][A-Za-z]+)+").fullmatch
_ANNOTATION = re.compile(
    r"[A-Za-z_][A-Za-z_.]*(?:\[[A-Za-z_., |\[\]]+\](?: \| [A-Za-z_.]+)*|(?: \| [A-Za-z_.]+)+)"
).fullmatch


_JUMBLE = re.compile(
    r"(?=[^0-9]*[0-9]).*?[A-Za-z0-9)(](?!\*\*|&&|\?\?)[!@#$^&*~+?][!@#$%^&*~+?_]{0,2}[A-Za-z0-9)(]"
).match
# In a sentence in brackets: "(password=hunter2)".
_BRACKETED = re.compile(r"[A-Za-z]{4,32}[0-9]{1,8}(?=[)\]}](?:[\s,.;]|\Z))").match
_UNCLOSED = re.compile(
    r"[^\s,;()\[\]=.]*[(\[][^\s,;()\[\]=.]*[A-Za-z0-9][^\s,;()\[\]=.]*(?=[\n;&\"']|\Z)"
).match


# "registry.example.com/team/auth:2.10.3"
_TAG = re.compile(r"v?[0-9]+(?:\.[0-9]+){0,3}(?:-[a-z0-9.]+)?").fullmatch
_IMAGE = re.compile(r"[a-z0-9]/[a-z0-9._-]*\Z").search


# A password may begin with a mark with which code does, and a parameter after an empty one.
_MARKED = re.compile(
    r"(?!%\(\w+\)|\$[{(])[&%()*+^!@#$_](?![A-Za-z_][\w.-]*+=)[^\s,;\"'<>\\]{7,64}(?<![)\]}.:])"
).match


def _is_mixed(value: str) -> bool:
    """Tell what has capitals, small letters and digits in pieces shorter than those of names."""
    rest = re.sub(r"[\W_]", "", value)
    return (
        len(rest) >= 6
        and rest.lower() != rest != rest.upper()
        and any(map(str.isdigit, rest))
        and len(rest) <= 3.1 * len(PIECE.findall(rest))
    )


def _is_jumble(text: str) -> bool:
    """Tell what a generator of passwords makes from code: digits among marks that code has not."""
    word = re.split(r"[\s,;]", text, maxsplit=1)[0]
    jumbled = _JUMBLE(word) is not None and not word.startswith(("{", "$", "%", "<", "(", "["))
    return jumbled or _UNCLOSED(text) is not None


def _plain_value(match: re.Match[str]) -> tuple[int, int] | bool:
    """Tell a value from code, and from words about credentials."""
    text, start = match.string, match.end()
    key = _key_before(match)
    if not key:
        return False
    # "password=hunter" is a value, "password = hunter" is code.
    is_tight = match.end() == match.end("assign") and text[match.start() - 1] != " "
    bracketed = _BRACKETED(text, start) if match["assign"] == "=" and is_tight else None
    if bracketed is not None and is_named_in(bracketed[0].lower()) is None:
        return bracketed.span()
    if is_tight or match["assign"] == ":":
        marked = _MARKED(text, start)
        if marked is not None and _is_mixed(marked[0]):
            return marked.span()
    if text[start] == "&":
        return False
    if _CODE.match(text, start) and not _is_jumble(text[start : start + 64]):
        return False
    found = _PLAIN_VALUE(text, start)
    if found is None or (_CODE.match(found["value"]) and not _is_jumble(found["value"])):
        return False
    value = found["value"]
    if is_tight and _TAG(value) and _IMAGE(text[max(0, match.start() - 80) : match.start()]):
        return False
    lowered = value.strip(".!?)]}`").lower()
    if lowered in _CONSTANTS or ("token" in key and value.isdigit() and len(value) < 8):
        return False  # a word of code or prose; a count of tokens
    if _NAME.fullmatch(value) is None:
        return found.span("value")
    after = text[found.end() : found.end() + 1]
    if lowered.strip("_") in key or is_named_in(lowered) or after in tuple("([.)=|{"):
        return False
    if match["assign"] == "=" and is_tight:
        # "password=hunter" is a value, "login(user, password=word)" is code.
        return after != "," and found.span("value")
    if is_scrambled(value):
        return found.span("value")
    literal = ":" in match["assign"] and _TYPE.fullmatch(value) is None
    return (
        literal and after in ("", "\n", ",", ";", "&", "}", "'", '"', "\\") and found.span("value")
    )


def _quoted_value(match: re.Match[str]) -> tuple[int, int] | bool:
    """Tell a quoted credential from a placeholder and from the name of a field."""
    key = _key_before(match)
    if not key:
        return False
    found = _QUOTED_VALUE(match.string, match.end())
    if found is None:
        return False
    value = found["value"]
    if found.end() == len(match.string) and " " in value:
        return False  # what a text is cut off in is a value if it is a word
    lowered = value.strip().lower()
    if lowered in _CONSTANTS or lowered == key or is_placeholder(value) or _ANNOTATION(value):
        return False
    if _ATTRIBUTE(match.string, found.end() + len(found["quote"])) or not _WORDLIKE(value):
        return False  # "; ".join(...)
    # The name of a field or a sentence that speaks of a credential, and no credential.
    named = _FIELD(value) or " " in value or _TYPE.fullmatch(value)
    return not (named and is_named_in(lowered)) and found.span("value")


DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="sensitive_quoted",
        token="[SECRET]",
        traits=("named", "foreign"),
        trigger=(r"[:=](?<=[a-z0?\"'\\\] ].)(?=[:=]?>? {0,4}[^ ,)\x00])",),
        pattern=rf"{_ASSIGN}(?=[bru]?{_QUOTE})",
        check=_quoted_value,
        finds=(
            '"password": "hunter two"',
            "token='abc'",
            r"{\"secret\": \"x y\"}",
            "db_password = 'x'",
            "password='hunter",
        ),
        spares=(
            "password: str",
            "token = None",
            "sig: 'Signature'",
            "token_name = '_reset_token'",
            "'password': '%s'",
        ),
    ),
    Detector(
        name="sensitive_plain",
        token="[SECRET]",
        traits=("named", "foreign"),
        trigger=(r"[:=](?<=[a-z0?\"'\\\] ].)(?=[:=]?>? {0,4}[^ ,\x00])",),
        pattern=rf"{_ASSIGN}(?=[^\s,;\"'\\<])",
        check=_plain_value,
        finds=(
            "password=hunter2",
            "password=hunter2(x",
            "password=)e7C6wJch+0",
            "password=dw)(8Ecn^&kfwYP8UzZ",
            "refused (password=hunter2)",
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
            "?token=&page=2&Sort1=aB2",
            "secret=%(API_KEY2)s",
            "login(password=f(**kw2))",
            "session_key=session_key",
            "class_id = pg_class",
            "password: is too short",
            "def f(token: Token)",
            "self.token = nextchar",
            "credentials = b64encode(credentials).decode('ascii')",
            "``key(identity_token=token)``",
            "time-signature::print",
            "DD_SIGNATURE = 0x08074b50",
            "registry.example.com/team/auth:6.83.67",
            "Pass :meth:`peek` a default",
        ),
    ),
)
