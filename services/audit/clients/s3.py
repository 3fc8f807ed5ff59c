"""Documents in a bucket of a store that speaks S3, by `obstore`: signed requests, retries with backoff, bounded times."""

from __future__ import annotations

from collections.abc import AsyncIterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store
from pydantic import SecretStr

from services.audit.clients.store import MISSING, Missing, Unavailable, is_name

if TYPE_CHECKING:
    from obstore.store import S3Config
    from typing_extensions import Buffer

_PROBE = ".gongji-probe"
"""A key that no reference can be (they begin with what a channel makes, and this one is never written)."""
_NO_SUCH_KEY = "<Code>NoSuchKey</Code>"
"""What only the store itself says of a document. A missing bucket is 404 as well, and no applicant's fault."""


@dataclass(frozen=True, slots=True)
class S3Options:
    """`endpoint` empty: the store of the region's own provider. `timeout`: seconds of one request; `retries` after it."""

    bucket: str
    endpoint: str = ""
    region: str = "us-east-1"
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    timeout: float = 10.0
    retries: int = 2


class Bucket:
    """One bucket, read only. Without keys the requests are not signed (a bucket that is open inside a network)."""

    def __init__(self, options: S3Options) -> None:
        wait = timedelta(seconds=options.timeout)
        self._store = S3Store(
            client_options={
                "timeout": wait,
                "connect_timeout": wait,
                "allow_http": options.endpoint.startswith("http://"),
            },
            retry_config={
                "max_retries": options.retries,
                "retry_timeout": wait * (options.retries + 1),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=2),
                    "base": 2,
                },
            },
            config=_place(options),
        )

    async def read(self, reference: str, limit: int) -> bytes | Missing:
        """See `Store.read`. No more than `limit` + 1 bytes are kept, whatever the store sends or says of the size."""
        if not is_name(reference):
            return MISSING
        try:
            found = await obstore.get_async(self._store, reference)
            return await _first(found.stream(min_chunk_size=256 * 1024), limit + 1)
        except FileNotFoundError as error:
            if _NO_SUCH_KEY in str(error):
                return MISSING
            raise Unavailable("the bucket of documents is not there, or something else answers") from None
        except (BaseError, OSError, ValueError) as error:
            raise Unavailable(f"the bucket of documents: {type(error).__name__}") from None

    async def reach(self) -> None:
        """A bucket that answers "no such key" can be asked."""
        await self.read(_PROBE, 0)


def _place(options: S3Options) -> S3Config:
    """Where the bucket is and who asks."""
    place: S3Config = {"bucket": options.bucket, "region": options.region}
    if options.endpoint:
        place["endpoint"] = options.endpoint
    key, secret = options.access_key, options.secret_key
    if key is None or secret is None or not key.get_secret_value():
        return {**place, "skip_signature": True}
    return {
        **place,
        "access_key_id": key.get_secret_value(),
        "secret_access_key": secret.get_secret_value(),
    }


async def _first(chunks: AsyncIterable[Buffer], count: int) -> bytes:
    kept = bytearray()
    async for chunk in chunks:
        kept += memoryview(chunk)[: count - len(kept)]
        if len(kept) >= count:
            break
    return bytes(kept)
