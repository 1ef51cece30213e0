"""The interpreter of the detectors: reads a text, and puts tokens where values stood."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby, islice
from threading import Lock
from typing import NamedTuple

from telemetry_core.filter.alike import takes_digits_alike, takes_letters_alike
from telemetry_core.filter.detectors import DETECTORS, Detector
from telemetry_core.filter.detectors.detector import value_span
from telemetry_core.filter.met import Met
from telemetry_core.filter.outline import Told, has_telling_word, outline_of, told_by
from telemetry_core.filter.shape import (
    ALL,
    ANY,
    DIGITS,
    DOTTED,
    ENCODED,
    LONG_WORD,
    SHORT_WORD,
    TRAITS,
    is_addressed,
    is_wordy,
    shape_of,
    traits_of,
)
from telemetry_core.filter.views import (
    PRINTED_HINT,
    View,
    spaced_view,
    views_of,
    written_view,
)

FILTERED = "[Filtered]"
"""The SDK's own token, for what is not let through whatever it may be."""
MAX_ROUNDS = 4
"""How often a text is read before one that never comes to rest is dropped whole."""
MAX_REREAD = 100
"""Characters of a refused match that are searched again for a match inside it."""
LONG = 20_000
"""Characters of a text that has to rest after one reading, to keep time within bounds."""
MAX_FINDINGS = 4_000
"""Values in a text; one with more is a dump of personal data, and dropped whole."""
MAX_REFUSED = 15_000
"""Look-alikes in a text that are told from values; one with more is dropped whole, for a check
costs far more than a search."""
MAX_CACHED_LENGTH = 2_000
"""Characters; longer texts seldom come again, and a few would push out everything else."""
MAX_OUTLINES = 4_000
"""Outlines of which it is remembered what to try on their texts."""
MAX_OUTLINE = 500
"""Characters; longer texts seldom have the outline of another."""

# Upper bound of what an entry costs beyond its characters: dict slot and str header.
_ENTRY_BYTES = 160
# Words, ids, numbers and times: whatever traits these have, they hold nothing that a built-in row
# finds.
_HARMLESS = re.compile(
    # Digits that are not all of ASCII: a digest.
    r"(?=[0-9]*[a-f])(?!(?:[2-7][0-9a-f])*+\Z)(?:[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})"
    r"|[a-z_]{1,64}|[0-9]{1,8}|[0-9]{1,4}\.[0-9]{1,2}\.[0-9]{1,2}|(?!0[0-9])[0-9]{1,10}\.[0-9]{1,7}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z"
    r"|[+-][0-9]{2}:?[0-9]{2})?"
).fullmatch


# What hints at something to decode in ASCII text.
_ENCODED = re.compile(
    r"%(?:[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})|\x1b\[|&(?:#|[A-Za-z]+[0-9]*;)|\\[uxnrtfvb0\"'/U]"
    rf"|{PRINTED_HINT}"
).search


class Remark(NamedTuple):
    """What was changed where, in the form of Relay's remarks in ``_meta``.

    ``kind`` is ``s`` (substituted), ``x`` (removed) or ``m`` (masked); the offsets count
    characters of the filtered text.
    """

    rule: str
    kind: str
    start: int
    end: int


class _Finding(NamedTuple):
    start: int
    end: int
    detector: Detector


_UNREADABLE = (FILTERED, (Remark("unreadable", "s", 0, len(FILTERED)),))


class _Hopeless(Exception):
    """A text that holds more than can be told apart in linear time."""


class _Found:
    """The findings in a text, of which the first to claim a stretch has it."""

    __slots__ = ("_claimed", "findings", "refused", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.findings: list[_Finding] = []
        self.refused = 0
        self._claimed: bytearray | None = None

    def claim(self, start: int, end: int, detector: Detector) -> None:
        claimed = self._claimed
        if claimed is None:
            claimed = self._claimed = bytearray(len(self.text))
        if claimed.find(1, start, end) < 0:
            claimed[start:end] = b"\1" * (end - start)
            self.findings.append(_Finding(start, end, detector))
            if len(self.findings) > MAX_FINDINGS:
                raise _Hopeless

    def refuse(self) -> None:
        self.refused += 1
        if self.refused > MAX_REFUSED:
            raise _Hopeless


class _Row(NamedTuple):
    detector: Detector
    search: Callable[[str, int], re.Match[str] | None]


class _Trial(NamedTuple):
    """Rows next to each other that share a trigger: tried on texts in whose shape it is found."""

    triggered: Callable[[bytes], object] | None
    traits: int
    rows: tuple[_Row, ...]
    raw_rows: tuple[_Row, ...]
    trigger: bytes

    @property
    def is_told_by_outline(self) -> bool:
        """Whether it is triggered by all texts with an outline, or by none."""
        return takes_letters_alike(self.trigger)


class _Choice(NamedTuple):
    """What is known of the texts with an outline."""

    told: Told
    trials: tuple[_Trial, ...]
    """Those worth making on some of them, with no trigger where the outline has it."""


class _Reading:
    """One way to read a text: as it stands, or as a view of it.

    ``raw`` is one for the rows alone that look for what decoding would destroy.
    """

    __slots__ = ("raw", "text", "traits", "view")

    def __init__(self, text: str, view: View | None, traits: int, *, raw: bool = False) -> None:
        self.text = text
        self.view = view
        self.traits = traits
        self.raw = raw


_NOTHING = _Choice(Told(0, ()), ())
_READ_OTHERWISE = ENCODED | LONG_WORD | SHORT_WORD
"""The traits of texts that may read otherwise than they stand."""


def _trials(detectors: Sequence[Detector]) -> tuple[_Trial, ...]:
    trials = []
    for (trigger, traits), group in groupby(detectors, key=lambda row: (row.trigger, row.traits)):
        rows = [_Row(row, re.compile(row.pattern).search) for row in group]
        trials.append(
            _Trial(
                triggered=_triggered(trigger) if trigger else None,
                traits=sum(TRAITS[trait] for trait in traits) or ANY,
                rows=tuple(rows),
                raw_rows=tuple(row for row in rows if row.detector.raw),
                trigger="|".join(trigger).encode("ascii"),
            )
        )
    return tuple(trials)


def _triggered(trigger: Sequence[str]) -> Callable[[bytes], object]:
    if len(trigger) == 1 and _LITERAL(trigger[0]):
        literal = trigger[0].encode("ascii")
        return lambda shape: literal in shape
    return re.compile("|".join(trigger).encode("ascii")).search


_LITERAL = re.compile(r"[^\\.^$*+?{}\[\]|()]+").fullmatch


def _ways(text: str, traits: int) -> list[_Reading]:
    """Return the ways to read a text, in their order: the first to find a value has it."""
    ways = _ways_to_decode(text, traits)
    if traits & (LONG_WORD | SHORT_WORD):
        # Read last: a token may be base64, too, and is more than what is in it.
        deepest = next((way.view for way in ways if way.view is not None), None)
        # And as it stands: what ends a word of base64, "=" and a new line, goes on in others.
        for view in (None,) if deepest is None else (deepest, None):
            written = written_view(
                text if view is None else view.text, view, short=bool(traits & SHORT_WORD)
            )
            if written is not None:
                # What was written in base64 may have been encoded before.
                ways += map(_reading_of, reversed([written, *views_of(written.text, written)]))
    return ways


def _reading_of(view: View) -> _Reading:
    return _Reading(view.text, view, traits_of((view.text,)).get(0, 0) | ANY)


def _ways_to_decode(text: str, traits: int) -> list[_Reading]:
    plain = _Reading(text, None, traits | ANY)
    if not traits & ENCODED or (text.isascii() and _ENCODED(text) is None):
        return [plain]
    views = list(views_of(text))
    if not views:
        return [plain]
    views.reverse()
    shown = traits_of([view.text for view in views])
    decoded = [_Reading(view.text, view, shown.get(n, 0) | ANY) for n, view in enumerate(views)]
    raw = [
        _Reading(way.text, way.view, way.traits, raw=True)
        for way, view in zip(decoded, views, strict=True)
        if not view.unescaped
    ]
    ways = [*raw, _Reading(text, None, plain.traits, raw=True), *decoded, plain]
    if "+" in text and "%" in text:
        # Read last: in "a+tag%40example.com" the plus may well be one.
        ways.append(_reading_of(spaced_view(views[0])))
    return ways


def _collect(row: _Row, reading: _Reading, found: _Found) -> None:
    detector, search = row
    text, view = reading.text, reading.view
    match = search(text, 0)
    while match:
        span = value_span(detector, match)
        if span is None:
            # A value may begin inside what was refused; a long one is not read again
            # from each of its characters, for that would not be linear.
            found.refuse()
            long = match.end() - match.start() > MAX_REREAD
            resume = match.end() if long else match.start() + 1
        else:
            resume = max(span[1], match.start() + 1)
            if span[0] == span[1]:
                found.refuse()
            else:
                found.claim(*(view.source_span(*span) if view else span), detector)
        match = search(text, resume)


def _rows(trials: Sequence[_Trial], shape: bytes, traits: int, *, raw: bool = False) -> list[_Row]:
    """Return the rows worth trying on a text of such shape and traits."""
    rows: list[_Row] = []
    for triggered, seen_by, all_rows, raw_rows, _ in trials:
        if seen_by & traits and (triggered is None or triggered(shape)):
            rows += raw_rows if raw else all_rows
    return rows


def _alike(rows: Sequence[_Row]) -> bool:
    """Tell whether what rows don't find they find in no text with other digits."""
    for row in rows:  # noqa: SIM110  # in half the time of all()
        if not takes_digits_alike(row.detector.pattern):
            return False
    return True


class TextFilter:
    """Replaces personal and secret values in text by the tokens of their detectors.

    Promises: never raises on a ``str``; takes time linear in its length; leaves a text in which
    no detector finds a value as it is; reading a result again changes nothing. A value that no
    pattern knows (a name, free text) is not found here, see ``KnownValues``.

    ``clean`` holds texts known to hold no value, for look-ups by callers; it takes about
    ``cache_bytes`` bytes at most, and never holds a text in which something was found.
    """

    def __init__(
        self, detectors: Sequence[Detector] = DETECTORS, *, cache_bytes: int = 1_000_000
    ) -> None:
        self.clean: dict[str, None] = {}
        self.cache_bytes = cache_bytes
        self.cached_bytes = 0
        self._lock = Lock()
        self._trials = _trials(detectors)
        self._plans: dict[int, tuple[_Trial, ...]] = {}
        self._choices: dict[tuple[bytes, bool], _Choice] = {}
        self._outlines_met = Met()
        self._always = any(not detector.traits for detector in detectors)

    def filter(self, text: str) -> str:
        """Return the text with a token in place of each value."""
        return self.filter_with_remarks(text)[0]

    def filter_with_remarks(self, text: str) -> tuple[str, tuple[Remark, ...]]:
        """Return the filtered text and what was changed in it, ``()`` when nothing was."""
        if text in self.clean:
            return text, ()
        harmless = not self._always and (_HARMLESS(text) is not None or self.passes(text))
        changed = {} if harmless else self._read((text,))
        if not changed:
            self._remember((text,))
            return text, ()
        return changed[text]

    def filter_line(self, text: str) -> tuple[str, bool]:
        """Return the filtered text, and whether it is plain.

        A text is when none that differs from it in its digits alone could hold a value, so that
        callers may remember it for all of them. Errs to no.
        """
        if text in self.clean:
            return text, False
        if self._always or not text.isascii():
            return self.filter(text), False
        choice = self._choice(text)
        if choice is _NOTHING:
            return text, True
        shape = shape_of(text)
        traits = choice.told.traits_of(shape)
        if traits & DIGITS and traits & DOTTED and is_addressed(text):
            traits &= ~DIGITS
        # With other digits what is encoded may be another text, and a long word base64.
        is_fixed = (traits & ENCODED and _ENCODED(text) is not None) or (
            traits & (LONG_WORD | SHORT_WORD)
        )
        if is_fixed and len(_ways(text, traits)) > 1:
            return self.filter(text), False
        rows = _rows(choice.trials, shape, traits | ANY)
        found = _Found(text)
        reading = _Reading(text, None, traits)
        try:
            for row in rows:
                _collect(row, reading, found)
        except _Hopeless:
            return FILTERED, False
        if found.findings and _HARMLESS(text) is None:
            # As it stands now it has mostly been read before.
            return self.filter(_without(text, sorted(found.findings))), False
        # Of what was refused, and of an address (see `traits_of`), it counts what the digits are.
        if is_fixed or found.refused or found.findings or traits & DOTTED or not _alike(rows):
            self._remember((text,))
            return text, False
        return text, True

    def passes(self, text: str) -> bool:
        """Tell at a glance whether a text holds nothing, as others of its outline have shown.

        Errs to no. A text that passes is remembered.
        """
        if self._always or len(text) > MAX_OUTLINE or not text.isascii():
            return False
        key = outline_of(text), has_telling_word(text)
        choice = self._choices.get(key)
        if choice is None:
            # Most of what is new stays alone.
            if self._outlines_met.is_new(key):
                return False
            choice = self._choose(text, *key)
        if choice is not _NOTHING:
            shape = shape_of(text)
            traits = choice.told.traits_of(shape)
            if traits & _READ_OTHERWISE or _rows(choice.trials, shape, traits | ANY):
                return False
        self._remember((text,))
        return True

    def _choice(self, text: str) -> _Choice:
        """Return what is worth trying on a text by its outline."""
        key = outline_of(text), has_telling_word(text)
        choice = self._choices.get(key)
        return choice if choice is not None else self._choose(text, *key)

    def _choose(self, text: str, outline: bytes, has_word: bool) -> _Choice:
        """Find out what is worth trying on texts of an outline, and remember it."""
        if not has_word and is_wordy(text):
            choice = _NOTHING
        else:
            choice = self._chosen(outline, told_by(outline, has_word=has_word))
        if len(outline) <= MAX_OUTLINE:
            if len(self._choices) >= MAX_OUTLINES:
                self._choices.clear()
            self._choices[outline, has_word] = choice
        return choice

    def _chosen(self, outline: bytes, told: Told) -> _Choice:
        shape = outline.lower()
        trials: list[_Trial] = []
        for trial in self._plan(told.possible | ANY):
            if trial.triggered is None or not trial.is_told_by_outline:
                trials.append(trial)
            elif trial.triggered(shape):
                trials.append(trial._replace(triggered=None))
        return _Choice(told, tuple(trials)) if told.possible else _NOTHING

    def _plan(self, traits: int) -> tuple[_Trial, ...]:
        """Return what is worth trying on a text with such traits."""
        plan = self._plans.get(traits)
        if plan is None:
            plan = tuple(trial for trial in self._trials if trial.traits & traits)
            self._plans[traits] = plan
        return plan

    def prime(self, texts: Iterable[str]) -> dict[str, tuple[str, tuple[Remark, ...]]]:
        """Read many new texts at once, and remember those that hold nothing.

        Costs far less a text than reading one at a time: the shapes of all are searched together.
        Returns what `filter_with_remarks` makes of the others, which is not remembered.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self.clean]
        changed = self._read(new) if new else {}
        self._remember([text for text in new if text not in changed] if changed else new)
        return changed

    def _read(self, texts: Sequence[str]) -> dict[str, tuple[str, tuple[Remark, ...]]]:
        """Read texts until each comes to rest; return those that changed, with what they became."""
        changed: dict[str, tuple[str, tuple[Remark, ...]]] = {}
        # What a text is by now, and the text it was, in the order of their reading.
        current: Sequence[str] = texts
        original: Sequence[str] = texts
        for number in range(MAX_ROUNDS):
            again: list[str] = []
            of: list[str] = []
            for index, traits in self._doubtful(current):
                text, first = current[index], original[index]
                try:
                    findings = self._findings(text, _ways(text, traits))
                except _Hopeless:
                    changed[first] = _UNREADABLE
                    continue
                if not findings:
                    continue
                if number and len(first) > LONG:
                    changed[first] = _UNREADABLE
                    continue
                result, remarks = _replace(text, findings, changed.get(first, ("", ()))[1])
                changed[first] = result, tuple(remarks)
                if result not in self.clean:
                    again.append(result)
                    of.append(first)
            if not again:
                return changed
            current, original = again, of
        changed.update(dict.fromkeys(original, _UNREADABLE))
        return changed

    def _findings(self, text: str, readings: Iterable[_Reading]) -> list[_Finding]:
        """Return the values in a text, in order and apart from each other."""
        found: _Found | None = None
        for reading in readings:
            for row in self._rows(reading):
                found = found or _Found(text)
                _collect(row, reading, found)
        return sorted(found.findings) if found else []

    def _rows(self, reading: _Reading) -> list[_Row]:
        """Return the rows worth trying on a text read in a way."""
        plan = self._plan(reading.traits)
        return _rows(plan, shape_of(reading.text), ALL, raw=reading.raw) if plan else []

    def _doubtful(self, texts: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Yield the indices of texts that could hold a value, and the traits of each."""
        traits = traits_of(texts)
        if self._always:
            for index in range(len(texts)):
                yield index, traits.get(index, 0)
            return
        for index, shown in traits.items():
            if _HARMLESS(texts[index]) is None:
                yield index, shown

    def _remember(self, texts: Sequence[str]) -> None:
        kept = {text: None for text in texts if len(text) <= MAX_CACHED_LENGTH}
        with self._lock:
            before = len(self.clean)
            self.clean.update(kept)
            # Counted for those already there, too, when two threads bring the same: errs to more.
            if len(self.clean) > before:
                self.cached_bytes += _size(kept)
            while self.cached_bytes > self.cache_bytes and self.clean:
                oldest = list(islice(self.clean, len(self.clean) // 4 + 1))
                for text in oldest:
                    del self.clean[text]
                self.cached_bytes -= _size(oldest)
            if not self.clean:
                self.cached_bytes = 0


def _size(texts: Collection[str]) -> int:
    joined = "".join(texts)
    return len(joined) * (1 if joined.isascii() else 4) + _ENTRY_BYTES * len(texts)


def _without(text: str, findings: Sequence[_Finding]) -> str:
    """Return a text with tokens in place of findings in their order, as `_replace` does."""
    pieces: list[str] = []
    position = 0
    for start, end, row in findings:
        pieces += (text[position:start], row.token)
        position = end
    pieces.append(text[position:])
    return "".join(pieces)


def _replace(
    text: str, findings: Sequence[_Finding], before: Sequence[Remark]
) -> tuple[str, list[Remark]]:
    pieces: list[str] = []
    remarks: list[Remark] = []
    pending = list(reversed(before))
    position = length = 0

    def carry(limit: int) -> None:
        # Earlier remarks move with the text around them; those inside a new finding are part of it.
        while pending and pending[-1].end <= limit:
            remark = pending.pop()
            if remark.start >= position:
                shift = length - position
                remarks.append(remark._replace(start=remark.start + shift, end=remark.end + shift))

    for start, end, row in findings:
        carry(start)
        pieces.append(text[position:start])
        length += start - position
        pieces.append(row.token)
        kind = "s" if row.token else "x"
        remarks.append(Remark(row.name, kind, length, length + len(row.token)))
        length += len(row.token)
        position = end
        while pending and pending[-1].start < end:
            pending.pop()
    carry(len(text))
    pieces.append(text[position:])
    return "".join(pieces), remarks
