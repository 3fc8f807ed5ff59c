"""Wiring: settings and policy files become the handler that the core runs."""

from services.audit.handlers import AuditHandler
from services.audit.settings import Settings
from shared import clock, policies


def build(settings: Settings) -> AuditHandler:
    """The handler. Raises `PolicyError` with one line for each fault: it never runs with half a policy."""
    return AuditHandler(policies.load(overlay=settings.regions_dir), clock.from_setting(settings.clock).now)
