"""Wiring: settings, policy files and registered face-check providers become the handler that the core runs."""

from services.eligibility.handler import Eligibility
from services.eligibility.settings import Settings
from shared import policies
from shared.contracts import sources


def build(settings: Settings) -> Eligibility:
    """The handler. Raises `PolicyError` with one line for each fault: it never runs with half a policy."""
    loaded = policies.load(overlay=settings.regions_dir)
    keys = {source.id: tuple(source.keys.values()) for source in sources.load().values() if source.keys}
    return Eligibility(loaded, keys)
