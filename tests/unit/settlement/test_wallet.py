"""What a relative was given: spent, refunded, and given back to its giver when the relation ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ids import SystemIds
from shared.messaging.collector import Collector
from shared.messaging.handler import Event, Tombstone
from shared.messaging.registry import default
from tests.unit.settlement.kit import HEADS, NOW, World, binding_id, decision, person
from tests.unit.settlement.ruling import settled
from tests.unit.settlement.test_premium import premium_id
from tests.unit.settlement.transferring import (
    FATHER,
    REGION,
    answer,
    bound,
    decide,
    fall_due,
    family,
    moved,
    offer,
    purse,
    results,
    states,
    transfer_id,
    wallet,
)

HOME = {"insuplc_admdvs": REGION}


def end(world: World, version: int = 2, **more: Any) -> None:
    decide(world, bound(version=version, state="ended", end=NOW, **more))


def by(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(s["psn_no"], s["amount"]) for s in result["shares"]]


def test_wallets_pay_in_the_regions_order_after_the_own_account() -> None:
    world = moved(family())
    offer(world, 2, "80.00", "father", FATHER)
    answer(world, "accepted", 2)
    assert by(settled(world, "150.00", **HOME)[0]) == [
        ("child", "10.00"),
        ("mother", "100.00"),
        ("father", "40.00"),
    ]
    assert (wallet(world), wallet(world, FATHER), world.balance("father")) == (0, 4000, 292_000)


def test_a_receiver_who_shares_her_own_account_never_shares_what_she_was_given() -> None:
    world = moved(family())
    world.send("registry.persons.recorded", person("cousin", region=REGION))
    decide(world, decision(binding_id(5), "child", "cousin", region=REGION))
    whose = {"psn_no": "cousin", "mdtrt_cert_no": "Pcousin"} | HOME
    result, _ = settled(world, "60.00", **whose)
    assert by(result) == [("child", "10.00")]
    assert result["psn_cash_pay"] == "50.00"
    assert wallet(world) == 10_000


def test_the_end_gives_the_remainder_and_what_is_on_its_way_back_once() -> None:
    world = moved(family())
    settled(world, "40.00", **HOME)
    offer(world, 2, "50.00")
    assert (world.balance("mother"), purse(world, 2), wallet(world)) == (285_000, 5000, 7000)
    told = decide(world, bound(version=2, state="ended", end=NOW))
    assert (states(told), results(told)) == ([("returned", [])], ["returned"])
    assert (world.balance("mother"), purse(world, 2), wallet(world)) == (297_000, 0, 0)
    end(world)
    decide(world, bound())  # an older version that was read late
    assert fall_due(world, "wallet", str(binding_id(1)), NOW) == []
    assert (world.balance("mother"), wallet(world)) == (297_000, 0)
    assert states(offer(world, 3)) == [("refused", ["transfer-binding-unusable"])]
    assert by(settled(world, "5.00", **HOME)[0]) == []


def test_a_refund_goes_to_the_wallet_and_after_the_end_to_the_giver() -> None:
    world = moved(family())
    setl_id = world.bill("60.00", **HOME)["setl_id"]
    world.back("refund", setl_id=setl_id, amount="20.00")
    assert (world.balance("mother"), wallet(world)) == (290_000, 7000)
    end(world)
    assert (world.balance("mother"), wallet(world)) == (297_000, 0)
    world.back("refund", setl_id=setl_id, amount="20.00")
    assert (world.balance("mother"), wallet(world)) == (299_000, 0)


def test_an_account_that_was_closed_gets_nothing_and_staff_are_told() -> None:
    world = moved(family())
    offer(world, 2, "50.00")
    told = world.send("account.credits.closed", {"psn_no": "mother", "entry_id": "C", "at": NOW})
    assert results(told) == ["returned"]  # the account takes back what is on its way before it is closed
    assert (world.balance("mother"), wallet(world)) == (290_000, 10_000)
    end(world)
    held = [(e.account, e.amount) for e in world.book.new_entries if e.segment == "held"]
    assert (held, wallet(world)) == ([("held/mother", 10_000)], 0)


def test_what_a_giver_who_died_gave_is_held_for_staff() -> None:
    world = moved(family())
    offer(world, 2, "50.00")
    body = person("mother", region=REGION, version=2) | {"surv_stas": "2"}
    world.send("registry.persons.recorded", body)
    assert states(answer(world, "accepted", 2)) == [("refused", ["transfer-binding-unusable"])]
    fall_due(world, "transfer", transfer_id(2), NOW + timedelta(days=1))
    end(world)
    held = sorted((e.account, e.amount) for e in world.book.new_entries if e.segment == "held")
    assert held == [("held/mother", 5000), ("held/mother", 10_000)]
    assert (world.balance("mother"), purse(world, 2), wallet(world)) == (285_000, 0, 0)


def test_an_erased_binding_gives_everything_back() -> None:
    world = moved(family())
    offer(world, 2, "50.00")
    key = str(binding_id(1)).encode()
    gone = Event(
        "binding.decisions", 0, 0, key, "gongji-audit", "t", "", None, NOW, NOW, True, None, Tombstone()
    )
    out = Collector("settlement", default(), SystemIds(), HEADS)
    out.begin(gone)
    world.handler.decide(world.book, gone, out)
    assert (world.balance("mother"), purse(world, 2), wallet(world)) == (300_000, 0, 0)


def test_a_wallet_is_given_back_on_the_last_day_and_opened_again_by_a_new_transfer() -> None:
    world = family()
    body = bound(version=2)
    body["terms"][0]["terms"]["enddate"] = "2026-11-23"
    decide(world, body)
    moved(world)
    midnight = NOW + timedelta(hours=14)
    fall_due(world, "wallet", str(binding_id(1)), midnight - timedelta(seconds=1))
    assert wallet(world) == 10_000
    fall_due(world, "wallet", str(binding_id(1)), midnight)
    assert (world.balance("mother"), wallet(world)) == (300_000, 0)
    decide(world, bound(version=3))
    moved(world, 2)
    assert wallet(world) == 10_000


def test_the_floor_of_the_region_is_not_taken_off_a_wallet(rule: Any) -> None:
    rule("620000", floor="50.00")
    world = moved(family())
    assert by(settled(world, "110.00", **HOME)[0]) == [("child", "10.00"), ("mother", "100.00")]


def test_a_wallet_pays_its_owners_premium_and_the_giver_cannot_spend_it() -> None:
    world = family()
    decide(world, bound(version=2, scope=("outpatient", "resident-premium")))
    moved(world)

    def pay(n: int, payer: str) -> list[tuple[str, list[str]]]:
        body = {
            "premium_id": premium_id(n), "payer_psn_no": payer, "psn_no": "child", "insutype": "390", "year": 2027,
            "amount": "105.00", "binding_id": str(binding_id(1)),
        }  # fmt: skip
        told = world.send("premium.requests.pay", body, source="nhsa-app")
        return [(s.body["state"], [r["code"] for r in s.body["reasons"]]) for s in told if "state" in s.body]

    assert pay(1, "mother") == [("declined", ["not-your-binding"])]
    assert pay(2, "child") == [("paid", [])]
    assert (world.balance("child"), wallet(world), world.balance("mother")) == (0, 500, 290_000)


KINDS = ("offered", "accepted", "declined", "withdrawn", "due")


@settings(max_examples=200, deadline=None)
@given(
    said=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 2)), max_size=14),
    ends=st.booleans(),
    bill=st.integers(1, 20_000),
)
def test_any_order_of_the_messages_conserves_money_and_leaves_nothing_on_its_way(
    said: list[tuple[str, int]], ends: bool, bill: int
) -> None:
    world = family()
    steps = [*said, ("due", 1), ("due", 2)]
    for kind, n in steps:
        if kind == "offered":
            offer(world, n)
        elif kind == "due":
            fall_due(world, "transfer", transfer_id(n), NOW + timedelta(hours=20))
        else:
            answer(world, kind, n)
    assert (purse(world, 1), purse(world, 2)) == (0, 0)
    accepted = sum(t.state == "accepted" for t in world.book.transfers.all.values())
    assert (world.balance("mother"), wallet(world)) == (300_000 - 10_000 * accepted, 10_000 * accepted)
    answered = settled(world, f"{bill // 100}.{bill % 100:02d}", **HOME)[1]
    spent = int(answered["acct_mulaid_pay"].replace(".", ""))
    assert spent == min(max(0, bill - 1000), 10_000 * accepted)
    if ends:
        end(world)
        assert (world.balance("mother"), wallet(world)) == (300_000 - spent, 0)


@pytest.mark.parametrize("kind", ["accepted", "declined", "withdrawn", "due"])
def test_every_answer_to_an_offer_that_never_was_changes_nothing(kind: str) -> None:
    world = family()
    if kind == "due":
        assert fall_due(world, "transfer", transfer_id(1), NOW) == []
    else:
        assert states(answer(world, kind)) == [("refused", ["transfer-unknown"])]
    assert world.balance("mother") == 300_000
