"""A quote may set its shares apart until the visit is settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.settlement.domain.holds import hold_name, lasts
from shared.ids import SystemIds
from shared.messaging.collector import Collector
from shared.messaging.handler import Due
from shared.messaging.registry import default
from tests.unit.settlement import kit
from tests.unit.settlement.kit import NOW, World, binding_id, decision, family
from tests.unit.settlement.ruling import Ruled, by, left_out, paid

MINUTE = timedelta(minutes=1)


class Holding(World):
    """A world that remembers what falls due."""

    dues: dict[tuple[str, str], Any]

    def send(self, *args: Any, **kwargs: Any) -> list[kit.Said]:
        said = super().send(*args, **kwargs)
        sums: dict[bytes, int] = {}
        for entry in self.book.new_entries:
            sums[entry.posting] = sums.get(entry.posting, 0) + entry.amount
        assert set(sums.values()) <= {0}
        return said

    def quote(self, total: str, minutes: int | None = 60, **changes: Any) -> dict[str, Any]:
        """The answer to a quote that asks for a hold."""
        return self.bill(total, kind="quote", infno="2206", hold_minutes=minutes, **changes)

    def expire(self, at: datetime = NOW + 61 * MINUTE) -> None:
        """Fires every hold's due row, whatever has become of it."""
        for (kind, entity), body in list(DUES.items()):
            if kind == "hold":
                item = Due(kind, entity, at, body, None, True)
                out = Collector("settlement", default(), SystemIds(), kit.HEADS)
                out.begin(item)
                self.handler.decide(self.book, item, out)

    def held(self) -> dict[str, int]:
        """Fen that are set apart of each account."""
        names = {n: self.book.accounts.get(hold_name(n)) for n in kit.CERTS}
        return {n: row.balance for n, row in names.items() if row is not None and row.balance}


DUES: dict[tuple[str, str], Any] = {}


def settled(
    world: World, total: str, at: datetime = NOW, **changes: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Result and answer of a bill that is settled at a time."""
    request = world.request(total, **changes)
    said = world.send("settlement.requests.settle", request, source="his-first", at=at)
    assert said[-1].body["infcode"] == "0", said[-1].body
    return said[0].body, said[-1].body


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Holding:
    """The family of the kit where a quote's shares are set apart for two hours at most."""
    DUES.clear()
    ruled = Ruled(hold_minutes=120, sponsor_segments=frozenset({"current", "historic"}))
    monkeypatch.setattr(kit, "regions", lambda: ruled)
    monkeypatch.setattr(kit, "World", Holding)
    kept = Collector.due

    def due(self: Collector, kind: str, entity: str, at: datetime, body: Any = {}) -> None:  # noqa: B006
        DUES[kind, entity] = dict(body)
        kept(self, kind, entity, at, body)

    monkeypatch.setattr(Collector, "due", due)
    made = family(quota="25.00")
    assert isinstance(made, Holding)
    return made


def ended(world: World, n: int, sponsor: str) -> None:
    body = decision(binding_id(n), sponsor, version=2, state="ended", end=NOW, quota="25.00")
    world.send("binding.decisions.ended", body, source="gongji-audit")


def test_the_quoted_shares_are_set_apart_and_others_cannot_spend_them(world: Holding) -> None:
    answer = world.quote("25.00")
    assert answer["hold_until"] == "2026-11-23T03:00:00Z"
    assert (answer["acct_pay"], answer["acct_mulaid_pay"], answer["balc"]) == ("10.00", "15.00", "0.00")
    assert world.held() == {"child": 1000, "mother": 1500}
    assert (world.balance("child"), world.balance("mother")) == (0, 500)
    other = settled(world, "10.00", mdtrt_id="V2")[0]
    assert by(other) == {"mother": "5.00", "father": "5.00"}


def test_the_settle_of_the_visit_is_paid_with_what_is_held_and_says_the_quoted_shares(world: Holding) -> None:
    world.quote("25.00")
    result, answer = settled(world, "25.00", at=NOW + 30 * MINUTE)
    assert by(result) == {"child": "10.00", "mother": "15.00"}
    assert [share["balance_after"] for share in result["shares"]] == ["0.00", "5.00"]
    assert paid(result) == ("10.00", "15.00", "0.00")
    assert "quoted" not in answer
    assert "hold_until" not in answer
    assert world.held() == {}
    world.expire()
    assert world.balance("mother") == 500


def test_an_open_hold_pays_as_quoted_after_both_bindings_have_ended(world: Holding) -> None:
    world.quote("55.00")
    ended(world, 1, "mother")
    ended(world, 2, "father")
    result, _ = settled(world, "55.00", at=NOW + MINUTE)
    assert by(result) == {"child": "10.00", "mother": "20.00", "father": "25.00"}
    assert left_out(settled(world, "1.00", at=NOW + MINUTE)[0]) == {1: "not-effective", 2: "not-effective"}


def test_what_comes_in_between_does_not_change_the_quoted_shares(world: Holding) -> None:
    world.quote("70.00")
    world.credit("child", "50.00")
    result, _ = settled(world, "70.00", at=NOW + MINUTE)
    assert paid(result) == ("10.00", "45.00", "15.00"), "25 is each binding's quota"
    assert result["cash_reasons"]


def test_quota_is_used_when_money_is_set_apart_and_restored_when_it_is_free_again(world: Holding) -> None:
    world.quote("30.00")
    assert world.book.bindings[binding_id(1)].usage == {"2026": 2000}
    world.expire()
    assert world.book.bindings[binding_id(1)].usage == {"2026": 0}
    assert (world.balance("child"), world.balance("mother"), world.held()) == (1000, 2000, {})


def test_a_settle_paid_by_a_hold_restores_the_same_quota_when_it_is_cancelled(world: Holding) -> None:
    world.quote("30.00")
    setl_id = settled(world, "30.00", at=NOW + MINUTE)[1]["setl_id"]
    world.back("cancel", setl_id=setl_id)
    assert world.book.bindings[binding_id(1)].usage == {"2026": 0}
    assert (world.balance("child"), world.balance("mother")) == (1000, 2000)


def test_a_second_quote_of_the_visit_takes_the_place_of_the_first(world: Holding) -> None:
    world.quote("30.00")
    world.quote("5.00")
    assert world.held() == {"child": 500}
    world.quote("5.00", None)
    assert world.held() == {}
    assert world.balance("child") == 1000
    world.expire()
    assert world.balance("child") == 1000


def test_a_settle_of_another_bill_of_the_visit_frees_the_money_and_is_split_afresh(world: Holding) -> None:
    world.quote("30.00")
    result, answer = settled(world, "12.00", at=NOW + MINUTE)
    assert by(result) == {"child": "10.00", "mother": "2.00"}
    assert answer["quoted"]["acct_mulaid_pay"] == "20.00"
    assert world.held() == {}


def test_a_hold_that_is_over_pays_nothing_even_before_its_row_has_fired(world: Holding) -> None:
    world.quote("30.00")
    ended(world, 1, "mother")
    result, answer = settled(world, "30.00", at=NOW + 60 * MINUTE)
    assert by(result) == {"child": "10.00", "father": "20.00"}
    assert answer["quoted"]["acct_mulaid_pay"] == "20.00"
    assert (world.held(), world.balance("mother")) == ({}, 2000)


def test_money_of_a_hold_whose_account_was_closed_waits_for_the_staff(world: Holding) -> None:
    world.quote("25.00")
    world.send("account.credits.closed", {"psn_no": "mother", "entry_id": "C", "at": NOW})
    world.expire()
    lines = [e for e in world.book.new_entries if e.segment == "held"]
    assert [(e.account, e.amount) for e in lines] == [("held/mother", 1500)]
    assert (world.balance("mother"), world.held()) == (500, {})


def test_a_hold_given_back_after_the_years_turn_is_historic(world: Holding) -> None:
    world.credit("mother", "7.00", segment="current")
    world.quote("15.00")
    assert world.book.account(hold_name("mother")).current == 500
    world.send("account.credits.year-turned", {"psn_no": "mother", "entry_id": "T", "at": NOW, "year": 2026}, at=NOW + MINUTE)  # fmt: skip
    world.expire()
    mother = world.book.account("mother")
    assert (mother.current, mother.historic) == (0, 2700)


def test_what_a_hold_paid_after_the_years_turn_was_spent_before_it_and_goes_back_as_historic(
    world: Holding,
) -> None:
    world.credit("mother", "7.00", segment="current")
    world.quote("15.00")
    turn = {"psn_no": "mother", "entry_id": "T", "at": NOW, "year": 2026}
    world.send("account.credits.year-turned", turn, at=NOW + MINUTE)
    result, _ = settled(world, "15.00", at=NOW + 2 * MINUTE)
    assert result["shares"][1]["segment"] == "current"
    world.now = NOW + 3 * MINUTE
    world.back("cancel", setl_id=result["setl_id"])
    mother = world.book.account("mother")
    assert (mother.current, mother.historic) == (0, 2700)


def test_each_visit_has_a_hold_of_its_own(world: Holding) -> None:
    world.quote("5.00")
    world.quote("10.00", mdtrt_id="V2")
    assert world.held() == {"child": 1000, "mother": 500}
    assert by(settled(world, "10.00", mdtrt_id="V2", at=NOW + MINUTE)[0]) == {
        "child": "5.00",
        "mother": "5.00",
    }
    assert world.held() == {"child": 500}


def test_a_declined_settle_leaves_the_hold_as_it_is(world: Holding) -> None:
    world.quote("15.00")
    answer = world.bill("15.00", mdtrt_cert_no="X")
    assert answer["code"] == "credential-not-patient"
    assert world.held() == {"child": 1000, "mother": 500}


def test_without_the_regions_consent_nothing_is_held_and_the_answer_names_no_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ruled = Ruled(hold_minutes=0)
    monkeypatch.setattr(kit, "regions", lambda: ruled)
    world = family()
    answer = world.bill("15.00", kind="quote", infno="2206", hold_minutes=60)
    assert answer["infcode"] == "0"
    assert "hold_until" not in answer
    assert not any(name.startswith("hold/") for name in world.book.accounts)


def test_a_hold_lasts_as_long_as_asked_and_never_longer_than_the_region_allows() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    assert lasts(at, 30, 120) == at + 30 * MINUTE
    assert lasts(at, 500, 120) == at + 120 * MINUTE
    assert lasts(at, None, 120) is None
    assert lasts(at, 30, 0) is None


def test_a_retry_of_a_quote_sets_nothing_apart_again(world: Holding) -> None:
    request = world.request("15.00", infno="2206", hold_minutes=60)
    first = world.send("settlement.requests.quote", request, source="his-first")
    again = world.send("settlement.requests.quote", request, source="his-first")
    assert [one.body for one in again] == [first[-1].body]
    assert world.held() == {"child": 1000, "mother": 500}
    other = world.send("settlement.requests.quote", request | {"hold_minutes": 61}, source="his-first")
    assert other[-1].body["code"] == "msgid-reused"
