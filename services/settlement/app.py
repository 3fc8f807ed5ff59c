"""Wiring: settings become the handler that the core runs."""

from services.settlement.domain.book import Regions
from services.settlement.handlers import SettlementHandler
from services.settlement.settings import Settings
from shared import policies
from shared.contracts import sources


def build(settings: Settings) -> SettlementHandler:
    """The handler. Raises `PolicyError` with one line for each fault."""
    return SettlementHandler(Regions(policies.load(overlay=settings.regions_dir), may_bill))


def may_bill(source: str, fixmedins_code: str) -> bool:
    """Whether the registered source is a system of the institution."""
    found = sources.get(source)
    return found is not None and fixmedins_code in found.institutions
