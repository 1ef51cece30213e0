"""Credentials of which a sentence or a statement speaks: ``the password is ...``."""

from __future__ import annotations

import math
import re
from collections import Counter

from telemetry_core.filter.detectors.credentials import HUMP, is_placeholder, is_scrambled
from telemetry_core.filter.detectors.detector import Detector

_NAMED_VERSION = re.compile(r"[a-z]+[-_.][0-9.]+|[A-Za-z]+[0-9]{1,2}|[0-9]+[a-z]{1,2}").fullmatch


def _is_random(match: re.Match[str]) -> bool:
    """Tell a random value from words, versions and identifiers, by its entropy (bits a char)."""
    value = match["value"]
    if value.isalpha():
        # Behind an option, "--token", it need not be told from a sentence's words.
        before = match.string[max(0, match.start() - 24) : match.start()]
        is_given = before.rpartition(" ")[2].startswith("--")
        return is_scrambled(value) or (is_given and HUMP.search(value) is not None)
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return (
        entropy >= 2.8
        and kinds >= 2
        and any(char.isdigit() for char in value)
        and (is_scrambled(value) or _NAMED_VERSION(value) is None)
    )


def _is_key(match: re.Match[str]) -> bool:
    value = match["value"]
    if not match.groupdict().get("mark", ":"):
        return is_scrambled(value)
    return (
        _is_random(match) and re.fullmatch(r"[0-9a-fA-F-]+|[a-z_.:-]+[0-9a-f.:-]*", value) is None
    )


_SPOKEN = (
    r"passwor[dt]|passwd|passphrase|kennwort|secret|token|credentials?"
    r"|(?:api|access|secret|private|signing|encryption)[ _-]?key|session(?:[ _-]?(?:id|key))?"
)
_SPOKEN_SHAPE = r"passw|passphr|kennwort|secret|token|credential|[a-z]{1,10}[ _-]?key|session"

DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="sql_password",
        token="[SECRET]",
        traits=("word",),
        trigger=(r"(?:password|by) {0,3}[ \"'\\]", "identified by"),
        pattern=(
            r"(?i:password|identified(?: with [\w']{1,40}+)? by)(?i: password)?+ {1,3}"
            r"(?P<quote>\\{0,8}[\"'])(?P<value>[^\n\"'\\]{3,128}+)(?P=quote)"
        ),
        check=lambda match: " " not in match["value"] and is_placeholder(match["value"]) is None,
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
