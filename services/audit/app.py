"""Wiring: settings and policy files become the handler that the core runs, and the check of documents beside it."""

from pathlib import Path

from services.audit.clients.folder import Folder
from services.audit.clients.s3 import Bucket, S3Options
from services.audit.clients.store import Store
from services.audit.documents import verifying
from services.audit.handlers import AuditHandler
from services.audit.settings import Settings
from shared import clock, policies
from shared.messaging.service import Background, Running


def build(settings: Settings) -> AuditHandler:
    """The handler. Raises `PolicyError` with one line for each fault: it never runs with half a policy."""
    now = clock.from_setting(settings.clock).now
    return AuditHandler(policies.load(overlay=settings.regions_dir), now, documents=bool(settings.store))


def store(settings: Settings) -> Store | None:
    """Where documents are read from; `None` if nothing is configured."""
    if not settings.store:
        return None
    if not settings.store.startswith("s3://"):
        return Folder(Path(settings.store))
    return Bucket(
        S3Options(
            bucket=settings.store.removeprefix("s3://"),
            endpoint=settings.store_endpoint,
            region=settings.store_region,
            access_key=settings.store_access_key,
            secret_key=settings.store_secret_key,
            timeout=settings.store_timeout,
            retries=settings.store_retries,
        )
    )


def documents(settings: Settings) -> Background:
    """The check of documents, until the service stops."""
    where = store(settings)
    if where is None:
        return verifying.unverified

    async def work(running: Running) -> None:
        rules = policies.load(overlay=settings.regions_dir)
        await verifying.verified(running, where, rules, settings.store_patience)

    return work
