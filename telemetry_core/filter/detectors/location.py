"""Geographic coordinates next to a word that says so (ISO 6709 decimal degrees)."""

from __future__ import annotations

import re

from telemetry_core.filter.detectors.detector import Detector, unless, words_before

_DEGREES = r"[-+]?[0-9]{1,3}\.[0-9]{2,}"
_WORDS = re.compile(
    r"(?<![a-z])(?:latitude|longitude|latlng|latlon|lat_lng|lat_lon|lat|lon|lng|long"
    r"|coords?|coordinates?"
    r"|gps|geo|position|location|point|center)$"
)


def _is_named(match: re.Match[str]) -> tuple[int, int] | bool:
    return unless(_WORDS.search(words_before(match)[0]) is None, match)


DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="coordinates",
        token="[LOCATION]",
        traits=("named", "digits"),
        trigger=(r"0\.00",),
        pattern=(
            r"(?P<value>[-+0-9](?<=[:=(\[, \\\"'{].)"
            r"(?:(?<=[0-9])[0-9]{0,2}+|[0-9]{1,3}+)\.[0-9]{2,}+"
            rf"(?:°?[NSns]?[,; ]{{1,2}}{_DEGREES}°?[EWew]?)?)(?![0-9A-Za-z])"
        ),
        check=_is_named,
        finds=("lat=52.5200&lon=13.4050", '"longitude": -0.1276', "gps: 48.8584, 2.2945"),
        spares=("lat = 3", "flat=1.25", "longer 2.50", "point 1.5"),
    ),
)
