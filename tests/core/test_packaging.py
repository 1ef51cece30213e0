"""Claims about what is installed and what importing it does."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "telemetry_core": ROOT / "telemetry_core",
    "telemetry_django": ROOT / "integrations" / "telemetry_django",
    "telemetry_flask": ROOT / "integrations" / "telemetry_flask",
}
FRAMEWORKS = ("asgiref", "celery", "django", "flask", "werkzeug")


def run_python(code: str, *arguments: str, cwd: Path) -> str:
    """Run ``code`` in a new interpreter in which every warning is an error; return its output."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=cwd,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be published, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def contents(wheel: Path) -> frozenset[str]:
    """The names of all files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    """What the wheel tells an installer."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_wheel_holds_the_three_packages_and_nothing_else(contents: frozenset[str]) -> None:
    """Tests, demo and example apps are not shipped, and no package sits below another name."""
    tops = {name.partition("/")[0] for name in contents}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert len(tops) == len(PACKAGES) + 1


@pytest.mark.parametrize("package", PACKAGES)
def test_wheel_holds_every_source_file_of_a_package(package: str, contents: frozenset[str]) -> None:
    """A module that an ignore rule or a missing setting leaves out would be noticed here."""
    source = PACKAGES[package]
    expected = {
        f"{package}/{path.relative_to(source).as_posix()}"
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in contents if name.startswith(f"{package}/")} == expected


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_may_trust_a_packages_annotations(
    package: str, contents: frozenset[str]
) -> None:
    """Each package carries its own ``py.typed`` (PEP 561)."""
    assert f"{package}/py.typed" in contents


def test_wheel_carries_its_licence(contents: frozenset[str]) -> None:
    """The MIT licence asks that it comes with every copy."""
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in contents)


def test_frameworks_are_installed_on_request_only(metadata: Message) -> None:
    """A Flask project doesn't get Django, nor the other way round, nor a script either."""
    required = metadata.get_all("Requires-Dist") or []
    always = {r.split(">")[0].lower() for r in required if "extra ==" not in r}
    assert always == {"sentry-sdk", "python-stdnum"}
    assert set(metadata.get_all("Provides-Extra") or []) == {"cli", "django", "flask"}


def test_changelog_has_the_version_that_the_wheel_has(metadata: Message) -> None:
    """Nobody can release a version that the changelog doesn't speak of."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    assert metadata["Version"] == version
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


IMPORT_AND_LOOK = """
import json, sys, threading
from telemetry_core import *
import sentry_sdk
print(json.dumps({
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
    "threads": [thread.name for thread in threading.enumerate()],
    "client": sentry_sdk.get_client().is_active(),
}))
"""


@pytest.fixture(scope="module")
def after_import(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a new interpreter holds once all of ``telemetry_core`` is, warnings being errors."""
    result: dict[str, Any] = json.loads(
        run_python(IMPORT_AND_LOOK, cwd=tmp_path_factory.mktemp("empty"))
    )
    return result


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_importing_the_core_imports_no_framework(
    framework: str, after_import: dict[str, Any]
) -> None:
    """A script pays neither the time nor the memory of a framework that it doesn't use."""
    assert framework not in after_import["modules"]


def test_importing_the_core_starts_no_thread(after_import: dict[str, Any]) -> None:
    """Off until enabled: a thread started by an import would not survive a fork, either."""
    assert after_import["threads"] == ["MainThread"]


def test_importing_the_core_makes_no_client(after_import: dict[str, Any]) -> None:
    """Off until enabled: an import alone can send nothing."""
    assert after_import["client"] is False


WITHOUT = """
import importlib, pkgutil, sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1:]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

sys.meta_path.insert(0, Absent())
"""
"""Makes the modules that are named on the command line absent."""

IMPORT_ALL = """
import telemetry_core
for module in pkgutil.walk_packages(telemetry_core.__path__, "telemetry_core."):
    if not module.name.endswith(".__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""


def test_every_module_of_the_core_works_without_a_framework(tmp_path: Path) -> None:
    """A worker or a script that has neither framework installed can use all of the core."""
    imported = run_python(WITHOUT + IMPORT_ALL, *FRAMEWORKS, cwd=tmp_path).split()
    assert "telemetry_core.filter" in imported


TELL_WHAT_IS_RAISED = """
def told(name):
    try:
        importlib.import_module(name)
    except Exception as error:
        return [type(error).__name__, str(error), error.name, repr(error.__cause__)]
import json
print(json.dumps([told(module) for module in ADAPTERS]))
"""


@pytest.mark.parametrize(
    ("framework", "modules"),
    [
        ("Django", ["telemetry_django", "telemetry_django.middleware", "telemetry_django.apps"]),
        ("Flask", ["telemetry_flask", "telemetry_flask.extension", "telemetry_flask.commands"]),
    ],
)
def test_an_adapter_without_its_framework_says_what_to_install(
    framework: str, modules: list[str], tmp_path: Path
) -> None:
    """Whichever of its modules is imported: the extra's name, and the import that failed."""
    absent, adapter = framework.lower(), modules[0]
    code = WITHOUT + TELL_WHAT_IS_RAISED.replace("ADAPTERS", repr(modules))
    said = f"{adapter} needs {framework}, which is not installed here"
    expected = [
        "FrameworkMissingError",
        f"{said}: pip install 'telemetry-core[{absent}]'",
        absent,
        f"ModuleNotFoundError(\"No module named '{absent}'\")",
    ]
    assert json.loads(run_python(code, absent, cwd=tmp_path)) == [expected] * len(modules)


def test_a_framework_that_lacks_a_part_of_its_own_is_not_called_missing(tmp_path: Path) -> None:
    """What is not there is named, and the user is not told to install what they have."""
    pytest.importorskip("flask", reason="a part of Flask is to be missing, and not all of it")
    code = WITHOUT + TELL_WHAT_IS_RAISED.replace("ADAPTERS", "['telemetry_flask']")
    [told] = json.loads(run_python(code, "werkzeug", cwd=tmp_path))
    assert told[:3] == ["ModuleNotFoundError", "No module named 'werkzeug'", "werkzeug"]


IMPORT_FILTER_WITHOUT_SENTRY = """
import importlib, importlib.util, sys, types
core = types.ModuleType("telemetry_core")
core.__path__ = importlib.util.find_spec("telemetry_core").submodule_search_locations
sys.modules["telemetry_core"] = core
sys.modules["sentry_sdk"] = None
for name in ("telemetry_core.filter", "telemetry_core.policy"):
    importlib.import_module(name)
"""


def test_filter_and_policy_need_no_sentry_sdk(tmp_path: Path) -> None:
    """They import where ``sentry_sdk`` can't be, when the package's own front door is left out."""
    run_python(IMPORT_FILTER_WITHOUT_SENTRY, cwd=tmp_path)
