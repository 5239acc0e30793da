"""Strict YAML 1.2: scalars, places, bombs, encodings."""

import tracemalloc

import pytest

from detector.config.yaml_strict import MAX_BYTES, Place, parse_yaml


def read(text: str) -> object:
    document = parse_yaml(text.encode())
    assert document.flaws == []
    return document.value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("no", "no"),
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("off", "off"),
        ("08:00", "08:00"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("2026-11-20", "2026-11-20"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("+1.5", 1.5),
        (".5", 0.5),
        ("1_000", "1_000"),
        ("٣", "٣"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ('"5"', "5"),
        ("'true'", "true"),
        ("=", "="),
    ],
)
def test_scalars_are_yaml_12(word: str, value: object) -> None:
    """A scalar means what YAML 1.2 says, which for times, `no` and `on` is text."""
    found = read(f"key: {word}\n")
    assert found == {"key": value}
    assert type(found["key"]) is type(value)


def test_keys_are_text() -> None:
    """`on:` and `1:` are keys like any other."""
    assert read("on: 1\n1: 2\nnull: 3\n") == {"on": 1, "1": 2, "null": 3}


def test_places_count_from_one() -> None:
    """Keys and values know their line and column, behind letters of several bytes too."""
    document = parse_yaml("ä: [ü, {b: 'c'}]\n".encode())
    assert document.keys[("ä",)] == Place(1, 1)
    assert document.values[("ä", 1, "b")] == Place(1, 12)
    assert document.keys[("ä", 1, "b")] == Place(1, 9)


def test_place_of_what_is_missing_is_its_parent() -> None:
    """A path that is not there is placed where it should be."""
    document = parse_yaml(b"a:\n  b: 1\n")
    assert document.place(("a", "x", "y")) == document.place(("a",)) == Place(2, 3)


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("a: xyz\n", "xyz", Place(1, 6)),
        ("a: 'xyz'\n", "xyz", Place(1, 7)),
        ("a: |\n    abc\n    xyz\n", "abc\nxyz\n", None),
        ("a: x\n  yz\n", "x yz", Place(1, 4)),
    ],
)
def test_places_inside_of_a_text(text: str, value: str, expected: Place | None) -> None:
    """A position in a text leads into the file; to the text's start where lines were folded."""
    document = parse_yaml(text.encode())
    assert document.value == {"a": value}
    if expected is None:
        assert document.inside(("a",), value, 2, 3) == Place(3, 7)
    else:
        assert document.inside(("a",), value, 1, 3) == expected


def test_alias_bomb_costs_nothing() -> None:
    """Aliases are refused where they stand; what they would expand to never exists."""
    rows = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    tracemalloc.start()
    document = parse_yaml("\n".join(rows).encode())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "anchors are not supported" in document.flaws[0].message
    assert peak < 20e6


@pytest.mark.parametrize("text", ["[" * 500_000, "{a: " * 200_000, "- " * 500_000, "? " * 500_000, "a: !t " * 100_000])
def test_depth_is_bounded(text: str) -> None:
    """A nest of a million brackets is refused after a few of them."""
    document = parse_yaml(text.encode())
    assert not document.is_readable
    assert len(document.flaws) <= 51


def test_size_is_bounded() -> None:
    """A file of more than a mebibyte is not parsed."""
    document = parse_yaml(b"a: 1\n" * (MAX_BYTES // 5 + 1))
    assert [flaw.message for flaw in document.flaws] == ["the file is too large: at most 1 MiB"]


def test_byte_order_mark_is_accepted() -> None:
    """What Windows editors put in front of UTF-8 is not part of the first key."""
    assert parse_yaml(b"\xef\xbb\xbfa: 1\n").value == {"a": 1}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("a: 1".encode("utf-16"), "UTF-16 (byte 0)"),
        ("a: 1".encode("utf-16-be"), "byte 0 is 0x00"),
        (b"a: 1\nb: \xe4\n", "byte 8 (0xe4)"),
        (b"\x80", "byte 0 (0x80)"),
    ],
)
def test_other_encodings_are_named_with_their_offset(raw: bytes, said: str) -> None:
    """Bytes that are not UTF-8 are refused at their offset."""
    document = parse_yaml(raw)
    assert said in document.flaws[0].message


def test_several_mistakes_come_together() -> None:
    """A duplicate key, a tag, an anchor and an endless number are four mistakes of one reading."""
    document = parse_yaml(b"a: 1\na: 2\nb: !x 1\nc: &y 1\nd: .nan\n")
    assert [flaw.place.line for flaw in document.flaws] == [2, 3, 4, 5]
    assert document.is_readable


def test_empty_documents_have_no_value() -> None:
    """Nothing, comments and a lone marker are empty files."""
    assert [parse_yaml(raw).value for raw in (b"", b"# x\n", b"---\n", b"\xef\xbb\xbf")] == [None] * 4
