"""Hardware addresses (IEEE EUI-48 and EUI-64) and IMEI (3GPP TS 23.003)."""

from __future__ import annotations

import re

from stdnum import luhn

from telemetry_core.filter.detectors.detector import Detector, stands_apart, words_before


def _is_imei(match: re.Match[str]) -> bool:
    digits = re.sub(r"[^0-9]", "", match["value"])
    return len(digits) == 15 and bool(luhn.is_valid(digits))


_MAC = re.compile(r"(?<![a-z])(?:mac|hwaddr)(?:[ _-]?addr(?:ess)?)?(?: is)?$").search


def _is_named_mac(match: re.Match[str]) -> bool:
    return _MAC(words_before(match)[0]) is not None


_PAIR = r"[0-9A-Fa-f]{2}"

DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="mac",
        token="[DEVICE]",
        traits=("colon", "dashed", "dotted"),
        trigger=(r"[:.-](?=[0a-f]{2}[:-][0a-f]{2}[:-]|[0a-f]{4}\.)",),
        pattern=(
            # No part of a longer row of pairs; but "device:00:1a:..." is a key and its value.
            rf"(?<![0-9])(?<!\b[0-9A-Fa-f][:-])(?<!\b{_PAIR}[:-])(?<!\b{_PAIR}{_PAIR}[:-])"
            rf"(?P<value>{_PAIR}([:-])(?:{_PAIR}\2){{4}}{_PAIR}"
            rf"(?:\2{_PAIR}\2{_PAIR})?|[0-9A-Fa-f]{{4}}\.[0-9A-Fa-f]{{4}}\.[0-9A-Fa-f]{{4}})"
            r"(?![0-9A-Za-z])(?![:.-][0-9A-Fa-f])"
        ),
        check=stands_apart,
        finds=(
            "00:1A:2b:3c:4d:5e",
            "mac=00-1a-2b-3c-4d-5e",
            "device:00:1a:2b:3c:4d:5e",
            "001a.2b3c.4d5e",
            "mac00:1a:2b:3c:4d:5e",
        ),
        spares=("12:34:56", "2024-01-02-03-04-05", "ab:cd", "ab00:1a:2b:3c:4d:5e"),
    ),
    Detector(
        name="mac_by_word",
        token="[DEVICE]",
        traits=("mac",),
        trigger=("mac(?=[^a-z]|addr)",),
        pattern=r"(?P<value>[0-9A-Fa-f](?<=[^0-9A-Za-z].)[0-9A-Fa-f]{11})(?![0-9A-Za-z])",
        check=_is_named_mac,
        finds=("mac=a1b2c3d4e5f6", "MAC address A1B2C3D4E5F6"),
        spares=("commit a1b2c3d4e5f6", "mac=000000000000x"),
    ),
    Detector(
        name="imei",
        token="[DEVICE]",
        traits=("named", "digits"),
        trigger=("imei",),
        pattern=(
            r"(?i:imei)[^0-9\n]{0,12}(?P<value>[0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{6}[ -]?[0-9])"
            r"(?![0-9])"
        ),
        check=_is_imei,
        finds=("imei=490154203237518", "IMEI: 49-015420-323751-8"),
        spares=("id=490154203237518", "imei=490154203237519"),
    ),
    Detector(
        name="imei_grouped",
        token="[DEVICE]",
        traits=("digits",),
        trigger=("00[- ]000000[- ]000000[- ]0",),
        pattern=(
            r"(?<![0-9A-Za-z])(?P<value>[0-9]{2}([ -])[0-9]{6}\2[0-9]{6}\2[0-9])(?![0-9A-Za-z])"
        ),
        check=_is_imei,
        finds=("49-015420-323751-8",),
        spares=("49-015420-323751-9",),
    ),
)
