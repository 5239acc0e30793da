"""detector.yml: references, addresses, names and warnings."""

import os
from pathlib import Path

import pytest

from config_files import DETECTOR_YML, ENVIRON, faults_of, lay_out, load_folder, said
from detector.config.load import load, load_settings
from detector.errors import ConfigError
from detector.model.rulebook import Http, Service

QUIET = 'teams:\n  checkout: {notify: ["json://localhost/x"]}\nadmins: checkout\n'

NO_RULES = "rules: no rules in this folder: `detector init` writes some to begin with"


def warnings_of(folder: Path, settings: str, environ: dict[str, str] | None = None) -> list[str]:
    book = load_folder(lay_out(folder, {}, settings), environ or ENVIRON)
    return [told for told in said(folder, book.warnings) if told != NO_RULES]


def test_settings_are_resolved(tmp_path: Path) -> None:
    """Every key of detector.yml arrives: names, zones, paths, secrets."""
    extra = 'http: {listen: "0.0.0.0:9000", url: "https://detector.example/", tokens: ["${CHECKOUT_NOTIFY_URL}"]}\n'
    settings = load_settings(lay_out(tmp_path, {}, DETECTOR_YML + extra), ENVIRON)
    assert settings.path == tmp_path / "detector.yml"
    assert settings.rules == tmp_path / "rules"
    assert settings.timezone == "Europe/Berlin"
    assert settings.store.hidden == f"sqlite:///{tmp_path}/detector.db"
    assert settings.sources["shop"].url.hidden == ENVIRON["SHOP_DATABASE_URL"]
    assert settings.sources["shop"].timeout_s == 30.0
    assert settings.sources["shop"].timezone == "UTC"
    assert settings.sources["shop"].place == "detector.yml:4"
    assert settings.sources["till"].url.hidden == f"sqlite:///{tmp_path}/till.db"
    assert [channel.hidden for channel in settings.teams["checkout"].notify] == [ENVIRON["CHECKOUT_NOTIFY_URL"]]
    assert settings.services["checkout-api"] == Service("checkout-api", "checkout", ("payments",))
    assert settings.admins == "platform"
    assert (settings.http.listen, settings.http.url) == ("0.0.0.0:9000", "https://detector.example")
    assert settings.http.tokens[0].hidden == ENVIRON["CHECKOUT_NOTIFY_URL"]


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    """Without a word, the store is a file beside detector.yml and the rules are in rules/."""
    settings = load_settings(lay_out(tmp_path, {}, "# later\n"), {})
    assert settings.store.hidden == f"sqlite:///{tmp_path}/detector.db"
    assert (settings.timezone, settings.rules, settings.http) == ("UTC", tmp_path / "rules", Http())
    assert not settings.teams
    assert not settings.sources


def test_sections_and_services_may_be_empty(tmp_path: Path) -> None:
    """A section whose lines are all commented out is an empty one, and a service needs no more than a name."""
    settings = load_settings(lay_out(tmp_path, {}, "sources:\nteams:\nhttp:\nservices:\n  search:\n"), {})
    assert settings.services == {"search": Service("search")}


def test_paths_are_those_of_the_file_wherever_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path to detector.yml gives the same absolute settings; messages show it as it was given."""
    lay_out(tmp_path / "conf", {"a.yml": "team: x\nmetrics:\n"}, QUIET)
    monkeypatch.chdir(tmp_path)
    book = load(Path("conf/detector.yml"), {})
    assert book.settings.path == tmp_path / "conf" / "detector.yml"
    assert book.settings.store.hidden == f"sqlite:///{tmp_path}/conf/detector.db"
    assert {fault.file for fault in book.faults} == {"conf/rules/a.yml"}


@pytest.mark.parametrize(
    ("written", "hidden"),
    [
        ("sqlite:///shop.db", "sqlite:///{folder}/shop.db"),
        ("sqlite:///../shop.db?mode=ro", "sqlite:///{parent}/shop.db?mode=ro"),
        ("sqlite+pysqlite:///shop.db", "sqlite+pysqlite:///{folder}/shop.db"),
        ("sqlite:////var/shop.db", "sqlite:////var/shop.db"),
        ("sqlite:///file:shop.db?uri=true", "sqlite:///file:{folder}/shop.db?uri=true"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("postgres://db/shop", "postgresql://db/shop"),
        ("postgresql+psycopg://db/shop", "postgresql+psycopg://db/shop"),
        ("MariaDB://db/shop", "mariadb://db/shop"),
    ],
)
def test_source_addresses(written: str, hidden: str, tmp_path: Path) -> None:
    """SQLite files become absolute, and other addresses stay as they are but for their scheme's spelling."""
    folder = tmp_path / "conf"
    settings = load_settings(lay_out(folder, {}, f'sources:\n  shop: {{url: "{written}"}}\n'), {})
    assert settings.sources["shop"].url.hidden == hidden.format(folder=folder, parent=tmp_path)


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("${URL}", "${URL}"),
        ("postgresql://reader:${PASSWORD}@db/shop", "postgresql://reader:***@db/shop"),
        ("postgresql://reader:pass/w?rd@db/shop?sslpassword=x", "postgresql://reader:***@db/shop"),
        ("postgresql://db/shop?password=hunter2", "postgresql://db/shop"),
    ],
)
def test_labels_of_sources_hide_what_is_secret(written: str, label: str, tmp_path: Path) -> None:
    """A label shows where a source is, and no password however it was written."""
    environ = {"URL": "postgresql://u:hunter2@db/shop", "PASSWORD": "hunter2"}
    settings = load_settings(lay_out(tmp_path, {}, f'sources:\n  shop: {{url: "{written}"}}\n'), environ)
    assert str(settings.sources["shop"].url) == label
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize("user", ["reader:abc@hunter2", "reader@hunter2", "reader:a/b@hunter2", "reader:a?b@hunter2"])
@pytest.mark.parametrize("key", ["store", "sources"])
def test_an_at_sign_in_a_password_is_refused(user: str, key: str, tmp_path: Path) -> None:
    """What follows it would be taken for the host, which drivers print; the refusal itself holds none of it."""
    lines = {"store": 'store: "${URL}"\n', "sources": 'sources:\n  shop: {url: "${URL}"}\n'}
    told = faults_of(tmp_path, lines[key], {"URL": f"postgresql://{user}@127.0.0.1:1/db"})
    assert len(told) == 1
    assert "has more than one @: write %40" in told[0]
    assert "hunter2" not in told[0]


def test_an_at_sign_in_an_option_is_fine(tmp_path: Path) -> None:
    """Behind the database's name it is no part of user and host."""
    assert faults_of(tmp_path, 'store: "${URL}"\n', {"URL": "postgresql://u:p@db/shop?options=-cx%3Da@b"}) == []


def test_labels_of_channels_show_the_scheme_alone(tmp_path: Path) -> None:
    """Everything behind a channel's scheme may be a token."""
    text = 'teams:\n  a: {notify: ["slack://T/B/hunter2", "${URL}", "slack://T/${PART}"]}\nadmins: a\n'
    settings = load_settings(lay_out(tmp_path, {}, text), {"URL": "json://hunter2", "PART": "hunter2"})
    assert [str(channel) for channel in settings.teams["a"].notify] == ["slack://***", "${URL}", "slack://***"]


def test_references_stand_anywhere_in_a_text(tmp_path: Path) -> None:
    """Several references, and text around them, make one value; what they stand for is not looked into again."""
    text = 'sources:\n  shop: {url: "postgresql://${USER_NAME}:${file:secret}@db/${NAME}"}\n'
    path = lay_out(tmp_path, {}, text)
    (tmp_path / "secret").write_text("pa${NAME}ss\n", encoding="utf-8")
    settings = load_settings(path, {"USER_NAME": "reader", "NAME": "shop"})
    assert settings.sources["shop"].url.hidden == "postgresql://reader:pa${NAME}ss@db/shop"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n"])
def test_the_line_break_at_a_files_end_is_not_part_of_the_secret(ending: str, tmp_path: Path) -> None:
    """Editors end files with a line break, and secrets do not."""
    path = lay_out(tmp_path, {}, 'sources:\n  shop: {url: "${file:url}"}\n')
    (tmp_path / "url").write_bytes(f"postgresql://db/shop{ending}".encode())
    assert load_settings(path, {}).sources["shop"].url.hidden == "postgresql://db/shop"


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff", b"a\0b", b"x" * 70_000])
def test_files_that_hold_no_secret_are_refused(content: bytes, tmp_path: Path) -> None:
    """An empty, binary or huge file is no secret, and the message names the file only."""
    (tmp_path / "secret").write_bytes(content)
    told = faults_of(tmp_path, 'sources:\n  shop: {url: "${file:secret}"}\n')
    assert len(told) == 1
    assert "the file 'secret'" in told[0]


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    """A named pipe in place of a secret would hang the daemon."""
    os.mkfifo(tmp_path / "pipe")
    assert "is no plain file" in faults_of(tmp_path, 'sources:\n  shop: {url: "${file:pipe}"}\n')[0]


def test_a_file_that_everybody_can_read_is_worth_a_warning(tmp_path: Path) -> None:
    """The mode of a secret file is looked at."""
    secret = tmp_path / "secret"
    secret.write_text("json://localhost/x", encoding="utf-8")
    text = QUIET.replace('"json://localhost/x"', '"${file:secret}"')
    secret.chmod(0o644)
    assert warnings_of(tmp_path, text) == [
        "detector.yml:2:23: every user of this machine can read 'secret': chmod o-r",
    ]
    secret.chmod(0o640)
    assert warnings_of(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ('sources:\n  shop: {url: "postgresql://u:hunter2@db/shop"}\n', "${SHOP_URL}"),
        ('sources:\n  shop: {url: "postgresql://db/shop?password=hunter2"}\n', "${SHOP_URL}"),
        ('store: "postgresql://u:hunter2@db/d"\n', "${STORE}"),
        ('http: {tokens: ["hunter2"]}\n', "${HTTP_TOKENS}"),
        ('services:\n  x: {}\nsources:\n  a-b: {url: "mysql://u:hunter2@h/d"}\n', "${A_B_URL}"),
    ],
)
def test_a_secret_in_the_file_is_worth_a_warning(text: str, variable: str, tmp_path: Path) -> None:
    """A literal password works, and the warning says how to move it without repeating it."""
    (told,) = [told for told in warnings_of(tmp_path, QUIET + text) if " yet" not in told]
    assert "a secret stands in the file" in told
    assert variable in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("channel", "count"),
    [
        ("slack://TokenA/TokenB/TokenC", 1),
        ("json://user:hunter2@localhost", 1),
        ("mailto://user:hunter2@mail.example", 1),
        ("json://localhost/x", 0),
        ("mailto://mail.example?to=a@b.example", 0),
        ("slack://${CHECKOUT_NOTIFY_URL}", 0),
        ("mailto://user:${CHECKOUT_NOTIFY_URL}@mail.example", 0),
    ],
)
def test_which_channels_carry_a_secret(channel: str, count: int, tmp_path: Path) -> None:
    """Most services put a token into the address; plain ones only a password."""
    told = warnings_of(tmp_path, QUIET.replace("json://localhost/x", channel), {"CHECKOUT_NOTIFY_URL": "a"})
    assert len(told) == count


def test_a_folder_without_rules_is_worth_a_warning(tmp_path: Path) -> None:
    """Nothing is watched, which hardly anybody wants."""
    path = lay_out(tmp_path, {}, QUIET)
    assert said(tmp_path, load_folder(path).warnings) == [NO_RULES]


def test_nobody_to_tell_is_worth_a_warning(tmp_path: Path) -> None:
    """Without admins, nobody hears that the detector is in trouble."""
    assert "no `admins:`" in warnings_of(tmp_path, QUIET.replace("admins: checkout\n", ""))[0]


def test_the_adapter_may_refuse_a_channel(tmp_path: Path) -> None:
    """A complaint about a channel is a fault at its place, with the label in place of the address."""

    def complain(url: str) -> str | None:
        return f"cannot load {url}" if "swordfish" in url else None

    with pytest.raises(ConfigError) as caught:
        load(lay_out(tmp_path, {}), ENVIRON, complain)
    assert said(tmp_path, caught.value.faults) == [
        "detector.yml:8:23: teams.checkout.notify[0]: ${CHECKOUT_NOTIFY_URL}: cannot load ${CHECKOUT_NOTIFY_URL}"
    ]


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    """No detector.yml is an error in words, and so is a folder of that name."""
    for path in (tmp_path / "detector.yml", tmp_path, Path("a\0b")):
        with pytest.raises(ConfigError, match=r"no such file; run|cannot be read|is not a file"):
            load(path, {})
    with pytest.raises(
        ConfigError, match=r"detector\.yml: no such file; run `detector init`, or name it with -c or \$DET"
    ):
        load(tmp_path / "detector.yml", {})


def test_rules_elsewhere(tmp_path: Path) -> None:
    """The rules folder may lie outside; a missing one is a fault of the book, and no obstacle to the settings."""
    path = lay_out(tmp_path / "conf", {}, QUIET + "rules: ../elsewhere\n")
    assert load_settings(path, {}).rules == tmp_path / "elsewhere"
    (fault,) = load(path, {}).faults
    assert str(fault) == f"{tmp_path}/elsewhere: the rules folder does not exist: make it, or change `rules:`"
