"""Environment and release are told from what is passed in, in a fixed order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from telemetry_core.environment import (
    BUILD_INFO_KEYS,
    DEFAULTS_BY_ENVIRONMENT,
    defaults_for,
    detect_environment,
    detect_release,
    environment_fault,
    is_development_command,
    release_fault,
)

SERVER = ["gunicorn", "shop.wsgi"]
RUNSERVER = ["manage.py", "runserver"]

BOTH = {"TELEMETRY_ENVIRONMENT": "staging", "SENTRY_ENVIRONMENT": "qa"}


@pytest.mark.parametrize(
    ("explicit", "environ", "frozen", "argv", "debug", "expected"),
    [
        pytest.param("demo", BOTH, True, RUNSERVER, True, "demo", id="explicit beats all"),
        pytest.param(None, BOTH, True, RUNSERVER, True, "staging", id="our variable comes next"),
        pytest.param(
            None,
            {"SENTRY_ENVIRONMENT": "qa"},
            True,
            RUNSERVER,
            True,
            "qa",
            id="then the SDK's variable",
        ),
        pytest.param(
            None, {}, True, RUNSERVER, True, "production", id="a frozen executable is no workshop"
        ),
        pytest.param(
            None, {}, False, RUNSERVER, False, "development", id="argv beats the framework's DEBUG"
        ),
        pytest.param(
            None, {}, False, SERVER, True, "development", id="DEBUG speaks where argv doesn't"
        ),
        pytest.param(None, {}, False, SERVER, False, "production", id="DEBUG off is production"),
        pytest.param(None, {}, False, SERVER, None, "production", id="no framework, no DEBUG"),
        pytest.param(None, {}, False, [], None, "production", id="an embedded Python has no argv"),
        pytest.param(
            " ", {"TELEMETRY_ENVIRONMENT": "  "}, False, SERVER, None, "production", id="blank"
        ),
        pytest.param(
            None,
            {"TELEMETRY_ENVIRONMENT": "", "SENTRY_ENVIRONMENT": "qa\n"},
            False,
            SERVER,
            None,
            "qa",
            id="an empty variable is unset, and a newline at the end is not part of a name",
        ),
    ],
)
def test_the_first_source_that_says_something_names_the_environment(
    explicit: str | None,
    environ: dict[str, str],
    frozen: bool,
    argv: list[str],
    debug: bool | None,
    expected: str,
) -> None:
    """Each source decides only where all before it are silent."""
    assert (
        detect_environment(
            explicit=explicit, environ=environ, frozen=frozen, argv=argv, framework_debug=debug
        )
        == expected
    )


@pytest.mark.parametrize(
    ("argv", "development"),
    [
        pytest.param(["manage.py", "runserver"], True, id="Django's development server"),
        pytest.param(["./manage.py", "runserver", "0.0.0.0:8000"], True, id="with arguments"),
        pytest.param(["/venv/bin/django-admin", "runserver"], True, id="django-admin"),
        pytest.param(["/x/django/__main__.py", "runserver"], True, id="python -m django"),
        pytest.param(["manage.py", "migrate"], False, id="another command"),
        pytest.param(["manage.py"], False, id="no command"),
        pytest.param(["manage.py", "help", "runserver"], False, id="runserver as an argument"),
        pytest.param(["manage.py", "runserver_plus"], False, id="a name that only starts so"),
        pytest.param(["/venv/bin/flask", "run", "--debug"], True, id="flask run --debug"),
        pytest.param(["flask", "--debug", "run"], True, id="flask --debug run"),
        pytest.param(
            ["flask", "--app", "shop", "run", "--debug", "-p", "1"], True, id="with --app"
        ),
        pytest.param(["flask", "--app=shop", "--debug", "run"], True, id="with --app="),
        pytest.param(["/x/flask/__main__.py", "run", "--debug"], True, id="python -m flask"),
        pytest.param(["C:\\venv\\Scripts\\flask.exe", "run", "--debug"], True, id="Windows"),
        pytest.param(["flask", "run"], False, id="flask run says nothing"),
        pytest.param(["flask", "run", "--no-debug"], False, id="debug switched off"),
        pytest.param(["flask", "--debug", "run", "--no-debug"], False, id="the last flag counts"),
        pytest.param(["flask", "--debug", "shell"], False, id="debug, but not run"),
        pytest.param(["flask", "--app", "run", "--debug", "shell"], False, id="an app named run"),
        pytest.param(["flask", "--debug", "--app"], False, id="an option that lacks its value"),
        pytest.param(["flask", "runserver"], False, id="Django's command under flask"),
        pytest.param(["/venv/bin/pytest", "-x"], True, id="pytest"),
        pytest.param(["py.test"], True, id="its old name"),
        pytest.param(["C:\\venv\\Scripts\\pytest.exe"], True, id="pytest on Windows"),
        pytest.param(["/x/site-packages/pytest/__main__.py"], True, id="sys.argv of -m pytest"),
        pytest.param(["python", "-m", "pytest", "tests"], True, id="the full command line"),
        pytest.param(["/usr/bin/python3.11", "-W", "error", "-m", "pytest"], True, id="with -W"),
        pytest.param(["python", "-B", "manage.py", "runserver"], True, id="python manage.py"),
        pytest.param(["python", "-m"], False, id="-m of nothing"),
        pytest.param(["python"], False, id="an interactive Python"),
        pytest.param(["gunicorn", "pytest:app"], False, id="a module named like pytest"),
        pytest.param(["/srv/pytest/serve.py"], False, id="a folder named pytest"),
        pytest.param(["gunicorn", "shop.wsgi"], False, id="a server"),
        pytest.param([""], False, id="an empty program name"),
        pytest.param(["-c"], False, id="python -c"),
    ],
)
def test_a_command_is_development_only_where_a_command_can_stand(
    argv: list[str], development: bool
) -> None:
    """Only runserver, flask run in debug mode and pytest are commands of development."""
    assert is_development_command(argv) is development


@pytest.mark.parametrize(
    ("environment", "traces", "profiles", "debug"),
    [
        pytest.param("development", 1.0, 0.0, True, id="all traces, no profiles, SDK debug"),
        pytest.param("staging", 0.5, 0.1, False, id="half"),
        pytest.param("production", 0.1, 0.01, False, id="a tenth"),
        pytest.param("Staging", 0.5, 0.1, False, id="in any case"),
        pytest.param("qa", 0.1, 0.01, False, id="an unknown one is treated as production"),
        pytest.param("", 0.1, 0.01, False, id="and so is none"),
    ],
)
def test_an_environment_sets_the_rates(
    environment: str, traces: float, profiles: float, debug: bool
) -> None:
    """The rates are those of the design's table, production's where it has no row."""
    defaults = defaults_for(environment)
    assert defaults.traces_sample_rate == traces
    assert defaults.profiles_sample_rate == profiles
    assert defaults.debug is debug


def test_no_environment_sends_less_than_production() -> None:
    """Falling back to production can therefore never send more than was meant."""
    least = DEFAULTS_BY_ENVIRONMENT["production"]
    assert all(
        row.traces_sample_rate >= least.traces_sample_rate
        for row in DEFAULTS_BY_ENVIRONMENT.values()
    )
    assert not least.debug


def build_root(
    root: Path, *, build_info: object = None, raw: bytes | None = None, version: str | None = None
) -> Path:
    root.mkdir(exist_ok=True)
    if build_info is not None:
        raw = json.dumps(build_info).encode()
    if raw is not None:
        (root / "build_info.json").write_bytes(raw)
    if version is not None:
        (root / "VERSION").write_text(version, encoding="utf-8")
    return root


def test_the_first_source_that_says_something_names_the_release(tmp_path: Path) -> None:
    """Taking away one source after the other uncovers the next, in the design's order."""
    root = build_root(tmp_path, build_info={"release": "from-build-info"}, version="from-version")
    environ = {"TELEMETRY_RELEASE": "from-ours", "SENTRY_RELEASE": "from-sentry"}

    def detect(explicit: str | None = None) -> str | None:
        return detect_release(explicit=explicit, environ=environ, root=root, distribution="pytest")

    assert detect("explicit") == "explicit"
    assert detect() == "from-ours"
    environ["TELEMETRY_RELEASE"] = " "
    assert detect() == "from-sentry"
    del environ["SENTRY_RELEASE"]
    assert detect() == "from-build-info"
    (root / "build_info.json").unlink()
    assert detect() == "from-version"
    (root / "VERSION").unlink()
    assert detect() == pytest.__version__


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param({"version": "2", "release": "1"}, "1", id="release before version"),
        pytest.param({"commit": "c", "version": "2"}, "2", id="version before commit"),
        pytest.param({"release": "", "version": 2, "commit": "c0ffee"}, "c0ffee", id="only text"),
        pytest.param({"release": "/srv/app", "version": "2"}, "2", id="a path is no release"),
        pytest.param({"release": " 1.0\n"}, "1.0", id="stripped"),
        *(pytest.param({key: "x"}, "x", id=f"the key {key}") for key in BUILD_INFO_KEYS),
    ],
)
def test_build_info_gives_the_first_text_among_its_keys(
    tmp_path: Path, content: object, expected: str
) -> None:
    """Keys are tried in their documented order; what can't be a release is passed over."""
    root = build_root(tmp_path, build_info=content, version="unused")
    assert detect_release(environ={}, root=root) == expected


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"\xff\xfe\x00", id="not UTF-8"),
        pytest.param(b'["release"]', id="not an object"),
        pytest.param(b"{}", id="no keys"),
        pytest.param(b'{"release": null, "name": "x"}', id="no text"),
        pytest.param(b"[" * 60_000, id="nested beyond what Python follows"),
        pytest.param(b'{"release": "1"}' + b" " * 70_000, id="too large to be meant"),
    ],
)
def test_a_malformed_build_info_is_skipped(tmp_path: Path, raw: bytes) -> None:
    """A broken file is no reason not to start: the next source is asked."""
    root = build_root(tmp_path, raw=raw, version="2.0")
    assert detect_release(environ={}, root=root) == "2.0"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param("1.2.3", "1.2.3", id="plain"),
        pytest.param("\n  1.2.3  \nnotes\n", "1.2.3", id="the first line that isn't blank"),
        pytest.param("\ufeff1.2.3\r\n", "1.2.3", id="written by a Windows editor"),
        pytest.param("\n \n", None, id="blank"),
        pytest.param("/srv/app/1.2.3", None, id="a path"),
        pytest.param("x" * 201, None, id="longer than Sentry takes"),
    ],
)
def test_a_version_file_gives_its_first_line(
    tmp_path: Path, version: str, expected: str | None
) -> None:
    """VERSION holds the release in its first line, or nothing of use."""
    assert detect_release(environ={}, root=build_root(tmp_path, version=version)) == expected


def test_a_folder_where_a_file_should_be_is_skipped(tmp_path: Path) -> None:
    """What can't be read as a file is passed over without an error."""
    (tmp_path / "build_info.json").mkdir()
    (tmp_path / "VERSION").mkdir()
    assert detect_release(environ={}, root=tmp_path) is None


def test_a_root_that_does_not_exist_has_no_release(tmp_path: Path) -> None:
    """A missing folder is the same as one without the files."""
    assert detect_release(environ={}, root=tmp_path / "missing") is None


def test_a_distribution_that_is_not_installed_has_no_release(tmp_path: Path) -> None:
    """An unknown distribution, or an empty name, ends the search with None."""
    for name in ("no-such-distribution-here", ""):
        assert detect_release(environ={}, root=tmp_path, distribution=name) is None


def test_a_frozen_executable_looks_beside_itself_and_in_its_bundle(tmp_path: Path) -> None:
    """build_info.json in either place comes before VERSION in either place."""
    beside = build_root(tmp_path / "bin", version="beside")
    bundle = build_root(tmp_path / "bundle", build_info={"release": "bundled"})

    def detect() -> str | None:
        return detect_release(environ={}, frozen=True, executable=beside / "shop", bundle=bundle)

    assert detect() == "bundled"
    (bundle / "build_info.json").unlink()
    assert detect() == "beside"


def test_a_program_that_is_not_frozen_looks_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a root the folder the program was started in is searched, and may be gone."""
    folder = build_root(tmp_path / "app", version="here")
    monkeypatch.chdir(folder)
    assert detect_release(environ={}, frozen=False) == "here"
    (folder / "VERSION").unlink()
    folder.rmdir()
    assert detect_release(environ={}, frozen=False) is None


@pytest.mark.parametrize(
    ("release", "right"),
    [
        pytest.param("v2.1.0", True, id="a version"),
        pytest.param("shop@2.1.0+42", True, id="Sentry's recommended form"),
        pytest.param("da39a3ee5e6b4b0d3255bfef95601890afd80709", True, id="a commit"),
        pytest.param("Release 2", True, id="a space inside is allowed"),
        pytest.param("x" * 200, True, id="as long as may be"),
        pytest.param("x" * 201, False, id="one too long"),
        pytest.param("", False, id="empty"),
        pytest.param(" \u00a0", False, id="only spaces"),
        pytest.param(".", False, id="reserved"),
        pytest.param("..", False, id="reserved, too"),
        pytest.param("/", False, id="only a slash"),
        pytest.param("/home/jane/shop", False, id="a path names a person"),
        pytest.param("C:\\shop", False, id="a Windows path"),
        pytest.param("1.0\n", False, id="a newline"),
        pytest.param("1.0\tbeta", False, id="a tab"),
        pytest.param("1.0\u2028", False, id="a line separator"),
    ],
)
def test_a_release_is_what_sentry_takes(release: str, right: bool) -> None:
    """The rules are those of Sentry's page on naming releases."""
    assert (release_fault(release) == "") is right


@pytest.mark.parametrize(
    ("environment", "right"),
    [
        pytest.param("production", True, id="usual"),
        pytest.param("eu-west.1_QA", True, id="dots, dashes and capitals"),
        pytest.param("x" * 64, True, id="as long as may be"),
        pytest.param("x" * 65, False, id="one too long"),
        pytest.param("None", False, id="reserved"),
        pytest.param("a b", False, id="a space"),
        pytest.param("a/b", False, id="a slash"),
        pytest.param("a\n", False, id="a newline"),
        pytest.param("a\x00", False, id="a control character"),
        pytest.param("", False, id="empty"),
    ],
)
def test_an_environment_is_what_sentry_takes(environment: str, right: bool) -> None:
    """The rules are those of Sentry's page on environments."""
    assert (environment_fault(environment) == "") is right
