"""Pseudonyms of visitors: one a day, the same in every process, telling nothing."""

from __future__ import annotations

import re

from telemetry_core.session import ID_FORM
from telemetry_core.visitor import visitor_id


def test_a_visitor_has_one_pseudonym_a_day_in_every_process() -> None:
    """It depends on session key, secret and day, and on nothing else."""
    monday = visitor_id("key", "secret", today=lambda: "2026-11-23")
    assert monday == visitor_id("key", "secret", today=lambda: "2026-11-23")
    others = {
        visitor_id("key", "secret", today=lambda: "2026-11-24"),
        visitor_id("other", "secret", today=lambda: "2026-11-23"),
        visitor_id("key", "another", today=lambda: "2026-11-23"),
    }
    assert len(others - {monday}) == 3


def test_a_pseudonym_has_the_form_of_a_session_id() -> None:
    """Whatever the key: other characters don't reach the id."""
    for key in ("", "ключ", "k" * 10_000, "a\x00b"):
        assert re.fullmatch(ID_FORM, visitor_id(key, "secret"))
