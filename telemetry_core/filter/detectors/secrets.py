"""Credentials in headers, parameters, elements and on command lines, and password hashes."""

from __future__ import annotations

import re

from telemetry_core.filter.detectors.credentials import is_placeholder, sensitive_key
from telemetry_core.filter.detectors.detector import Detector


def _is_sensitive_element(match: re.Match[str]) -> bool:
    return bool(sensitive_key(match["key"])) and is_placeholder(match["value"].strip()) is None


def _is_for_login(match: re.Match[str]) -> tuple[int, int] | bool:
    before = match.string[max(0, match.start() - 200) : match.start()]
    if match["password"] is not None:
        return before.endswith("sshpass ") and match.span("password")
    return "curl " in before.rpartition("\n")[2]


_PERSONAL = (
    r"(?:[a-z0-9]{1,12}[_.-]){0,3}(?:e-?mail|mail|name|user(?:name)?|login|phone|mobile|tel"
    r"|address|addr|street|city|zip"
    r"|zipcode|postcode|postal_?code|birth_?(?:day|date)|dob|age|gender|ssn|token|key|apikey"
    r"|auth|sig|signature|code"
    r"|state|nonce|secret|password|passwd|pwd|pass|session|sessionid|sid|jwt|otp|pin|hash"
    r"|credential|policy|ticket"
    r"|assertion|samlresponse|samlrequest|ip|customer|account"
    r"|invite|confirm(?:ation)?)"
    r"(?:[_.-]?(?:id|key|token|hint|hash|code|[0-9]))?(?:\[\])?"
)

# bcrypt, Argon2, scrypt, yescrypt, crypt(3) and Django's.
_HASH = (
    r"\$(?:2[abxy]?\$[0-9]{2}\$[./A-Za-z0-9]{53}|(?:argon2(?:id|[id])|scrypt|y|7|gy)\$[^\s\"'<>;]{20,}+"
    r"|[156]\$[^\s\"'<>:,;]{20,}+)"
    r"|(?:pbkdf2(?:_sha(?:1|256|512))?|bcrypt(?:_sha256)?|scrypt|argon2|sha1|md5)\$[^\s\"'<>,;]{20,}+"
)

DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="password_hash",
        token="[SECRET]",
        traits=("word",),
        trigger=(
            r"[$](?:0[abxy]?|y|argon0(?:id|[id])|scrypt)[$]",
            r"(?:pbkdf|bcrypt|argon0)[a-z0_]{0,12}[$]",
        ),
        pattern=rf"(?P<value>{_HASH})",
        finds=(
            "$2b$12$" + "a1B2c3d4." * 5 + "a1B2c3d4",
            "$argon2id$v=19$m=102400,t=2,p=8$a1B2c3d4e5F6$a1B2c3d4e5F6",
            "pbkdf2_sha256$600000$a1B2c3d4$a1B2c3d4e5F6=",
        ),
        spares=("$2 and $3", "costs $5$ or $6$ each", "pbkdf2_sha256$%d$%s$%s"),
    ),
    Detector(
        name="sensitive_element",
        token="[SECRET]",
        traits=("named",),
        trigger=("</",),
        pattern=(
            r"<(?:[A-Za-z]{1,20}:)?(?P<key>[A-Za-z_.-]{2,40}+)[^<>\n]{0,80}>"
            r"(?P<value>[^<>\n]{1,400}+)(?=</)"
        ),
        check=_is_sensitive_element,
        finds=("<user>x</user><password>hunter two</password>", "<ns:ApiKey>a1</ns:ApiKey>"),
        spares=(
            "<password></password>",
            "<name>pass</name>",
            "<token>%s</token>",
            "<label>Password</label>",
        ),
    ),
    Detector(
        name="command_line",
        token="[SECRET]",
        traits=("word",),
        trigger=("curl ", "sshpass"),
        pattern=(
            r"(?<= )(?:(?:-u|--user|-U|--proxy-user)[ =]?[\"']?(?P<value>(?![$%\[<])"
            r"[^\s\"':]{1,64}:[^\s\"']{1,128}+)"
            r"|-p ?[\"']?(?P<password>(?![$%\[<])[^\s\"']{1,128}+))"
        ),
        check=_is_for_login,
        finds=("curl -u jane:xyzzy https://example.com", "sshpass -p xyzzy ssh host"),
        spares=("curl -u $USER:$PASS https://example.com", "curl -X GET https://example.com/a:b"),
    ),
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
        traits=("word", "long", "named"),
        trigger=("bearer", "basic", "ssws", "authorization"),
        pattern=(
            r"(?i:(?<![a-z])(?:bearer|basic|ssws))(?:[ +]|: ?|="
            r"|%20){1,2}(?P<value>(?:[A-Za-z0-9._~+-]|/(?!(?i:bearer|basic)\b)){6,}+=*+)"
            r"|(?i:(?<![a-z])authorization)[\"']? ?[:=] ?[\"']?(?i:digest|aws4-hmac-sha256|hawk"
            r"|oauth) (?P<rest>[^\n]++)"
        ),
        check=lambda match: (
            match["rest"] is not None or bool(re.search(r"[0-9=A-Z]", match["value"]))
        ),
        finds=(
            "Authorization: Bearer abc123.def456",
            "Bearer abcdef123456",
            "Basic dXNlcm5hbWU6cGFzcw==",
        ),
        spares=("basic authentication", "bearer instruments"),
    ),
    Detector(
        name="query_parameter",
        token="[Filtered]",
        traits=("parameter",),
        trigger=(r"[?&;][a-z0_.-]+(?:\[\])?=",),
        pattern=rf"(?<=[?&;])(?i:{_PERSONAL})=(?P<value>(?:[^&;#\s\"'<>\\,`)}}|.?!\u00bb\u201c\u201d\u300d]|[.?!](?![\s\"')]|$))++)(?<!\[Filtered\])",
        check=lambda match: re.match(r"%[sd(]|\{|\$|<|\[[A-Z][A-Za-z]*\]$", match["value"]) is None,
        finds=("/cb?code=abc123&state=x9", "?q=1&email=jane#top"),
        spares=("?page=2&sort=asc", "?token=%s", "?format=json"),
    ),
)
