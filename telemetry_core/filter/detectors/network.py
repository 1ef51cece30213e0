"""Internet addresses: IPv4, and IPv6 in the forms of RFC 4291 and RFC 4007."""

from __future__ import annotations

import ipaddress
import re

from telemetry_core.filter.detectors.detector import Detector

_HEX = r"[0-9A-Fa-f]{1,4}"
# Not after a group of the same address, but after a word: "id:2001:db8::1".
_NOT_INSIDE = (
    r"(?:(?<![0-9A-Fa-f:]:)|(?<=[G-Zg-z_][0-9A-Fa-f]:)|(?<=[G-Zg-z_][0-9A-Fa-f]{2}:)"
    r"|(?<=[G-Zg-z_][0-9A-Fa-f]{3}:))"
)
_PRODUCT = re.compile(r"[A-Z][A-Za-z]*/\Z")


def _is_ipv4(match: re.Match[str]) -> bool:
    value = match["value"]
    # "010.0.0.7" is one to whoever reads it, "300.1.1.1" is none.
    for octet in value.replace("-", ".").split("."):
        if int(octet) > 255:
            return False
    if not value.endswith(".0.0"):
        return True
    # "Chrome/126.0.0.0" is how a browser gives its version.
    before = match.string[max(0, match.start() - 24) : match.start()]
    return _PRODUCT.search(before) is None


def _is_ipv6(match: re.Match[str]) -> bool:
    value = match["value"]
    try:
        address = ipaddress.IPv6Address(value.partition("%")[0])
    except ValueError:
        return False
    groups = [group for group in re.split("[:.]", value.partition("%")[0]) if group]
    if "." in value or len(groups) >= 3:
        # Eight pairs of hex digits are a hardware address or part of a fingerprint.
        return not (len(groups) == 8 and all(len(group) == 2 for group in groups))
    # "a::b" is C++, "x[::2]" a slice: short forms count only where they can be nothing else.
    if address.is_loopback:
        before, after = (
            match.string[max(0, match.start() - 3) : match.start()],
            match.string[match.end() : match.end() + 3],
        )
        bracketed = before == "//[" or re.match(r"\]:[0-9]", after) is not None
        return bracketed or not before or before[-1] in "\"' =<("
    return (len(groups[0]) >= 4 if groups else False) and (
        address.is_global or address.is_link_local or address.is_private
    )


DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="ipv6",
        token="[IP]",
        traits=("colon",),
        trigger=(r":(?=:|[0a-f]{1,4}:)",),
        pattern=(
            rf"(?<![0-9A-Za-z]){_NOT_INSIDE}(?P<value>(?:[0-9A-Fa-f]{{0,4}}:){{2,7}}"
            rf"(?:(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}|{_HEX}|(?<=::))"
            r"(?:%[A-Za-z0-9._-]{0,15}[A-Za-z0-9])?)(?![0-9A-Za-z])"
        ),
        check=_is_ipv6,
        finds=(
            "2001:db8::1",
            "from [2001:db8:0:0:0:0:0:1]:443",
            "::ffff:192.0.2.128",
            "fe80::1%eth0 up",
            "http://[::1]:8000/",
            "on [::1]:80",
        ),
        spares=("a[::2]", "std::vector", "a::b::c", "12:34:56", "x[1::2]", "::"),
    ),
    Detector(
        name="ipv4",
        token="[IP]",
        traits=("dotted",),
        trigger=(r"0\.0{1,3}\.0{1,3}\.0",),
        pattern=(
            r"(?P<value>[0-9](?<![0-9A-Za-z].)(?<![0-9]\..)[0-9]{0,2}\.(?:[0-9]{1,3}\.){2}[0-9]{1,3})"
            r"(?![0-9A-Za-z])(?!\.[0-9])"
        ),
        check=_is_ipv4,
        finds=("192.0.2.1", "from 10.0.0.7:8000", "net 198.51.100.0/24", "(203.0.113.9)"),
        spares=("1.2.3", "Chrome/126.0.0.0 Safari", "v1.2.3.4", "1.3.6.1.4.1", "300.1.1.1"),
    ),
    Detector(
        name="ipv4_host",
        token="[IP]",
        traits=("dashed",),
        trigger=("ip-0",),
        pattern=r"(?i:(?<![a-z0-9])ip-)(?P<value>(?:[0-9]{1,3}-){3}[0-9]{1,3})(?![0-9A-Za-z-])",
        check=_is_ipv4,
        finds=("ip-10-0-0-12.ec2.internal",),
        spares=("ip-1-2",),
    ),
)
