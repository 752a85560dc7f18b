"""What the Dockerfile and compose.yaml name is there: files, commands, settings, the health check's path."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headwater.cli import app
from headwater.settings import Settings

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()


def _instructions(name: str) -> list[str]:
    return re.findall(rf"^{name}\s+(.*)$", DOCKERFILE, re.MULTILINE)


def _is_a_setting(variable: str) -> bool:
    return variable == "DATABASE_URL" or variable.removeprefix("HEADWATER_").lower() in Settings.model_fields


def _is_a_command(words: list[str]) -> bool:
    return CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_every_file_that_is_copied_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    for instruction in _instructions("COPY"):
        if instruction.startswith("--from"):
            continue
        for source in instruction.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored


def test_the_image_starts_a_command_that_exists() -> None:
    (entrypoint,), (command,) = _instructions("ENTRYPOINT"), _instructions("CMD")
    assert json.loads(entrypoint) == ["headwater"]
    assert _is_a_command(json.loads(command))


def test_the_image_is_not_roots() -> None:
    assert _instructions("USER") == ["headwater"]


@pytest.mark.parametrize("text", [DOCKERFILE, COMPOSE], ids=["Dockerfile", "compose.yaml"])
def test_every_variable_is_a_setting(text: str) -> None:
    named = set(re.findall(r"\b(HEADWATER_[A-Z_]+|DATABASE_URL)\b", text))
    assert named
    assert {name for name in named if not _is_a_setting(name)} == set()


def test_ports_are_the_default() -> None:
    port = str(Settings.model_fields["port"].default)
    assert _instructions("EXPOSE") == [port]
    assert f"127.0.0.1:{port}:{port}" in COMPOSE


def test_the_health_check_asks_for_a_path_that_the_service_has() -> None:
    api = pytest.importorskip("headwater.api.app")
    (path,) = re.findall(r"'(/health/\w+)'", DOCKERFILE)
    assert path in api.create_app(Settings(), "postgresql://nowhere/none").openapi()["paths"]


def test_commands_of_the_compose_file_exist() -> None:
    commands = re.findall(r"^\s+command: \[(.*)\]$", COMPOSE, re.MULTILINE)
    assert commands
    for command in commands:
        assert _is_a_command([word.strip() for word in command.split(",")])


def test_services_wait_for_services_that_exist() -> None:
    services = set(re.findall(r"^  (\w+):$", COMPOSE.partition("\nservices:")[2].partition("\nvolumes:")[0], re.MULTILINE))
    waited_for = set(re.findall(r"^      (\w+):\n        condition:", COMPOSE, re.MULTILINE))
    assert services == {"db", "migrate", "api"}
    assert waited_for == {"db", "migrate"}


@pytest.mark.parametrize("script", ["run.sh", "test.sh", ".ci/uv.sh", ".ci/run"])
def test_scripts_parse(script: str) -> None:
    shell = "bash" if script == ".ci/run" else "sh"
    subprocess.run([shell, "-n", str(ROOT / script)], check=True)


def test_scripts_can_be_started() -> None:
    for script in ("run.sh", "test.sh", ".ci/run"):
        assert (ROOT / script).stat().st_mode & 0o111
