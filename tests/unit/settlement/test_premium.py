"""Premiums of relatives: all or nothing, once, cancelled until remitted."""

from __future__ import annotations

import dataclasses
from typing import Any
from uuid import UUID

import pytest

from shared.contracts import sources
from shared.policies.types import Cap, Collected
from tests.unit.settlement.kit import NOW, Said, World, binding_id, decision, family, person
from tests.unit.settlement.test_earmark import PURSE, bound, conserved

SCOPE = ("outpatient", "resident-premium")


def premium_id(n: int) -> str:
    return str(UUID(int=(7 << 76) | (2 << 62) | (9 << 32) | n))


def home(**terms: Any) -> World:
    """The kit's family, whose bindings allow the premium: own account 10.00, mother 20.00, father 30.00."""
    return family(**({"scope": SCOPE} | terms))


def pay(world: World, n: int = 1, amount: str = "20.00", **more: Any) -> list[Said]:
    """The mother pays the child's premium through binding 1."""
    body = {
        "premium_id": premium_id(n), "payer_psn_no": "mother", "psn_no": "child", "insutype": "390", "year": 2027,
        "amount": amount, "binding_id": str(binding_id(1)),
    }  # fmt: skip
    said = world.send("premium.requests.pay", body | more, source="zheliban")
    conserved(world)
    return said


def later(world: World, kind: str, n: int = 1, payer: str = "mother") -> list[Said]:
    """Cancels, or says that the tax office has it."""
    body: dict[str, Any] = {"premium_id": premium_id(n), "payer_psn_no": payer}
    if kind == "remitted":
        body["at"] = NOW
    source = "tax-office" if kind == "remitted" else "zheliban"
    said = world.send(f"premium.requests.{kind}", body, source=source)
    conserved(world)
    return said


def states(said: list[Said]) -> list[tuple[str, list[str]]]:
    return [
        (s.body["state"], [r["code"] for r in s.body["reasons"]]) for s in said if s.type == "answers.premium"
    ]


def shares(said: list[Said]) -> list[tuple[str, str, str, str]]:
    return [(s["holder"], s["psn_no"], s["amount"], s["balance_after"]) for s in said[0].body["shares"]]


def test_a_sponsor_pays_a_relatives_premium() -> None:
    world = home()
    said = pay(world)
    assert [s.type for s in said] == ["settlement.results.premium-paid", "answers.premium"]
    assert shares(said) == [("sponsor", "mother", "20.00", "0.00")]
    assert said[0].body["shares"][0]["relation"] == "child"
    assert (said[0].body["psn_no"], said[0].body["year"], said[0].body["insutype"]) == ("child", 2027, "390")
    assert states(said) == [("paid", [])]
    assert (world.balance("mother"), world.balance("child")) == (0, 1000)


def test_the_payers_own_account_is_first_and_the_sponsors_pays_the_rest() -> None:
    world = home()
    assert shares(pay(world, amount="25.00", payer_psn_no="child")) == [
        ("own", "child", "10.00", "0.00"),
        ("sponsor", "mother", "15.00", "5.00"),
    ]


def test_a_premium_of_ones_own_needs_no_binding() -> None:
    world = home()
    assert shares(pay(world, amount="9.00", payer_psn_no="child", binding_id=None)) == [
        ("own", "child", "9.00", "1.00")
    ]


def test_one_fen_short_is_refused_with_the_amounts_and_paid_once_it_is_there() -> None:
    world = home()
    said = pay(world, amount="20.01")
    assert states(said) == [("declined", ["premium-not-covered"])]
    text = said[0].body["reasons"][0]
    assert all(amount in text["zh"] and amount in text["en"] for amount in ("20.00", "20.01", "0.01"))
    assert world.balance("mother") == 2000
    world.credit("mother", "0.01")
    assert states(pay(world, 2, amount="20.01")) == [("paid", [])]
    assert world.balance("mother") == 0


def test_one_id_has_one_answer_and_another_body_is_refused() -> None:
    world = home()
    first = pay(world)
    again = pay(world)
    assert [s.body for s in again] == [first[-1].body]
    assert states(pay(world, amount="1.00")) == [("declined", ["premium-id-reused"])]
    assert world.balance("mother") == 0
    short = pay(world, 2, year=2028)
    world.credit("mother", "50.00")
    assert pay(world, 2, year=2028)[-1].body == short[-1].body  # declined for good under this number


@pytest.mark.parametrize("insutype", ["390", "391"])
def test_the_same_person_kind_and_year_is_paid_once(insutype: str) -> None:
    world = home()
    pay(world, amount="5.00")
    other = {"payer_psn_no": "father", "binding_id": str(binding_id(2)), "insutype": insutype}
    assert states(pay(world, 2, amount="5.00", **other)) == [("declined", ["premium-already-paid"])]
    assert states(pay(world, 3, amount="5.00", **other | {"year": 2028})) == [("paid", [])]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"binding_id": None}, ["premium-binding-missing"]),
        ({"binding_id": str(binding_id(7))}, ["binding-unknown"]),
        ({"binding_id": str(binding_id(2))}, ["not-your-binding"]),
        ({"psn_no": "father"}, ["not-your-binding"]),
        ({"insutype": "410"}, ["premium-binding-unusable"]),
        ({"psn_no": "stranger"}, ["beneficiary-not-confirmed", "not-your-binding"]),
    ],
)
def test_what_is_not_allowed_is_refused_with_every_reason(change: dict[str, Any], codes: list[str]) -> None:
    world = home()
    assert states(pay(world, **change)) == [("declined", codes)]
    assert (world.balance("mother"), world.balance("father")) == (2000, 3000)


def test_a_binding_without_the_use_or_out_of_effect_pays_no_premium() -> None:
    assert states(pay(family())) == [("declined", ["premium-binding-unusable"])]
    world = home()
    ended = decision(binding_id(1), "mother", version=2, state="ended", end=NOW, scope=SCOPE)
    world.send("binding.decisions.ended", ended, source="gongji-audit")
    said = pay(world)
    assert states(said) == [("declined", ["premium-binding-unusable"])]
    assert "已解除" in said[0].body["reasons"][0]["zh"]


def test_a_frozen_account_pays_nothing() -> None:
    world = home()
    for n, name in enumerate(("mother", "child")):
        world.send("account.credits.frozen", {"psn_no": name, "entry_id": f"F{n}", "at": NOW})
    assert states(pay(world)) == [("declined", ["premium-binding-unusable"])]
    own = pay(world, 2, payer_psn_no="child", binding_id=None)
    assert states(own) == [("declined", ["premium-account-unusable"])]


def test_an_untrue_time_is_refused() -> None:
    world = home()
    body = {
        "premium_id": premium_id(1), "payer_psn_no": "child", "psn_no": "child", "insutype": "390", "year": 2027,
        "amount": "1.00",
    }  # fmt: skip
    said = world.send("premium.requests.pay", body, source="zheliban", believed=False)
    assert states(said) == [("declined", ["time-not-believed"])]


def test_a_cancel_gives_back_to_the_same_accounts_and_frees_the_year() -> None:
    world = home(quota="40.00")
    pay(world, amount="25.00", payer_psn_no="child")
    said = later(world, "cancel", payer="child")
    assert [s.type for s in said] == ["settlement.results.premium-cancelled", "answers.premium"]
    assert shares(said) == [("sponsor", "mother", "15.00", "20.00"), ("own", "child", "10.00", "10.00")]
    assert states(said) == [("cancelled", [])]
    assert world.book.bindings[binding_id(1)].usage == {"2026": 0}
    assert states(later(world, "cancel", payer="child")) == [("cancelled", [])]
    assert (world.balance("mother"), world.balance("child")) == (2000, 1000)
    assert states(pay(world, 2, amount="5.00")) == [("paid", [])]


def test_what_is_remitted_is_not_cancelled() -> None:
    world = home()
    pay(world)
    assert states(later(world, "remitted")) == [("remitted", [])]
    assert states(later(world, "remitted")) == [("remitted", [])]
    assert states(later(world, "cancel")) == [("declined", ["wrong-state"])]
    assert states(pay(world, 2, payer_psn_no="father", binding_id=str(binding_id(2)))) == [
        ("declined", ["premium-already-paid"])
    ]
    assert world.balance("mother") == 0


def test_only_what_was_paid_is_remitted_and_only_its_payer_cancels() -> None:
    world = home()
    assert states(later(world, "remitted")) == [("declined", ["premium-unknown"])]
    pay(world, amount="21.00")
    assert states(later(world, "remitted")) == [("declined", ["wrong-state"])]
    pay(world, 2)
    assert states(later(world, "cancel", 2, payer="father")) == [("declined", ["premium-unknown"])]
    later(world, "cancel", 2)
    assert states(later(world, "remitted", 2)) == [("declined", ["wrong-state"])]


def test_only_the_tax_office_says_that_a_premium_was_remitted() -> None:
    said = [s.id for s in sources.load().values() if s.entitled("premium.requests.remitted")]
    assert said == ["tax-office"]
    assert sources.entitled("zheliban", "premium.requests.cancel")


def test_the_quota_bounds_premiums_too() -> None:
    world = home(quota="19.99")
    said = pay(world)
    assert states(said) == [("declined", ["premium-limited"])]
    why = said[0].body["reasons"][0]
    assert "可用于这笔保费的为19.99元，此后共济限额已用完" in why["zh"]
    assert states(pay(world, 3, amount="20.01")) == [("declined", ["premium-not-covered", "premium-limited"])]
    assert states(pay(world, 2, amount="19.99")) == [("paid", [])]
    assert world.book.bindings[binding_id(1)].usage == {"2026": 1999}


def test_an_earmark_pays_the_premium_and_gets_it_back() -> None:
    world = home()
    world.send("registry.persons.recorded", person("child", version=2))
    decided = bound("15.00", scope=SCOPE, sponsor="mother")
    world.send("binding.decisions.approved", decided, source="gongji-audit")
    said = pay(world, amount="15.00", binding_id=str(binding_id(9)))
    assert shares(said) == [("sponsor", "mother", "15.00", "0.00")]
    assert (world.balance("mother"), world.balance(PURSE)) == (500, 0)
    later(world, "cancel")
    assert (world.balance("mother"), world.balance(PURSE)) == (500, 1500)


def policy_with(world: World, monkeypatch: pytest.MonkeyPatch, **spending: Any) -> None:
    policy = world.book.regions.at("330100", NOW)
    changed = dataclasses.replace(policy, spending=dataclasses.replace(policy.spending, **spending))
    monkeypatch.setattr(world.book.regions, "at", lambda region, moment: changed)


@pytest.mark.parametrize(
    ("first", "until", "expected"),
    [("09-01", "03-01", "paid"), ("11-24", "03-01", "declined"), ("09-01", "11-23", "declined"), ("11-23", "11-24", "paid")],
)  # fmt: skip
def test_premiums_are_taken_within_the_regions_period(
    monkeypatch: pytest.MonkeyPatch, first: str, until: str, expected: str
) -> None:
    world = home()
    policy_with(world, monkeypatch, premium_periods={"390": Collected(first=first, until=until)})
    said = pay(world)
    codes = [] if expected == "paid" else ["premium-not-collected"]
    assert states(said) == [(expected, codes)]


def test_a_region_that_shares_no_money_for_premiums_refuses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    world = home()
    policy_with(world, monkeypatch, premium_uses=frozenset())
    assert states(pay(world)) == [("declined", ["premium-binding-unusable"])]
    own = pay(world, 2, amount="9.00", payer_psn_no="child", binding_id=None)
    assert states(own) == [("paid", [])]


def test_only_the_parts_of_an_account_that_the_region_names_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    world = home()
    policy_with(world, monkeypatch, premium_segments=frozenset({"current"}))
    assert states(pay(world)) == [("declined", ["premium-not-covered"])]
    world.credit("mother", "20.00", segment="current")
    assert states(pay(world, 2)) == [("declined", ["premium-not-covered"])]  # 浙江 shares historic money only
    world.credit("child", "7.00", segment="current")
    assert states(pay(world, 3, amount="7.00", payer_psn_no="child", binding_id=None)) == [("paid", [])]


def test_nothing_is_paid_for_the_dead() -> None:
    world = home()
    dead = person("child", version=2) | {"surv_stas": "2"}
    world.send("registry.persons.recorded", dead)
    assert "beneficiary-deceased" in states(pay(world))[0][1]


def test_a_cancel_of_an_untrue_time_is_refused() -> None:
    world = home()
    pay(world)
    body = {"premium_id": premium_id(1), "payer_psn_no": "mother"}
    said = world.send("premium.requests.cancel", body, source="zheliban", believed=False)
    assert states(said) == [("declined", ["time-not-believed"])]
    assert world.balance("mother") == 0


def test_what_comes_back_for_a_closed_account_is_held() -> None:
    world = home()
    pay(world)
    world.send("account.credits.closed", {"psn_no": "mother", "entry_id": "C", "at": NOW})
    assert states(later(world, "cancel")) == [("cancelled", [])]
    assert [e.amount for e in world.book.new_entries if e.account == "held/mother"] == [2000]


def test_a_regions_cap_on_what_a_person_gets_bounds_premiums_too(monkeypatch: pytest.MonkeyPatch) -> None:
    world = home()
    policy_with(world, monkeypatch, caps=(Cap(by="beneficiary", per="month", amount=1500),))
    assert states(pay(world)) == [("declined", ["premium-limited"])]
    assert states(pay(world, 2, amount="15.00")) == [("paid", [])]
    assert states(pay(world, 3, amount="0.01", year=2028)) == [("declined", ["premium-limited"])]
