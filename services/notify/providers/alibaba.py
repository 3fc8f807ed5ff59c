"""What Alibaba Cloud's two services have in common: how they are reached, and what a failed request means."""

from typing import Final

from aiohttp import ClientConnectorError, ConnectionTimeoutError
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config
from darabonba.runtime import RuntimeOptions

from services.notify.domain.course import Outcome
from services.notify.providers.interface import Result
from services.notify.providers.options import AlibabaAccount
from services.notify.providers.reached import NOT_REACHED, caused_by

_SERVER_FAULT: Final = 500
PERHAPS: Final = frozenset({"isp.SYSTEM_ERROR"})
"""Nobody says whether the service's own fault came before or after it had taken the order."""


def config(settings: AlibabaAccount, endpoint: str) -> Config:
    """The SDK's own settings, for the service that answers at `endpoint` by default."""
    return Config(
        access_key_id=settings.access_key_id,
        access_key_secret=settings.access_key_secret.get_secret_value(),
        region_id=settings.region_id,
        endpoint=settings.endpoint or endpoint,
        protocol="http" if settings.insecure else "https",
    )


def runtime(settings: AlibabaAccount) -> RuntimeOptions:
    """One request each: after a timeout nobody knows whether the first one was taken, and the service tells no two apart."""
    milliseconds = int(settings.timeout * 1000)
    return RuntimeOptions(autoretry=False, connect_timeout=milliseconds, read_timeout=milliseconds)


def failed(error: Exception, medium: str, names: tuple[str, ...]) -> Result:
    """What it means that the SDK raised: refused and never reached are technical; everything else may have been taken.

    `names`: what reports will call the order then.
    """
    if isinstance(error, AlibabaCloudException):
        code = str(error.code or "")
        if (error.status_code or _SERVER_FAULT) >= _SERVER_FAULT:
            return Result(Outcome.UNKNOWN, f"{medium}-unknown", code, names)
        outcome = Outcome.THROTTLED if code.startswith("Throttling") else Outcome.TECHNICAL
        return Result(outcome, f"{medium}-{outcome}", code)
    if caused_by(error, ClientConnectorError, ConnectionTimeoutError):
        return Result(Outcome.TECHNICAL, f"{medium}-technical", NOT_REACHED)
    return Result(Outcome.UNKNOWN, f"{medium}-unknown", type(error).__name__, names)
