"""The report of an audit for people: a screen of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from telemetry_core.audit.canaries import KINDS
from telemetry_core.audit.loopback import Refusal
from telemetry_core.audit.records import TYPE as RECORD
from telemetry_core.audit.verdict import Finding, Kept, Verdict
from telemetry_core.cli.console import print_table, table

if TYPE_CHECKING:
    from rich.console import Console

SHOWN: Final = 20
"""Fields with leaks that a screen shows; the JSON has all."""

MOST_WORDS: Final = 4


def print_report(verdict: Verdict, out: Console, *, baseline: Verdict | None = None) -> None:
    """Print what was tried, what arrived, and what was found in it."""
    kind = _with_article(verdict.framework)
    out.print(
        f"{_count(len(verdict.routes), 'route')} of {kind} application, "
        f"{_count(verdict.calls, 'request')}, {_count(verdict.errors, 'failure')}"
    )
    for note in filter(None, verdict.notes):
        out.print(note)
    out.print()
    if verdict.kept:
        _print_kept(verdict.kept, out)
    if verdict.findings:
        _print_findings(verdict, out)
    for refusal in verdict.refused:
        style = "bold red" if refusal.is_unsearched else "yellow"
        out.print(not_searched(refusal), style=style)
    if baseline is not None:
        _print_baseline(verdict, baseline, out)
    out.print(sentence(verdict), style="bold green" if verdict.is_sound else "bold red")


def sentence(verdict: Verdict) -> str:
    """Return the result in one sentence."""
    if not verdict.findings and verdict.unsearched:
        return (
            "Not all was searched: sentry-sdk tried to send elsewhere. None of the planted values "
            f"is in the {_count(verdict.items, 'item')} that arrived."
        )
    if not verdict.findings:
        return f"No leak: none of the planted values is in the {_count(verdict.items, 'item')}."
    kinds = len({finding.kind for finding in verdict.findings})
    fields = len({(finding.item_type, finding.field) for finding in verdict.findings})
    return (
        f"{_count(verdict.leaks, 'leak')}: {_count(kinds, 'kind')} of planted values "
        f"in {_count(fields, 'field')}."
    )


def not_searched(refusal: Refusal) -> str:
    """Say in a sentence or two who was kept from reaching what, and what follows from it."""
    tried = f"{refusal.who} tried to reach {refusal.address}"
    if refusal.is_unsearched:
        return f"Not searched: {tried} with what sentry-sdk sends. A leak can't be excluded."
    return f"Refused: {tried}. It was not searched."


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun.startswith("A") else f"a {noun}"


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _print_kept(kept: Sequence[Kept], out: Console) -> None:
    made = table("Received", "Items", "Fields kept", "Removed, by rule", out=out)
    for each in kept:
        made.add_row(each.item_type, str(each.count), str(len(each.fields)), _rules(each))
    print_table(made, out)
    out.print()


def _rules(kept: Kept) -> str:
    return _some(f"{rule} ×{count}" for rule, count in kept.removed.items())


def _print_findings(verdict: Verdict, out: Console) -> None:
    """Print a row for each field, the one with most leaks first; then one for each kind."""
    fields: dict[tuple[str, str], list[Finding]] = {}
    for finding in verdict.findings:
        fields.setdefault((finding.item_type, finding.field), []).append(finding)
    worst = sorted(fields.values(), key=lambda found: -sum(each.count for each in found))
    made = table("Field", "Policy", "Times", "Leaked", out=out)
    for found in worst[:SHOWN]:
        made.add_row(
            f"{found[0].item_type} {found[0].field}",
            found[0].policy or ("" if found[0].item_type.startswith(RECORD) else "drop"),
            str(sum(each.count for each in found)),
            _some(f"{each.title} {each.masked}{_as_form(each)}" for each in found),
        )
    print_table(made, out)
    if len(worst) > SHOWN:
        more = _count(len(worst) - SHOWN, "more field")
        out.print(f"and {more}: --format json lists them all")
    out.print()
    caught: dict[str, dict[str, None]] = {}
    for finding in sorted(verdict.findings, key=lambda each: list(KINDS).index(each.kind)):
        caught.setdefault(finding.advice, {})[finding.title] = None
    rules = table("Leaked", "Would have caught it", out=out)
    for advice, titles in caught.items():
        rules.add_row(", ".join(titles), advice)
    print_table(rules, out)
    out.print()


def _as_form(finding: Finding) -> str:
    return "" if "plain" in finding.forms else f" ({finding.forms[0]})"


def _some(words: Iterable[str]) -> str:
    listed = list(words)
    more = len(listed) - MOST_WORDS
    return ", ".join([*listed[:MOST_WORDS], f"and {more} more"] if more > 0 else listed)


def _print_baseline(verdict: Verdict, baseline: Verdict, out: Console) -> None:
    ours = Counter(_by_kind(verdict))
    theirs = Counter(_by_kind(baseline))
    made = table("Planted", "With telemetry", "With sentry-sdk alone", out=out)
    for kind in (title for title, _ in KINDS.values() if theirs[title] or ours[title]):
        made.add_row(kind, f"{ours[kind]} leaks", f"{theirs[kind]} leaks")
    made.add_row("all", f"{verdict.leaks} leaks", f"{baseline.leaks} leaks")
    print_table(made, out)
    out.print()


def _by_kind(verdict: Verdict) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for finding in verdict.findings:
        counts[finding.title] += finding.count
    return dict(counts.most_common())
