"""The events that are filtered: made by running real code through sentry-sdk, then varied.

``make_events`` runs a little Django shop in a process of its own and returns what sentry-sdk hands
to its transport: an error event and a transaction. ``Variation`` makes events of the same shape
whose free texts (or also whose names of code) have never been seen before.

``python -m benchmarks.events`` prints the events.
"""

from __future__ import annotations

import io
import json
import keyword
import random
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SEED = 20_240_607
CUSTOMER = "jane.doe@example.org"
PLANTED = ("jane.doe", "203.0.113.77", "/srv/warehouse/")
"""What in the error event gives somebody away, each several times."""
VISITOR = (
    (CUSTOMER, "[INPUT]"),
    ("203.0.113.77", "[IP]"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101", "[USER_AGENT]"),
    ("https://shop.example.com/catalogue/?page=2", "[INPUT]"),
)
"""What the visitor's request holds."""
Event = dict[str, Any]

WORDS = tuple(
    """
    acorn amber anchor apron arbor aspen atlas autumn badge bamboo barley basin beacon beaver birch
    blanket blossom border bottle branch bridge bronze bucket butter button cabin cactus candle
    canvas carbon carpet castle cedar cellar chalk cherry chimney cinder circle clover cobalt
    copper coral corner cotton cradle crater cricket crystal curtain cypress daisy desert diamond
    dolphin donkey drawer eagle ember engine fabric falcon feather fennel fern fiddle finger flute
    forest fossil fountain fringe garden garlic ginger glacier goblet gravel guitar hammer hamster
    harbor harvest hazel helmet heron hollow honey horizon hornet icicle indigo island ivory jacket
    jasmine jigsaw jungle juniper kettle kitchen ladder lagoon lantern laurel lavender leather lemon
    lichen lilac linen lizard lobster locket lumber magnet mango maple marble meadow medal melon
    mirror mitten monsoon mosaic mountain mustard nectar needle nettle nutmeg oatmeal ocean olive
    onion orchard orchid otter oyster paddle palace panther paper parcel parsley peanut pebble
    pelican pencil pepper pigeon pillow planet plaster pocket pollen poplar poppy potato pottery
    prairie puddle pumpkin puzzle quarry quartz rabbit raccoon radish raisin rapids raven ribbon
    ripple river robin rocket saddle saffron salmon sandal sapphire satin shadow shelter shovel
    silver sleeve spider spinach spiral sponge spruce squash stable statue stream summer sunset
    swallow tablet tangle teapot temple thicket thimble thistle thunder timber tomato topaz tractor
    trellis trumpet tulip tunnel turnip turtle umbrella valley vanilla velvet violet violin vortex
    wagon walnut walrus whistle willow window winter yarrow zephyr zinnia
    """.split()
)


def make_events(seed: int = SEED) -> dict[str, Event]:
    """Return an ``error`` and a ``transaction`` as sentry-sdk hands them to its transport."""
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.events", str(seed)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    events: dict[str, Event] = json.loads(made.stdout)
    return events


def strings_of(value: object) -> list[str]:
    """Return the strings in an event, keys left out."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [text for part in value for text in strings_of(part)] if isinstance(value, list) else []


class Variation:
    """Makes events of another event's shape: fresh ids and times, and texts never made before.

    Every word of at least four letters that is no keyword of Python or SQL becomes another word,
    or two: addresses stay addresses, paths paths, source lines source lines. A text without
    such a word (``""``, ``else:``, ``)``) comes back as it was, as it does in any other event.
    """

    def __init__(self, seed: int = SEED) -> None:
        self._random = random.Random(seed)
        self._made: set[str] = set()

    def of(
        self, event: Event, *, message: bool = False, text: bool = False, code: bool = False
    ) -> Event:
        """Return an event with other ids and times.

        :param message: also with other words in what the exception says.
        :param text: also with other words in every free text: messages, source lines, breadcrumbs,
            tags, addresses, span descriptions.
        :param code: also with other names of functions, modules, files and loggers.
        """
        varied = self._varied(event, (), text, code, {})
        assert isinstance(varied, dict)
        for raised in varied["exception"]["values"] if message else ():
            raised["value"] = self.text(raised["value"])
        return varied

    def _varied(
        self, value: object, place: tuple[str, ...], text: bool, code: bool, ids: dict[str, str]
    ) -> Any:
        if isinstance(value, dict):
            return {
                key: self._varied(part, (*place, key), text, code, ids)
                for key, part in value.items()
            }
        if isinstance(value, list):
            return [self._varied(part, place, text, code, ids) for part in value]
        if not isinstance(value, str):
            return value
        if _ID.fullmatch(value):
            return ids.setdefault(
                value, f"{self._random.getrandbits(4 * len(value)):0{len(value)}x}"
            )
        if time := _TIME.fullmatch(value):
            return f"{time[1]}{self._random.randrange(10**6):06}Z"
        if (text and _is_free(place)) or (code and place[-1] in _CODE):
            return self.text(value)
        return value

    def text(self, text: str) -> str:
        """Return a text with other words, not made before unless it has no words."""
        made = text
        for _ in range(100):
            made = _WORD.sub(self._word, text)
            if made not in self._made:
                break
        self._made.add(made)
        return made

    def _word(self, match: re.Match[str]) -> str:
        word = match[0]
        if word.lower() in _KEPT:
            return word
        other = self._random.choice(WORDS)
        if self._random.random() < 0.3:
            other = f"{other}_{self._random.choice(WORDS)}"
        return other.upper() if word.isupper() else other.title() if word.istitle() else other


_ID = re.compile(r"[0-9a-f]{16}|[0-9a-f]{32}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.)\d{6}Z")
_WORD = re.compile(r"(?<![A-Za-z%\\])[A-Za-z]{4,}(?![A-Za-z])")
_KEPT = frozenset(
    """
    http https self select from where insert into update values limit savepoint release rollback
    delete table like between distinct inner join outer group having order contact customer
    """.split()
) | {word.lower() for word in keyword.kwlist}
_FREE = frozenset(
    "message formatted params value context_line pre_context post_context description".split()
)
_FREE_UNDER = frozenset("tags extra breadcrumbs request user".split())
_FIXED = frozenset("type category level timestamp method env id http.method reason".split())
_CODE = frozenset("function module filename abs_path transaction logger".split())


def _is_free(place: tuple[str, ...]) -> bool:
    return (
        place[-1] in _FREE
        or place[:2] == ("contexts", "basket")
        or (place[0] in _FREE_UNDER and not _FIXED.intersection(place))
    )


def _run(seed: int) -> dict[str, Event]:
    """Run the shop and return its events. Configures Django and sentry-sdk: once a process."""
    import logging

    import sentry_sdk
    from sentry_sdk.envelope import Envelope
    from sentry_sdk.integrations.argv import ArgvIntegration
    from sentry_sdk.integrations.flask import FlaskIntegration
    from sentry_sdk.integrations.modules import ModulesIntegration
    from sentry_sdk.transport import Transport

    caught: list[Event] = []

    class Catcher(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            caught.extend(item.payload.json for item in envelope.items if item.payload.json)

    class Stock(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"1")

        def log_message(self, format: str, *args: object) -> None:
            pass

    logging.getLogger().setLevel(logging.INFO)
    sentry_sdk.init(
        dsn="http://c0113c70c0113c70c0113c70c0113c70@127.0.0.1:9/1",
        transport=Catcher,
        traces_sample_rate=1.0,
        include_local_variables=False,
        environment="production",
        release="shop@2.1.0",
        server_name="web-1",
        # The list of installed packages is that of the benchmark, not of a shop.
        disabled_integrations=[ArgvIntegration(), FlaskIntegration(), ModulesIntegration()],
    )
    from benchmarks import shop

    titles = random.Random(seed).sample(WORDS, 27)
    shop.fill([title.title() for title in titles])
    server = HTTPServer(("127.0.0.1", 0), Stock)
    shop.warehouse["port"] = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _get(shop.application, "/catalogue/")
    _get(shop.application, "/order/3/2/")
    server.shutdown()
    return {
        "error": next(event for event in caught if "exception" in event),
        "transaction": next(event for event in caught if event.get("type") == "transaction"),
    }


def _get(application: Any, path: str) -> None:
    import sentry_sdk

    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": f"customer={CUSTOMER.replace('@', '%40')}",
        "SERVER_NAME": "shop.example.com",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.77",
        "HTTP_HOST": "shop.example.com",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101",
        "HTTP_ACCEPT": "text/html,application/xhtml+xml",
        "HTTP_REFERER": "https://shop.example.com/catalogue/?page=2",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
    }
    with sentry_sdk.isolation_scope():
        for _ in application(environ, lambda *_args, **_kwargs: None):
            pass


if __name__ == "__main__":
    print(json.dumps(_run(int(sys.argv[1]) if len(sys.argv) > 1 else SEED), indent=1))
