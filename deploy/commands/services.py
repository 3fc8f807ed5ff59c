"""What several commands share: which services an option means, and asking each one's tables."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, TypeVar

import typer

from deploy.reading.running import Running
from shared.contracts.sources import SERVICES
from shared.db import Conn

T = TypeVar("T")

Service = Annotated[str, typer.Option(help="Only this service: eligibility, audit, notify or settlement.")]


def chosen(service: str) -> tuple[str, ...]:
    """The named service, or all of them. Raises `typer.BadParameter` for a name that is none."""
    if not service:
        return SERVICES
    if service not in SERVICES:
        raise typer.BadParameter(f"{service!r} is no service; there are {', '.join(SERVICES)}")
    return (service,)


async def each_database(
    stack: Running, services: Iterable[str], ask: Callable[[Conn], Awaitable[T]]
) -> dict[str, T]:
    """What `ask` returns for each service. Raises `StackError` when a database is away or read-only."""
    found: dict[str, T] = {}
    for service in services:
        async with stack.writing(service) as conn:
            found[service] = await ask(conn)
    return found
