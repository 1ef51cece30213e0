"""The command ``telemetry``: its verbs, how it is found, and what it costs where it isn't used."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("click", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")

import click
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from telemetry_core import SettingsError, TelemetryError
from telemetry_core.cli.application import Application, Host
from telemetry_core.cli.console import console, print_table, table
from telemetry_core.cli.exits import Exit
from telemetry_core.cli.root import VERBS, root
from telemetry_core.cli.verb import Verb
from telemetry_core.settings import Settings


@pytest.fixture
def run() -> CliRunner:
    """Runs a command line in this process, with its output as a pipe would get it."""
    return CliRunner()


def test_help_names_every_verb_and_every_exit_code(run: CliRunner) -> None:
    """Who types the name alone learns what there is."""
    shown = run.invoke(root, ["--help"]).output
    for name, (_, line) in VERBS.items():
        assert f"  {name} " in shown
        assert line in shown
    for code in Exit:
        assert code.meaning[:40] in shown


@pytest.mark.parametrize("name", VERBS)
def test_each_verb_says_what_it_does_and_shows_an_example(name: str, run: CliRunner) -> None:
    """The first line is the one of the table, and somebody new can copy a command line."""
    shown = run.invoke(root, [name, "--help"])
    assert shown.exit_code == Exit.OK
    assert VERBS[name][1] in shown.output
    assert "Examples:" in shown.output
    assert "--no-color" in shown.output


@pytest.mark.parametrize("name", VERBS)
def test_each_verb_is_named_as_the_table_names_it(name: str) -> None:
    """The usage line and the table agree."""
    assert importlib.import_module(VERBS[name][0]).command.name == name


def test_an_unknown_verb_is_a_wrong_command_line(run: CliRunner) -> None:
    """Exit code 2, as for every program of click's."""
    assert run.invoke(root, ["polcy"]).exit_code == Exit.USAGE


def test_a_host_s_verbs_take_no_option_that_names_an_application(run: CliRunner) -> None:
    """``manage.py`` and ``flask`` know theirs."""
    host = Host(load=lambda: Application(name="shop.settings", settings=Settings))
    assert "--django" in run.invoke(root, ["policy", "--help"]).output
    hosted = run.invoke(
        root, ["policy", "--help"], obj=host, prog_name="manage.py telemetry"
    ).output
    assert "--django" not in hosted
    assert "  manage.py telemetry policy --diff what-is-sent.md" in hosted
    assert run.invoke(root, ["policy", "--flask", "x"], obj=host).exit_code == Exit.USAGE


HELP_AND_LOOK = """
import json, sys
sys.argv = ["telemetry", *sys.argv[1:]]
from telemetry_core.cli import main
try:
    main()
except SystemExit as left:
    print(json.dumps([left.code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def test_help_loads_neither_the_sdk_nor_rich() -> None:
    """What takes half a second to load is loaded by the verb that needs it."""
    output = _python(HELP_AND_LOOK, "--help")
    code, modules = json.loads(output.splitlines()[-1])
    assert code == 0
    assert not {"sentry_sdk", "rich", "django", "flask"} & set(modules)


# What can't be imported counts as not installed.
WITHOUT = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
"""


@pytest.mark.parametrize(
    ("absent", "named"), [("click,rich", "click and rich"), ("rich", "rich"), ("click", "click")]
)
def test_without_the_extra_it_says_in_a_sentence_what_to_install(absent: str, named: str) -> None:
    """No traceback, and a code of its own."""
    code = f"{WITHOUT}\nfrom telemetry_core.cli import main\nmain(['--help'])"
    finished = _finished(code, absent)
    assert finished.returncode == Exit.NOT_INSTALLED
    assert finished.stderr == (
        f"telemetry: the command line needs {named}: pip install 'telemetry-core[cli]'\n"
    )


def test_the_core_needs_neither_click_nor_rich() -> None:
    """Whoever doesn't use the command line doesn't pay for it."""
    names = "import telemetry_core; [getattr(telemetry_core, n) for n in telemetry_core.__all__]"
    assert _finished(f"{WITHOUT}\n{names}", "click,rich").returncode == 0


def test_the_package_itself_is_the_command_too() -> None:
    """``python -m telemetry_core`` names itself so in its help."""
    finished = subprocess.run(
        [sys.executable, "-m", "telemetry_core", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert finished.stdout.startswith("Usage: python -m telemetry_core ")


def _python(code: str, *arguments: str) -> str:
    finished = _finished(code, *arguments)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def _finished(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )


def ended_by(error: BaseException, run: CliRunner) -> Result:
    """Run a verb that raises ``error``."""

    @click.command("fail", cls=Verb)
    def fail() -> None:
        raise error

    return run.invoke(fail)


@pytest.mark.parametrize(
    ("error", "code", "why"),
    [
        (KeyboardInterrupt(), Exit.INTERRUPTED, "Ctrl-C"),
        (TelemetryError("the port is taken"), Exit.IMPOSSIBLE, "raised on purpose"),
        (SettingsError([]), Exit.APPLICATION, "settings that are wrong"),
    ],
)
def test_a_verb_that_fails_ends_with_a_code_and_no_traceback(
    error: BaseException, code: Exit, why: str, run: CliRunner
) -> None:
    """What was raised on purpose is a sentence on stderr."""
    result = ended_by(error, run)
    assert result.exit_code == code, why
    assert str(error) in result.stderr


def test_an_error_of_ours_is_shown_as_it_is(run: CliRunner) -> None:
    """A defect is not dressed up as a wrong command line."""
    assert isinstance(ended_by(ZeroDivisionError(), run).exception, ZeroDivisionError)


class Terminal(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("arguments", "variables", "is_coloured", "why"),
    [
        ([], {}, True, "a terminal"),
        (["--no-color"], {}, False, "the option"),
        ([], {"NO_COLOR": "1"}, False, "the variable, https://no-color.org"),
        ([], {"TERM": "dumb"}, False, "a terminal without colours"),
    ],
)
def test_colours_are_for_terminals_that_have_and_users_that_want_them(
    arguments: list[str],
    variables: dict[str, str],
    is_coloured: bool,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The table is ruled in each of them."""
    terminal = Terminal()

    @click.command("show", cls=Verb)
    def show() -> None:
        monkeypatch.setattr(sys, "stdout", terminal)
        out = console()
        made = table("What", out=out)
        made.add_row("[bold]as it stands[/]", style="red")
        print_table(made, out)

    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", "COLUMNS": "80", **variables}.items():
        monkeypatch.setenv(name, value)
    show.main(arguments, standalone_mode=False)
    assert ("\x1b[31m" in terminal.getvalue()) is is_coloured, why
    assert "[bold]as it stands[/]" in terminal.getvalue()


@pytest.mark.parametrize(
    ("words", "found"),
    [(["pol"], "policy"), (["policy", "--di"], "--diff"), (["scrub", "--ex"], "--explain")],
)
def test_a_shell_can_complete_verbs_and_options(words: list[str], found: str) -> None:
    """As click's completion asks for them."""
    *before, incomplete = words
    completion = ShellComplete(root, {}, "telemetry", "_TELEMETRY_COMPLETE")
    assert found in [item.value for item in completion.get_completions(before, incomplete)]


def test_a_name_for_two_applications_is_a_wrong_command_line(run: CliRunner) -> None:
    """Which of them would be spoken of?"""
    result = run.invoke(root, ["policy", "--django", "a", "--flask", "b"])
    assert result.exit_code == Exit.USAGE
    assert "either --django or --flask" in result.output
