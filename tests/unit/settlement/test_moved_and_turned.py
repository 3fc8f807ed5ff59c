"""What stands apart of an account when the account comes under another region, and when its year's turn is read late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.settlement.domain.earmarks import purse_name
from services.settlement.trial import APART, CREDITED
from tests.unit.settlement import transferring as gansu
from tests.unit.settlement.kit import CERTS, NOW, World, binding_id, person
from tests.unit.settlement.ruling import Ruling
from tests.unit.settlement.test_earmark import PURSE, balances, bound, conserved, decide, people, set_apart
from tests.unit.settlement.test_premium import home, later, pay

WITHOUT = "320500"
DAY = timedelta(days=1)
NEW_YEAR = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)


@pytest.fixture
def plain(rule: Ruling) -> None:
    """A region that has neither earmarks nor transfers."""
    rule(WITHOUT, modes=["authorisation"])


def move(world: World, admdvs: str, amount: str = "0.00") -> None:
    """The authority books the mother's account in another region."""
    world.credit("mother", amount, admdvs=admdvs)
    conserved(world)


def turn(world: World, at: datetime, appended: datetime | None = None) -> None:
    """The year 2026 of the mother's account ends."""
    booked = [e for e in world.book.new_entries if (e.account, e.segment) == ("mother", "current") and e.at >= NEW_YEAR]  # fmt: skip
    world.book.new_money["mother"] = [(e.at, e.amount) for e in booked if e.kind in CREDITED]
    world.book.new_apart["mother"] = [(e.at, -e.amount) for e in booked if e.kind in APART]
    body = {"psn_no": "mother", "entry_id": f"Y{world.n}", "at": at, "year": 2026}
    world.send("account.credits.year-turned", body, at=at, appended=appended)
    assert sum(e.amount for e in world.book.new_entries) == 0


def parts(world: World, name: str) -> tuple[int, int]:
    """Current and historic fen of a row."""
    account = world.book.account(name)
    return account.current, account.historic


@pytest.mark.usefixtures("plain")
def test_an_account_that_moves_where_there_is_no_such_mode_takes_its_earmark_back_and_sets_it_apart_when_it_returns() -> None:  # fmt: skip
    world = set_apart()
    move(world, WITHOUT)
    assert balances(world) == (2000, 0)
    move(world, "330100", "1.00")
    assert balances(world) == (600, 1500)
    move(world, WITHOUT)
    assert balances(world) == (2100, 0)


@pytest.mark.usefixtures("plain")
def test_a_binding_approved_where_there_is_no_such_mode_is_set_apart_once_the_account_has_moved() -> None:
    world = people("0.00")
    move(world, WITHOUT, "20.00")
    decide(world, bound())
    assert balances(world) == (2000, 0)
    move(world, "330100")
    assert balances(world) == (500, 1500)
    assert world.bill("25.00")["acct_mulaid_pay"] == "15.00"


@pytest.mark.usefixtures("plain")
def test_nothing_is_set_apart_for_a_binding_that_ended_or_is_not_effective_when_the_account_moves() -> None:
    world = people("0.00")
    move(world, WITHOUT, "20.00")
    decide(world, bound())
    decide(world, bound(version=2, state="ended", end=NOW), "ended")
    decide(world, bound(n=8, since=NOW + DAY))
    move(world, "330100")
    assert balances(world) == (2000, 0)
    assert world.balance(purse_name(binding_id(8))) == 0


@pytest.mark.usefixtures("plain")
def test_earmarks_are_set_apart_again_oldest_first() -> None:
    world = set_apart(mother="20.00", amount="15.00")
    world.send("registry.persons.recorded", person("sister"))
    later_one = bound("10.00", n=5)
    later_one["case"]["beneficiary"]["psn_no"] = "sister"
    world.send("binding.decisions.approved", later_one, source="gongji-audit", at=NOW + DAY)
    move(world, WITHOUT)
    assert balances(world) == (2000, 0)
    move(world, "330100")
    assert (*balances(world), world.balance(purse_name(binding_id(5)))) == (0, 1500, 500)


@pytest.mark.usefixtures("plain")
def test_what_stands_apart_is_of_the_accounts_region() -> None:
    world = set_apart()
    move(world, "330200")
    assert world.book.account(PURSE).admdvs == "330200"


@pytest.mark.usefixtures("plain")
def test_a_giver_who_moves_where_nothing_is_transferred_takes_wallet_and_offer_back() -> None:
    world = gansu.moved(gansu.family())
    gansu.offer(world, 2)
    move(world, "620200")
    assert (gansu.wallet(world), gansu.purse(world, 2)) == (10_000, 10_000)
    assert world.book.account("wallet/" + str(binding_id(1))).admdvs == "620200"
    world.n += 1
    body = {
        "psn_no": "mother",
        "entry_id": "M",
        "at": NOW,
        "admdvs": WITHOUT,
        "amount": "0.00",
        "segment": "historic",
    }
    told = world.send("account.credits.credited", body)
    assert gansu.results(told) == ["returned"]
    assert (world.balance("mother"), gansu.wallet(world), gansu.purse(world, 2)) == (300_000, 0, 0)
    move(world, gansu.REGION)
    assert gansu.wallet(world) == 0, "what went home is the giver's to give again"
    assert gansu.states(gansu.offer(world, 3)) == [("offered", [])]


def test_at_a_late_turn_new_money_that_was_set_apart_stays_current() -> None:
    world = people("0.00")
    world.credit("mother", "4.00", segment="current", admdvs="320500")
    decide(world, bound())
    assert parts(world, PURSE) == (400, 0)
    body = {
        "psn_no": "mother",
        "entry_id": "N",
        "at": NOW,
        "admdvs": "320500",
        "amount": "20.00",
        "segment": "current",
    }
    world.send("account.credits.credited", body, at=NEW_YEAR + DAY)
    assert (parts(world, "mother"), parts(world, PURSE)) == ((900, 0), (1500, 0))
    turn(world, NEW_YEAR + 5 * DAY)
    assert (parts(world, "mother"), parts(world, PURSE)) == ((900, 0), (1100, 400))


def new_year_credit(world: World, amount: str, admdvs: str) -> None:
    body = {
        "psn_no": "mother",
        "entry_id": "N",
        "at": NOW,
        "admdvs": admdvs,
        "amount": amount,
        "segment": "current",
    }
    world.send("account.credits.credited", body, at=NEW_YEAR + DAY)


def test_at_a_late_turn_old_money_that_was_set_apart_before_is_historic_whatever_was_spent_since() -> None:
    world = people("0.00")
    world.credit("mother", "4.00", segment="current", admdvs="320500")
    decide(world, bound("4.00"))
    new_year_credit(world, "20.00", "320500")
    whose = {"psn_no": "mother", "mdtrt_cert_no": CERTS["mother"]}
    assert world.bill("15.00", at=NEW_YEAR + 2 * DAY, **whose)["acct_pay"] == "15.00"
    turn(world, NEW_YEAR + 5 * DAY)
    assert (parts(world, "mother"), parts(world, PURSE)) == ((500, 0), (0, 400))


def test_at_a_late_turn_what_was_given_or_spent_since_was_the_old_money_first() -> None:
    world = gansu.family("0.00")
    world.credit("mother", "200.00", "current", admdvs=gansu.REGION)
    gansu.moved(world)
    new_year_credit(world, "150.00", gansu.REGION)
    later_on = NEW_YEAR + DAY + timedelta(hours=12)
    assert gansu.states(gansu.offer(world, 2, "120.00", at=later_on)) == [("offered", [])]
    whose = {"psn_no": "mother", "mdtrt_cert_no": CERTS["mother"], "insuplc_admdvs": gansu.REGION}
    world.bill("50.00", at=later_on, **whose)
    purse, wallet = f"transfer/{gansu.transfer_id(2)}", f"wallet/{binding_id(1)}"
    assert [parts(world, n) for n in ("mother", purse, wallet)] == [(8_000, 0), (12_000, 0), (10_000, 0)]
    turn(world, NEW_YEAR + 2 * DAY)
    assert [parts(world, n) for n in ("mother", purse, wallet)] == [(8_000, 0), (7_000, 5_000), (0, 10_000)]


def test_at_a_late_turn_the_new_money_is_with_what_was_offered_last(rule: Ruling) -> None:
    rule("620000", transfer_pending=None)
    world = gansu.family("0.00")
    world.credit("mother", "200.00", "current", admdvs=gansu.REGION)
    new_year_credit(world, "150.00", gansu.REGION)
    for n in (2, 3):
        at = NEW_YEAR + DAY + timedelta(hours=10 + n)
        assert gansu.states(gansu.offer(world, n, "120.00", at=at)) == [("offered", [])]
    turn(world, NEW_YEAR + 2 * DAY)
    rows = ["mother", *(f"transfer/{gansu.transfer_id(n)}" for n in (2, 3))]
    assert [parts(world, name) for name in rows] == [(11_000, 0), (0, 12_000), (4_000, 8_000)]


def test_what_was_paid_before_the_turn_was_heard_of_goes_back_as_historic() -> None:
    world = people("0.00")
    world.credit("mother", "20.00", segment="current", admdvs="320500")
    decide(world, bound())
    world.now = NEW_YEAR + 2 * DAY
    done = world.bill("25.00")
    assert done["acct_mulaid_pay"] == "15.00"
    turn(world, NEW_YEAR, appended=NEW_YEAR + 5 * DAY)
    assert (parts(world, "mother"), parts(world, PURSE)) == ((0, 0), (0, 500))
    world.now = NEW_YEAR + 6 * DAY
    world.back("refund", setl_id=done["setl_id"], amount="7.00")
    assert parts(world, PURSE) == (0, 1200)


def test_a_premium_that_is_cancelled_after_the_turn_gives_back_historic_money() -> None:
    world = home()
    world.credit("mother", "30.00", segment="current")
    said = pay(world, amount="5.00", payer_psn_no="mother", psn_no="mother", binding_id=None)
    assert said[0].body["shares"][0]["segment"] == "current"
    turn(world, NEW_YEAR)
    world.now = NEW_YEAR + DAY
    told = later(world, "cancel")
    assert [(s["segment"], s["balance_after"]) for s in told[0].body["shares"]] == [("historic", "50.00")]
    assert parts(world, "mother") == (0, 5000)


def test_a_premium_that_is_cancelled_for_a_payer_who_died_is_held() -> None:
    world = home()
    pay(world)
    dead = person("mother", version=3) | {"surv_stas": "2", "death_date": NOW.date()}
    world.send("registry.persons.recorded", dead)
    later(world, "cancel")
    assert world.balance("mother") == 0
    assert [e.amount for e in world.book.new_entries if e.account == "held/mother"] == [2000]
