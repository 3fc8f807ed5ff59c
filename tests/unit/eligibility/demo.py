"""What the demo's officer put in force, and the demo's face-check providers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from shared import policies
from shared.contracts import sources
from shared.policies import Policies
from shared.testing.proofs import DEMO_SOURCES

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "deploy" / "demo" / "policies"


@cache
def demo_policies() -> Policies:
    """The committed regions with what the demo's officer adopted."""
    return policies.load(overlay=DEMO)


@cache
def provider_keys() -> Mapping[str, tuple[str, ...]]:
    """Public keys of the demo's face-check providers."""
    parsed = sources.parse(DEMO_SOURCES.read_text("utf-8"))
    return {s.id: tuple(s.keys.values()) for s in parsed.values() if s.keys}
