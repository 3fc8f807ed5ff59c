"""Who is told: the sides of a decision, the sponsors of a settlement, and under which key."""

from typing import Any

from services.notify.domain.told import Told, of_decision, of_settlement
from shared.contracts.base import Origin
from shared.contracts.binding_decisions import State
from shared.contracts.binding_requests import ChannelKind, Relation, Side
from shared.contracts.settlement_results import (
    Declined,
    Holder,
    PremiumCancelled,
    PremiumPaid,
    Refunded,
    Settled,
    Share,
)
from shared.testing.messages import MONDAY, msgid, uid
from tests.unit.notify.made import state


def share(holder: Holder, psn_no: str, amount: int, **fields: Any) -> Share:
    usual = {"segment": "current", "balance_after": 0, "admdvs": "330100", "relation": Relation.CHILD}
    return Share(holder=holder, psn_no=psn_no, amount=amount, **(usual | fields))


SHARES = (
    share(Holder.OWN, "P9", 100, relation=None),
    share(Holder.SPONSOR, "P1", 1250),
    share(Holder.SPONSOR, "P2", 300, relation=None),
    share(Holder.SPONSOR, "P1", 50, segment="historic"),
)


def settled(**fields: Any) -> Settled:
    zero = dict.fromkeys(("fund_pay_sumamt", "hosp_part_amt", "psn_cash_pay"), 0)
    return Settled(
        setl_id="S1", number=1, msgid=msgid(), infno="2207", origin=Origin(source="his-first", id="1"),
        fixmedins_code="H33010000001", psn_no="P9", mdtrt_id="M1", med_type="11", at=MONDAY, medfee_sumamt=1700,
        acct_pay=100, acct_mulaid_pay=1600, shares=SHARES, policy_version="0", **(zero | fields),
    )  # fmt: skip


def test_each_sponsor_whose_account_paid_hears_of_the_own_sum_only() -> None:
    told = list(of_settlement("settled", settled()))
    assert [one.psn_no for one in told] == ["P1", "P2"]
    assert (told[0].facts.values["amount"], told[0].facts.values["relation"]) == (1300, Relation.CHILD)
    assert told[1].facts.values["amount"] == 300
    assert "relation" not in told[1].facts.values
    assert {one.about for one in told} == {"S1"}
    assert told[0].recipient_hash != told[1].recipient_hash


def test_money_that_comes_back_is_told() -> None:
    back = Refunded(
        setl_id="S1", number=2, msgid=msgid(), infno="2208", origin=Origin(source="his-first", id="2"),
        fixmedins_code="H33010000001", psn_no="P9", at=MONDAY, acct_pay=0, acct_mulaid_pay=1300, psn_cash_pay=0, shares=SHARES[1:2],
    )  # fmt: skip
    (told,) = of_settlement("refunded", back)
    assert told.facts.values["amount"] == 1250
    assert (told.about, told.version, told.template) == ("S1", 2, "refunded")


def test_premium_is_told_to_who_paid_it() -> None:
    paid = PremiumPaid(
        premium_id=uid(5), psn_no="P9", insutype="390", year=2027, origin=Origin(source="zheliban", id="3"), at=MONDAY,
        amount=38_000, shares=(share(Holder.SPONSOR, "P1", 38_000),),
    )  # fmt: skip
    (told,) = of_settlement("premium-paid", paid)
    assert (told.facts.values["year"], told.facts.values["amount"]) == (2027, 38_000)


def test_premium_that_was_cancelled_is_told_beside_its_payment() -> None:
    told: list[Told] = []
    for suffix, kind in (("premium-paid", PremiumPaid), ("premium-cancelled", PremiumCancelled)):
        body = kind(
            premium_id=uid(5), psn_no="P9", insutype="390", year=2027, origin=Origin(source="zheliban", id="3"), at=MONDAY,
            amount=38_000, shares=(share(Holder.SPONSOR, "P1", 38_000),),
        )  # fmt: skip
        told += of_settlement(suffix, body)
    paid, back = told
    assert (back.facts.values["year"], back.facts.values["amount"]) == (2027, 38_000)
    assert "place" not in back.facts.values
    assert (paid.about, paid.version) == (back.about, back.version)  # so the kind tells the two apart
    assert (paid.template, back.template) == ("premium-paid", "premium-cancelled")


def test_decline_moves_no_money_and_is_told_to_nobody() -> None:
    declined = Declined(
        msgid="1",
        origin=Origin(source="his-first", id="1"),
        at=MONDAY,
        code="x",
        zh="",
        en="",
        remedy_zh="",
        remedy_en="",
    )
    assert list(of_settlement("declined", declined)) == []


def test_relative_who_was_not_confirmed_is_not_told() -> None:
    told = list(of_decision("ended", state(State.ENDED, known=False)))
    assert [one.side for one in told] == [Side.SPONSOR]


def test_who_applied_at_a_window_or_by_telephone_counts_as_in_person() -> None:
    for channel, in_person in (
        (ChannelKind.COUNTER, True),
        (ChannelKind.TELEPHONE, True),
        (ChannelKind.APP, False),
    ):
        told, _ = of_decision("refused", state(State.REFUSED, channel=channel))
        assert told.in_person is in_person


def test_only_the_sponsors_notice_goes_to_the_sponsors_channel() -> None:
    sponsor, beneficiary = of_decision("approved", state())
    assert sponsor.origin == Origin(source="zheliban", id="r-1")
    assert beneficiary.origin is None
    assert sponsor.recipient_hash != beneficiary.recipient_hash
