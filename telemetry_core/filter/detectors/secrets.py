"""Credentials next to a word that says what they are: ``password=...``, headers, parameters."""

from __future__ import annotations

import math
import re
from collections import Counter

from telemetry_core.filter.detectors.detector import Detector

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
_HUMP = re.compile("(?<=[a-z])(?=[A-Z])")
# How sensitive keys end, to spare most others the search.
_ENDS = frozenset(
    "rd wd se de rt na ña ha et ey en al ng on th wt rf id ie in ig re sn ce er ed tp fa vv vc "
    "pw ss sh ue ld ew in on de pa ve la lo ło zo zó ka ль 密码 密碼 ード 번호".split()
)
_QUOTE = r"(?:''(?=[^\s',;)\]}])|\\{0,8}[\"'])"  # in SQL a quote inside quotes is doubled
# What assigns to a key. Which key that is, and how far the value goes, is for the check: marks are
# fewer than words, and most keys are not sensitive.
_ASSIGN = r"(?P<assign>[:=](?<![:=!<>].)(?:(?<==)>|(?<=:)=)?(?![=:]))[ ]{0,4}"
_KEY_BACKWARDS = re.compile(
    r"[ ]{0,4}\]?(?:''|[\"']\\{0,8})?(?P<key>[\w.-]{2,80}+"
    r"(?i: (?:ipa|ssecca|terces|etavirp|gningis|tnuocca|noitpyrcne|noisses|ed tom|e[cs]necil)"
    r"(?![\w.-]))?+)"
).match


def _sensitive_key(match: re.Match[str]) -> str:
    """Return the key before an assignment in lower case if it is sensitive, else nothing."""
    mark = match.start()
    found = _KEY_BACKWARDS(match.string[max(0, mark - 100) : mark][::-1])
    if found is None:
        return ""
    key = found["key"][::-1]
    lowered = key.lower()
    if lowered.rstrip("s0123456789")[-2:] not in _ENDS:
        return ""
    if lowered != key:
        lowered = _HUMP.sub("_", key).lower()
    return lowered if _SENSITIVE(lowered) else ""


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
_IN_NAME = re.compile(rf"{_ANYWHERE}|{_WORD}").search
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
_PLACEHOLDER = re.compile(
    r"[^%\n]*%(?:[sd]|\(\w+\)s).*|\{[^{}]*\}|\$\{?\w+\}?|\*+|\.+|_[a-z_]+|\[[A-Za-z]+\]"
    # how a command is called: "[object_type=Request] [num=200 [max_depth=10]]"
    r"|[^\n ]*[ =]?[\[<][^\n]{0,200} ?\[[^\n]{0,200}\]"
).fullmatch
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
        and len(rest) <= 3.1 * len(_PIECE.findall(rest))
    )


def _is_jumble(text: str) -> bool:
    """Tell what a generator of passwords makes from code: digits among marks that code has not."""
    word = re.split(r"[\s,;]", text, maxsplit=1)[0]
    jumbled = _JUMBLE(word) is not None and not word.startswith(("{", "$", "%", "<", "(", "["))
    return jumbled or _UNCLOSED(text) is not None


def _plain_value(match: re.Match[str]) -> tuple[int, int] | bool:
    """Tell a value from code, and from words about credentials."""
    text, start = match.string, match.end()
    key = _sensitive_key(match)
    if not key:
        return False
    # "password=hunter" is a value, "password = hunter" is code.
    is_tight = match.end() == match.end("assign") and text[match.start() - 1] != " "
    bracketed = _BRACKETED(text, start) if match["assign"] == "=" and is_tight else None
    if bracketed is not None and _IN_NAME(bracketed[0].lower()) is None:
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
    if lowered.strip("_") in key or _IN_NAME(lowered) or after in tuple("([.)=|{"):
        return False
    if match["assign"] == "=" and is_tight:
        # "password=hunter" is a value, "login(user, password=word)" is code.
        return after != "," and found.span("value")
    if _is_scrambled(value):
        return found.span("value")
    literal = ":" in match["assign"] and _TYPE.fullmatch(value) is None
    return (
        literal and after in ("", "\n", ",", ";", "&", "}", "'", '"', "\\") and found.span("value")
    )


def _quoted_value(match: re.Match[str]) -> tuple[int, int] | bool:
    """Tell a quoted credential from a placeholder and from the name of a field."""
    key = _sensitive_key(match)
    if not key:
        return False
    found = _QUOTED_VALUE(match.string, match.end())
    if found is None:
        return False
    value = found["value"]
    if found.end() == len(match.string) and " " in value:
        return False  # what a text is cut off in is a value if it is a word
    lowered = value.strip().lower()
    if lowered in _CONSTANTS or lowered == key or _PLACEHOLDER(value) or _ANNOTATION(value):
        return False
    if _ATTRIBUTE(match.string, found.end() + len(found["quote"])) or not _WORDLIKE(value):
        return False  # "; ".join(...)
    # The name of a field or a sentence that speaks of a credential, and no credential.
    named = _FIELD(value) or " " in value or _TYPE.fullmatch(value)
    return not (named and _IN_NAME(lowered)) and found.span("value")


_CAPITALS = re.compile("[A-Z]{2}").search
_PIECE = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _is_scrambled(value: str) -> bool:
    """Tell letters and digits that no words make: in pieces shorter than theirs, with capitals."""
    if len(value) < 12 or not value.isalnum() or value.lower() == value or value.upper() == value:
        return False
    pieces = len(_PIECE.findall(value))
    if value.isalpha():
        return len(value) <= 3.4 * pieces and _CAPITALS(value) is not None
    return len(value) <= 3.1 * pieces


_NAMED_VERSION = re.compile(r"[a-z]+[-_.][0-9.]+|[A-Za-z]+[0-9]{1,2}|[0-9]+[a-z]{1,2}").fullmatch


def _is_random(match: re.Match[str]) -> bool:
    """Tell a random value from words, versions and identifiers, by its entropy (bits a char)."""
    value = match["value"]
    if value.isalpha():
        # Behind an option, "--token", it need not be told from a sentence's words.
        before = match.string[max(0, match.start() - 24) : match.start()]
        is_given = before.rpartition(" ")[2].startswith("--")
        return _is_scrambled(value) or (is_given and _HUMP.search(value) is not None)
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return (
        entropy >= 2.8
        and kinds >= 2
        and any(char.isdigit() for char in value)
        and (_is_scrambled(value) or _NAMED_VERSION(value) is None)
    )


def _is_key(match: re.Match[str]) -> bool:
    value = match["value"]
    if not match.groupdict().get("mark", ":"):
        return _is_scrambled(value)
    return (
        _is_random(match) and re.fullmatch(r"[0-9a-fA-F-]+|[a-z_.:-]+[0-9a-f.:-]*", value) is None
    )


def _is_sensitive_element(match: re.Match[str]) -> bool:
    key = _HUMP.sub("_", match["key"]).lower()
    return _SENSITIVE(key) is not None and _PLACEHOLDER(match["value"].strip()) is None


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

_SPOKEN = (
    r"passwor[dt]|passwd|passphrase|kennwort|secret|token|credentials?"
    r"|(?:api|access|secret|private|signing|encryption)[ _-]?key|session(?:[ _-]?(?:id|key))?"
)
_SPOKEN_SHAPE = r"passw|passphr|kennwort|secret|token|credential|[a-z]{1,10}[ _-]?key|session"
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
    Detector(
        name="sql_password",
        token="[SECRET]",
        traits=("word",),
        trigger=(r"(?:password|by) {0,3}[ \"'\\]", "identified by"),
        pattern=(
            r"(?i:password|identified(?: with [\w']{1,40}+)? by)(?i: password)?+ {1,3}"
            r"(?P<quote>\\{0,8}[\"'])(?P<value>[^\n\"'\\]{3,128}+)(?P=quote)"
        ),
        check=lambda match: " " not in match["value"] and _PLACEHOLDER(match["value"]) is None,
        finds=("CREATE USER jane IDENTIFIED BY 'xyzzy'", "ALTER ROLE jane PASSWORD 'xyzzy'"),
        spares=("IDENTIFIED BY '%s'", "password 'too short' is refused", "password '[SECRET]'"),
    ),
    Detector(
        name="random_by_word",
        token="[SECRET]",
        traits=("word", "long"),
        pattern=(
            rf"(?i:{_SPOKEN})s?"
            r"(?:[ :=]{1,3}(?i:is|was|of|for|value|found|with|rejected|expired|invalid|used"
            r"|given|got)){0,3}[ :=]{1,3}[\"'`(<\[«„“]{0,2}"
            r"(?P<value>[A-Za-z0-9+/_.~!@#$%^*-]{8,}+=*+)"
        ),
        trigger=(_SPOKEN_SHAPE,),
        check=_is_random,
        finds=(
            "Invalid token 9f8e7d6c5b4a39281706",
            "the password is Tr0ub4dor&3",
            "Session a8Fk29dLq01ZxP4m has expired",
        ),
        spares=("token authentication2", "password validators", "token version-1.2"),
    ),
    Detector(
        name="random_before_word",
        token="[SECRET]",
        traits=("word", "long"),
        trigger=(rf"(?:is|was) (?:[a-z]{{1,12}} ){{0,3}}(?:{_SPOKEN_SHAPE})",),
        pattern=(
            r"(?<![A-Za-z0-9+/_.~-])(?P<value>[A-Za-z0-9+/_.~-]{12,}+=*+)"
            rf"(?=[\"'`)>\]»“]{{0,2}} (?:is|was) (?:[a-z]{{1,12}} ){{0,3}}(?i:{_SPOKEN}))"
        ),
        check=_is_key,
        finds=("a8Fk29dLq01ZxP4m is not a valid token",),
        spares=(
            "views.decorators.cache1 is no secret",
            "0123456789abcdef0123456789abcdef was the token",
        ),
    ),
    Detector(
        name="random_by_key",
        token="[SECRET]",
        traits=("named", "long"),
        trigger=("(?:key|clave|chave|schl[?]ssel)[\"'` :=]",),
        pattern=(
            r"(?i:(?<![a-z])(?:key|clave|chave|schlüssel))"
            r"(?:[\"']? ?(?P<mark>[:=]) ?[\"']?| ?[\"'`])"
            r"(?P<value>[A-Za-z0-9+/_.-]{12,}+=*+)"
        ),
        check=_is_key,
        finds=("key=a8Fk29dLq01ZxP", "Key: 'Zm9vYmFyMTIzNDU2'"),
        spares=(
            "key: id",
            "key=550e8400-e29b-41d4-a716-446655440000",
            "key: views.cache.0123456789abcdef",
            "Key 'UserProfile2Serializer' not found",
        ),
    ),
)
