"""What breaks an invariant of the ledger, asked of the database's own `verify()`; and accounts as a log may name them."""

import hashlib
import re
from datetime import datetime
from typing import Final

import asyncpg

from shared.db import Conn, load_queries

Q = load_queries(__file__, "soundness.sql")
BOUND: Final = 3600.0
"""Seconds after which a check is given up; it is tried again at once, and its age becomes an alarm."""
_NO_PERSON: Final = re.compile(r"all|[0-9a-f]{30}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def broken(conn: Conn, since: datetime | None) -> list[asyncpg.Record]:
    """What breaks an invariant: `invariant`, `subject`, `detail`. `since` (database clock): only what was touched from then on."""
    if since is None:
        return list(await conn.fetch(Q["whole"], timeout=BOUND))
    return list(await conn.fetch(Q["touched"], since, timeout=BOUND))


def token(subject: str) -> str:
    """The name of an account that a log may hold; ids of postings, settlements, bindings and premiums stay as they are."""
    if _NO_PERSON.fullmatch(subject):
        return subject
    digest = hashlib.blake2b(subject.encode(), digest_size=6, person=b"gongji-account")
    return f"account-{digest.hexdigest()}"
