"""Options of audit; those of every service are in `shared.settings`."""

from shared.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="GONGJI_AUDIT_"):
    """Reads `GONGJI_AUDIT_DATABASE_URL`; it has no option of its own: what a region may change is policy."""
