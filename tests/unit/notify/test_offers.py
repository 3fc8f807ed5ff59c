"""A transfer that waits for its receiver: who is told, what is said, and that nobody is told once it was answered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from services.notify.domain.contact import Person
from services.notify.domain.course import State
from services.notify.domain.told import OFFERED, of_settlement
from shared.contracts.base import Origin
from shared.contracts.binding_requests import Relation, Side
from shared.contracts.settlement_results import Transferred
from shared.messaging.handler import Event
from shared.testing.messages import MONDAY, uid
from tests.unit.notify.test_outcomes import decide, working

CHILD = Person("P9", 1, "13957100009", no_sms=False, dead=False, born=date(1990, 1, 1))


def transferred(state: str = "offered", **more: Any) -> Transferred:
    """A father gives his child 500.00."""
    fields: dict[str, Any] = {"admdvs": "330100", "relation": Relation.CHILD} if state == "offered" else {}
    return Transferred(
        transfer_id=uid(5), psn_no="P9", from_psn_no="P1", amount=50_000, state=state, until=MONDAY + timedelta(hours=20),
        origin=Origin(source="nhsa-app", id="3"), at=MONDAY, **(fields | more),
    )  # fmt: skip


def event(body: Transferred) -> Event:
    type = "settlement.results.transferred"
    return Event(
        "settlement.results", 0, 0, b"P9", "gongji-settlement", body.state, type, None, MONDAY, MONDAY, True, None, body
    )  # fmt: skip


def test_the_receiver_is_told_who_offers_how_much_and_until_when_and_nothing_of_the_givers_account() -> None:
    (told,) = of_settlement("transferred", transferred())
    assert (told.psn_no, told.side, told.region, told.template) == ("P9", Side.BENEFICIARY, "330100", OFFERED)
    assert told.facts.values == {
        "at": MONDAY, "amount": 50_000, "relation": Relation.PARENT, "due": MONDAY + timedelta(hours=20),
    }  # fmt: skip


@pytest.mark.parametrize("state", ["accepted", "declined", "withdrawn", "returned"])
def test_what_came_of_an_offer_is_told_to_nobody(state: str) -> None:
    assert list(of_settlement("transferred", transferred(state))) == []


def test_an_offer_of_an_earlier_settlement_that_names_no_region_is_told_to_nobody() -> None:
    assert list(of_settlement("transferred", transferred(admdvs=None))) == []


@pytest.mark.parametrize("state", ["accepted", "declined", "withdrawn", "returned"])
def test_an_offer_that_was_answered_or_went_back_is_not_told_any_more(state: str) -> None:
    work = working(people={"P9": CHILD})
    assert decide(work, event(transferred())) == []
    (made,) = work.made
    assert (made.notice.state, made.notice.progress.medium) == (State.CREATED, "sms")
    assert decide(work, event(transferred())) == []
    assert len(work.made) == 1, "the same result again tells nobody twice"
    assert decide(work, event(transferred(state))) == ["binding.notices.failed"]
    ended = work.notices[made.notice.id]
    assert (ended.state, ended.reason) == (State.EXPIRED, "overtaken")


def test_a_child_and_who_wants_no_such_texts_are_not_told() -> None:
    for person in (
        Person("P9", 1, "13957100009", no_sms=False, dead=False, born=date(2020, 1, 1)),
        Person(
            "P9", 1, "13957100009", no_sms=False, dead=False, born=date(1990, 1, 1), optional_notices=False
        ),
    ):
        work = working(people={"P9": person})
        decide(work, event(transferred()))
        assert work.made == []
