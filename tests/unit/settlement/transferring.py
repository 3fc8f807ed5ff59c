"""Families of Gansu, where money moves to a relative's wallet before there is a bill."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from services.settlement.domain.transfers import moving_name, wallet_name
from shared.ids import SystemIds
from shared.messaging.collector import Collector
from shared.messaging.handler import Due
from shared.messaging.registry import default
from tests.unit.settlement.kit import (
    HEADS,
    HOSPITAL,
    Said,
    World,
    binding_id,
    decision,
    institution,
    person,
    said,
)

REGION = "620100"
MOTHER, FATHER = 1, 2
"""Numbers of the bindings that name the child."""


def transfer_id(n: int) -> str:
    return str(UUID(int=(7 << 76) | (2 << 62) | (5 << 32) | n))


def bound(
    n: int = MOTHER, sponsor: str = "mother", beneficiary: str = "child", **more: Any
) -> dict[str, Any]:
    """A decision in the mode transfer."""
    body = decision(binding_id(n), sponsor, beneficiary, region=REGION, **more)
    body["case"]["mode"] = "transfer"
    return body


def decide(world: World, body: dict[str, Any]) -> list[Said]:
    suffix = "ended" if body["state"] == "ended" else "approved"
    told = world.send(f"binding.decisions.{suffix}", body, source="gongji-audit")
    conserved(world)
    return told


def family(mother: str = "3000.00", father: str = "3000.00") -> World:
    """A child with 10.00 of its own; mother and father may move money to it."""
    world = World()
    for name in ("child", "mother", "father"):
        world.send("registry.persons.recorded", person(name, region=REGION))
    world.send("registry.institutions.recorded", institution(HOSPITAL))
    for name, amount in (("child", "10.00"), ("mother", mother), ("father", father)):
        world.credit(name, amount, admdvs=REGION)
    decide(world, bound())
    decide(world, bound(FATHER, "father"))
    return world


def offer(
    world: World, n: int = 1, amount: str = "100.00", giver: str = "mother", binding: int = MOTHER, *,
    source: str = "nhsa-app", at: datetime | None = None, believed: bool = True, to: str = "child",
) -> list[Said]:  # fmt: skip
    body = {
        "transfer_id": transfer_id(n), "from_psn_no": giver, "to_psn_no": to, "binding_id": str(binding_id(binding)), "amount": amount,
    }  # fmt: skip
    told = world.send("account.transfers.offered", body, source=source, at=at, believed=believed)
    conserved(world)
    return told


def answer(
    world: World, kind: str, n: int = 1, who: str | None = None, *, source: str = "nhsa-app", at: datetime | None = None,
) -> list[Said]:  # fmt: skip
    """Accepted, declined or withdrawn."""
    field = "from_psn_no" if kind == "withdrawn" else "to_psn_no"
    body = {
        "transfer_id": transfer_id(n),
        field: who or ("mother" if kind == "withdrawn" else "child"),
    }
    told = world.send(f"account.transfers.{kind}", body, source=source, at=at)
    conserved(world)
    return told


def fall_due(world: World, kind: str, entity: str, at: datetime) -> list[Said]:
    """A due row fires."""
    out = Collector("settlement", default(), SystemIds(), HEADS)
    item = Due(kind, entity, at)
    out.begin(item)
    world.handler.decide(world.book, item, out)
    conserved(world)
    return [said(record) for record in out.outgoing]


def moved(world: World, n: int = 1, amount: str = "100.00") -> World:
    """The mother's money is in the child's wallet."""
    offer(world, n, amount)
    answer(world, "accepted", n)
    return world


def states(told: list[Said]) -> list[tuple[str, list[str]]]:
    return [
        (s.body["state"], [r["code"] for r in s.body["reasons"]])
        for s in told
        if s.type == "answers.transfer"
    ]


def results(told: list[Said]) -> list[str]:
    return [s.body["state"] for s in told if s.type == "settlement.results.transferred"]


def purse(world: World, n: int = 1) -> int:
    """Fen on their way."""
    return world.balance(moving_name(UUID(transfer_id(n))))


def wallet(world: World, n: int = MOTHER) -> int:
    """Fen in the child's wallet of a binding."""
    return world.balance(wallet_name(binding_id(n)))


def conserved(world: World) -> None:
    """Every posting sums to zero, rows are what the ledger says, and only an open offer or wallet has money."""
    sums: dict[bytes, int] = {}
    rows: dict[tuple[str, str], int] = {}
    for entry in world.book.new_entries:
        sums[entry.posting] = sums.get(entry.posting, 0) + entry.amount
        if entry.version is not None:
            key = entry.account, entry.segment
            rows[key] = rows.get(key, 0) + entry.amount
    assert set(sums.values()) <= {0}
    for (name, segment), amount in rows.items():
        account = world.book.account(name)
        assert amount == (account.historic if segment == "historic" else account.current) >= 0
    for one in world.book.transfers.all.values():
        assert (one.purse.balance if one.purse else 0) == (one.amount if one.state == "offered" else 0)
    for found in world.book.transfers.wallets.values():
        assert found.open or not found.purse.balance
