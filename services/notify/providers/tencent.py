"""What Tencent Cloud's two services have in common: how they are reached, and what a refused or failed request means."""

from collections.abc import Collection
from typing import Any, Final

import httpx
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from services.notify.domain.course import Outcome
from services.notify.providers.interface import Result
from services.notify.providers.options import TencentAccount
from services.notify.providers.reached import NOT_REACHED, caused_by

_THROTTLED: Final = "LimitExceeded"
_INTERNAL: Final = "InternalError"
_TURNED_AWAY: Final = frozenset(
    f"{_INTERNAL}.{why}"
    for why in (
        "JsonParseFail",
        "RequestTimeException",
        "RestApiInterfaceNotExist",
        "SigFieldMissing",
        "SigVerificationFail",
    )
)
"""Internal errors that come before anything is sent; of all others (timeouts behind the door, what nobody foresaw) nobody can say."""


def client(kind: type, settings: TencentAccount) -> Any:
    """The SDK's client of this kind, for the service that answers at its own endpoint by default. It sends each request once."""
    http = HttpProfile(
        protocol="http" if settings.insecure else "https",
        endpoint=settings.endpoint or None,
        reqTimeout=settings.timeout,
    )
    credential = Credential(settings.secret_id, settings.secret_key.get_secret_value())
    return kind(credential, settings.region, ClientProfile(httpProfile=http))


def refused(code: str, medium: str, permanent: Collection[str]) -> Result:
    """The service's own word for an order that it did not take, or of which nobody can say. `permanent`: its words for numbers that it will never take."""
    outcome = Outcome.TECHNICAL
    if code.startswith(_INTERNAL) and code not in _TURNED_AWAY:
        outcome = Outcome.UNKNOWN
    elif code.startswith(_THROTTLED):
        outcome = Outcome.THROTTLED
    elif code in permanent:
        outcome = Outcome.PERMANENT
    return Result(outcome, f"{medium}-{outcome}", code)


def failed(error: Exception, medium: str, permanent: Collection[str]) -> Result:
    """What it means that the SDK raised: refused and never reached are technical; everything else may have been taken."""
    if caused_by(error, httpx.ConnectError, httpx.ConnectTimeout):
        return Result(Outcome.TECHNICAL, f"{medium}-technical", NOT_REACHED)
    if isinstance(error, TencentCloudSDKException) and error.requestId:
        return refused(str(error.code), medium, permanent)
    return Result(Outcome.UNKNOWN, f"{medium}-unknown", type(error).__name__)
