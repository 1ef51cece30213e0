"""The report of an audit for programs: JSON, SARIF 2.1.0, JUnit XML."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree

from telemetry_core.audit.canaries import KINDS
from telemetry_core.audit.report import not_searched, sentence
from telemetry_core.audit.verdict import Finding, Verdict

SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(verdict: Verdict, baseline: Verdict | None = None) -> str:
    """Return all there is, as one JSON object."""
    document = _document(verdict)
    if baseline is not None:
        document["baseline"] = _document(baseline)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _document(verdict: Verdict) -> dict[str, Any]:
    return {
        "ok": verdict.is_sound,
        "framework": verdict.framework,
        "requests": verdict.calls,
        "failures": verdict.errors,
        "leaks": verdict.leaks,
        "findings": [
            {**asdict(finding), "title": finding.title, "caught_by": finding.advice}
            for finding in verdict.findings
        ],
        "kept": [asdict(kept) for kept in verdict.kept],
        "refused": [asdict(refusal) for refusal in verdict.refused],
        "notes": list(verdict.notes),
        "routes": [
            {"pattern": route.pattern, "methods": list(route.methods), "file": route.file}
            for route in verdict.routes
        ],
    }


def as_sarif(verdict: Verdict) -> str:
    """Return the findings in OASIS's Static Analysis Results Interchange Format, 2.1.0."""
    driver = {
        "name": "telemetry audit",
        "version": version("telemetry-core"),
        "rules": [
            {
                "id": kind,
                "name": kind,
                "shortDescription": {"text": f"A planted {title} left the process."},
                "defaultConfiguration": {"level": "error"},
            }
            for kind, (title, _) in KINDS.items()
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not verdict.unsearched,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": not_searched(refusal)}}
                    for refusal in verdict.unsearched
                ],
            }
        ],
        "results": [_result(verdict, finding) for finding in verdict.findings],
    }
    document = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _result(verdict: Verdict, finding: Finding) -> dict[str, Any]:
    file, line = _place(verdict, finding)
    location: dict[str, Any] = {
        "logicalLocations": [
            {
                "name": finding.field,
                "fullyQualifiedName": f"{finding.item_type}.{finding.field}",
                "kind": "member",
            }
        ]
    }
    # GitHub shows no result that is in no file.
    location["physicalLocation"] = {
        "artifactLocation": {"uri": file},
        "region": {"startLine": line},
    }
    return {
        "ruleId": finding.kind,
        "ruleIndex": list(KINDS).index(finding.kind),
        "level": "error",
        "message": {"text": _said(finding)},
        "locations": [location],
        "partialFingerprints": {
            "leak/v1": f"{finding.kind}/{finding.item_type}/{finding.field}",
        },
    }


def _place(verdict: Verdict, finding: Finding) -> tuple[str, int]:
    """Return where the view of the finding's first route is written, else that of any route."""
    known = {route.pattern: route for route in verdict.routes if _is_inside(route.file)}
    for name in (*finding.routes, *known):
        route = known.get(name)
        if route is not None:
            return quote(route.file.replace("\\", "/")), route.line
    return "pyproject.toml", 1


def _is_inside(file: str) -> bool:
    return bool(file) and not file.startswith(("..", "/"))


def _said(finding: Finding) -> str:
    times = "once" if finding.count == 1 else f"{finding.count} times"
    return (
        f"A planted {finding.title} arrived {times} in {finding.item_type} at {finding.field}, "
        f"{' and '.join(finding.forms)}. "
        f"{finding.advice[0].upper()}{finding.advice[1:]} would have caught it."
    )


def as_junit(verdict: Verdict) -> str:
    """Return a test case for each kind of planted value, as CI servers read JUnit's XML."""
    by_kind = {
        kind: [finding for finding in verdict.findings if finding.kind == kind] for kind in KINDS
    }
    # No value is known to have left, nor that none has: an error, and not a failure.
    errors = list(map(not_searched, verdict.unsearched))
    failures = sum(1 for found in by_kind.values() if found)
    counts = {
        "tests": str(len(by_kind) + bool(errors)),
        "failures": str(failures),
        "errors": str(int(bool(errors))),
    }
    suites = ElementTree.Element("testsuites", {"name": "telemetry audit", **counts})
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "telemetry audit", **counts})
    for kind, found in by_kind.items():
        case = ElementTree.SubElement(
            suite,
            "testcase",
            {"classname": "telemetry.audit", "name": f"no {KINDS[kind][0]} leaves", "time": "0"},
        )
        if found:
            failure = ElementTree.SubElement(
                case, "failure", {"type": "leak", "message": _said(found[0])}
            )
            failure.text = "\n".join(map(_said, found))
    if errors:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            {"classname": "telemetry.audit", "name": "all that is sent is searched", "time": "0"},
        )
        error = ElementTree.SubElement(case, "error", {"type": "unsearched", "message": errors[0]})
        error.text = "\n".join(errors)
    ElementTree.SubElement(suite, "system-out").text = sentence(verdict)
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'
