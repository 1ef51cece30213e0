"""The page that lists the detectors, made from their table: ``python -m ...filter.catalogue``."""

from __future__ import annotations

import sys
from itertools import groupby

from telemetry_core.filter.detectors import DETECTORS, Detector

INTRODUCTION = """\
# Detectors

What the filter finds in text, and what it puts in its place. This page is made from the table of
detectors by `python -m telemetry_core.filter.catalogue > docs/detectors.md`; its examples are run
as tests.

Every text is read as it stands and decoded: percent-encoding, HTML entities, JSON and `repr`
escapes, full-width and invisible characters, in several layers; last, words that are the base64
or the hexadecimal digits of a text. What is replaced is the value in the form it had there.

Switch a detector off, or add one, in the setting `TELEMETRY_DETECTORS`:

```python
TELEMETRY_DETECTORS = {
    "phone_bracketed": False,
    "customer": {"pattern": r"CUST-[0-9]{4,12}", "token": "[CUSTOMER]", "trigger": "cust-"},
}
```

A pattern of yours has to bound its repeats (`{1,64}` in place of `+`), so that it takes linear
time on any text; start-up fails with the reason when it does not.
"""


def _code(text: str) -> str:
    shown = text.replace("\n", "⏎")
    fence = "``" if "`" in shown else "`"
    pad = " " if "`" in shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}".replace("|", "\\|")


def _row(detector: Detector) -> str:
    token = f"`{detector.token}`" if detector.token else "cut out"
    finds = "<br>".join(map(_code, detector.finds))
    spares = "<br>".join(map(_code, detector.spares))
    return f"| `{detector.name}` | {token} | {finds} | {spares} |"


def catalogue() -> str:
    """Return the page, in Markdown."""
    lines = [INTRODUCTION]
    for family, rows in groupby(DETECTORS, key=_family):
        lines += [f"## {family}", "", "| Name | Becomes | Found in | Not in |", "|---|---|---|---|"]
        lines += [_row(row) for row in rows]
        lines.append("")
    return "\n".join(lines)


def _family(detector: Detector) -> str:
    titles = {
        "[SECRET]": "Credentials", "[Filtered]": "Credentials", "": "File paths",
        "[PATH]": "File paths",
        "[IBAN]": "Payment", "[CARD]": "Payment", "[DEVICE]": "Devices", "[ID]": "National ids",
        "[IP]": "Addresses of machines", "[EMAIL]": "Contact", "[PHONE]": "Contact",
        "[LOCATION]": "Places",
    }  # fmt: skip
    return titles[detector.token]


if __name__ == "__main__":
    sys.stdout.write(catalogue())
