"""``telemetry scrub``: what comes out of a log, whatever goes in, and how."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("click", reason="needs the extra cli")
pytest.importorskip("rich", reason="needs the extra cli")

from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from telemetry_core.cli.exits import Exit
from telemetry_core.cli.lines import LineFilter, Removal
from telemetry_core.cli.root import root
from telemetry_core.cli.stream import MAX_LINE, Lines, Read, detect_encoding
from telemetry_core.filter.pii import PIIFilter

pytestmark = pytest.mark.pure

KEY = (
    "-----BEGIN RSA PRIVATE KEY-----",
    "MIIEowIBAAKCAQEAx8nkQv5qQ2p1r0Yt5yPzGQmC1s7dK3jH9bV2wXfLZk3RtYuQ",
    "qvJ3c6pS0dF8gH1jK2lZ4xC5vB6nM7qW8eR9tY0uI1oP2aS3dF4gH5jK6lZ7xC8v",
    "b9nM0Q==",
    "-----END RSA PRIVATE KEY-----",
)


def scrub(*arguments: str, given: str | bytes = "") -> Result:
    """Run the verb in this process with ``given`` on standard input."""
    return CliRunner().invoke(root, ["scrub", *arguments], input=given)


@pytest.fixture
def texts() -> LineFilter:
    """Reads lines of text."""
    return LineFilter(PIIFilter())


@pytest.fixture
def records() -> LineFilter:
    """Reads lines of JSON."""
    return LineFilter(PIIFilter(allow_fields=["order"]), json_lines=True)


def shown(lines: LineFilter, *given: str) -> list[str]:
    return [text for text, _ in lines.filter(given)]


@pytest.mark.parametrize(
    ("line", "becomes", "why"),
    [
        ("user jane@example.org", "user [EMAIL]", "a pattern"),
        (
            "2026-01-02 10:00:00,123 INFO from 203.0.113.9",
            "2026-01-02 10:00:00,123 INFO from [IP]",
            "behind a time",
        ),
        ("Jan  2 10:00:00 web sshd: password=hunter22x", None, "syslog"),
        ("DEBUG (0.001) INSERT INTO p (n) VALUES ('Jane Doe')", None, "a statement has no pattern"),
        ("INFO [generated in 0.0001s] ('Jane Doe', 3)", None, "SQLAlchemy's echo"),
        ("DETAIL:  Key (name)=(Jane Doe) already exists.", None, "a database's error"),
        ("all is well", "all is well", "nothing personal"),
        ("", "", "an empty line"),
    ],
)
def test_a_line_of_text_is_read_as_a_logged_message(
    line: str, becomes: str | None, why: str, texts: LineFilter
) -> None:
    """Detectors, and what databases and their drivers log of rows."""
    (read,) = shown(texts, line)
    assert becomes is None or read == becomes, why
    for value in ("Jane", "hunter22x", "jane@"):
        assert value not in read, why


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("", "", "as it stands"),
        ("2026-01-02T10:00:00Z web-1 | ", "", "behind a container's prefix"),
        ("    ", "", "indented, as in YAML"),
        ("> ", " ", "quoted"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_key_over_several_lines_does_not_leak(
    before: str, after: str, why: str, at_once: bool, texts: LineFilter
) -> None:
    """Line by line or together, and the lines around it stay."""
    lines = ["begin", *(f"{before}{line}{after}" for line in KEY), "GET /orders/7 200 done"]
    read = shown(texts, *lines) if at_once else [shown(texts, line)[0] for line in lines]
    for line in KEY[1:3]:
        assert line not in "\n".join(read), why
    assert "b9nM0Q" not in "\n".join(read) or before.endswith("| "), why
    assert read[0] == "begin"
    assert read[-1] == "GET /orders/7 200 done"


def test_a_key_that_is_never_ended_does_not_swallow_the_log(texts: LineFilter) -> None:
    """Lines that have not the form of a key's body stay, and after a while all lines do."""
    read = shown(texts, *KEY[:2], "request done in 5 ms", *["word"] * 600)
    assert read[2] == "request done in 5 ms"
    assert read[-1] == "word"


def test_other_lines_between_a_key_s_stay(texts: LineFilter) -> None:
    """Another thread's line is kept, and the key's next line still taken out."""
    read = shown(texts, *KEY[:2], "worker 2: request done in 5 ms", *KEY[2:])
    assert read[2] == "worker 2: request done in 5 ms"
    assert KEY[2] not in "\n".join(read)


def test_a_key_in_lines_that_a_container_wrapped_in_json_does_not_leak(
    records: LineFilter,
) -> None:
    """Docker writes each line of a log as a record of its own."""
    lines = [json.dumps({"message": f"{line}\n", "level": "info"}) for line in KEY]
    read = "\n".join(shown(records, *lines))
    assert not any(line in read for line in KEY[1:4])
    assert read.count('"info"') == len(KEY)


@pytest.mark.parametrize(
    ("line", "becomes", "why"),
    [
        ('{"level":"info","order":7}', '{"level":"info","order":7}', "allowed: not a byte changes"),
        ('{ "level" : "info" }', '{ "level" : "info" }', "nor a blank"),
        ('{"who":"Jane","level":"info"}', '{"who":"[Filtered]","level":"info"}', "not allowed"),
        ('{"who": "Jane"}', '{"who": "[Filtered]"}', "with the blanks it had"),
        ('{"password":"x","order":{"token":"y"}}', None, "credentials"),
        ('{"message":"caf\\u00e9 jane@example.org"}', '{"message":"caf\\u00e9 [EMAIL]"}', "ASCII"),
        ('{"message":"café jane@example.org"}', '{"message":"café [EMAIL]"}', "not ASCII"),
        ('{"message":"\\u006aane@example.org"}', '{"message":"[EMAIL]"}', "escaped"),
        ('{"level":"jane@example.org","level":"info"}', '{"level":"info"}', "a key twice"),
        ("not json jane@example.org", "not json [EMAIL]", "no JSON: text"),
        ('"jane@example.org"', '"[EMAIL]"', "a text alone"),
        ('["jane@example.org", 1]', '["[EMAIL]",1]', "a list"),
        ("4111111111111111", '"[CARD]"', "a number that is somebody's"),
        ('{"message":"INSERT INTO p VALUES (\'Jane\')"}', None, "a statement"),
        ("[" * 200_000, "[Filtered]", "nested without end"),
        ('\ufeff{"who":"Jane"}', '\ufeff{"who":"[Filtered]"}', "behind a byte order mark"),
        ('{"order":' + "9" * 5000 + "}", None, "a number too long to be one"),
        ('{"level":NaN}', None, "what only Python takes for JSON"),
    ],
)
def test_a_line_of_json_is_read_as_a_map_of_the_application(
    line: str, becomes: str | None, why: str, records: LineFilter
) -> None:
    """Keys by the allowlist, values by the detectors, JSON again."""
    (read,) = shown(records, line)
    assert becomes is None or read == becomes, why
    for value in ("Jane", "jane@", '"x"', '"y"', "41111"):
        assert value not in read, why


def test_removals_name_place_and_rule_and_no_value(records: LineFilter) -> None:
    """What --explain prints."""
    line = '{"order": {"message": "from 203.0.113.9"}, "who": "Jane"}'
    ((_, removals),) = records.filter([line])
    assert set(removals) == {
        Removal(rule="ipv4", path="order.message"),
        Removal(rule="allowlist", path="who"),
    }


ANY_KEY = PIIFilter(allow_fields=["*"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_what_is_json_stays_json(value: object) -> None:
    """Whatever was taken out of it."""
    lines = LineFilter(ANY_KEY, json_lines=True)
    (read,) = shown(lines, json.dumps(value))
    json.loads(read)


@given(st.lists(st.binary(max_size=40)), st.integers(1, 50))
def test_bytes_survive_whatever_they_are(given: list[bytes], size: int) -> None:
    """Lines in no known encoding, cut anywhere, come out as they went in when nothing is found."""
    data = b"\n".join(line.replace(b"\0", b"0") for line in given)
    if detect_encoding(data[:size]) is not None:
        return
    lines = Lines(pieces(data, size))
    read = [raw.encoded(raw.text) for batch in lines for raw in batch]
    assert b"".join(read) == data


def pieces(data: bytes, size: int) -> Read:
    """Return what reads ``data`` in pieces of ``size`` bytes."""
    chunks: Iterator[bytes] = (data[start : start + size] for start in range(0, len(data), size))
    return lambda: next(chunks, b"")


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("encoding", "marked", "option"),
    [
        ("utf-8", False, ()),
        ("utf-8-sig", False, ()),
        ("latin-1", False, ()),
        ("utf-16-le", True, ()),
        ("utf-16-be", True, ()),
        ("utf-32-le", True, ()),
        ("utf-16-le", False, ()),
        ("utf-16-be", False, ()),
        ("cp1252", False, ("cp1252",)),
        ("iso2022_jp", False, ("iso2022_jp",)),
        ("utf-7", False, ("utf-7",)),
    ],
)
def test_a_value_is_found_in_any_encoding(
    encoding: str, marked: bool, option: tuple[str, ...], size: int
) -> None:
    """And what is left is in the encoding that it came in."""
    word = "日本" if encoding == "iso2022_jp" else "größe"
    text = ("\ufeff" if marked else "") + f"from jane@example.org {word}\r\nno end"
    data = text.encode(encoding)
    lines = Lines(pieces(data, max(size, 4 if encoding.startswith("utf-") else 1)), *option)
    pii_filter = LineFilter(PIIFilter())
    written = b"".join(
        raw.encoded(read)
        for batch in lines
        for raw, (read, _) in zip(
            batch, pii_filter.filter([raw.text for raw in batch]), strict=True
        )
    )
    expected = text.replace("jane@example.org", "[EMAIL]")
    assert written.decode(encoding) == expected


def test_a_line_too_long_to_be_read_is_dropped_whole() -> None:
    """Where it was stays visible, the lines around it stay, and memory stays bounded."""
    long = b"jane@example.org " * (MAX_LINE // 16 + 1)
    result = scrub("--explain", given=b"first\n" + long + b"\nlast")
    assert result.stdout == "first\n[Filtered]\nlast"
    assert "2: too_long" in result.stderr


def test_explaining_goes_to_stderr_and_names_rules_only() -> None:
    """Standard output is what it is without it."""
    given = "from 203.0.113.9\nall is well\njane@example.org and joe@example.org\n"
    result = scrub("--explain", given=given)
    assert (
        result.stdout
        == scrub(given=given).stdout
        == "from [IP]\nall is well\n[EMAIL] and [EMAIL]\n"
    )
    assert result.stderr.splitlines() == [
        "1: ipv4",
        "3: email x2",
        "2 of 3 lines changed: ipv4, email x2",
    ]


def test_checking_writes_nothing_and_tells_by_its_code(tmp_path: Path) -> None:
    """For continuous integration: log files, fixtures and recordings."""
    clean, dirty = tmp_path / "clean.log", tmp_path / "dirty.log"
    clean.write_text("all is well\n")
    dirty.write_text("jane@example.org\n")
    assert scrub("--check", str(clean)).exit_code == Exit.OK
    result = scrub("--check", "--explain", str(clean), str(dirty))
    assert result.exit_code == Exit.FOUND
    assert result.stdout == ""
    assert f"{dirty}:1: email" in result.stderr


def test_a_file_that_cannot_be_read_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    """As cat does."""
    there = tmp_path / "there.log"
    there.write_text("jane@example.org\n")
    result = scrub(str(tmp_path / "gone.log"), str(there))
    assert result.exit_code == Exit.IMPOSSIBLE
    assert result.stdout == "[EMAIL]\n"
    assert "gone.log: No such file or directory" in result.stderr


def test_an_encoding_that_does_not_exist_is_a_wrong_command_line() -> None:
    """Also one that is no encoding of text, such as base64."""
    for name in ("nonsense", "base64"):
        assert scrub("--encoding", name).exit_code == Exit.USAGE


def test_settings_of_the_environment_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that is switched off finds nothing; a key that is allowed is kept."""
    monkeypatch.setenv("TELEMETRY_DETECTORS", '{"email": false}')
    monkeypatch.setenv("TELEMETRY_ALLOW_FIELDS", "who")
    result = scrub("--json-lines", given='{"who":"jane@example.org"}\n')
    assert result.stdout == '{"who":"jane@example.org"}\n'


def test_what_a_log_says_stays_under_the_key_that_its_formatter_has_for_it() -> None:
    """Filtered; but no more than the policy's, where somebody denies it."""
    given = '{"event":"from 203.0.113.9","exc_info":"E: jane@example.org","levelno":20}\n'
    read = scrub("--json-lines", given=given).stdout
    assert read == '{"event":"from [IP]","exc_info":"E: [EMAIL]","levelno":20}\n'


def test_a_key_that_is_allowed_here_alone_is_kept() -> None:
    """Without changing what the application sends."""
    given = '{"who":{"name":"x"},"password":"y"}\n'
    read = scrub(
        "--json-lines", "--allow", "who", "--allow", "na*", "--allow", "password", given=given
    )
    assert read.stdout == '{"who":{"name":"x"},"password":"[Filtered]"}\n'


def command(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "telemetry_core", "scrub", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )


def test_a_line_comes_out_before_the_next_goes_in() -> None:
    """So that ``tail -f app.log | telemetry scrub`` shows what happens when it does."""
    with command() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(2):
            process.stdin.write(b"jane@example.org\nhalf a li")
            process.stdin.flush()
            assert process.stdout.readline().endswith(b"[EMAIL]\n")
        process.stdin.close()
        assert process.stdout.read() == b"half a li"
        assert process.wait(60) == Exit.OK


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    """As ``| head -1`` does: no traceback, and the code that a shell shows for it."""
    with command() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"one\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"one\n"
        process.stdout.close()
        try:
            process.stdin.write(b"two\n" * 100)
            process.stdin.close()
        except BrokenPipeError:
            pass
        assert process.wait(60) == Exit.PIPE_CLOSED
        assert process.stderr.read() == b""


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals here")
def test_somebody_at_a_terminal_is_told_that_it_waits() -> None:
    """Nothing would happen otherwise, and a newcomer would not know why."""
    outer, inner = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "telemetry_core", "scrub"],
        stdin=inner,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as process:
        os.close(inner)
        os.write(outer, b"jane@example.org\n\x04")
        stdout, stderr = process.communicate(timeout=60)
    os.close(outer)
    assert stdout == b"[EMAIL]\n"
    assert b"Ctrl-D" in stderr
