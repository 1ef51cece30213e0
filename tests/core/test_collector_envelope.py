"""Envelopes are read as the protocol says, and refused with a sentence where they aren't."""

from __future__ import annotations

import pytest

from telemetry_core.collector import (
    MalformedEnvelope,
    parse_envelope,
)

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("body", "types", "payloads", "reason"),
    [
        (b"{}", [], [], "a header alone is an envelope"),
        (b"{}\n", [], [], "and so it is with a newline"),
        (b'{}\n{"type":"event"}\n{"a":1}', ["event"], [b'{"a":1}'], "no length, no last newline"),
        (b'{}\n{"type":"event"}\n{"a":1}\n', ["event"], [b'{"a":1}'], "no length"),
        (b'{}\n{"type":"event"}', ["event"], [b""], "a payload of nothing, by newline"),
        (
            b'{}\n{"type":"attachment","length":5}\nab\ncd\n{"type":"event","length":2}\n{}',
            ["attachment", "event"],
            [b"ab\ncd", b"{}"],
            "a length lets a payload hold newlines",
        ),
        (
            b'{}\n{"type":"attachment","length":0}\n\n{"type":"event"}\n{}',
            ["attachment", "event"],
            [b"", b"{}"],
            "an empty payload",
        ),
        (b'{}\n\n\n{"type":"event"}\n{}\n\n', ["event"], [b"{}"], "blank lines between items"),
        (b'{}\r\n{"type":"event"}\r\n{}', ["event"], [b"{}"], "headers that end in CR LF"),
        (b'{}\n{"type":"brand_new","x":1}\n?', ["brand_new"], [b"?"], "an unknown type"),
    ],
)
def test_an_envelope_is_split_as_the_protocol_says(
    body: bytes, types: list[str], payloads: list[bytes], reason: str
) -> None:
    """Items end by length or by newline."""
    parsed = parse_envelope(body)
    assert [item.type for item in parsed.items] == types, reason
    assert [item.payload for item in parsed.items] == payloads, reason


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the body is empty"),
        (b"\n{}", "first line is blank"),
        (b"secret-value", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[1]", "got an array"),
        (b'"secret-value"', "got a string"),
        (b"null", "got null"),
        (b"true", "got a boolean"),
        (b"1", "got a number"),
        (b"[" * 200_000, "not JSON"),
        (b'{}\n{"length":1}\nx', 'item 1 should name a "type"'),
        (b'{}\n{"type":7}\nx', 'item 1 should name a "type"'),
        (b'{}\n{"type":"event","length":3}\n{}', "should be 3 bytes long"),
        (b'{}\n{"type":"event","length":1}\n{}', "should end after 1 bytes"),
        (b'{}\n{"type":"event","length":-1}\n{}', "should be a number of bytes"),
        (b'{}\n{"type":"event","length":true}\n{}', "should be a number of bytes"),
        (b'{}\n{"type":"event","length":"2"}\n{}', "should be a number of bytes"),
        (b'{}\n{"type":"event"}\n{}\nsecret-value\n', "the header of item 2"),
    ],
)
def test_what_is_no_envelope_is_refused_with_a_sentence(body: bytes, says: str) -> None:
    """The sentence says where the bytes stop being an envelope and does not quote them."""
    with pytest.raises(MalformedEnvelope) as caught:
        parse_envelope(body)
    assert says.lower() in str(caught.value).lower()
    assert "secret-value" not in str(caught.value)
