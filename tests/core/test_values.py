"""The texts of a request are taken out of whatever holds them, within bounds, and never raise."""

from __future__ import annotations

import json
import sqlite3
from collections import ChainMap, OrderedDict, UserDict
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_core.bodies import MAX_KEPT
from telemetry_core.filter.known import KnownValues
from telemetry_core.values import (
    MAX_DEPTH,
    MAX_FIELDS,
    MAX_TEXTS,
    is_same_stamp,
    stamp_of,
    texts_in,
    texts_of_body,
    texts_of_file_names,
    texts_of_headers,
    texts_of_user,
)

pytestmark = pytest.mark.pure


class Raising(Mapping[str, str]):
    """A mapping that can't be read, as a lazy session whose database is gone."""

    def __getitem__(self, key: str) -> str:
        raise OSError

    def __iter__(self) -> Iterator[str]:
        raise OSError

    def __len__(self) -> int:
        return 1


class Endless(list[str]):
    """A list that says it has no end."""

    def __iter__(self) -> Iterator[str]:
        while True:
            yield "again"


# Containers


@pytest.mark.parametrize(
    ("value", "texts", "why"),
    [
        ("jane", ["jane"], "a text is its own"),
        (b"jane", ["jane"], "bytes are read as UTF-8"),
        (b"\xffjane", ["\ufffdjane"], "what is no UTF-8 is read as far as it is"),
        (bytearray(b"jane"), ["jane"], "as some servers give bodies"),
        (42, ["42"], "a number may be somebody's"),
        (4.5, ["4.5"], "so may a fraction"),
        (True, [], "a check box tells nobody apart"),
        (None, [], "nothing"),
        (["a", ["b", ("c", "d")]], ["a", "b", "c", "d"], "lists and tuples, in their order"),
        ({"name": "Jane", "age": 7}, ["Jane", "7"], "a mapping's values; its keys are code"),
        (MappingProxyType({"a": "b"}), ["b"], "any mapping"),
        (UserDict({"a": "b"}), ["b"], "any mapping"),
        (ChainMap({"a": "b"}, {"a": "hidden", "c": "d"}), ["d", "b"], "as it shows itself"),
        (OrderedDict(a="b"), ["b"], "any mapping"),
        ({"a"}, ["a"], "sets"),
        (frozenset(["a"]), ["a"], "sets"),
        (object(), [], "an object is not looked into"),
        (lambda: "jane", [], "a function is not called"),
        ((letter for letter in "jane"), [], "an iterator is not consumed"),
    ],
)
def test_texts_are_found_in_containers(value: object, texts: list[str], why: str) -> None:
    """Texts and numbers inside lists, tuples, sets and mappings are found, and nothing else."""
    assert sorted(texts_in(value)) == sorted(texts), why


def test_an_iterator_is_left_as_it_was() -> None:
    """A stream or generator is not read for telemetry's sake."""
    letters = iter("abc")
    assert list(texts_in([letters])) == []
    assert list(letters) == ["a", "b", "c"]


def test_a_list_that_holds_itself_ends() -> None:
    """Cycles end, and what stands beside them is found."""
    cycle: list[Any] = ["before"]
    cycle += [cycle, {"self": cycle}, "after"]
    assert {"before", "after"} == set(texts_in(cycle))


def test_a_list_that_holds_itself_many_times_takes_no_time() -> None:
    """A container is looked into once, however often it turns up: no explosion."""
    shared: list[Any] = []
    for _ in range(64):
        shared = [shared, shared, shared]
    assert list(texts_in(shared)) == []


def test_depth_ends_at_the_bound() -> None:
    """A text at the last level is found, one a level deeper is not; 10,000 levels do no harm."""

    def nested(levels: int) -> Any:
        value: Any = "deep"
        for _ in range(levels):
            value = [value]
        return value

    assert list(texts_in(nested(MAX_DEPTH))) == ["deep"]
    assert list(texts_in(nested(MAX_DEPTH + 1))) == []
    assert list(texts_in(nested(10_000))) == []


def test_texts_end_at_the_bound() -> None:
    """No more texts are taken than the bound says, and the first ones are."""
    texts = list(texts_in([str(number) for number in range(10 * MAX_TEXTS)]))
    assert texts == [str(number) for number in range(MAX_TEXTS)]


def test_a_container_of_millions_without_a_text_costs_little() -> None:
    """What holds no texts is bounded, too: the looking ends by itself."""
    assert list(texts_in([[None] * 1000] * 100_000)) == []


@pytest.mark.parametrize(
    "hostile", [Raising(), Endless(), {"a": Raising()}, [Endless(), Raising()]]
)
def test_what_cannot_be_read_is_left_out(hostile: object) -> None:
    """A container that raises or never ends spoils nothing beside it."""
    texts = list(texts_in(["before", hostile, "after"]))
    assert {"before", "after"} <= set(texts)
    assert len(texts) <= MAX_TEXTS


@pytest.mark.parametrize(
    ("key", "texts", "why"),
    [
        ("first_name", [], "a name in code"),
        ("items[0].price", [], "a form's way to write lists"),
        ("X-Request-ID", [], "a header"),
        ("$ref", [], "a schema's"),
        ("jane@example.com", ["jane@example.com"], "an address is no name in code"),
        ("Jane Doe", ["Jane Doe"], "nor are two words"),
        ("0171 2345678", ["0171 2345678"], "nor is a number"),
        ("Zo\u00eb", ["Zo\u00eb"], "code is written in ASCII"),
        (5551234567, ["5551234567"], "a number as a key"),
        (("Jane", "Doe"), ["Jane", "Doe"], "a key of several texts"),
    ],
)
def test_keys_that_code_would_not_have_are_texts(key: object, texts: list[str], why: str) -> None:
    """A visitor chooses the keys of a document as well; those no code would use are found."""
    assert list(texts_in({key: None})) == texts, why


def test_those_near_the_surface_come_first() -> None:
    """When there are too many, those deep inside are left out, not the later ones beside them."""
    document = {"rows": [[str(number)] for number in range(10 * MAX_TEXTS)], "name": "Jane"}
    assert next(texts_in(document)) == "Jane"


class Loading:
    """A lazy object: to ask for its class, an attribute or its truth loads it."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"loaded for telemetry's sake by {name}")

    def __bool__(self) -> bool:
        raise AssertionError("loaded for telemetry's sake")


def test_a_lazy_object_is_not_loaded() -> None:
    """isinstance() asks an object for its class, for which Django's lazy ones load themselves."""
    lazy = Loading()
    assert list(texts_in({"user": lazy, "all": [lazy, "a"]})) == ["a"]


def test_an_int_too_long_to_write_is_left_out() -> None:
    """Python refuses to write ints of more than some thousand digits."""
    assert list(texts_in([10**5_000, "a"])) == ["a"]


class Text(str):
    """A text that lies about itself."""

    def __str__(self) -> str:
        raise OSError


def test_subclasses_of_str_are_taken_as_they_are() -> None:
    """A lazy or marked-safe text is taken by its characters; its methods are not called."""
    assert list(texts_in([Text("jane")])) == ["jane"]


KEYS = st.sampled_from("name street city zip_code tags children".split())
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(KEYS, inner)),
    max_leaves=15,
)


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield value if isinstance(value, str) else str(value)


@given(JSON)
def test_every_text_of_a_document_is_found(document: object) -> None:
    """For all documents within the bounds: each text and number is found."""
    assert set(texts_in(document)) == set(leaves(document))


# Bodies


@pytest.mark.parametrize(
    ("body", "content_type", "texts", "why"),
    [
        (b"", "application/json", [], "no body"),
        (b'{"a": "b"}', "application/json", ["b"], "JSON"),
        (b'{"a": "b"}', "Application/Problem+JSON; charset=utf-8", ["b"], "kinds of JSON"),
        (b'{"a": "b"}', "text/plain", ["b"], "JSON that is not called so"),
        (b' [\n"b"]', "", ["b"], "JSON that is not called anything"),
        (b'{"a":', "application/json", ['{"a":'], "what is no JSON is one text"),
        (b"hello", "text/plain", ["hello"], "a text"),
        (b"\xff\xfe", "application/octet-stream", ["\ufffd\ufffd"], "bytes are no reason to fail"),
        (b'"jane"', "application/json", ["jane"], "JSON need not be an object"),
        (b"12345", "application/json", ["12345"], "nor a text"),
        (b"NaN", "application/json", ["nan"], "as Python reads it"),
        (b'\xef\xbb\xbf{"a": "b"}', "application/json", ["b"], "a byte order mark"),
        ('{"a": "b"}'.encode("utf-16"), "application/json", ["b"], "JSON in another encoding"),
        (b"x" * (MAX_KEPT + 1), "text/plain", ["x" * MAX_KEPT], "longer than what is looked at"),
        (b'{"a": "b"}\n\n{"c": "d"}\n', "application/x-ndjson", ["b", "d"], "a document a line"),
        (
            b'{"who": "Jane \\"Q\\" Roe", "more": ["x", "y',
            "application/json",
            ['{"who": "Jane \\"Q\\" Roe", "more": ["x", "y', 'Jane "Q" Roe', "x", "y"],
            "JSON that was cut off",
        ),
        (
            b"<order>\r\n <who>Jane Roe</who>\n</order>",
            "application/xml",
            ["<order>\r\n <who>Jane Roe</who>\n</order>", "Jane Roe"],
            "between tags",
        ),
        (b"who\nJane Roe\n", "text/csv", ["who\nJane Roe\n", "who", "Jane Roe"], "lines"),
        (b"who=Jane+Roe&x=%20y", "application/x-www-form-urlencoded", ["Jane Roe", " y"], "a form"),
        (b"[" * 100_000, "application/json", ["[" * 100_000], "deeper than Python can parse"),
        (b"1" * 5_000, "application/json", ["1" * 5_000], "longer than Python makes an int of"),
    ],
)
def test_texts_of_a_body(body: bytes, content_type: str, texts: list[str], why: str) -> None:
    """Those of JSON and of a form, and of another body the whole and its lines."""
    assert list(texts_of_body(body, content_type)) == texts, why


@pytest.mark.parametrize(
    ("sent", "message", "why"),
    [
        ("Jane Roe.pdf", "no Jane Roe.pdf", "as it was sent"),
        ("Jane Roe.pdf", "no docs/Jane Roe", "without its ending"),
        ("Jane Roe.pdf", "no docs/Jane_Roe_DikP77H.pdf", "as Django stores the second of a name"),
        ("Jane's scan.pdf", "no docs/Janes_scan.pdf", "signs that Django takes out"),
        ("Dr. Jane Roe.pdf", "no docs/Dr_DikP77H._Jane_Roe.pdf", "Django's first dot"),
        ("Jane.Roe.tar.gz", "no docs/Jane_DikP77H.Roe.tar.gz", "several endings"),
        ("Ren\u00e9e J\u00e4ne.pdf", "no Renee_Jane.pdf", "as Werkzeug makes it secure"),
        ("../Jane/Roe.pdf", "no Jane_Roe.pdf", "folders that Werkzeug takes in"),
    ],
)
def test_the_name_of_a_file_is_known_as_it_is_stored(sent: str, message: str, why: str) -> None:
    """The names that frameworks store a file under hold the visitor's, which is then found."""
    known = KnownValues((text, "[INPUT]") for text in texts_of_file_names([sent]))
    filtered = known.filter(message)
    assert not any(word in filtered for word in ("Jane", "Roe", "Renee", "scan")), why


@given(st.binary(max_size=200), st.sampled_from(["application/json", "text/plain", "", "x" * 99]))
def test_no_body_raises(body: bytes, content_type: str) -> None:
    """For all bytes: texts, or none."""
    assert all(isinstance(text, str) for text in texts_of_body(body, content_type))


@given(JSON.filter(lambda document: not isinstance(document, str)))
def test_a_body_s_texts_are_its_document_s(document: object) -> None:
    """For all documents: the same texts are found in its JSON as in itself."""
    body = json.dumps(document).encode()
    assert set(texts_of_body(body, "application/json")) == set(leaves(json.loads(body)))


# Headers


@pytest.mark.parametrize(
    ("name", "value", "texts", "why"),
    [
        ("Accept", "text/html", [], "what every browser sends"),
        ("USER-AGENT", "Odd/1.0", ["Odd/1.0"], "tells visitors apart"),
        ("X-Customer", "Jane", ["Jane"], "what is not known to be ordinary"),
        ("Referer", "https://a.example/", ["https://a.example/"], "where from"),
        (
            "Referer",
            "/?q=Jane+D%C3%B6",
            ["/?q=Jane+D%C3%B6", "Jane D\u00f6"],
            "and what was asked there",
        ),
        ("Cookie", "sid=abc", [], "cookies are told one by one, not as a header"),
        ("Authorization", "Bearer abc", ["Bearer abc", "abc"], "the credentials alone, too"),
        (
            "Authorization",
            "Basic amFuZTpwOnc=",
            ["Basic amFuZTpwOnc=", "amFuZTpwOnc=", "jane", "p:w"],
            "who logs in",
        ),
        ("Proxy-Authorization", "basic ?", ["basic ?", "?", "", ""], "what is no base64"),
        ("Authorization", "Basic YQ", ["Basic YQ", "YQ"], "base64 that is cut off"),
        ("Authorization", "abc", ["abc"], "without a scheme"),
    ],
)
def test_texts_of_headers(name: str, value: str, texts: list[str], why: str) -> None:
    """The values of headers that can tell visitors apart are found, whatever their case."""
    assert list(texts_of_headers([(name, value)])) == texts, why


# Users


class User:
    """A user as an object has it."""

    def __init__(self, **fields: object) -> None:
        self.__dict__.update(fields)


class Slotted:
    """A user with no dictionary of its own."""

    __slots__ = ("name",)


class Lazy:
    """A user that would be loaded when it is looked at closer."""

    @property
    def email(self) -> str:
        raise AssertionError("loaded for telemetry's sake")


def row(**fields: str) -> sqlite3.Row:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    names = ", ".join(f"? AS {name}" for name in fields)
    try:
        found = connection.execute(f"SELECT {names}", tuple(fields.values())).fetchone()
    finally:
        connection.close()
    assert isinstance(found, sqlite3.Row)
    return found


NAMES = {"first_name": "Jane", "last_name": "Doe", "email": "jane@example.com"}
FULL_NAME = ["Jane", "Doe", "jane@example.com", "Jane Doe"]


@pytest.mark.parametrize(
    ("user", "texts", "why"),
    [
        (NAMES, FULL_NAME, "a mapping"),
        (User(**NAMES), FULL_NAME, "an object"),
        (row(**NAMES), FULL_NAME, "a row of a database, which is no mapping"),
        (User(_password="x", name="Jane"), ["Jane"], "what is private is the framework's own"),
        (User(first_name="Jane", last_name=""), ["Jane", ""], "half a name makes no full name"),
        (User(first_name="Jane", last_name=None), ["Jane"], "half a name makes no full name"),
        (User(id=7, is_staff=True), [], "numbers are not names"),
        ({7: "Jane"}, ["Jane"], "a key that is no text"),
        (Slotted(), [], "nothing to be seen"),
        (Lazy(), [], "a property is not called"),
        (None, [], "nobody"),
        ("jane", [], "no user"),
    ],
)
def test_texts_of_a_user(user: object, texts: list[str], why: str) -> None:
    """A user's own texts are found, first and last name joined as well."""
    assert list(texts_of_user(user)) == texts, why


class Held:
    def __init__(self, **fields: object) -> None:
        vars(self).update(fields)

    def __eq__(self, other: object) -> bool:
        raise AssertionError("nobody asks the application's objects")

    __hash__ = None  # type: ignore[assignment]  # on purpose


def _load(holder: dict[str, Any]) -> None:
    vars(holder["user"])["email"] = "jane@example.com"


def _rename(holder: dict[str, Any]) -> None:
    vars(holder["user"])["name"] = "Joan"


@pytest.mark.parametrize(
    ("change", "noticed", "why"),
    [
        (lambda holder: None, False, "nothing happened"),
        (lambda holder: holder.update(user=Held(name="Jane")), True, "another user"),
        (_load, True, "a field was loaded"),
        (_rename, True, "a field was given another value"),
        (lambda holder: holder["cart"].append("shoes"), True, "a list has grown"),
        (lambda holder: holder["sizes"].__setitem__(0, "jane"), True, "a list's part was replaced"),
        (lambda holder: holder["form"].update(name="jane"), True, "a mapping's part was replaced"),
        (lambda holder: holder["form"]["more"].append("jane"), False, "deeper than is looked"),
        (lambda holder: holder["many"].__setitem__(0, "jane"), False, "one of too many"),
        (lambda holder: holder["many"].append("jane"), True, "there are more of many"),
        (lambda holder: holder.pop("cart"), True, "something was taken out"),
        (lambda holder: holder.update(nick="Jane"), True, "something was put in"),
        (lambda holder: holder.update(step=str(10**9)), True, "an equal text, made anew"),
    ],
)
def test_a_stamp_is_another_when_a_holder_has_changed(
    change: Callable[[dict[str, Any]], object], noticed: bool, why: str
) -> None:
    """By what is in it, and by no ``==`` of theirs."""
    holder: dict[str, Any] = {
        "user": Held(name="Jane"),
        "cart": [],
        "sizes": ["s"],
        "form": {"name": "Jane", "more": []},
        "many": [0] * (MAX_FIELDS + 1),
        "step": str(10**9),
    }
    before = stamp_of(holder, looking_inside=True)
    change(holder)
    assert is_same_stamp(before, stamp_of(holder, looking_inside=True)) is not noticed, why


def test_a_stamp_that_does_not_look_inside_counts() -> None:
    """It is made for every log line, of all that hangs on a request."""
    holder: dict[str, Any] = {"user": Held(name="Jane"), "cart": []}
    before = stamp_of(holder)
    _rename(holder)
    assert is_same_stamp(before, stamp_of(holder))
    holder["cart"].append("shoes")
    assert not is_same_stamp(before, stamp_of(holder))
