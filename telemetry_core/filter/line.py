"""Reads texts one at a time, as log lines come, by what is known of others with their outline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from telemetry_core.filter.alike import whatever_letters
from telemetry_core.filter.findings import Finding, Findings
from telemetry_core.filter.met import Met
from telemetry_core.filter.outline import Told, has_telling_word, outline_of, told_by
from telemetry_core.filter.rows import Row, Trial, are_alike, is_harmless, rows_for
from telemetry_core.filter.shape import (
    ANY,
    DIGITS,
    DOTTED,
    ENCODED,
    LONG_WORD,
    SHORT_WORD,
    is_addressed,
    is_wordy,
    shape_of,
)
from telemetry_core.filter.ways import is_encoded, ways_to_read

MAX_OUTLINES = 2_000
"""Outlines of which it is remembered what to try on their texts."""
MAX_OUTLINE = 1_000
"""Characters; longer texts seldom have the outline of another."""

_READ_OTHERWISE = ENCODED | LONG_WORD | SHORT_WORD
"""The traits of texts that may read otherwise than they stand."""
_ADDRESSED = DIGITS | DOTTED


class _Choice(NamedTuple):
    """What is worth trying on the texts with an outline."""

    told: Told
    trials: tuple[Trial, ...]
    """Those worth making on some of them, with no trigger where the outline has it."""
    rows: Sequence[Row] | None
    """Those worth trying on all of them, if there is nothing left to ask of each."""


_NOTHING = _Choice(Told(0, ()), (), ())


class LineReader:
    """Reads a text as `TextFilter` does where it holds nothing that is encoded.

    Safe to share between threads: what it remembers of outlines is of nobody's text.

    :param trials: those of the table, in its order.
    """

    __slots__ = ("_choices", "_met", "_trials")

    def __init__(self, trials: Sequence[Trial]) -> None:
        self._trials = trials
        self._choices: dict[tuple[bytes, bool], _Choice] = {}
        self._met = Met()

    def read(self, text: str) -> tuple[Sequence[Finding] | None, bool]:
        """Return what is found in a text in ASCII, in order, and whether the text is plain.

        A text is when none that differs from it in its digits alone could hold a value. Errs to no.
        None is found when the text has to be read as any other: where it may read otherwise than it
        stands, and where its outline was not met before.

        :raises Hopeless: when there is too much to tell apart.
        """
        choice = self._choice(text)
        if choice is None:
            return None, False
        if choice is _NOTHING:
            return (), True
        told, trials, rows = choice
        is_plain = True
        if rows is None:
            shape = shape_of(text)
            traits = told.traits_of(shape)
            if traits & _ADDRESSED == _ADDRESSED:
                # Whether digits are those of an address depends on which they are.
                is_plain = False
                if is_addressed(text):
                    traits &= ~DIGITS
            if traits & _READ_OTHERWISE and (
                traits & (LONG_WORD | SHORT_WORD) or is_encoded(text) is not None
            ):
                # With other digits it may be another text, and a long word base64.
                is_plain = False
                if len(ways_to_read(text, traits)) > 1:
                    return None, False
            rows = rows_for(trials, shape, traits | ANY)
        findings = Findings()
        for row in rows:
            findings.collect(row, text)
        if findings.found and is_harmless(text) is None:
            return findings.found, False
        return (), (is_plain and not findings.refused and not findings.found and are_alike(rows))

    def passes(self, text: str) -> bool:
        """Tell at a glance whether a text in ASCII holds nothing, as likes of it have shown.

        Errs to no.
        """
        choice = self._choice(text)
        if choice is None:
            return False
        told, trials, rows = choice
        if rows is None:
            shape = shape_of(text)
            traits = told.traits_of(shape)
            return not (traits & _READ_OTHERWISE or rows_for(trials, shape, traits | ANY))
        return not rows

    def _choice(self, text: str) -> _Choice | None:
        """Return what is worth trying on a text; None where that is not worth finding out."""
        if len(text) > MAX_OUTLINE:
            return None
        key = outline, has_word = outline_of(text), has_telling_word(text)
        choice = self._choices.get(key)
        if choice is None:
            if not has_word and is_wordy(text):
                choice = _NOTHING
            elif self._met.is_new(key):
                # Most outlines don't come again.
                return None
            else:
                choice = self._chosen(outline, told_by(outline, has_word=has_word))
            if len(self._choices) >= MAX_OUTLINES:
                self._choices.clear()
            self._choices[key] = choice
        return choice

    def _chosen(self, outline: bytes, told: Told) -> _Choice:
        possible = told.possible
        if not possible:
            return _NOTHING
        shape = outline.lower()
        trials: list[Trial] = []
        for trial in self._trials:
            if not trial.traits & (possible | ANY):
                continue
            if trial.triggered is None:
                trials.append(trial)
            elif whatever_letters(trial.trigger)(shape):
                told_all = trial.is_told_by_outline
                trials.append(trial._replace(triggered=None) if told_all else trial)
        told = told.about(_asked_by(trials, told))
        if (
            told.asked
            or told.traits & _READ_OTHERWISE
            or told.traits & _ADDRESSED == _ADDRESSED
            or any(trial.triggered or trial.named for trial in trials)
        ):
            return _Choice(told, tuple(trials), None)
        return _Choice(told, tuple(trials), tuple(rows_for(trials, shape, told.traits | ANY)))


def _asked_by(trials: Sequence[Trial], told: Told) -> int:
    """Return the traits of which it matters whether a text has them, where that is not told."""
    traits = _READ_OTHERWISE
    if told.possible & DIGITS:
        traits |= DOTTED
    for trial in trials:
        if not trial.traits & (told.traits | ANY):
            traits |= trial.traits
    return traits
