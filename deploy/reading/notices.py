"""What the desk of notices needs of a running stack: a look, an act in one transaction, an operator who may, keys, and which links stand."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.error import URLError
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from deploy.local.errors import StackError
from deploy.local.paths import home
from deploy.local.programs import DATA_KEYS
from deploy.reading.notice_words import refused
from deploy.reading.running import Running
from services.notify.domain.acts import Refusal
from services.notify.sealing import Seal, read_key
from shared.contracts import operators
from shared.db import Conn

SHORTEST = 4
"""Characters of a reason that goes on the record."""

T = TypeVar("T")


async def ask(stack: Running, question: Callable[[Conn], Awaitable[T]]) -> T:
    """What `question` finds in notify's tables, in a read-only transaction. Raises `StackError`."""
    async with stack.reading("notify") as conn, conn.transaction():
        return await question(conn)


async def act(stack: Running, deed: Callable[[Conn], Awaitable[Refusal | None]]) -> None:
    """Does something in one transaction of notify. Raises `StackError`, also with the reason for which it must not be done."""
    async with stack.writing("notify") as conn, conn.transaction():
        refusal = await deed(conn)
    if refusal is not None:
        raise refused(refusal)


def allowed(operator: str, region: str | None = None) -> None:
    """Raises `StackError` unless the operator is registered, and works for `region` where one is named."""
    known = operators.load().get(operator)
    if known is None:
        raise StackError(
            f"经办人未登记 / operator {operator[:40]!r} is not registered",
            "Name yourself with --operator or GONGJI_OPERATOR; GONGJI_OPERATORS names the file of your authority's operators.",
        )
    if region is not None and not known.works_for(region):
        raise StackError(
            f"该通知属于其他统筹区 / the notice is of region {region}, for which {operator} does not work",
            "Ask an operator of that region, or add the region to the operators' file.",
        )


def reason(text: str, option: str) -> str:
    """A reason for the record. Raises `StackError` if it says nothing."""
    if len(text.strip()) < SHORTEST:
        raise StackError(
            f"{option} 至少四个字 / {option} needs at least {SHORTEST} characters",
            f"For example: {option} 短信电话均未送达，已上门告知",
        )
    return text.strip()


def seal() -> Seal:
    """What opens the words and numbers in notify's tables: keys of the environment, or of the stack of this folder. Raises `StackError`."""
    from deploy.local.stack import remembered

    kept = remembered(home())["secrets"].get("notify-data-key", "")
    texts = [one for one in (os.environ.get(DATA_KEYS) or kept).split(",") if one.strip()]
    try:
        return Seal([read_key(one) for one in texts])
    except ValueError:
        raise StackError(
            f"没有解密通知的密钥 / the keys of notify's personal data are missing or wrong: {DATA_KEYS}",
            f"Set {DATA_KEYS} to what the service notify has; without them there are no words and no numbers, only the course.",
        ) from None


async def links(stack: Running) -> dict[str, bool]:
    """Which providers' links stand, from notify's metrics; empty where those cannot be reached."""
    address = stack.http.get("notify")
    if address is None:
        return {}

    def read() -> str:
        try:
            with urlopen(f"{address}/metrics", timeout=3) as answer:
                return str(answer.read().decode())
        except (URLError, OSError):
            return ""

    families = text_string_to_metric_families(await asyncio.to_thread(read))
    return {
        one.labels["provider"]: one.value > 0
        for family in families
        if family.name == "gongji_notify_link_up"
        for one in family.samples
    }
