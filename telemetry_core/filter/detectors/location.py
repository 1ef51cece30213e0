"""Geographic coordinates next to a word that says so (ISO 6709 decimal degrees)."""

from __future__ import annotations

import re

from telemetry_core.filter.detectors.detector import Detector, unless, words_before

_DEGREES = r"[-+]?[0-9]{1,3}\.[0-9]{2,}"
WORDS = re.compile(
    r"(?<![a-z])(?:latlng|latlon|lat_lng|lat_lon|lat|lon|lng|long"
    r"|coords?|coordinates?"
    r"|gps|geo|position|location|point|center"
    r"|breitengrad|l(?:ä|ae)ngengrad|breite|l(?:ä|ae)nge|latitude?|longitude?|latitudine|longitudine"
    r"|szeroko[sś][cć]|d[lł]ugo[sś][cć]|широта|долгота|緯度|経度|纬度|经度)$"
)


_WORD_AFTER = re.compile(r"[)\]\"'}]{0,3} (?:location|position|coordinates?)\b").match


def _is_named(match: re.Match[str]) -> tuple[int, int] | bool:
    is_named = WORDS.search(words_before(match)[0]) is not None or (
        "," in match["value"] and _WORD_AFTER(match.string, match.end()) is not None
    )
    return unless(not is_named, match)


DETECTORS: tuple[Detector, ...] = (
    Detector(
        name="coordinates",
        token="[LOCATION]",
        traits=("named", "digits"),
        trigger=(r"0\.00",),
        pattern=(
            r"(?P<value>[-+0-9](?<=[:=(\[, \\\"'{].)"
            r"(?:(?<=[0-9])[0-9]{0,2}+|[0-9]{1,3}+)\.[0-9]{2,}+"
            rf"(?:°?(?: ?[NSns])?[,; ]{{1,2}}{_DEGREES}°?(?: ?[EWew])?)?)(?![0-9A-Za-z])"
        ),
        words=tuple(
            "lat lon lng coord gps geo position location point center breit laeng szeroko "
            "dlugo".split()
        ),
        check=_is_named,
        finds=(
            "lat=52.5200&lon=13.4050",
            '"longitude": -0.1276',
            "gps: 48.8584, 2.2945",
            "no (48.8584, 2.2945) location",
        ),
        spares=("lat = 3", "flat=1.25", "longer 2.50", "point 1.5"),
    ),
    Detector(
        name="coordinates_in_url",
        token="[LOCATION]",
        traits=("digits",),
        trigger=(r"[@=:]-?00?\.000",),
        # What a map shows: "/@lat,lon", and the parameters in which maps take a pair.
        pattern=(
            r"(?:/@|[?&](?:q|ll|sll|cbll|loc|near|query|center|origin|destination|daddr|saddr"
            r"|viewpoint|markers|latlng)=(?:loc:)?)"
            r"(?P<value>[-+]?[0-9]{1,2}\.[0-9]{3,}, ?[-+]?[0-9]{1,3}\.[0-9]{3,})"
        ),
        finds=(
            "https://maps.example/@48.8583701,2.2944813,17z",
            "https://maps.example/?q=48.858370,2.294481",
        ),
        spares=("/?q=48.858", "/@1.2.3,4.5.6"),
    ),
    Detector(
        name="coordinates_sexagesimal",
        token="[LOCATION]",
        traits=("encoded",),
        trigger=(r"0[?] ?0{1,2}(?:\.0{1,6})? ?[?\']",),
        pattern=(
            r"(?<![0-9.])(?P<value>[0-9]{1,3}° ?[0-9]{1,2}(?:\.[0-9]{1,6})? ?[′’']"
            r"(?: ?[0-9]{1,2}(?:\.[0-9]{1,6})? ?(?:[″”\"]|''))?(?: ?[NSEWO](?![A-Za-z]))?)"
        ),
        finds=("48°51'29\" N 2°17'40\" E", "at 48° 51.5′ N"),
        spares=("turned by 90°", "90° or 45'"),
    ),
)
