"""Clients of Marquez in environments of their own, as the producers are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.producers.conftest import reader  # noqa: F401 - a fixture
from tests.producers.environments import programs_of


@pytest.fixture(scope="session")
def marquez_python() -> Path:
    # Its metadata does not say that it needs pytz.
    return programs_of("marquez-python", "marquez-python==0.50.0", "pytz")
