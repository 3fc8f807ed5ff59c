"""Fixtures of settlement's unit tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.settlement.ruling import Ruling


@pytest.fixture
def rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ruling:
    """Gives regions rules of the test's own."""
    return Ruling(tmp_path, monkeypatch)
