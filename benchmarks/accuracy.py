"""How much of what is personal a subject takes out of texts, and how much else it changes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.labelled import Sample

GROUPS: Mapping[str, str] = {
    "email": "e-mail addresses",
    "ipv4": "IP addresses",
    "ipv6": "IP addresses",
    "path_unix": "file paths",
    "path_plain": "file paths",
    "path_windows": "file paths",
    "path_unc": "file paths",
    "path_other": "file paths",
    "path_home": "file paths",
    "phone": "phone numbers",
    "card": "payment cards",
    "iban": "IBANs",
    "ssn": "US SSNs",
    "national_id": "other national ids",
    "mac": "MAC addresses",
    "imei": "IMEIs",
    "secret": "tokens",
    "credential": "passwords, keys",
    "parameter": "URL parameters",
    "user_info": "URL user info",
    "location": "coordinates",
}
"""What the kinds of labelled values are called, and which of them are counted together."""

PACKAGES = ("django", "werkzeug", "flask")
"""Whose source lines are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The texts that every subject reads."""

    samples: tuple[Sample, ...]
    held_out: tuple[Sample, ...]
    """Of a second hand, see `benchmarks.heldout`."""
    plain: tuple[str, ...]
    source: tuple[str, ...]


def make_texts(seed: int, *, per_kind: int, plain: int, source: int) -> Texts:
    """Make ``per_kind`` texts with a value of each kind, and texts with none."""
    # Not at the top: it needs Faker, and the figures can be read without.
    from benchmarks import heldout
    from benchmarks.labelled import negatives, samples, source_lines, survives

    def readable(made: Iterable[Sample]) -> tuple[Sample, ...]:
        # In a few forms a value can't be read back even where it stands untouched ("%66" in SQL);
        # they would count as removed for every subject.
        return tuple(sample for sample in made if survives(sample, sample.text))

    return Texts(
        samples=readable(samples(seed, per_kind)),
        held_out=readable(heldout.samples(seed, len(heldout.KINDS) * per_kind)),
        plain=tuple(negatives(seed, plain)),
        source=tuple(source_lines(PACKAGES, source)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """What a subject did to the texts; counts of texts."""

    planted: Counter[str]
    missed: Counter[str]
    """By group; the texts in which any part of the value is left."""
    held_out_missed: int
    held_out_total: int
    around: int
    """Texts of which something beside the value was lost."""
    plain_changed: int
    plain_total: int
    source_changed: int
    source_total: int
    failures: tuple[tuple[Sample, str], ...] = field(repr=False)
    """Samples in which something is left, each with what was made of it."""
    changes: tuple[tuple[str, str], ...] = field(repr=False)
    """Texts without a value that were changed, with what was made of them."""
    seconds_per_text: float

    def removed(self, group: str) -> float:
        """Return the share of a group's texts in which nothing of the value is left."""
        return 1 - self.missed[group] / self.planted[group]

    @property
    def removed_in_all(self) -> float:
        return 1 - self.missed.total() / self.planted.total()

    @property
    def removed_held_out(self) -> float:
        return 1 - self.held_out_missed / self.held_out_total


def judge(filter_text: Callable[[str], str], texts: Texts) -> Accuracy:
    """Have a subject read all texts, and judge what it makes of them."""
    from benchmarks.labelled import survives

    begin = process_time()
    outputs = [filter_text(sample.text) for sample in texts.samples]
    seconds = process_time() - begin
    failures = tuple(
        (sample, output)
        for sample, output in zip(texts.samples, outputs, strict=True)
        if survives(sample, output)
    )
    plain = changed(filter_text, texts.plain)
    source = changed(filter_text, texts.source)
    return Accuracy(
        planted=Counter(GROUPS[sample.kind] for sample in texts.samples),
        missed=Counter(GROUPS[sample.kind] for sample, _ in failures),
        held_out_missed=sum(
            survives(sample, filter_text(sample.text)) for sample in texts.held_out
        ),
        held_out_total=len(texts.held_out),
        around=sum(map(lost_around, texts.samples, outputs)),
        plain_changed=len(plain),
        plain_total=len(texts.plain),
        source_changed=len(source),
        source_total=len(texts.source),
        failures=failures,
        changes=(*plain, *source),
        seconds_per_text=seconds / len(outputs),
    )


def changed(filter_text: Callable[[str], str], texts: Iterable[str]) -> list[tuple[str, str]]:
    """Return the texts that a subject changes, with what it makes of them."""
    outputs = ((text, filter_text(text)) for text in texts)
    return [(text, output) for text, output in outputs if output != text]


def lost_around(sample: Sample, output: str) -> bool:
    """Tell whether the words before or after a sample's value are no longer there."""
    return not all(part.strip() in output for part in sample.kept)


def groups() -> Sequence[str]:
    """Return the groups in the order of the kinds."""
    return list(dict.fromkeys(GROUPS.values()))


def by_kind_and_form(accuracy: Accuracy, *, examples: int, seed: int = 0) -> list[str]:
    """Return lines that tell which samples failed, most frequent first, with examples."""
    found: dict[tuple[str, str], list[tuple[Sample, str]]] = {}
    for sample, output in accuracy.failures:
        found.setdefault((sample.kind, sample.form), []).append((sample, output))
    lines = []
    rng = random.Random(seed)
    for (kind, form), cases in sorted(found.items(), key=lambda item: -len(item[1])):
        lines.append(f"{len(cases):5} {kind}, {form}")
        for sample, output in rng.sample(cases, min(examples, len(cases))):
            lines.append(f"        {sample.text!r} -> {output!r}, left of {sample.gone!r}")
    return lines
