"""Carry out scenarios: fill in the braces, send the request, keep what the answer says."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from demo.browser import Answer, Browser
from demo.identities import Identity
from demo.planting import Filler, Plantings
from demo.processes import DemoError
from demo.scenarios import EVERY_COOKIE, EVERY_REQUEST, Scenario

_REFERENCE = re.compile(r'(?:id="reference">|"reference": ?")([0-9a-zA-Z-]{8,})[<"]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A scenario that was carried out."""

    scenario: Scenario
    status: int
    reference: str
    """The reference code on the error page: the anonymous session id that an event carries."""


@dataclass(slots=True, kw_only=True)
class Visits:
    """The browsers of one app, and what its answers held."""

    port: int
    account: Identity
    plantings: Plantings
    got: dict[str, str] = field(default_factory=dict)
    logged_in: Browser | None = None

    def carry_out(self, scenario: Scenario) -> Sent:
        """Send the scenario's request. Raises DemoError when the app is not to be reached."""
        try:
            answer = self._ask(scenario)
        except OSError as error:
            raise DemoError(
                f"{scenario.app} did not answer {scenario.method} {scenario.route}: {error}"
            ) from error
        for name, pattern in scenario.keeps.items():
            found = re.search(pattern, f"{answer.location}\n{answer.body}")
            if found is None:
                raise DemoError(
                    f"The answer of {scenario.app} to {scenario.method} {scenario.route} "
                    f"(status {answer.status}) should hold {name!r}, which later requests need."
                )
            self.got[name] = html.unescape(found[1])
        reference = _REFERENCE.search(answer.body)
        return Sent(
            scenario=scenario,
            status=answer.status,
            reference=reference[1] if reference else "",
        )

    def _ask(self, scenario: Scenario) -> Answer:
        filler = Filler(plantings=self.plantings, user=self.account, got=self.got)
        headers = {
            name: filler.fill(value, "header")
            for name, value in {**EVERY_REQUEST, **scenario.headers}.items()
        }
        cookies = {
            name: filler.fill(value, "cookie")
            for name, value in {**EVERY_COOKIE, **scenario.cookies}.items()
        }
        target = filler.fill(scenario.path, "path", lambda value: quote(value, safe=""))
        if scenario.query:
            query = {name: filler.fill(text, "query") for name, text in scenario.query.items()}
            target = f"{target}?{urlencode(query)}"
        browser = self._browser(scenario)
        if scenario.json is not None:
            document = filler.fill_json(scenario.json)
            return browser.send_json(scenario.method, target, document, headers, cookies)
        if scenario.form is not None:
            form = {name: filler.fill(text, "form") for name, text in scenario.form.items()}
            page = filler.fill(scenario.page or scenario.path, "path")
            return browser.post_form(target, page, form, headers, cookies)
        return browser.get(target, headers, cookies)

    def _browser(self, scenario: Scenario) -> Browser:
        if not scenario.as_user:
            return Browser(port=self.port)
        if self.logged_in is None:
            self.logged_in = Browser(port=self.port)
        return self.logged_in

    def plant_cookies(self) -> None:
        """Note the cookies of the browser that has logged in: whoever has them is that user."""
        for value in self.logged_in.cookies.values() if self.logged_in else ():
            if len(value) >= 16:
                self.plantings.plant("session cookie", value, "cookie")
