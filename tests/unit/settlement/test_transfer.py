"""Money that moves to a relative's wallet: offered, accepted, declined, withdrawn, returned, each once."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from services.settlement.domain.transfers import return_time
from shared.policies.values import Spending
from tests.unit.settlement.kit import NOW, World, binding_id, decision, person
from tests.unit.settlement.transferring import (
    FATHER,
    MOTHER,
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

SIX = datetime(2026, 11, 23, 22, tzinfo=UTC)  # 06:00 of the next day in Beijing


def accounts(world: World) -> tuple[int, int, int]:
    """Fen of the mother, on their way, in the wallet."""
    return world.balance("mother"), purse(world), wallet(world)


def test_an_offer_leaves_the_account_and_is_nobodys_until_it_is_accepted() -> None:
    world = family()
    told = offer(world)
    assert states(told) == [("offered", [])]
    assert results(told) == ["offered"]
    assert told[-1].body["until"] == told[0].body["until"]
    assert datetime.fromisoformat(told[-1].body["until"]) == SIX
    assert accounts(world) == (290_000, 10_000, 0)
    bill = world.bill("500.00", insuplc_admdvs=REGION)
    assert (bill["acct_pay"], bill["acct_mulaid_pay"]) == ("10.00", "0.00")


def test_an_offers_result_says_by_whose_rules_and_of_whom_the_receiver_hears() -> None:
    world = family()
    (said,) = [s.body for s in offer(world) if s.type == "settlement.results.transferred"]
    assert (said["admdvs"], said["relation"], said["state"]) == (REGION, "child", "offered")
    assert said["until"] == "2026-11-23T22:00:00Z"
    (said,) = [s.body for s in answer(world, "accepted") if s.type == "settlement.results.transferred"]
    assert not said.keys() & {"admdvs", "relation"}, "nobody has to be told"


def test_what_was_accepted_is_the_receivers_to_spend_and_nobody_elses() -> None:
    world = moved(family())
    assert accounts(world) == (290_000, 0, 10_000)
    whose = {"psn_no": "mother", "mdtrt_cert_no": "110101199003078110", "insuplc_admdvs": REGION}
    mine = world.bill("3000.00", **whose)
    assert (mine["acct_pay"], mine["psn_cash_pay"]) == ("2900.00", "100.00")
    told = world.send(
        "settlement.requests.settle", world.request("60.00", insuplc_admdvs=REGION), source="his-first"
    )
    shares = [(s["holder"], s["psn_no"], s["amount"], s["balance_after"]) for s in told[0].body["shares"]]
    assert shares == [("own", "child", "10.00", "0.00"), ("sponsor", "mother", "50.00", "50.00")]
    named = told[0].body["shares"][1]
    assert (named["binding_id"], named["binding_version"]) == (str(binding_id(MOTHER)), 1)
    assert wallet(world) == 5000


@pytest.mark.parametrize(("kind", "who"), [("declined", "child"), ("withdrawn", "mother")])
def test_what_is_declined_or_withdrawn_goes_back_once(kind: str, who: str) -> None:
    world = family()
    offer(world)
    told = answer(world, kind, who=who)
    assert (states(told), results(told)) == ([(kind, [])], [kind])
    assert accounts(world) == (300_000, 0, 0)
    assert states(answer(world, kind, who=who)) == [(kind, [])]
    assert states(answer(world, "accepted")) == [("refused", ["wrong-state"])]
    assert fall_due(world, "transfer", transfer_id(1), SIX) == []
    assert accounts(world) == (300_000, 0, 0)


def test_what_nobody_accepts_goes_back_at_six_and_the_giver_is_told() -> None:
    world = family()
    offer(world)
    late = answer(world, "accepted", at=SIX)
    assert states(late) == [("refused", ["transfer-expired"])]
    assert "2026-11-24 06:00" in late[0].body["reasons"][0]["zh"]
    told = fall_due(world, "transfer", transfer_id(1), SIX)
    assert (states(told), results(told)) == ([("returned", [])], ["returned"])
    assert told[-1].topic == "answers.nhsa-app"
    assert accounts(world) == (300_000, 0, 0)
    assert fall_due(world, "transfer", transfer_id(1), SIX) == []
    assert states(answer(world, "accepted")) == [("refused", ["wrong-state"])]


def test_an_offer_after_midnight_goes_back_in_the_next_night() -> None:
    six = return_time(datetime(2026, 11, 23, 23, tzinfo=UTC), Spending(transfer_return=time(6)))
    assert six == SIX + timedelta(days=1)


def test_segments_are_kept_apart_on_the_way_and_go_back_where_they_were() -> None:
    world = family("60.00")
    world.credit("mother", "70.00", "current", admdvs=REGION)
    offer(world)
    mother = world.book.account("mother")
    assert (mother.current, mother.historic) == (0, 3000)
    answer(world, "withdrawn")
    assert (mother.current, mother.historic) == (7000, 6000)
    offer(world, 2)
    answer(world, "accepted", 2)
    decide(world, bound(version=2, state="ended", end=NOW))
    assert (mother.current, mother.historic) == (7000, 6000)


def test_the_years_turn_moves_what_is_on_its_way_and_in_the_wallet() -> None:
    world = family("0.00")
    world.credit("mother", "300.00", "current", admdvs=REGION)
    moved(world)
    offer(world, 2)
    world.send("account.credits.year-turned", {"psn_no": "mother", "entry_id": "Y", "at": NOW, "year": 2026})
    assert (purse(world, 2), wallet(world)) == (10_000, 10_000)
    decide(world, bound(version=2, state="ended", end=NOW))
    mother = world.book.account("mother")
    assert (mother.current, mother.historic) == (0, 30_000)


def test_one_number_has_one_answer() -> None:
    world = family()
    first = offer(world)[-1].body
    assert offer(world)[-1].body == first
    assert states(offer(world, amount="99.00")) == [("refused", ["transfer-id-reused"])]
    assert accounts(world) == (290_000, 10_000, 0)
    answer(world, "accepted")
    assert offer(world)[-1].body == first
    assert states(answer(world, "accepted")) == [("accepted", [])]
    assert accounts(world) == (290_000, 0, 10_000)


def test_a_refused_number_stays_refused() -> None:
    world = family("50.00")
    assert states(offer(world)) == [("refused", ["transfer-not-covered"])]
    world.credit("mother", "500.00", admdvs=REGION)
    assert states(offer(world)) == [("refused", ["transfer-not-covered"])]
    assert states(answer(world, "accepted")) == [("refused", ["wrong-state"])]
    assert states(offer(world, 2)) == [("offered", [])]


@pytest.mark.parametrize(
    ("kind", "who"), [("accepted", "mother"), ("declined", "father"), ("withdrawn", "child")]
)
def test_only_giver_and_receiver_speak_and_a_stranger_learns_nothing(kind: str, who: str) -> None:
    world = family()
    assert states(answer(world, kind, who=who)) == [("refused", ["transfer-unknown"])]
    offer(world)
    said = answer(world, kind, who=who)
    assert states(said) == [("refused", ["transfer-unknown"])]
    assert said[0].body["amount"] is None
    assert accounts(world) == (290_000, 10_000, 0)


def suspended(world: World) -> None:
    decide(world, bound(version=2, suspended=({"begin": NOW - timedelta(days=1), "end": None},)))


def asleep(world: World) -> None:
    world.send("registry.persons.recorded", person("mother", region=REGION, status="2", version=2))


def receiver_asleep(world: World) -> None:
    world.send("registry.persons.recorded", person("child", region=REGION, status="2", version=2))


def frozen(world: World) -> None:
    world.send("account.credits.frozen", {"psn_no": "mother", "entry_id": "F", "at": NOW})


def authorisation(world: World) -> None:
    body = bound(version=2)
    body["case"]["mode"] = "authorisation"
    decide(world, body)


@pytest.mark.parametrize(
    ("given", "changes", "codes"),
    [
        (None, {"binding": 7}, ["binding-unknown"]),
        (None, {"giver": "father"}, ["not-your-binding"]),
        (None, {"to": "father"}, ["not-your-binding"]),
        (None, {"source": "zheliban"}, ["transfer-channel"]),
        (None, {"believed": False}, ["time-not-believed"]),
        (None, {"at": NOW.replace(hour=14)}, ["transfer-hours"]),
        (None, {"at": NOW.replace(hour=21, minute=59)}, ["transfer-hours"]),
        (None, {"amount": "2000.01"}, ["transfer-too-large"]),
        (suspended, {}, ["transfer-binding-unusable"]),
        (asleep, {}, ["transfer-binding-unusable"]),
        (receiver_asleep, {}, ["transfer-receiver-unusable"]),
        (frozen, {}, ["transfer-account-unusable"]),
        (authorisation, {}, ["transfer-mode"]),
        (frozen, {"amount": "5000.00"}, ["transfer-account-unusable", "transfer-too-large"]),
    ],
)
def test_every_reason_is_told_with_its_remedy_and_nothing_moves(
    given: Any, changes: dict[str, Any], codes: list[str]
) -> None:
    world = family()
    if given is not None:
        given(world)
    told = offer(world, **changes)
    assert states(told) == [("refused", codes)]
    assert results(told) == []
    for why in told[0].body["reasons"]:
        assert all(why[name] for name in ("zh", "en", "remedy_zh", "remedy_en"))
    assert accounts(world) == (300_000, 0, 0)


@pytest.mark.parametrize("hour", [6, 21])
def test_within_the_hours_money_moves(hour: int) -> None:
    at = datetime(2026, 11, 23, hour - 8 if hour >= 8 else 22, tzinfo=UTC)
    assert states(offer(family(), at=at)) == [("offered", [])]


def test_one_offer_waits_at_a_time_and_three_are_made_in_a_day() -> None:
    world = family()
    offer(world)
    assert states(offer(world, 2)) == [("refused", ["transfer-pending"])]
    answer(world, "withdrawn")
    for n in (3, 4):
        assert states(offer(world, n)) == [("offered", [])]
        answer(world, "accepted", n)
    assert states(offer(world, 5)) == [("refused", ["transfer-too-often"])]
    assert states(offer(world, 6, giver="father", binding=FATHER)) == [("offered", [])]
    assert states(offer(world, 7, at=NOW + timedelta(days=1))) == [("offered", [])]


def test_caps_of_a_day_and_a_month_count_what_was_not_given_back(rule: Any) -> None:
    rule("620000", transfer_day_max="150.00", transfer_month_max="220.00", transfer_times=None)
    world = family()
    offer(world)
    answer(world, "declined")
    moved(world, 2)
    (why,) = offer(world, 3)[0].body["reasons"]
    assert why["code"] == "transfer-cap-used"
    assert "每日150.00元，尚可划拨50.00元" in why["zh"]
    moved(world, 4, "50.00")
    tomorrow = NOW + timedelta(days=1)
    (why,) = offer(world, 5, "70.01", at=tomorrow)[0].body["reasons"]
    assert "每月220.00元，尚可划拨70.00元" in why["zh"]
    assert states(offer(world, 6, "70.00", at=tomorrow)) == [("offered", [])]


def test_what_has_to_stay_and_what_may_not_be_moved_stays(rule: Any) -> None:
    rule("620000", transfer_reserve="40.00", transfer_segments=["historic"], transfer_min="20.00")
    world = family("100.00")
    world.credit("mother", "30.00", "current", admdvs=REGION)
    (why,) = offer(world, amount="100.01")[0].body["reasons"]
    assert (why["code"], why["field"]) == ("transfer-not-covered", "amount")
    assert "可划拨余额90.00元" in why["zh"]
    assert states(offer(world, 2, "19.99")) == [("refused", ["transfer-too-small"])]
    assert states(offer(world, 3, "90.00")) == [("offered", [])]


def test_a_region_without_the_mode_moves_nothing() -> None:
    world = World()
    for name in ("child", "mother"):
        world.send("registry.persons.recorded", person(name))
    world.credit("mother", "100.00")
    body = decision(binding_id(1), "mother")
    body["case"]["mode"] = "transfer"
    decide(world, body)
    assert states(offer(world, amount="1.00")) == [("refused", ["transfer-not-offered"])]


def test_a_binding_that_was_suspended_meanwhile_accepts_nothing_and_the_money_goes_back_in_time() -> None:
    world = family()
    offer(world)
    suspended(world)
    assert accounts(world) == (290_000, 10_000, 0)
    assert states(answer(world, "accepted")) == [("refused", ["transfer-binding-unusable"])]
    assert states(answer(world, "declined", source="zheliban")) == [("refused", ["transfer-channel"])]
    assert states(fall_due(world, "transfer", transfer_id(1), SIX)) == [("returned", [])]
    assert accounts(world) == (300_000, 0, 0)
