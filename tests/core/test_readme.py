"""Claims that the README makes and that code can check."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from telemetry_core.settings import describe_settings

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
CODE_BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_settings_table_lists_every_setting_in_order() -> None:
    """A setting that is added, renamed or removed is so in the README, too."""
    rows = re.findall(r"^\| `(TELEMETRY_\w+)` \|", README, re.MULTILINE)
    assert rows == [setting.name for setting in describe_settings()]


def test_readme_names_no_setting_that_does_not_exist() -> None:
    """Whoever copies a name from the README gets no error for it."""
    mentioned = set(re.findall(r"\bTELEMETRY_\w+", README)) - {"TELEMETRY_"}
    assert mentioned <= {setting.name for setting in describe_settings()}


def test_filter_example_gives_what_it_says() -> None:
    """The example's comment is the literal that its last expression gives."""
    (block,) = (block for block in CODE_BLOCKS if "PIIFilter()" in block)
    code, _, promised = block.rpartition("# ")
    *setup, last = ast.parse(code).body
    assert isinstance(last, ast.Expr)
    names: dict[str, object] = {}
    exec(compile(ast.Module(setup, []), "README", "exec"), names)
    assert eval(compile(ast.Expression(last.value), "README", "eval"), names) == (
        ast.literal_eval(promised)
    )


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_links_lead_to_files_of_this_repository(link: str) -> None:
    """No link points to something that was moved or never written."""
    assert (Path(__file__).parents[2] / link).exists()


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?:`|^ {4})make ([a-z]+)", README, re.MULTILINE)))
)
def test_commands_in_the_readme_can_be_made(target: str) -> None:
    """Every ``make`` command that the README names is a target of the Makefile."""
    makefile = (Path(__file__).parents[2] / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
