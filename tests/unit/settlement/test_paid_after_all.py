"""What an ended binding pays all the same, because money was held or a cancel is reversed, is listed for recovery like what it paid before
its end became known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.unit.settlement import kit
from tests.unit.settlement.kit import NOW, World, binding_id, decision, family
from tests.unit.settlement.ruling import Ruled

MOTHER = 1
BEFORE, AFTER = NOW - timedelta(hours=1), NOW + timedelta(minutes=1)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Bills of 15.00 are paid by the child's 10.00 and 5.00 of its mother; quotes may be held."""
    found = Ruled(hold_minutes=60, order="oldest-binding")
    monkeypatch.setattr(kit, "regions", lambda: found)
    return family()


def ended(world: World, end: datetime) -> None:
    """The mother's binding has ended; it becomes known now."""
    body = decision(binding_id(MOTHER), "mother", version=2, state="ended", end=end)
    world.send("binding.decisions.ended", body, source="gongji-audit")


def listed(world: World) -> list[tuple[str, int, str]]:
    return [(case.kind, case.amount, case.reference) for case in world.book.new_recoveries]


def bill(world: World, **more: Any) -> dict[str, Any]:
    answer = world.bill("15.00", **more)
    assert (answer["acct_pay"], answer["acct_mulaid_pay"]) == ("10.00", "5.00")
    return answer


@pytest.mark.parametrize(("end", "amounts"), [(BEFORE, [500]), (AFTER, [])])
def test_what_a_hold_pays_after_the_end_is_known_is_listed_if_it_was_set_apart_after_the_end(
    world: World, end: datetime, amounts: list[int]
) -> None:
    bill(world, kind="quote", infno="2206", hold_minutes=60)
    ended(world, end)
    assert listed(world) == []
    paid = bill(world, at=NOW + timedelta(minutes=2))
    assert listed(world) == [("paid-after-end", amount, paid["setl_id"]) for amount in amounts]


def test_what_is_paid_again_when_a_cancel_is_reversed_is_listed(world: World) -> None:
    paid = bill(world)
    cancelled = world.back("cancel", setl_id=paid["setl_id"])
    ended(world, BEFORE)
    assert listed(world) == []
    again = world.back("reverse", omsgid=cancelled["msgid"], oinfno="2208")
    assert (again["infcode"], again["acct_mulaid_pay"]) == ("0", "5.00")
    assert listed(world) == [("paid-after-end", 500, paid["setl_id"])]
