"""Money that is set apart for one beneficiary: unusable for others, filled up, given back exactly once."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.settlement.app import may_bill
from services.settlement.deciding import earmark, facts
from services.settlement.domain.book import Regions
from services.settlement.domain.earmarks import purse_name
from shared import policies
from shared.ids import SystemIds
from shared.messaging.collector import Collector
from shared.messaging.handler import Due
from shared.messaging.registry import default
from tests.unit.settlement.kit import (
    HEADS,
    NOW,
    World,
    binding_id,
    decision,
    event,
    family,
    institution,
    money,
    person,
)

PURSE = purse_name(binding_id(9))
DAY = timedelta(days=1)


def bound(
    amount: str | None = "15.00", version: int = 1, sponsor: str = "mother", n: int = 9, **more: Any
) -> dict[str, Any]:
    """A decision in the mode earmark."""
    body = decision(binding_id(n), sponsor, version=version, **more)
    body["case"]["mode"] = "earmark"
    body["terms"][0]["terms"]["earmark"] = amount
    body["case"]["terms"]["earmark"] = amount
    return body


def decide(world: World, body: dict[str, Any], suffix: str = "approved") -> None:
    world.send(f"binding.decisions.{suffix}", body, source="gongji-audit")
    conserved(world)


def conserved(world: World) -> None:
    """Every posting sums to zero, and no earmark holds more than its amount or anything when it is not open."""
    sums: dict[bytes, int] = {}
    for entry in world.book.new_entries:
        sums[entry.posting] = sums.get(entry.posting, 0) + entry.amount
    assert set(sums.values()) <= {0}
    for mark in world.book.earmarks.all.values():
        assert mark.purse.balance <= (mark.amount if mark.place == "open" else 0)


def people(mother: str = "20.00") -> World:
    """A child with 10.00 of its own and a mother; no binding yet."""
    world = World()
    for name in ("child", "mother"):
        world.send("registry.persons.recorded", person(name))
    world.send("registry.institutions.recorded", institution("H33010000001"))
    world.credit("child", "10.00")
    if money(mother):
        world.credit("mother", mother)
    return world


def set_apart(mother: str = "20.00", amount: str = "15.00") -> World:
    """The same with an earmark for the child."""
    world = people(mother)
    decide(world, bound(amount))
    return world


def balances(world: World) -> tuple[int, int]:
    """Fen on the mother's own row, and set apart."""
    return world.balance("mother"), world.balance(PURSE)


def end(world: World, version: int = 2, at: datetime = NOW) -> None:
    decide(world, bound(version=version, state="ended", end=at), "ended")


@pytest.mark.parametrize(
    ("amount", "expected"), [("15.00", (500, 1500)), ("20.00", (0, 2000)), ("30.00", (0, 2000))]
)
def test_the_amount_or_what_there_is_is_set_apart(amount: str, expected: tuple[int, int]) -> None:
    assert balances(set_apart(amount=amount)) == expected


def test_the_sponsor_cannot_spend_what_is_set_apart() -> None:
    world = set_apart()
    said = world.bill("8.00", psn_no="mother", mdtrt_cert_no="110101199003078110")
    assert (said["acct_pay"], said["psn_cash_pay"]) == ("5.00", "3.00")
    assert balances(world) == (0, 1500)


def test_another_relative_of_the_sponsor_cannot_spend_it() -> None:
    world = set_apart()
    world.send("registry.persons.recorded", person("sister"))
    decide(world, decision(binding_id(4), "mother", "sister"))
    said = world.bill("30.00", psn_no="sister", mdtrt_cert_no="Psister")
    assert (said["acct_mulaid_pay"], said["psn_cash_pay"]) == ("5.00", "25.00")
    assert balances(world) == (0, 1500)


def test_the_beneficiarys_bill_takes_from_it_and_names_the_sponsor() -> None:
    world = set_apart()
    said = world.send("settlement.requests.settle", world.request("30.00"), source="his-first")
    shares = [(s["holder"], s["psn_no"], s["amount"], s["balance_after"]) for s in said[0].body["shares"]]
    assert shares == [("own", "child", "10.00", "0.00"), ("sponsor", "mother", "15.00", "0.00")]
    assert said[0].body["shares"][1]["binding_id"] == str(binding_id(9))
    assert said[0].body["psn_cash_pay"] == "5.00"
    assert balances(world) == (500, 0)
    conserved(world)


def test_a_quote_says_what_a_bill_would_take_and_moves_nothing() -> None:
    world = set_apart()
    assert world.bill("30.00", kind="quote")["acct_mulaid_pay"] == "15.00"
    assert balances(world) == (500, 1500)


def test_each_credit_fills_it_up_to_the_amount() -> None:
    world = set_apart(mother="6.00")
    assert balances(world) == (0, 600)
    world.credit("mother", "4.00")
    assert balances(world) == (0, 1000)
    world.credit("mother", "9.00")
    assert balances(world) == (400, 1500)
    world.bill("25.00")
    assert balances(world) == (400, 0)
    world.credit("mother", "1.00")
    assert balances(world) == (0, 500)
    conserved(world)


def test_a_region_may_leave_what_was_spent_unfilled(monkeypatch: pytest.MonkeyPatch) -> None:
    world = set_apart(mother="12.00")
    policy = world.book.regions.at("330100", NOW)
    changed = dataclasses.replace(
        policy, spending=dataclasses.replace(policy.spending, earmark_refills=False)
    )
    monkeypatch.setattr(world.book.regions, "at", lambda region, moment: changed)
    world.bill("22.00")
    assert balances(world) == (0, 0)
    world.credit("mother", "20.00")
    assert balances(world) == (1700, 300)
    conserved(world)


def test_it_is_given_back_once_at_the_end_whatever_is_read_again_or_out_of_order() -> None:
    world = set_apart()
    end(world, version=3)
    assert balances(world) == (2000, 0)
    for body, suffix in (
        (bound(version=3, state="ended", end=NOW), "ended"),
        (bound(), "approved"),
        (bound("20.00", version=2), "changed"),
    ):
        decide(world, body, suffix)
        assert balances(world) == (2000, 0)
    world.credit("mother", "5.00")
    assert balances(world) == (2500, 0)


def test_an_end_that_is_read_before_the_approval_sets_nothing_apart() -> None:
    world = people()
    end(world, version=2)
    decide(world, bound())
    assert balances(world) == (2000, 0)
    assert world.book.earmarks.all == {}


def test_an_erased_binding_gives_it_back() -> None:
    world = set_apart()
    out = Collector("settlement", default(), SystemIds(), HEADS)
    facts.erase(world.book, binding_id(9))
    earmark.followed(world.book, binding_id(9), NOW, out)
    assert balances(world) == (2000, 0)
    conserved(world)


@pytest.mark.parametrize(
    ("amount", "expected"), [("18.00", (200, 1800)), ("4.00", (1600, 400)), ("50.00", (0, 2000))]
)
def test_a_change_of_the_amount_moves_the_difference(amount: str, expected: tuple[int, int]) -> None:
    world = set_apart()
    decide(world, bound(amount, version=2), "changed")
    assert balances(world) == expected
    end(world, version=3)
    assert balances(world) == (2000, 0)


def test_a_suspended_binding_keeps_it_and_pays_nothing() -> None:
    world = set_apart()
    paused = ({"begin": NOW - DAY, "end": None, "by": "authority"},)
    decide(world, bound(version=2, state="suspended", suspended=paused), "suspended")
    assert balances(world) == (500, 1500)
    assert world.bill("12.00")["psn_cash_pay"] == "2.00"


def test_a_refund_goes_to_the_earmark_while_it_lasts_and_to_the_sponsor_afterwards() -> None:
    world = set_apart()
    setl_id = world.bill("25.00")["setl_id"]
    assert balances(world) == (500, 0)
    world.back("refund", setl_id=setl_id, amount="6.00")
    assert balances(world) == (500, 600)
    end(world)
    assert balances(world) == (1100, 0)
    world.back("refund", setl_id=setl_id, amount="5.00")
    assert balances(world) == (1600, 0)
    conserved(world)


def test_a_refund_above_the_amount_goes_on_to_the_sponsor() -> None:
    world = set_apart()
    setl_id = world.bill("25.00")["setl_id"]
    world.credit("mother", "10.00")
    assert balances(world) == (0, 1500)
    world.back("refund", setl_id=setl_id, amount="7.00")
    assert balances(world) == (700, 1500)
    conserved(world)


def test_a_cancel_that_is_reversed_books_from_the_earmark_again() -> None:
    world = set_apart()
    setl_id = world.bill("25.00")["setl_id"]
    n = world.n + 1
    world.back("cancel", setl_id=setl_id)
    assert balances(world) == (500, 1500)
    omsgid = f"H3301000000120261123110000{n:04d}"
    assert world.back("reverse", omsgid=omsgid, oinfno="2208")["infcode"] == "0"
    assert balances(world) == (500, 0)
    conserved(world)


def test_a_frozen_account_pays_nothing_from_what_is_set_apart_and_keeps_it() -> None:
    world = set_apart()
    setl_id = world.bill("25.00")["setl_id"]
    n = world.n + 1
    world.back("cancel", setl_id=setl_id)
    world.send("account.credits.frozen", {"psn_no": "mother", "entry_id": "F", "at": NOW})
    said = world.send("settlement.requests.settle", world.request("12.00"), source="his-first")
    assert [o["code"] for o in said[0].body["left_out"]] == ["frozen"]
    omsgid = f"H3301000000120261123110000{n:04d}"
    assert world.back("reverse", omsgid=omsgid, oinfno="2208")["code"] == "money-gone"
    assert balances(world) == (500, 1500)


def test_the_years_turn_moves_what_is_set_apart() -> None:
    world = people("0.00")
    world.credit("mother", "20.00", segment="current", admdvs="320500")
    decide(world, bound())
    purse = world.book.account(PURSE)
    assert (purse.current, purse.historic) == (1500, 0)
    world.send("account.credits.year-turned", {"psn_no": "mother", "entry_id": "Y", "at": NOW, "year": 2025})
    assert (purse.current, purse.historic) == (0, 1500)
    assert balances(world) == (500, 1500)
    conserved(world)


def test_a_correction_takes_from_earmarks_before_anything_is_listed_for_recovery() -> None:
    world = set_apart()
    world.credit("mother", "-12.00", kind="corrected")
    assert balances(world) == (0, 800)
    assert world.book.new_recoveries == []
    world.credit("mother", "-9.00", kind="corrected")
    assert balances(world) == (0, 0)
    assert [r.amount for r in world.book.new_recoveries] == [100]
    conserved(world)


def test_a_closed_account_takes_it_back_and_nothing_is_set_apart_again() -> None:
    world = set_apart()
    world.send("account.credits.closed", {"psn_no": "mother", "entry_id": "C", "at": NOW})
    assert balances(world) == (2000, 0)
    decide(world, bound("10.00", version=2), "changed")
    assert balances(world) == (2000, 0)
    end(world, version=3)
    assert balances(world) == (2000, 0)


def test_a_refund_for_a_closed_account_is_held() -> None:
    world = set_apart()
    setl_id = world.bill("25.00")["setl_id"]
    world.send("account.credits.closed", {"psn_no": "mother", "entry_id": "C", "at": NOW})
    world.back("refund", setl_id=setl_id, amount="6.00")
    assert balances(world) == (500, 0)
    assert [e.amount for e in world.book.new_entries if e.account == "held/mother"] == [600]


def fire(world: World, at: datetime) -> None:
    out = Collector("settlement", default(), SystemIds(), HEADS)
    item = Due("earmark", str(binding_id(9)), at, {}, None, True)
    out.begin(item)
    world.handler.decide(world.book, item, out)
    conserved(world)


def test_it_is_set_apart_on_the_first_day_and_given_back_after_the_last() -> None:
    world = people()
    body = bound(since=NOW - DAY)
    body["terms"][0]["terms"] |= {"begndate": "2026-12-01", "enddate": "2026-12-31"}
    decide(world, body)
    assert balances(world) == (2000, 0)
    begin = datetime.fromisoformat("2026-12-01T00:00:00+08:00")
    fire(world, begin)
    assert balances(world) == (500, 1500)
    fire(world, begin + 31 * DAY)
    assert balances(world) == (2000, 0)
    decide(world, bound(version=2, state="ended", end=begin + 31 * DAY), "ended")
    assert balances(world) == (2000, 0)


def test_the_first_and_the_last_day_are_due() -> None:
    world = people()
    body = bound()
    body["terms"][0]["terms"] |= {"begndate": "2026-12-01", "enddate": "2026-12-31"}
    assert next_due(world, body) == datetime.fromisoformat("2026-12-01T00:00:00+08:00")


def next_due(world: World, body: dict[str, Any]) -> datetime | None:
    """Decides, and says when the earmark is looked at again."""
    out = Collector("settlement", default(), SystemIds(), HEADS)
    one = event("binding.decisions.approved", body, id="d", source="gongji-audit")
    out.begin(one)
    world.handler.decide(world.book, one, out)
    row = out.dues["earmark", str(binding_id(9))]
    return None if row is None else row[0]


def test_when_the_region_leaves_the_mode_bills_pass_it_by_and_refunds_still_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = set_apart()
    setl_id = world.bill("18.00")["setl_id"]
    assert balances(world) == (500, 700)
    policy = world.book.regions.at("330100", NOW)
    left = dataclasses.replace(
        policy, spending=dataclasses.replace(policy.spending, modes=frozenset({"transfer"}))
    )
    monkeypatch.setattr(world.book.regions, "at", lambda region, moment: left)
    said = world.send("settlement.requests.settle", world.request("5.00"), source="his-first")
    assert [o["code"] for o in said[0].body["left_out"]] == ["mode-not-offered"]
    world.back("refund", setl_id=setl_id, amount="2.00")
    assert balances(world) == (500, 900)
    world.credit("mother", "1.00")
    assert balances(world) == (1500, 0)
    world.back("refund", setl_id=setl_id, amount="2.00")
    assert balances(world) == (1700, 0)
    conserved(world)


def test_money_that_becomes_usable_at_the_years_turn_fills_it_up() -> None:
    """浙江 shares what is left of earlier years only."""
    world = people("0.00")
    world.credit("mother", "20.00", segment="current")
    decide(world, bound())
    assert balances(world) == (2000, 0)
    world.send("account.credits.year-turned", {"psn_no": "mother", "entry_id": "Y", "at": NOW, "year": 2025})
    assert balances(world) == (500, 1500)


def test_on_the_day_on_which_the_region_leaves_the_mode_it_is_given_back_and_comes_again_with_it(
    tmp_path: Path,
) -> None:
    said = "[{from: %s, value: %s, reference: 试, grade: A}, {from: %s, value: %s, reference: 试, grade: A}]"
    modes = said % ("2026-12-01", "[authorisation]", "2027-01-01", "[authorisation, earmark]")
    (tmp_path / "330000.yaml").write_text(f'region: "330000"\nspending:\n  modes: {modes}\n', "utf-8")
    world = people()
    world.book.regions = Regions(policies.load(overlay=tmp_path), may_bill)
    left, again = (datetime.fromisoformat(f"{day}T00:00:00+08:00") for day in ("2026-12-01", "2027-01-01"))
    assert next_due(world, bound()) == left
    assert balances(world) == (500, 1500)
    fire(world, left)
    assert balances(world) == (2000, 0)
    assert world.book.regions.mode_turns("330100", left, "earmark") == again
    fire(world, again)
    assert balances(world) == (500, 1500)
    assert world.book.regions.mode_turns("330100", again, "earmark") is None


def test_two_earmarks_are_filled_oldest_first() -> None:
    world = set_apart(mother="5.00")
    world.send("registry.persons.recorded", person("sister"))
    later = bound("10.00", n=5)
    later["case"]["beneficiary"]["psn_no"] = "sister"
    world.send("binding.decisions.approved", later, source="gongji-audit", at=NOW + timedelta(minutes=1))
    world.credit("mother", "12.00")
    assert balances(world) == (0, 1500)
    assert world.balance(purse_name(binding_id(5))) == 200


def test_a_floor_stays_with_the_sponsor(monkeypatch: pytest.MonkeyPatch) -> None:
    world = people()
    policy = world.book.regions.at("330100", NOW)
    kept = dataclasses.replace(policy, spending=dataclasses.replace(policy.spending, floor=800))
    monkeypatch.setattr(world.book.regions, "at", lambda region, moment: kept)
    decide(world, bound())
    assert balances(world) == (800, 1200)
    assert world.bill("22.00")["psn_cash_pay"] == "0.00"
    assert balances(world) == (800, 0)


def test_a_family_in_the_mode_authorisation_has_no_earmarks() -> None:
    world = family()
    world.bill("25.00")
    assert world.book.earmarks.all == {}


def test_before_it_is_effective_nothing_is_set_apart() -> None:
    world = people()
    decide(world, bound(since=NOW + DAY))
    assert balances(world) == (2000, 0)
    fire(world, NOW + DAY)
    assert balances(world) == (500, 1500)


def test_when_nothing_is_set_apart_the_binding_takes_no_part() -> None:
    """Its last day is over and the message that ends it has not been read."""
    world = set_apart()
    mark = world.book.earmarks.all[binding_id(9)]
    fire(world, NOW)
    mark.place = "resting"
    said = world.send("settlement.requests.settle", world.request("12.00"), source="his-first")
    assert [o["code"] for o in said[0].body["left_out"]] == ["no-balance"]


def test_a_correction_takes_from_the_newest_earmark_first() -> None:
    world = people("0.00")
    world.credit("mother", "20.00", segment="current", admdvs="320500")
    decide(world, bound("8.00"))
    world.send("registry.persons.recorded", person("sister"))
    later = bound("12.00", n=5)
    later["case"]["beneficiary"]["psn_no"] = "sister"
    world.send("binding.decisions.approved", later, source="gongji-audit", at=NOW + timedelta(minutes=1))
    world.credit("mother", "-5.00", segment="current", kind="corrected")
    assert (balances(world), world.balance(purse_name(binding_id(5)))) == ((0, 800), 700)
    conserved(world)


def test_a_first_credit_tells_the_region_of_the_account() -> None:
    world = people("0.00")
    decide(world, bound())
    world.credit("mother", "20.00", admdvs="320500")
    said = world.send("settlement.requests.settle", world.request("12.00"), source="his-first")
    assert [s["admdvs"] for s in said[0].body["shares"]] == ["330100", "320500"]
