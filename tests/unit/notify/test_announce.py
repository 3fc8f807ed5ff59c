"""From what is told to a row: media, history, message centre, the answer that says 送达."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.notify import template_files
from services.notify.domain import announce
from services.notify.domain.contact import Person
from services.notify.domain.course import State as Course
from services.notify.domain.told import DECISIONS, Told, of_decision, of_settlement
from shared.contracts.answers import Binding
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import TYPE_TO_STATE, Period, State
from shared.contracts.binding_requests import ChannelKind, Relation
from shared.contracts.settlement_results import Holder, PremiumPaid, Share
from shared.policies.values import Notice as Rules
from shared.testing.messages import MONDAY, uid
from tests.unit.notify.made import state

BEFORE, AFTER = MONDAY - timedelta(days=1), MONDAY + timedelta(days=1)


def told(channel: ChannelKind = ChannelKind.APP) -> Told:
    return next(of_decision("refused", state(State.REFUSED, channel=channel)))


CENTRES = frozenset({"zheliban"})
ORIGIN = Origin(source="zheliban", id="r-1")
ANN = Person("3301000001", 1, "13957100001", no_sms=False, dead=False, born=date(1980, 3, 15))


def both(kind: str) -> list[Told]:
    """What the sponsor and the beneficiary may be told."""
    return list(of_decision(kind, state(TYPE_TO_STATE[kind] or State.APPROVED)))


def media(
    one: Told, rules: Rules | None = None, person: Person | None = None, centres: frozenset[str] = frozenset()
) -> tuple[str, ...] | None:
    found = announce.reach(one, rules or Rules(), person, centres)
    return found.media if found else None


def test_media_by_the_way_of_the_application() -> None:
    assert media(told()) == ("sms", "call")
    assert media(told(ChannelKind.COUNTER)) == ("call", "sms")
    assert media(told(), Rules(media=("sms",)), replace(ANN, no_sms=True)) == ()


def test_which_kinds_go_to_a_phone_and_which_to_the_message_centre_alone() -> None:
    phone = {"supplement-requested", "approved", "refused", "rejected", "expired", "suspended", "ended"}
    for kind in DECISIONS:
        sponsor, beneficiary = both(kind)
        expected = ("sms", "call") if kind in phone else ("message-centre",)
        assert media(sponsor, centres=CENTRES) == expected
        assert media(sponsor) == (expected if kind in phone else None)
        expects = kind in {"consent-requested", "approved", "suspended", "ended"}
        assert media(beneficiary, centres=CENTRES) == (("sms", "call") if expects else None)


def test_a_region_may_tell_more_and_others() -> None:
    rules = Rules(sponsor_kinds=frozenset({"changed"}), beneficiary_kinds=frozenset({"refused"}))
    assert [media(one, rules) for one in both("changed")] == [("sms", "call"), None]
    assert [media(one, rules) for one in both("refused")] == [None, ("sms", "call")]


def test_the_message_centre_may_have_a_time_of_its_own() -> None:
    (one, _), rules = both("approved"), Rules(centre_wait=900)
    first = announce.reach(one, rules, ANN, CENTRES)
    assert first == announce.Reach(("message-centre", "sms", "call"), ORIGIN, 900)
    assert announce.reach(one, rules, ANN, frozenset()) == announce.Reach(("sms", "call"), None, 0)
    assert announce.reach(one, Rules(), ANN, CENTRES) == announce.Reach(("sms", "call"), ORIGIN, 0)
    alone = announce.reach(one, Rules(media=("message-centre",)), ANN, CENTRES)
    assert alone == announce.Reach(("message-centre",), ORIGIN, 1800)


def test_what_is_for_the_message_centre_alone_may_be_seen_as_long_as_a_notice_lives() -> None:
    (one, _) = both("received")
    assert announce.reach(one, Rules(), ANN, CENTRES) == announce.Reach(
        ("message-centre",), ORIGIN, 72 * 3600
    )
    assert announce.reach(one, Rules(), replace(ANN, dead=True), CENTRES) is None


def test_children_are_told_through_the_sponsor() -> None:
    _, beneficiary = both("approved")
    assert media(beneficiary, person=replace(ANN, born=date(2018, 6, 1))) is None


def spent(psn_no: str = "3301000001") -> Told:
    share = Share(
        holder=Holder.SPONSOR, psn_no=psn_no, segment="current", amount=1250, balance_after=0, admdvs="330100",
        relation=Relation.CHILD,
    )  # fmt: skip
    paid = PremiumPaid(
        premium_id=uid(5), psn_no="P9", insutype="390", year=2027, origin=ORIGIN, at=MONDAY, amount=1250, shares=(share,)
    )  # fmt: skip
    return next(of_settlement("premium-paid", paid))


def test_money_is_told_by_text_to_who_wants_it() -> None:
    assert media(spent()) == media(spent(), person=ANN) == ("sms",)
    assert media(spent(), person=replace(ANN, optional_notices=False)) is None
    assert media(spent(), person=replace(ANN, no_sms=True)) is None
    assert (
        media(spent(), person=replace(ANN, no_sms=True, optional_notices=True)) is None
    )  # never called for it
    asked_only = Rules(optional_unasked=False)
    assert media(spent(), asked_only, ANN) is None
    assert media(spent(), asked_only, replace(ANN, optional_notices=True)) == ("sms",)
    assert media(spent(), Rules(sponsor_kinds=frozenset())) is None


def test_a_pause_that_nobody_heard_of_is_retracted_by_the_same_media() -> None:
    sponsor, beneficiary = both("resumed")
    for one in (sponsor, beneficiary):
        assert announce.reach(one, Rules(), ANN, frozenset(), retracts=True) == announce.Reach(
            ("sms", "call"), None, 0
        )


@pytest.mark.parametrize(
    ("planned", "born", "now", "first"),
    [
        (("sms",), BEFORE, MONDAY, (Course.CREATED, None)),
        ((), BEFORE, MONDAY, (Course.HANDED, "no-medium")),
        (("sms",), BEFORE, MONDAY + timedelta(hours=73), (Course.HANDED, "too-old")),
        (("sms",), AFTER, AFTER, (Course.HANDED, "before-rebuild")),
        (("sms",), AFTER, MONDAY + timedelta(hours=73), None),
    ],
)
def test_first_state(planned: tuple[str, ...], born: object, now: object, first: object) -> None:
    assert announce.first_step(told(), planned, MONDAY, born, now, Rules()) == first  # type: ignore[arg-type]


def test_nobody_looks_after_what_nobody_has_to_be_told() -> None:
    late = MONDAY + timedelta(hours=73)
    for one in (spent(), both("received")[0]):
        for planned, born, now in ((("sms",), BEFORE, late), (("sms",), AFTER, AFTER), ((), BEFORE, MONDAY)):
            assert announce.first_step(one, planned, MONDAY, born, now, Rules()) is None
    shown = announce.first_step(both("received")[0], ("message-centre",), MONDAY, BEFORE, MONDAY, Rules())
    assert shown == (Course.PENDING, None)


def test_message_centre_only_of_sources_that_have_one() -> None:
    one = told()
    for centres, shown in ((CENTRES, ORIGIN), (frozenset({"jingtong"}), None)):
        found = announce.reach(one, Rules(), None, centres)
        assert found is not None
        assert found.centre == shown
    written, stored = announce.words(one, template_files.load(), Rules(), None)
    assert written.fault is None
    content = written.content
    message = announce.centre_message(one, content, uid(7))
    assert (message.title, message.text) == ("家庭共济未通过", content.text)
    assert content.sms in stored


def test_delivery_is_answered_as_the_public_step_for_outcomes_only() -> None:
    answer = announce.delivered_answer("approved", state(effective=(Period(begin=MONDAY),)))
    assert answer is not None
    read = Binding.model_validate_json(answer)
    assert (read.step, read.effective_from, read.version) == ("送达", MONDAY, 3)
    refused = announce.delivered_answer("refused", state(State.REFUSED))
    assert refused is not None
    assert Binding.model_validate_json(refused).effective_from is None
    assert announce.delivered_answer("supplement-requested", state(State.SUPPLEMENT_REQUESTED)) is None
