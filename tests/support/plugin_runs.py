"""Runs a project of ``plugin_projects`` with pytest, and the examples of the docs in it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

PROJECTS = Path(__file__).parent / "plugin_projects"
DOCS = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
EXAMPLES = dict(
    re.findall(r"^```python\n# (test_\w+\.py)[^\n]*\n(.*?)^```", DOCS, re.DOTALL | re.M)
)


def run_project(
    pytester: pytest.Pytester, name: str, *arguments: str, examples: tuple[str, ...] = ()
) -> pytest.RunResult:
    """Run a copy of a project, and the docs' examples, in a process of its own.

    Every warning is an error there, and plugins that it doesn't ask for are not loaded.
    """
    shutil.copytree(PROJECTS / name, pytester.path, dirs_exist_ok=True)
    for example in examples:
        (pytester.path / example).write_text(EXAMPLES[example], encoding="utf-8")
    return pytester.runpytest_subprocess(
        "-W", "error", "--strict-markers", "-p", "no:cacheprovider", *arguments, timeout=120
    )
