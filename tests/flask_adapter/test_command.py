"""``flask telemetry``: the verbs, for the application that ``flask`` finds."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("click", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")

from click.testing import CliRunner
from flask import Flask
from flask.cli import FlaskGroup, ScriptInfo

from telemetry_core import SettingsError
from telemetry_core.cli.exits import Exit
from telemetry_core.cli.root import root
from telemetry_flask import Telemetry
from telemetry_flask.application import current, load
from telemetry_flask.commands import telemetry

SOURCE = """
from flask import Flask
from telemetry_flask import Telemetry

def create_app(gpc="drop"):
    app = Flask(__name__)
    app.config["TELEMETRY_GPC"] = gpc
    Telemetry(app)
    return app
"""


def script(app: Flask) -> ScriptInfo:
    return ScriptInfo(create_app=lambda: app)


def made(**config: object) -> Flask:
    app = Flask(__name__)
    app.config.from_mapping(config)
    return app


def test_the_application_is_the_one_that_flask_finds() -> None:
    """Its settings as the extension read them."""
    app = made(TELEMETRY_GPC="drop")
    Telemetry(app)
    found = current(script(app))
    assert found.target is app
    assert found.settings().gpc == "drop"
    assert found.given["TELEMETRY_GPC"] == "drop"
    assert [finding.level for finding in found.findings()] == ["ok"]


def test_an_extension_that_is_missing_is_a_problem() -> None:
    """The settings are read all the same: they are what the application would start with."""
    found = current(script(made(TELEMETRY_GPC="drop")))
    assert [finding.level for finding in found.findings()] == ["problem"]
    assert found.settings().gpc == "drop"


def test_wrong_settings_do_not_keep_the_doctor_out() -> None:
    """A factory raises for them; the problems are told, not the traceback."""

    def create_app() -> Flask:
        app = made(TELEMETRY_GPC="maybe", TELEMETRY_SESSION_SCOPE=7)
        Telemetry(app)
        return app

    found = current(ScriptInfo(create_app=create_app))
    assert found.target is None
    with pytest.raises(SettingsError) as error:
        found.settings()
    assert len(error.value.problems) == 2
    assert list(found.findings()) == []


def test_an_application_is_loaded_by_the_name_that_flask_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the current folder, with a factory and its arguments."""
    (tmp_path / "shop_of_test_command.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    name = "shop_of_test_command:create_app('ignore')"
    assert load(name).settings().gpc == "ignore"
    result = CliRunner().invoke(root, ["policy", "settings", "--flask", name])
    assert result.exit_code == Exit.OK
    assert "ignore" in result.output


@pytest.mark.parametrize("name", ["no_such_module", "flask:no_such_name"])
def test_an_application_that_cannot_be_loaded_is_told_in_a_sentence(name: str) -> None:
    """With the code for it, whatever flask makes of it."""
    result = CliRunner().invoke(root, ["doctor", "--flask", name])
    assert result.exit_code == Exit.APPLICATION
    assert "can't be loaded" in result.output


def test_flask_s_command_hands_over() -> None:
    """Options and all, and the code of the verb comes back."""
    group = FlaskGroup(create_app=lambda: made(TELEMETRY_GPC="drop"))
    group.add_command(telemetry)
    shown = CliRunner().invoke(group, ["telemetry", "policy", "settings", "--no-color"])
    assert shown.exit_code == Exit.OK
    assert "drop" in shown.output
    found = CliRunner().invoke(group, ["telemetry", "doctor"])
    assert found.exit_code == Exit.FOUND
    assert "extension is missing" in found.output
    hosted = CliRunner().invoke(group, ["telemetry", "doctor", "--help"])
    assert "telemetry doctor --strict" in hosted.output
    assert "--flask" not in hosted.output
