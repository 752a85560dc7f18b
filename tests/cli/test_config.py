from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Command

from headwater.settings import Settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "HEADWATER_DATABASE_URL", "HEADWATER_DATA_DIR", "HEADWATER_PORT", "HEADWATER_TAGS"):
        monkeypatch.delenv(name, raising=False)


def test_every_setting_is_there(headwater: Command) -> None:
    assert list(headwater("config", "--json").json) == list(Settings.model_fields)


def test_where_values_come_from(headwater: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("headwater_port", "5007")
    monkeypatch.setenv("DATABASE_URL", "postgres://me:secret@h/d")
    monkeypatch.setenv("HEADWATER_TAGS", "PII,GDPR")
    monkeypatch.setenv("HEADWATER_HOST", "")
    told = headwater("config", "--json", "--data-dir", "/srv/data").json
    assert told["port"] == {"value": 5007, "from": "headwater_port"}
    assert told["database_url"] == {"value": "postgresql://me:***@h/d", "from": "DATABASE_URL"}
    assert told["data_dir"] == {"value": "/srv/data", "from": "--data-dir"}
    assert told["host"]["from"] == "default"
    shown = headwater("config").out
    assert "PII,GDPR" in shown
    assert "secret" not in shown


def test_marquezs_file_is_named_where_it_counts(headwater: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "marquez.yml"
    file.write_text("tags: [{name: PII}]\nexclude: {namespaces: {onRead: {enabled: true, pattern: ^x}}}")
    monkeypatch.setenv("MARQUEZ_CONFIG", str(file))
    monkeypatch.setenv("HEADWATER_EXCLUDE_NAMESPACES_ON_READ", "^y")
    told = headwater("config", "--json").json
    assert told["tags"] == {"value": {"PII": None}, "from": "MARQUEZ_CONFIG"}
    assert told["exclude_namespaces_on_read"] == {"value": "^y", "from": "HEADWATER_EXCLUDE_NAMESPACES_ON_READ"}
    assert told["exclude_namespaces_on_write"] == {"value": None, "from": "default"}


def test_the_variable_that_wins_is_named(headwater: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a/b")
    monkeypatch.setenv("HEADWATER_DATABASE_URL", "postgresql://c/d")
    assert headwater("config", "--json").json["database_url"] == {"value": "postgresql://c/d", "from": "HEADWATER_DATABASE_URL"}
