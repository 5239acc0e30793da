"""What is taken out of everything that is written."""

import base64
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.adapters.scrubbing import Scrubber, secrets_in
from detector.model.rulebook import Http, Settings, Source, Team
from detector.model.secret import Secret

PASSWORD = "p@ss/w 9'x"  # noqa: S105 - what must not show
SHOP = f"postgresql://app:{quote(PASSWORD, safe='')}@db.example:5432/shop?sslmode=require&sslpassword=s3cr3t99"
HOOK = "https://hooks.example/services/T024BE7LD/B8QH3K1/aGVsbG8gd29ybGQ"
scrub = Scrubber([Secret(SHOP), Secret(HOOK), Secret("d3ploy-t0ken"), Secret("ab1")])


@pytest.mark.parametrize(
    "form",
    [
        SHOP,
        PASSWORD,
        quote(PASSWORD, safe=""),
        quote_plus(PASSWORD),
        f"app:{PASSWORD}",
        repr(PASSWORD)[1:-1],
        json.dumps(PASSWORD)[1:-1],
        base64.b64encode(f"app:{PASSWORD}".encode()).decode(),
        "s3cr3t99",
        HOOK,
        "/services/T024BE7LD/B8QH3K1/aGVsbG8gd29ybGQ",
        "aGVsbG8gd29ybGQ",
        "T024BE7LD",
        "d3ploy-t0ken",
        "ab1",
    ],
)
def test_a_secret_goes_in_every_form(form: str) -> None:
    """As it was written, decoded, encoded, quoted, as a header of HTTP, and piece by piece."""
    text = scrub(f"driver says: {form} was refused")
    assert form not in text
    assert "***" in text
    assert text.startswith("driver says: ")
    assert text.endswith(" was refused")


@pytest.mark.parametrize("word", ["db.example", "shop", "services", "require", "hooks.example", "lab123", "postgresql"])
def test_what_is_no_secret_stays(word: str) -> None:
    """Hosts, databases and options are needed to understand an error; a short secret goes as a whole word only."""
    assert scrub(f"the {word} thing") == f"the {word} thing"


def test_the_user_of_a_database_is_no_secret() -> None:
    """Else a user called `detector` takes that word out of every line; before an @ of the web stands a token."""
    hide = Scrubber([Secret("postgresql://detector@db.example/shop"), Secret("https://d3ploytoken@hooks.example/x")])
    assert hide("the detector is not well") == "the detector is not well"
    assert hide("postgresql://detector@db.example/shop failed") == "*** failed"
    assert hide("d3ploytoken failed") == "*** failed"


def test_nested_values_are_cleaned() -> None:
    """Mappings with their keys, lists, bytes, and whatever becomes text."""
    value = {"d3ploy-t0ken": [b"d3ploy-t0ken", ("x", ValueError("d3ploy-t0ken")), 7, None, True]}
    assert scrub.within(value) == {"***": ["***", ["x", "***"], 7, None, True]}


def test_cycles_end() -> None:
    """What holds itself is cut off at some depth."""
    value: list[object] = []
    value.append(value)
    assert scrub.within(value) is not None


def test_nothing_to_hide() -> None:
    """Without secrets, and with empty ones, every text stays."""
    assert Scrubber([])("a text") == "a text"
    assert Scrubber([Secret(""), Secret(" ")])("a text of 2 words") is not None


letters = st.text("ab1@:/", max_size=12)


@given(letters.filter(lambda text: len(text.strip()) >= 4), letters, letters)
def test_no_secret_of_four_characters_or_more_survives(secret: str, before: str, after: str) -> None:
    """Wherever it stands."""
    assert secret not in Scrubber([Secret(secret)])(before + secret + after)


def test_every_secret_of_the_settings_is_found() -> None:
    """In whichever field, section or list it stands."""
    secrets = [Secret(f"s3cret-{number}") for number in range(6)]
    settings = Settings(
        path=Path("detector.yml"),
        store=secrets[0],
        timezone="UTC",
        rules=Path("rules"),
        sources={"shop": Source("shop", secrets[1])},
        teams={"checkout": Team("checkout", (secrets[2], secrets[3]))},
        services={},
        http=Http(tokens=(secrets[4],)),
        ping=secrets[5],
    )
    assert set(secrets_in(settings)) == set(secrets)
