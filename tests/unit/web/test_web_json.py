"""JSON that is read strictly."""

import pytest

from detector.web.strict_json import NotJson, read_json

BAD = {
    b"": "no JSON",
    b"{": "no JSON",
    b'{"a": NaN}': "NaN",
    b'{"a": -Infinity}': "-Infinity",
    b'{"a": 1e999}': "too large",
    b'{"a": ' + b"9" * 5000 + b"}": "5000 digits",
    b'{"a": -' + b"9" * 20 + b"}": "digits",
    b'{"a": 1, "a": 1}': "'a' stands there twice",
    b'[{"b": {"c": 1, "d": 2, "c": 3}}]': "'c' stands there twice",
    b'{"\\ud800": 1, "\\ud800": 2}': "stands there twice",
    b"[" * 100_000: "nested too deeply",
    b'{"a":' * 50_000: "nested too deeply",
    b'{"a": "\xff"}': "not UTF-8",
    b"\xef\xbb\xbf{}": "no JSON",
    "{}".encode("utf-16"): "not UTF-8",
    b"{} {}": "no JSON",
}


@pytest.mark.parametrize("body", BAD, ids=lambda body: repr(body[:20]))
def test_what_nobody_means_is_refused(body: bytes) -> None:
    """Text that Python would take or stumble over ends in one sentence."""
    with pytest.raises(NotJson, match=BAD[body]):
        read_json(body)


def test_plain_json_is_read() -> None:
    """Everything else comes as it is, integers of 64 bits included."""
    body = b'{"a": [1, -2.5, true, null, "\\u00e4"], "b": {"a": 9223372036854775807}}'
    assert read_json(body) == {"a": [1, -2.5, True, None, "ä"], "b": {"a": 2**63 - 1}}
