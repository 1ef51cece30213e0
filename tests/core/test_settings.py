"""Settings are read from code and the environment, and all that is wrong is told at once."""

from __future__ import annotations

import dataclasses
import functools
import math
import os.path
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from telemetry_core.errors import Problem, SettingsError
from telemetry_core.settings import Settings, describe_settings, read_settings

KEY = "5f0c8d3e9a7b4c21"
HOST = "telemetry.example"
DSN = f"https://{KEY}@{HOST}/42"


def read(
    given: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    argv: tuple[str, ...] = ("gunicorn",),
    framework_debug: bool | None = None,
    root: Path = Path("/nonexistent"),
) -> Settings:
    return read_settings(
        given or {},
        environ=environ or {},
        argv=argv,
        framework_debug=framework_debug,
        frozen=False,
        root=root,
    )


def problems(
    given: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as caught:
        read(given, environ)
    return caught.value.problems


def problem(
    given: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> Problem:
    found = problems(given, environ)
    assert len(found) == 1, found
    return found[0]


# What holds where nothing is set


def test_nothing_set_means_off_and_closed() -> None:
    """Without any setting telemetry is off, and nothing is allowed beyond the policy."""
    settings = read()
    assert settings == Settings(environment="production", release=None)
    assert settings.enabled is False
    assert settings.dsn is None
    assert settings.gpc == "anonymise"
    assert settings.session_scope == "request"
    assert (settings.allow_fields, settings.deny_fields, settings.allow_headers) == ((), (), ())


def test_names_of_others_are_not_looked_at() -> None:
    """Only names that start with TELEMETRY_ are ours, whatever a mapping holds besides."""
    others = {"DEBUG": "maybe", "SECRET_KEY": "x", "TELEMETRY": 1, "MY_TELEMETRY_DSN": "x", 7: 7}
    assert read(others) == read()  # type: ignore[arg-type]  # frameworks promise no key types


def test_the_table_names_each_field_once() -> None:
    """Every field of Settings but debug, which follows from the environment, has its row."""
    rows = describe_settings()
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert {row.field for row in rows} == fields - {"debug"}
    assert len({row.name for row in rows}) == len(rows)
    assert all(row.allowed and row.default and row.doc for row in rows)


def test_the_environment_sets_the_rates_unless_they_are_given() -> None:
    """Development traces all; a rate that is given stands in any environment."""
    settings = read({"TELEMETRY_PROFILES_SAMPLE_RATE": 0}, argv=("manage.py", "runserver"))
    assert settings.environment == "development"
    assert settings.debug is True
    assert settings.traces_sample_rate == 1.0
    assert settings.profiles_sample_rate == 0.0
    staging = read({"TELEMETRY_ENVIRONMENT": "staging", "TELEMETRY_TRACES_SAMPLE_RATE": 1})
    assert (staging.traces_sample_rate, staging.profiles_sample_rate) == (1.0, 0.1)
    assert type(staging.traces_sample_rate) is float


def test_code_comes_before_our_variable_and_that_before_the_sdks() -> None:
    """For environment and release alike the nearest source wins, detection coming last."""
    environ = {
        "TELEMETRY_ENVIRONMENT": "staging",
        "SENTRY_ENVIRONMENT": "qa",
        "TELEMETRY_RELEASE": "2",
        "SENTRY_RELEASE": "3",
    }
    given = {"TELEMETRY_ENVIRONMENT": "demo", "TELEMETRY_RELEASE": "1"}
    settings = read(given, environ)
    assert (settings.environment, settings.release) == ("demo", "1")
    settings = read({}, environ)
    assert (settings.environment, settings.release) == ("staging", "2")
    del environ["TELEMETRY_ENVIRONMENT"], environ["TELEMETRY_RELEASE"]
    settings = read({}, environ)
    assert (settings.environment, settings.release) == ("qa", "3")


def test_a_release_is_detected_in_the_given_root(tmp_path: Path) -> None:
    """Where no setting names it, the release is looked for in the project's files."""
    (tmp_path / "VERSION").write_text("7.1\n")
    assert read(root=tmp_path).release == "7.1"


def test_the_process_is_asked_when_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables and the command line count as they are at the call, not at the import."""
    for name in ("TELEMETRY_ENVIRONMENT", "SENTRY_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TELEMETRY_GPC", "drop")
    monkeypatch.setattr(sys, "argv", ["manage.py", "runserver"])
    assert (read_settings({}).gpc, read_settings({}).environment) == ("drop", "development")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert read_settings({}).environment == "production"


# The DSN


def test_the_sdks_dsn_is_looked_at_only_when_enabled() -> None:
    """SENTRY_DSN alone switches nothing on, however wrong it is, and is not kept."""
    assert read({}, {"SENTRY_DSN": DSN}).dsn is None
    assert read({}, {"SENTRY_DSN": "nonsense"}).dsn is None
    assert read({"TELEMETRY_ENABLED": True}, {"SENTRY_DSN": DSN}).dsn == DSN
    other = f"https://other@{HOST}/1"
    enabled = {"TELEMETRY_ENABLED": "1", "TELEMETRY_DSN": DSN, "SENTRY_DSN": other}
    assert read({}, enabled).dsn == DSN


def test_enabled_without_a_dsn_is_a_problem() -> None:
    """Whoever switches telemetry on expects it to arrive; disabled, no DSN is needed."""
    found = problem({"TELEMETRY_ENABLED": True})
    assert (found.setting, found.kind) == ("TELEMETRY_DSN", "missing")
    assert problem({}, {"TELEMETRY_ENABLED": "on", "SENTRY_DSN": " "}).kind == "missing"
    assert read({"TELEMETRY_ENABLED": False}).dsn is None


def test_an_empty_dsn_in_code_means_none_at_all() -> None:
    """Code that says there is no DSN is not overruled by the environment."""
    assert read({"TELEMETRY_DSN": ""}, {"TELEMETRY_DSN": DSN}).dsn is None
    found = problem({"TELEMETRY_ENABLED": True, "TELEMETRY_DSN": ""}, {"SENTRY_DSN": DSN})
    assert found.kind == "missing"
    assert read({"TELEMETRY_DSN": None}, {"TELEMETRY_DSN": DSN}).dsn == DSN


@pytest.mark.parametrize(
    "dsn",
    [
        pytest.param(DSN, id="the form of today"),
        pytest.param(f"http://{KEY}@127.0.0.1:8000/1", id="a local collector"),
        pytest.param(f"http://{KEY}@[::1]:8000/1", id="an IPv6 host"),
        pytest.param(f"https://{KEY}:secret@{HOST}/42", id="an old one with its secret key"),
        pytest.param(f"https://{KEY}@{HOST}/a/path/42", id="a server under a path"),
        pytest.param(f"https://{KEY}@o1.ingest.us.{HOST}/0", id="project 0"),
        pytest.param(f"https://b3c1-40d2@{HOST}/1", id="a key with dashes"),
        pytest.param(f"https://{KEY}@bücher.example/1", id="an international host"),
    ],
)
def test_a_dsn_of_the_protocols_form_is_taken(dsn: str) -> None:
    """What the SDK can send to is kept as it is, from code and from the environment."""
    assert read({"TELEMETRY_DSN": dsn}).dsn == dsn
    assert read({}, {"TELEMETRY_DSN": f"{dsn}\n"}).dsn == dsn


WRONG_DSNS = [
    pytest.param(f"{KEY}@{HOST}/42", id="no scheme"),
    pytest.param(f"ftp://{KEY}@{HOST}/42", id="another scheme"),
    pytest.param(f"https:{KEY}@{HOST}/42", id="no slashes"),
    pytest.param(f"https://{HOST}/42", id="no public key"),
    pytest.param(f"https://@{HOST}/42", id="an empty public key"),
    pytest.param(f"https://:{KEY}@{HOST}/42", id="only a secret key"),
    pytest.param(f"https://{KEY}@/42", id="no host"),
    pytest.param(f"https://{KEY}@:8000/42", id="only a port"),
    pytest.param(f"https://{KEY}@{HOST}", id="no project"),
    pytest.param(f"https://{KEY}@{HOST}/", id="an empty project"),
    pytest.param(f"https://{KEY}@{HOST}/shop", id="a project by name"),
    pytest.param(f"https://{KEY}@{HOST}/-1", id="a negative project"),
    pytest.param(f"https://{KEY}@{HOST}/4_2", id="a number only to Python"),
    pytest.param(f"https://{KEY}@{HOST}/٤٢", id="digits only to Unicode"),
    pytest.param(f"https://{KEY}@{HOST}/42/", id="a slash at the end"),
    pytest.param(f"https://{KEY}@{HOST}:99999/42", id="a port out of range"),
    pytest.param(f"https://{KEY}@{HOST}:port/42", id="a port that is no number"),
    pytest.param(f"https://{KEY}@{HOST}:0/42", id="port 0"),
    pytest.param(f"https://{KEY}@[::1/42", id="a bracket left open"),
    pytest.param(f"https://{KEY}@{HOST}/4 2", id="a space inside"),
    pytest.param(f"https://{KEY}@{HOST}/4\n2", id="a newline that urllib would take away"),
    pytest.param("https://<clef>@<hôte>/<projet>", id="the placeholder of a manual"),
    pytest.param(f"https://{KEY}@{KEY}@{HOST}/42", id="pasted twice"),
    pytest.param(f'"{DSN}"', id="with its quotes"),
]


def pieces(dsn: str) -> list[str]:
    return [part for part in re.split(r"[^\w.-]+", dsn) if len(part) > 5 and part != "https"]


@pytest.mark.parametrize("dsn", WRONG_DSNS)
@pytest.mark.parametrize("enabled", [True, False])
def test_a_malformed_dsn_is_a_problem_and_not_shown(dsn: str, enabled: bool) -> None:
    """The error says which part is wrong and repeats none of it, wherever the DSN was set."""
    flag = {"TELEMETRY_ENABLED": enabled}
    errors = [problem({**flag, "TELEMETRY_DSN": dsn}), problem(flag, {"TELEMETRY_DSN": dsn})]
    if enabled:
        errors.append(problem(flag, {"SENTRY_DSN": dsn}))
    for error in errors:
        assert error.setting in ("TELEMETRY_DSN", "SENTRY_DSN")
        assert error.kind == "value"
        assert error.hint
        for piece in [*pieces(dsn), KEY, HOST]:
            assert piece not in str(error)


OTHER_NAMES = [row.name for row in describe_settings() if row.name != "TELEMETRY_DSN"]


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_a_dsn_in_the_wrong_setting_is_not_shown(name: str) -> None:
    """A DSN pasted under another name is refused, and not printed either."""
    error = problem({name: DSN})
    assert error.setting == name
    assert KEY not in str(error)
    assert HOST not in str(error)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("TELEMETRY_INSTRUMENT", [DSN], id="in a list"),
        pytest.param("TELEMETRY_ALLOW_HEADERS", [DSN, f"HTTP_{DSN}"], id="in a list of headers"),
        pytest.param("TELEMETRY_SENTRY_OPTIONS", {DSN: 1}, id="as a key"),
        pytest.param("TELEMETRY_DETECTORS", {DSN: 1}, id="as a name"),
        pytest.param("TELEMETRY_DETECTORS", {"order": {DSN: 1}}, id="as an inner key"),
        pytest.param("TELEMETRY_DETECTORS", {"order": {"pattern": f"({DSN}"}}, id="in a pattern"),
        pytest.param("TELEMETRY_DETECTORS", {"order": f"(?P<{DSN}>a)"}, id="quoted by re"),
        pytest.param("TELEMETRY_ALLOW_FIELDS", [{DSN}], id="nested"),
    ],
)
def test_a_dsn_inside_a_wrong_value_is_not_shown(name: str, value: object) -> None:
    """Neither items nor keys that may be a DSN are printed."""
    for error in problems({name: value}):
        assert KEY not in str(error)
        assert HOST not in str(error)


@pytest.mark.parametrize(
    "dsn",
    [
        pytest.param(42, id="a number"),
        pytest.param(b"https://k@h/1", id="bytes"),
        pytest.param([DSN], id="a list"),
    ],
)
def test_a_dsn_that_is_no_text_is_a_problem(dsn: object) -> None:
    """Only text is a DSN; the type is told, the value is not."""
    error = problem({"TELEMETRY_DSN": dsn})
    assert error.kind == "type"
    assert error.got == f"a value of type {type(dsn).__name__}"


# Types in code and text in the environment


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, True) for text in ("1", "true", "True", "YES", "on", " true ")),
        *((text, False) for text in ("0", "false", "FALSE", "no", "Off", "", "  ")),
    ],
    ids=repr,
)
def test_the_environment_spells_booleans_in_words_or_digits(text: str, value: bool) -> None:
    """The usual spellings are read in any case; blank is not set."""
    environ = {"TELEMETRY_ENABLED": text, "TELEMETRY_DSN": DSN}
    assert read({}, environ).enabled is value


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        pytest.param("true", "Write True", id="text is for the environment"),
        pytest.param("False", "Write False", id="which Python takes for true"),
        pytest.param(1, "Write True", id="a number is no boolean"),
        pytest.param(0, "Write False", id="nor is zero"),
        pytest.param("maybe", "", id="no known word"),
        pytest.param([], "", id="a list that is false to Python"),
    ],
)
def test_code_says_true_or_false(value: object, hint: str) -> None:
    """Nothing but a bool switches telemetry on in code, and the hint says what to write."""
    error = problem({"TELEMETRY_ENABLED": value})
    assert (error.setting, error.kind) == ("TELEMETRY_ENABLED", "type")
    assert error.hint.startswith(hint)
    assert bool(error.hint) is bool(hint)


@pytest.mark.parametrize("text", ["maybe", "2", "truee", "None", "enabled"])
def test_other_words_are_no_boolean(text: str) -> None:
    """A word nobody can be sure of leaves telemetry off and is reported."""
    error = problem({}, {"TELEMETRY_ENABLED": text})
    assert error.kind == "value"
    assert error.got == f"{text!r} in the environment"


RATES = ("TELEMETRY_TRACES_SAMPLE_RATE", "TELEMETRY_PROFILES_SAMPLE_RATE")


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        pytest.param(7, "value", id="seven"),
        pytest.param(1.0000001, "value", id="a little too much"),
        pytest.param(-0.1, "value", id="negative"),
        pytest.param(math.nan, "value", id="not a number, which compares with nothing"),
        pytest.param(math.inf, "value", id="infinite"),
        pytest.param(-math.inf, "value", id="infinite the other way"),
        pytest.param(10**400, "value", id="too large for a float"),
        pytest.param(10**5000, "value", id="too large even to print"),
        pytest.param(True, "type", id="a boolean is no number"),
        pytest.param("0.5", "type", id="text is for the environment"),
        pytest.param([0.5], "type", id="a list"),
    ],
)
def test_a_sample_rate_is_a_number_from_0_to_1(name: str, value: object, kind: str) -> None:
    """Every other value is refused at start-up."""
    error = problem({name: value})
    assert (error.setting, error.kind) == (name, kind)
    assert "0.0 to 1.0" in error.allowed


@pytest.mark.parametrize("text", ["7", "-1", "nan", "inf", "half", "50%", "0,5", "true"])
def test_a_sample_rate_in_the_environment_is_a_number_from_0_to_1(text: str) -> None:
    """Text that is no such number is a wrong value."""
    assert problem({}, {RATES[0]: text}).kind == "value"


@pytest.mark.parametrize(("text", "rate"), [("0", 0.0), ("1", 1.0), (".25", 0.25), ("1e-3", 0.001)])
def test_a_sample_rate_is_read_from_text(text: str, rate: float) -> None:
    """The environment writes numbers as Python does."""
    assert read({}, {RATES[0]: text}).traces_sample_rate == rate


def test_a_percentage_is_answered_with_the_fraction() -> None:
    """Who writes 7 most likely means 7 %."""
    assert "0.07" in problem({RATES[0]: 7}).hint
    assert problem({RATES[0]: 700}).hint == ""


LISTS = ("TELEMETRY_ALLOW_FIELDS", "TELEMETRY_DENY_FIELDS", "TELEMETRY_ALLOW_HEADERS")


@pytest.mark.parametrize("name", [*LISTS, "TELEMETRY_INSTRUMENT"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("redis", id="text"),
        pytest.param("", id="empty text"),
        pytest.param(b"redis", id="bytes"),
    ],
)
def test_text_is_not_a_list_of_its_characters(name: str, value: object) -> None:
    """A forgotten pair of brackets is an error, not a list of single letters."""
    error = problem({name: value})
    assert error.kind == "type"
    assert error.got == f"a {type(value).__name__}"
    assert error.allowed.startswith("a list of names")


@pytest.mark.parametrize("name", LISTS)
def test_the_environment_separates_names_with_commas(name: str) -> None:
    """Blanks around the commas and empty names don't count, nor does repetition."""
    field = next(row.field for row in describe_settings() if row.name == name)
    assert getattr(read({}, {name: " a, b_c ,,a,"}), field) == ("a", "b_c")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(["b", "a", "b"], ("b", "a"), id="a list keeps its order"),
        pytest.param(("duration_*",), ("duration_*",), id="a tuple, and a pattern"),
        pytest.param({"b", "a"}, ("a", "b"), id="a set is sorted, to be the same in each process"),
        pytest.param({"b": 1, "a": 2}.keys(), ("a", "b"), id="keys are a set"),
        pytest.param([], (), id="empty"),
    ],
)
def test_a_list_may_be_any_collection_of_names(value: object, expected: tuple[str, ...]) -> None:
    """The names come back as a tuple, each once."""
    assert read({"TELEMETRY_ALLOW_FIELDS": value}).allow_fields == expected


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"a": True}, id="a mapping"),
        pytest.param(7, id="a number"),
        pytest.param((name for name in ["a"]), id="a generator can be read only once"),
        pytest.param(["a", 7], id="an item that is no text"),
        pytest.param(["a", None], id="None as an item"),
        pytest.param(["a", ""], id="an empty name"),
        pytest.param([" a"], id="a name with a space before it"),
    ],
)
@pytest.mark.parametrize("name", LISTS)
def test_what_is_no_list_of_names_is_refused(name: str, value: object) -> None:
    """Nothing is dropped from a list, nor guessed into one."""
    assert problem({name: value}).setting == name


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("password", id="as it is"),
        pytest.param("userPassword", id="in camel case"),
        pytest.param("X-Api-Key", id="with dashes"),
        pytest.param("auth_*", id="in a pattern"),
    ],
)
@pytest.mark.parametrize("name", ["TELEMETRY_ALLOW_FIELDS", "TELEMETRY_ALLOW_HEADERS"])
def test_what_never_leaves_cannot_be_allowed(name: str, field: str) -> None:
    """A name of the blocklist is told at start-up, where it would do nothing at run time."""
    assert problem({name: ["order_id", field]}).got == repr(field)
    assert read({"TELEMETRY_DENY_FIELDS": [field]}).deny_fields == (field,)


def test_cookies_and_authorization_are_headers_that_never_leave() -> None:
    """Each is a problem of its own."""
    headers = ["Cookie", "Set-Cookie", "Authorization", "Proxy-Authorization", "Accept"]
    assert len(problems({"TELEMETRY_ALLOW_HEADERS": headers})) == 4


@pytest.mark.parametrize("pattern", ["*", "**", "?*", "[a-z]*", "*[!x]"])
def test_a_pattern_must_name_something_to_be_allowed(pattern: str) -> None:
    """A pattern that allows everything would undo the allowlist; denying everything is fine."""
    assert "letter" in problem({"TELEMETRY_ALLOW_FIELDS": [pattern]}).hint
    assert read({"TELEMETRY_DENY_FIELDS": [pattern]}).deny_fields == (pattern,)


def test_headers_are_named_one_by_one_in_any_case() -> None:
    """Headers come back in lower case, since HTTP compares them so."""
    given = {"TELEMETRY_ALLOW_HEADERS": ["Accept-Language", "accept-language", "X-Shop"]}
    assert read(given).allow_headers == ("accept-language", "x-shop")


@pytest.mark.parametrize("name", ["X-*", "X Shop", "X-Shop:", "Ärger", "HTTP_ACCEPT_LANGUAGE"])
def test_what_is_no_name_of_a_header_is_refused(name: str) -> None:
    """Patterns, other text and WSGI's spelling are refused, the latter with the right one."""
    error = problem({"TELEMETRY_ALLOW_HEADERS": [name]})
    assert ("'Accept-Language'" in error.hint) is name.startswith("HTTP_")


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        pytest.param("TELEMETRY_GPC", "anonymize", "'anonymise'", id="American spelling"),
        pytest.param("TELEMETRY_GPC", "DROP", "'drop'", id="in capitals"),
        pytest.param("TELEMETRY_GPC", "xyz", "", id="nothing near"),
        pytest.param("TELEMETRY_SESSION_SCOPE", "visitors", "'visitor'", id="plural"),
        pytest.param("TELEMETRY_SESSION_SCOPE", "req", "'request'", id="shortened"),
    ],
)
def test_a_choice_is_one_of_its_words(name: str, value: str, hint: str) -> None:
    """The error lists the words and suggests the nearest, from code and environment alike."""
    for error in (problem({name: value}), problem({}, {name: value})):
        assert error.kind == "value"
        assert error.allowed in ('"anonymise", "drop" or "ignore"', '"request" or "visitor"')
        assert hint in error.hint
        assert bool(error.hint) is bool(hint)
    assert problem({name: 1}).kind == "type"


@pytest.mark.parametrize("value", ["anonymise", "drop", "ignore"])
def test_each_meaning_of_gpc_can_be_chosen(value: str) -> None:
    """All documented words are taken."""
    assert read({"TELEMETRY_GPC": value}).gpc == value
    assert read({"TELEMETRY_SESSION_SCOPE": "visitor"}).session_scope == "visitor"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("TELEMETRY_ENVIRONMENT", "a b", id="a space"),
        pytest.param("TELEMETRY_ENVIRONMENT", 7, id="a number"),
        pytest.param("TELEMETRY_RELEASE", "/srv/app", id="a path"),
        pytest.param("TELEMETRY_RELEASE", "1\n", id="a newline"),
        pytest.param("TELEMETRY_RELEASE", " ", id="blank"),
        pytest.param("TELEMETRY_RELEASE", 2.1, id="a version as a number"),
    ],
)
def test_environment_and_release_are_names_that_sentry_takes(name: str, value: object) -> None:
    """A name that Sentry would throw away is told at start-up."""
    assert problem({name: value}).setting == name


def test_a_wrong_variable_of_the_sdks_is_a_problem_only_when_enabled() -> None:
    """It isn't our setting, so while telemetry is off it is passed over."""
    environ = {"SENTRY_RELEASE": "a/b", "SENTRY_ENVIRONMENT": "a b", "SENTRY_DSN": DSN}
    settings = read({}, environ)
    assert (settings.release, settings.environment) == (None, "production")
    names = [found.setting for found in problems({"TELEMETRY_ENABLED": True}, environ)]
    assert names == ["SENTRY_ENVIRONMENT", "SENTRY_RELEASE"]


@pytest.mark.parametrize("name", ["TELEMETRY_ENVIRONMENT", "TELEMETRY_RELEASE"])
def test_empty_text_in_code_is_unset_where_any_text_may_stand(name: str) -> None:
    """`os.environ.get("GIT_SHA", "")` in a settings file must not stop a start."""
    assert read({name: ""}) == read()


# Names


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        pytest.param("TELEMETRY_DNS", "TELEMETRY_DSN", id="swapped letters"),
        pytest.param("TELEMETRY_ENABLE", "TELEMETRY_ENABLED", id="a letter short"),
        pytest.param("TELEMETRY_ENV", "TELEMETRY_ENVIRONMENT", id="shortened"),
        pytest.param("TELEMETRY_enabled", "TELEMETRY_ENABLED", id="lower case"),
        pytest.param("TELEMETRY_SAMPLE_RATE", "TELEMETRY_TRACES_SAMPLE_RATE", id="which one?"),
        pytest.param("TELEMETRY_ALLOWED_FIELDS", "TELEMETRY_ALLOW_FIELDS", id="grammar"),
        pytest.param("TELEMETRY_DEBUG", "TELEMETRY_SENTRY_OPTIONS", id="an option of the SDK's"),
        pytest.param("TELEMETRY_", "TELEMETRY_ENABLED, TELEMETRY_DSN", id="no name at all"),
        pytest.param("TELEMETRY_QQQ", "TELEMETRY_ENABLED, TELEMETRY_DSN", id="near nothing"),
    ],
)
def test_an_unknown_name_is_a_problem_with_a_suggestion(name: str, hint: str) -> None:
    """Both in code and in the environment, enabled or not; the value is not shown."""
    for error in (problem({name: "s3cr3t"}), problem({}, {name: "s3cr3t"})):
        assert (error.setting, error.kind) == (name, "unknown")
        assert hint in error.hint
        assert "s3cr3t" not in str(error)


SERVICE_LINKS = [
    "TELEMETRY_SERVICE_HOST",
    "TELEMETRY_SERVICE_PORT",
    "TELEMETRY_SERVICE_PORT_HTTP",
    "TELEMETRY_PORT",
    "TELEMETRY_PORT_80_TCP",
    "TELEMETRY_PORT_80_TCP_ADDR",
    "TELEMETRY_COLLECTOR_SERVICE_HOST",
    "TELEMETRY_COLLECTOR_PORT_4317_TCP_PROTO",
]


@pytest.mark.parametrize("name", SERVICE_LINKS)
def test_what_kubernetes_sets_for_a_service_is_not_ours(name: str) -> None:
    """A service named telemetry must not stop every pod beside it; in code the name is wrong."""
    assert read({}, {name: "10.0.0.1"}) == read()
    assert problem({name: "10.0.0.1"}).kind == "unknown"


def test_all_problems_are_told_at_once_in_the_tables_order() -> None:
    """One start shows everything that is wrong, each under the name the user typed."""
    given = {
        "TELEMETRY_DNS": DSN,
        "TELEMETRY_GPC": "x",
        "TELEMETRY_DSN": "x",
        "TELEMETRY_ENABLED": True,
    }
    environ = {"TELEMETRY_TRACES_SAMPLE_RATE": "7", "TELEMETRY_GPX": "drop"}
    assert [found.setting for found in problems(given, environ)] == [
        "TELEMETRY_DSN",
        "TELEMETRY_TRACES_SAMPLE_RATE",
        "TELEMETRY_GPC",
        "TELEMETRY_DNS",
        "TELEMETRY_GPX",
    ]


def test_a_wrong_value_in_code_is_not_replaced_by_the_environments() -> None:
    """The environment is read for names not given, not as a second try."""
    given = {"TELEMETRY_GPC": "x"}
    assert problem(given, {"TELEMETRY_GPC": "drop"}).setting == "TELEMETRY_GPC"


def test_a_long_value_is_cut() -> None:
    """Sixty characters are enough to recognise what one wrote."""
    assert len(problem({"TELEMETRY_GPC": "x" * 500}).got) == 60


def test_a_value_whose_repr_fails_is_told_by_its_type() -> None:
    """Showing a wrong value never raises anything but the settings' own error."""

    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError

    assert problem({"TELEMETRY_GPC": Hostile()}).got == "a value of type Hostile"


# Consent


def consents(request: object) -> bool:
    return True


async def consents_later(request: object) -> bool:
    return False


def consents_in_parts(request: object) -> object:
    yield False


class Consents:
    def __call__(self, request: object) -> bool:
        return False

    async def later(self, request: object) -> bool:
        return False


class ConsentsLater:
    async def __call__(self, request: object) -> bool:
        return False


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(consents, id="a function"),
        pytest.param(Consents(), id="an object that can be called"),
        pytest.param(functools.partial(consents), id="a partial"),
        pytest.param(lambda request, strict=False: strict, id="with more that has a default"),
        pytest.param(os.path.exists, id="somebody else's function"),
    ],
)
def test_consent_may_be_any_function_of_the_request(function: Callable[[object], bool]) -> None:
    """The very function is kept."""
    assert read({"TELEMETRY_CONSENT": function}).consent is function


@pytest.mark.parametrize(
    ("function", "hint"),
    [
        pytest.param(consents_later, "plain", id="a coroutine is true whatever it says"),
        pytest.param(ConsentsLater(), "plain", id="an object called so"),
        pytest.param(Consents().later, "plain", id="a method"),
        pytest.param(functools.partial(consents_later), "plain", id="a partial of one"),
        pytest.param(consents_in_parts, "plain", id="a generator is true, too"),
        pytest.param(Consents, "class", id="an instance is true"),
        pytest.param(lambda: True, "one argument", id="takes no request"),
        pytest.param(lambda request, user: True, "one argument", id="asks for more"),
        pytest.param(True, "called", id="a boolean"),
        pytest.param(["a.b"], "called", id="a list"),
    ],
)
def test_consent_that_could_not_say_no_is_refused(function: object, hint: str) -> None:
    """What answers later, or can't be asked, would let everything through or nothing."""
    error = problem({"TELEMETRY_CONSENT": function})
    assert error.kind == "type"
    assert hint in error.hint


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An importable package with a module that works and some that don't."""
    package = tmp_path / "consent_shop"
    package.mkdir()
    sources = {
        "__init__": "",
        "privacy": "class Visitor:\n    @staticmethod\n    def agrees(request): return True\n"
        "def has_consent(request): return True\nlimit = 7\n",
        "broken": "raise ValueError('5f0c8d3e9a7b4c21')",
        "needy": "import consent_missing_library",
        "lazy": "def __getattr__(name): raise OSError(name)",
    }
    for name, source in sources.items():
        (package / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        pytest.param("consent_shop.privacy.has_consent", "has_consent", id="dots"),
        pytest.param("consent_shop.privacy:has_consent", "has_consent", id="a colon"),
        pytest.param("consent_shop.privacy.Visitor.agrees", "agrees", id="a method, dots"),
        pytest.param("consent_shop.privacy:Visitor.agrees", "agrees", id="a method, a colon"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_consent_may_be_a_dotted_path(path: str, name: str) -> None:
    """The path is imported at start-up, from code and from the environment."""
    for settings in (read({"TELEMETRY_CONSENT": path}), read({}, {"TELEMETRY_CONSENT": path})):
        assert settings.consent is not None
        assert settings.consent.__name__ == name
        assert settings.consent(None) is True


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        pytest.param("has_consent", "not a dotted path", id="a bare name"),
        pytest.param("", "not a dotted path", id="empty in code"),
        pytest.param(".privacy.has_consent", "not a dotted path", id="relative"),
        pytest.param("consent_shop.privacy:", "not a dotted path", id="nothing after the colon"),
        pytest.param("a.b:c:d", "not a dotted path", id="two colons"),
        pytest.param("consent_shop.privacy.has consent", "not a dotted path", id="a space"),
        pytest.param("no_such_shop.privacy.f", "no module 'no_such_shop'", id="no package"),
        pytest.param("consent_shop.privcy:f", "no module 'consent_shop.privcy'", id="no module"),
        pytest.param("consent_shop.privcy.f", "'consent_shop' has no 'privcy'", id="no name"),
        pytest.param(
            "consent_shop.privacy.has_consnt", "Did you mean 'has_consent'?", id="a near match"
        ),
        pytest.param(
            "consent_shop.needy.f", "no module 'consent_missing_library'", id="what it needs"
        ),
        pytest.param("consent_shop.broken.f", "raised ValueError", id="a module that raises"),
        pytest.param("consent_shop.lazy.f", "raised OSError", id="an attribute that raises"),
        pytest.param("consent_shop.privacy.limit", "can't be called", id="no function"),
        pytest.param("consent_shop.privacy", "can't be called", id="a module"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_dotted_path_that_leads_nowhere_names_what_failed(path: str, hint: str) -> None:
    """The error names the module or attribute, and the type of what was raised, no message."""
    error = problem({"TELEMETRY_CONSENT": path})
    assert error.setting == "TELEMETRY_CONSENT"
    assert hint in error.hint
    assert KEY not in str(error)


@pytest.mark.usefixtures("shop")
def test_the_exception_of_an_import_is_the_cause() -> None:
    """Whoever needs the traceback of a broken module finds it."""
    with pytest.raises(SettingsError) as caught:
        read({"TELEMETRY_CONSENT": "consent_shop.broken.f"})
    assert isinstance(caught.value.__cause__, ValueError)


# What the installed SDK knows


def test_integrations_are_named_as_sentrys_modules_without_importing_them() -> None:
    """A name is enough: what the integration needs isn't imported, and needn't be there."""
    assert read({"TELEMETRY_INSTRUMENT": ["celery", "redis"]}).instrument == ("celery", "redis")
    assert read({}, {"TELEMETRY_INSTRUMENT": "sqlalchemy, trytond"}).instrument == (
        "sqlalchemy",
        "trytond",
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        pytest.param("celary", "'celery'", id="misspelt"),
        pytest.param("Celery", "'celery'", id="capitals"),
        pytest.param("_wsgi_common", "sentry_sdk.integrations", id="private"),
        pytest.param("sentry_sdk.integrations.celery", "sentry_sdk.integrations", id="dotted"),
        pytest.param("../celery", "'celery'", id="a path"),
    ],
)
def test_an_unknown_integration_is_a_problem(name: str, hint: str) -> None:
    """The error suggests the nearest that the installed SDK has."""
    error = problem({"TELEMETRY_INSTRUMENT": ["redis", name]})
    assert error.setting == "TELEMETRY_INSTRUMENT"
    assert error.got == repr(name)
    assert hint in error.hint


def test_each_unknown_integration_is_a_problem_of_its_own() -> None:
    """All wrong names are told at once."""
    assert len(problems({"TELEMETRY_INSTRUMENT": ["celary", "redis", "readis"]})) == 2


def test_sentry_options_are_taken_by_name_and_kept_as_they_are() -> None:
    """Values are the SDK's business; a later change of the user's mapping changes nothing."""
    hook = functools.partial(consents)
    options: dict[str, object] = {"before_send": hook, "max_breadcrumbs": 20, "debug": False}
    settings = read({"TELEMETRY_SENTRY_OPTIONS": options})
    options["max_breadcrumbs"] = 7
    assert settings.sentry_options == {
        "before_send": hook,
        "max_breadcrumbs": 20,
        "debug": False,
    }
    with pytest.raises(TypeError):
        settings.sentry_options["debug"] = True  # type: ignore[index]  # that it fails is the claim


def test_sentry_options_are_json_in_the_environment() -> None:
    """An object gives the options; null, text and broken JSON don't."""
    name = "TELEMETRY_SENTRY_OPTIONS"
    assert read({}, {name: '{"max_breadcrumbs": 20}'}).sentry_options == {"max_breadcrumbs": 20}
    for text in ("max_breadcrumbs=20", "{", "[]", "null", '"x"', "[" * 60_000):
        error = problem({}, {name: text})
        assert error.setting == name
        assert text[:20] not in error.got or len(text) < 3


@pytest.mark.parametrize(
    ("options", "kind", "hint"),
    [
        pytest.param({"send_defualt_pii": KEY}, "unknown", "'send_default_pii'", id="misspelt"),
        pytest.param({"qqq": KEY}, "unknown", "", id="near nothing"),
        pytest.param({"dsn": KEY}, "value", "TELEMETRY_DSN", id="a DSN has a setting, and a check"),
        pytest.param({7: KEY}, "type", "", id="a key that is no text"),
        pytest.param([("debug", KEY)], "type", "", id="pairs"),
    ],
)
def test_options_that_the_sdk_does_not_know_are_refused(
    options: object, kind: str, hint: str
) -> None:
    """The option is named, its value never."""
    error = problem({"TELEMETRY_SENTRY_OPTIONS": options})
    assert error.kind == kind
    assert hint in error.hint
    assert KEY not in str(error)


def test_the_settings_repr_holds_no_dsn_and_no_options() -> None:
    """What a debugger or a log prints of the settings is free of secrets."""
    given = {"TELEMETRY_DSN": DSN, "TELEMETRY_SENTRY_OPTIONS": {"http_proxy": KEY}}
    assert KEY not in repr(read(given))


# Detectors


def test_detectors_are_switched_off_or_added() -> None:
    """A mapping in code, or JSON in the environment, with False or a pattern and its token."""
    detectors = {"email": False, "order": {"pattern": r"ORD-\d{8}", "token": "[ORDER]"}}
    assert read({"TELEMETRY_DETECTORS": detectors}).detectors == detectors
    text = '{"email": false, "order": {"pattern": "ORD-\\\\d{8}", "token": "[ORDER]"}}'
    assert read({}, {"TELEMETRY_DETECTORS": text}).detectors == detectors


@pytest.mark.parametrize(
    ("detectors", "told"),
    [
        pytest.param(["email"], "of type list", id="a list"),
        pytest.param({7: False}, "the key 7", id="a name that is no text"),
        pytest.param({"Email": False}, "the name 'Email'", id="a name in capitals"),
        pytest.param({"e_mail": False}, "'email'", id="near the name of one"),
        pytest.param({"order": 7}, "7 for 'order'", id="neither off nor a pattern"),
        pytest.param({"order": {"token": "[O]"}}, "should have a pattern", id="no pattern"),
        pytest.param({"order": {"pattern": "(", "token": "[O]"}}, "malformed", id="malformed"),
        pytest.param({"order": {"pattern": "(a+)+", "token": "[O]"}}, "bound", id="can blow up"),
        pytest.param({"order": {"pattern": "a", "token": "o"}}, "token", id="a token's form"),
        pytest.param({"order": {"pattern": "a", "flags": 2}}, "may have", id="another key"),
    ],
)
def test_a_detector_is_checked_at_start_up(detectors: object, told: str) -> None:
    """Whatever the filter couldn't run, or couldn't run in linear time, is refused."""
    error = problem({"TELEMETRY_DETECTORS": detectors})
    assert error.setting == "TELEMETRY_DETECTORS"
    assert told in str(error)


def test_each_wrong_detector_is_a_problem_of_its_own() -> None:
    """One start tells all of them, the right ones between them left alone."""
    detectors = {"order": 7, "email": False, "nothing_like_it": False}
    assert len(problems({"TELEMETRY_DETECTORS": detectors})) == 2
