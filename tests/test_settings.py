from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from headwater.settings import Settings, masked

SECRET = "p@ss:w?rd"


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        theirs = {"DATABASE_URL", "XDG_DATA_HOME", "MARQUEZ_PORT", "MIGRATE_ON_STARTUP", "LOG_LEVEL", "MARQUEZ_CONFIG"}
        if name.startswith(("HEADWATER_", "POSTGRES_")) or name in theirs:
            monkeypatch.delenv(name)


def test_defaults_listen_to_this_machine_only() -> None:
    settings = Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 5000)
    assert settings.database_url is None
    assert settings.tags == {}


def test_every_knob_has_its_reason() -> None:
    source = (Path(__file__).parents[1] / "service" / "headwater" / "settings.py").read_text()
    knobs = re.findall(r"^    (?!model_config)(\w+): .*?(?=^    \w|^    #|^    @)", source, re.MULTILINE | re.DOTALL)
    assert set(knobs) == set(Settings.model_fields)


def test_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_PORT", "8080")
    monkeypatch.setenv("HEADWATER_TAGS", "PII, SENSITIVE,")
    monkeypatch.setenv("HEADWATER_LOG_LEVEL", "debug")
    monkeypatch.setenv("HEADWATER_VALIDATION", "strict")
    settings = Settings()
    assert (settings.port, settings.tags, settings.log_level) == (8080, {"PII": None, "SENSITIVE": None}, "DEBUG")
    assert settings.validation == "strict"


def test_what_is_given_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_PORT", "8080")
    monkeypatch.setenv("DATABASE_URL", "postgresql://there/a")
    settings = Settings(port=1234, database_url="postgresql://here/b")
    assert (settings.port, settings.database_url) == (1234, "postgresql://here/b")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_database_urls_in_every_spelling(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://me@db/lineage")
    assert Settings().database_url == "postgresql://me@db/lineage"


def test_our_own_variable_goes_before_the_common_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://common/db")
    monkeypatch.setenv("HEADWATER_DATABASE_URL", "postgresql://own/db")
    assert Settings().database_url == "postgresql://own/db"


def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "HEADWATER_DATA_DIR", "HEADWATER_MARQUEZ_UI_DIR", "HEADWATER_PORT"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("MARQUEZ_PORT", "5007")
    told = Settings()
    assert (told.database_url, told.marquez_ui_dir, told.port) == (None, None, 5007)
    assert told.data_dir != Path.cwd()


def test_passwords_are_not_shown() -> None:
    settings = Settings(database_url=f"postgresql://me:{SECRET}@db/lineage?sslpassword={SECRET}")
    for shown in (repr(settings), str(settings)):
        assert SECRET not in shown
        assert "postgresql://me:***@db/lineage?sslpassword=***" in shown


def test_a_refused_url_is_not_shown() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(database_url=f"mysql://me:{SECRET}@db/lineage")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://db/lineage", "postgresql://db/lineage"),
        ("postgresql://me@db/lineage", "postgresql://me@db/lineage"),
        ("postgresql://me:x@db:5432/lineage", "postgresql://me:***@db:5432/lineage"),
        ("postgresql://:x@/lineage?password=x&port=1", "postgresql://:***@/lineage?password=***&port=1"),
        ("two: postgres://a:x@h/d and postgres://b:y@h/d", "two: postgres://a:***@h/d and postgres://b:***@h/d"),
        ("http://localhost:5000/someone@example.org", "http://localhost:5000/someone@example.org"),
    ],
)
def test_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_data_is_kept_below_xdg_data_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings().data_dir == tmp_path / "headwater"


def test_data_of_a_user_and_of_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert Settings().data_dir == Path("/home/me/.local/share/headwater")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert Settings().data_dir == Path("/var/lib/headwater")


def test_a_data_folder_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(data_dir=Path("here")).data_dir == tmp_path / "here"


def test_a_web_application_must_be_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path / "none", tmp_path, Path("none")):
        with pytest.raises(ValidationError, match=rf"{tmp_path.absolute() / folder} has no index\.html"):
            Settings(marquez_ui_dir=folder)
    (tmp_path / "index.html").touch()
    assert Settings(marquez_ui_dir=tmp_path).marquez_ui_dir == tmp_path


def test_marquezs_names_are_read_where_ours_are_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MARQUEZ_PORT": "8080", "MIGRATE_ON_STARTUP": "false", "POSTGRES_HOST": "db", "POSTGRES_PASSWORD": SECRET,
        "POSTGRES_DB": "line age", "LOG_LEVEL": "warn",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.port, settings.migrate_on_start, settings.log_level) == (8080, False, "WARNING")
    assert settings.database_url == "postgresql://marquez:p%40ss%3Aw%3Frd@db:5432/line%20age"
    assert SECRET not in repr(settings)
    monkeypatch.setenv("HEADWATER_PORT", "5001")
    monkeypatch.setenv("DATABASE_URL", "postgresql://own/db")
    assert (Settings().port, Settings().database_url) == (5001, "postgresql://own/db")


def test_marquezs_file_is_read_where_ours_are_unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "marquez.yml"
    file.write_text("tags: [{name: PII, description: personal}]\nexclude: {namespaces: {onWrite: {enabled: true, pattern: ^x}}}")
    monkeypatch.setenv("MARQUEZ_CONFIG", str(file))
    assert (Settings().tags, Settings().exclude_namespaces_on_write) == ({"PII": "personal"}, "^x")
    monkeypatch.setenv("HEADWATER_TAGS", "OWN")
    assert (Settings().tags, Settings(exclude_namespaces_on_write="^y").exclude_namespaces_on_write) == ({"OWN": None}, "^y")


def test_a_pattern_is_searched_for_anywhere() -> None:
    settings = Settings(exclude_namespaces_on_write="^tmp|_test$")
    assert [settings.takes(name) for name in ("tmp1", "a_test", "a_tests", "shop")] == [False, False, True, True]
    assert Settings().takes("tmp1")


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="is no regular expression"):
        Settings(exclude_namespaces_on_write="(")
