"""Every bound that a policy may set, one below, at it and one above; and 0 or empty, which is a rule like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from services.eligibility.domain.channels import proofs_of
from services.eligibility.domain.ending import objections
from services.eligibility.domain.inquiry import Family, Inquiry
from services.eligibility.domain.person import person_key
from services.eligibility.domain.probing import stopped
from services.eligibility.domain.screening import Outcome, screen
from shared.clock import BEIJING
from shared.contracts.binding_requests import ChannelKind, MaterialKind, Relation, Side, Terms
from shared.policies import values
from shared.policies.types import Document, MaterialRule
from shared.testing.identities import MadeUp, adult, child, elder, insurance
from shared.testing.messages import MONDAY
from shared.testing.proofs import face_check
from tests.unit.eligibility.demo import demo_policies
from tests.unit.eligibility.rules import BOUND, CHILD, SPONSOR, codes, inquiry, policy, tie

TODAY = MONDAY.date()
CARD = (frozenset({Document(MaterialKind.ID_CARD)}),)


def ends(code: str, at: datetime = MONDAY, channel: ChannelKind = ChannelKind.APP, **binding: Any) -> bool:
    """Whether that reason is against an end."""
    options: dict[str, Any] = {"face": None, "face_used": False, "counter": None, "channel": channel}
    return code in {r.code for r in objections(policy(**binding), {}, BOUND, Side.SPONSOR, at, **options)}


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def birthday(age: int, number: int) -> date:
    """Of somebody who turns that old so many days from today on."""
    return day(number).replace(year=day(number).year - age)


def asks(*people: MadeUp, binding: dict[str, Any] | None = None, **options: Any) -> Inquiry:
    return inquiry(*people, policy=policy(**(binding or {})), **options)


def chosen(first: int | None, last: int | None, **binding: Any) -> Inquiry:
    """A request for the days from `first` to `last`, counted from today."""
    terms = Terms(begndate=None if first is None else day(first), enddate=None if last is None else day(last))
    return asks(request={"terms": terms}, binding=binding)


def children(count: int, **binding: Any) -> Inquiry:
    """A sponsor with so many other children."""
    return asks(ties=[tie(SPONSOR, child(20 + 2 * n)) for n in range(count)], binding=binding)


def rich(balc: int, **binding: Any) -> Inquiry:
    return asks(SPONSOR.but(insurances=(insurance(balc=balc),)), binding=binding)


def aged(age: int, n: int, relation: str = "child", **binding: Any) -> Inquiry:
    """A beneficiary who turns that old `n` days from today on."""
    who = (child if relation == "child" else adult)(4, born=birthday(age, n))
    return asks(SPONSOR, who, relation=relation, binding=binding)


def gap(n: int) -> Inquiry:
    """A parent who is 20 years and `n` days older."""
    born = (SPONSOR.brdy - timedelta(days=n)).replace(year=SPONSOR.brdy.year - 20)
    return asks(SPONSOR, elder(6, born=born), relation="parent", binding={"min_age_gap": {"parent": 20}})


def faced(seconds: int) -> Inquiry:
    """A face check of so many seconds before the request."""
    return asks(request={"face_check": face_check(SPONSOR, MONDAY - timedelta(seconds=seconds))}, binding={"face_check_max_age": 60})  # fmt: skip


def has(code: str) -> Callable[[Inquiry], bool]:
    return lambda q: code in codes(q)


def marked(q: Inquiry) -> bool:
    return screen(q).marks == ("odd-age",)


def consent(q: Inquiry) -> bool:
    return screen(q).outcome is Outcome.CONSENT_NEEDED


def counter_first(q: Inquiry) -> bool:
    return all(r.remedy_zh.startswith("建议优先到") for r in screen(q).reasons)


BOUNDS: list[tuple[str, Callable[[int], bool], tuple[bool, bool, bool]]] = [
    # days
    ("born after the request", lambda n: has("certificate-birth-future")(asks(SPONSOR, child(2, born=day(n)))), (False, False, True)),
    ("max_days_ahead", lambda n: has("dates-not-allowed")(chosen(30 + n, None, max_days_ahead=30)), (False, False, True)),
    ("first day in the past", lambda n: has("dates-not-allowed")(chosen(n, None)), (True, False, False)),
    ("last day in the past", lambda n: has("dates-not-allowed")(chosen(None, n)), (True, False, False)),
    ("last day before the first", lambda n: has("dates-not-allowed")(chosen(5, 5 + n)), (True, False, False)),
    ("min_term_days", lambda n: has("dates-not-allowed")(chosen(3, 3 + 6 + n, min_term_days=7)), (True, False, False)),
    ("max_term_days", lambda n: has("dates-not-allowed")(chosen(3, 3 + 6 + n, max_term_days=7)), (False, False, True)),
    ("rebind_wait_days", lambda n: has("rebind-too-early")(asks(family=Family(last_end=day(-30 - n)), binding={"rebind_wait_days": 30})), (True, False, False)),
    # ages, by the day of the birthday: -1 has had it yesterday, +1 has it tomorrow
    ("consent_from_age", lambda n: consent(aged(16, n, consent_from_age=16)), (True, True, False)),
    ("from_age of documents", lambda n: has("materials-missing")(aged(16, n, materials=(MaterialRule(any_of=CARD, from_age=16, unless_proven=False),))), (True, True, False)),
    ("below_age of documents", lambda n: has("materials-missing")(aged(16, n, materials=(MaterialRule(any_of=CARD, below_age=16, unless_proven=False),))), (False, False, True)),
    ("min_spouse_age", lambda n: marked(aged(20, n, "spouse", min_spouse_age=20)), (False, False, True)),
    ("min_age_gap", lambda n: marked(gap(n)), (True, False, False)),
    ("counter_preferred_from_age", lambda n: counter_first(asks(adult(1, born=birthday(60, n)), request={"face_check": None}, binding={"counter_preferred_from_age": 60})), (True, True, False)),
    # seconds and months
    ("face_check_max_age", lambda n: has("face-check-stale")(faced(60 + n)), (False, False, True)),
    ("a provider's fast clock", lambda n: has("face-check-stale")(faced(-300 - n)), (False, False, True)),
    ("min_bound_months", lambda n: ends("unbind-too-early", datetime(2026, 12, 23, tzinfo=BEIJING) + timedelta(seconds=n), min_bound_months=1), (True, False, False)),
    # money and levels
    ("min_balance", lambda n: has("balance-too-low")(rich(100 + n, min_balance=100)), (True, False, False)),
    ("base_reserve", lambda n: has("balance-below-reserve")(rich(100 + n, base_reserve=100)), (True, True, False)),
    ("earmark", lambda n: has("earmark-above-balance")(asks(SPONSOR.but(insurances=(insurance(balc=100),)), request={"terms": Terms(earmark=100 + n)}, binding={"mode": "earmark", "earmark_within_balance": True})), (False, False, True)),
    ("real_name_level", lambda n: has("real-name-level-too-low")(asks(request={"real_name_level": 3 + n}, binding={"real_name_level": 3})), (True, False, False)),
    # counts of others
    ("max_beneficiaries", lambda n: has("too-many-beneficiaries")(children(2 + n, max_beneficiaries=2)), (False, True, True)),
    ("counts_sponsor", lambda n: has("too-many-beneficiaries")(children(2 + n, max_beneficiaries=3, counts_sponsor=True)), (False, True, True)),
    ("max_per_relation", lambda n: has("too-many-of-relation")(children(2 + n, max_per_relation={Relation.CHILD: 2})), (False, True, True)),
    ("max_lifetime_beneficiaries", lambda n: has("too-many-beneficiaries")(asks(family=Family(ever=frozenset(person_key(child(30 + k).certificate()) for k in range(2 + n))), binding={"max_lifetime_beneficiaries": 2})), (False, True, True)),
    ("max_sponsors", lambda n: has("already-bound-elsewhere")(asks(ties=[tie(adult(9 + 2 * k), CHILD) for k in range(2 + n)], binding={"max_sponsors": 2})), (False, True, True)),
    ("max_beneficiaries_elsewhere", lambda n: has("too-many-elsewhere")(asks(SPONSOR, child(2, admdvs="330200"), ties=[replace(tie(SPONSOR, child(20 + k)), beneficiary_admdvs="330300") for k in range(2 + n)], binding={"max_beneficiaries_elsewhere": 2})), (False, True, True)),
    ("max_spouses", lambda n: has("relation-duplicate")(asks(SPONSOR, adult(4), relation="spouse", ties=[tie(SPONSOR, adult(20 + 2 * k), "spouse") for k in range(1 + n)], binding={"max_spouses": 1})), (False, True, True)),
    ("max_fathers", lambda n: has("relation-duplicate")(asks(SPONSOR, elder(5), relation="parent", ties=[tie(SPONSOR, elder(21 + 2 * k), "parent") for k in range(1 + n)], binding={"max_fathers": 1})), (False, True, True)),
    ("max_mothers", lambda n: has("relation-duplicate")(asks(SPONSOR, elder(6), relation="parent", ties=[tie(SPONSOR, elder(20 + 2 * k), "parent") for k in range(1 + n)], binding={"max_mothers": 1})), (False, True, True)),
    ("max_unconfirmed_per_day", lambda n: stopped(asks(binding={"max_unconfirmed_per_day": 5}), 5 + n), (False, True, True)),
]  # fmt: skip


@pytest.mark.parametrize(("judged", "expected"), [row[1:] for row in BOUNDS], ids=[row[0] for row in BOUNDS])
def test_one_below_a_bound_at_it_and_one_above(
    judged: Callable[[int], bool], expected: tuple[bool, bool, bool]
) -> None:
    assert (judged(-1), judged(0), judged(1)) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(-1, True), (0, False), (1, False)])
def test_a_dated_value_holds_from_midnight_of_beijing(seconds: int, expected: bool) -> None:
    """The demo's regions, the day on which Zhejiang began to offer family sharing."""
    every = demo_policies()
    since = every.at("330100", MONDAY).cite("binding.offered").from_
    assert since is not None
    moment = datetime.combine(since, time(), BEIJING) + timedelta(seconds=seconds)
    assert (every.at("330100", moment).cite("binding.offered").from_ != since) is expected


def of(code: str, relation: str = "child", **binding: Any) -> Callable[[], bool]:
    return lambda: code in codes(inquiry(relation=relation, policy=policy(**binding)))


EMPTY: dict[str, Callable[[], bool]] = {
    # nobody and nothing is allowed
    "relations": of("relation-not-allowed", relations=frozenset()),
    "sponsor_insurance": of("sponsor-not-employee", sponsor_insurance=frozenset()),
    "beneficiary_insurance": of("beneficiary-not-insured", beneficiary_insurance=frozenset()),
    "insurance_status": of("sponsor-not-normal", insurance_status=frozenset()),
    "channels": of("channel-not-allowed", channels=frozenset()),
    "uses": of("scope-not-allowed", uses=frozenset()),
    "unbind_by": lambda: ends("unbind-not-allowed", unbind_by=frozenset()),
    "unbind_channels": lambda: ends("unbind-channel-not-allowed", unbind_channels=frozenset()),
    "max_beneficiaries": of("too-many-beneficiaries", max_beneficiaries=0),
    "max_beneficiaries_elsewhere": lambda: has("too-many-elsewhere")(asks(SPONSOR, child(2, admdvs="330200"), binding={"max_beneficiaries_elsewhere": 0})),
    "max_per_relation": of("too-many-of-relation", max_per_relation={Relation.CHILD: 0}),
    "max_lifetime_beneficiaries": of("too-many-beneficiaries", max_lifetime_beneficiaries=0),
    "max_sponsors": of("already-bound-elsewhere", max_sponsors=0),
    "max_spouses": of("relation-duplicate", "spouse", max_spouses=0),
    "max_fathers": lambda: has("relation-duplicate")(asks(SPONSOR, elder(5), relation="parent", binding={"max_fathers": 0})),
    "max_mothers": lambda: has("relation-duplicate")(asks(SPONSOR, elder(6), relation="parent", binding={"max_mothers": 0})),
    "max_unconfirmed_per_day": lambda: stopped(asks(binding={"max_unconfirmed_per_day": 0}), 0),
    "max_term_days": lambda: has("dates-not-allowed")(chosen(0, 0, max_term_days=0)),
    "max_days_ahead": lambda: has("dates-not-allowed")(chosen(1, None, max_days_ahead=0)),
    "face_check_max_age": of("face-check-stale", face_check_max_age=0),
    # something is asked of everybody
    "base_reserve": lambda: has("balance-below-reserve")(rich(0, base_reserve=0)),
    "real_name_level": of("real-name-level-too-low", real_name_level=0),
    "consent_from_age": lambda: consent(asks(binding={"consent_from_age": 0})),
    "counter_preferred_from_age": lambda: counter_first(asks(request={"face_check": None}, binding={"counter_preferred_from_age": 0})),
    "min_age_gap": lambda: marked(asks(SPONSOR, adult(4, born=day(-1)), relation="parent", binding={"min_age_gap": {"parent": 0}})),
    "min_spouse_age": lambda: marked(asks(SPONSOR, adult(4, born=day(1)), relation="spouse", binding={"min_spouse_age": 0})),
    "use_proofs": of("use-proof-missing", use_proofs={"pharmacy": ()}),
    # nobody is asked, nobody is meant: an empty list is a list
    "consent_relations": lambda: not consent(asks(binding={"consent_from_age": 0, "consent_relations": frozenset()})),
    "consent_channels": lambda: not consent(asks(binding={"consent_from_age": 0, "consent_channels": frozenset()})),
    "channel_proofs": lambda: proofs_of(policy(channel_proofs={ChannelKind.APP: frozenset()}).binding, ChannelKind.APP) == frozenset(),
    # bounds that everybody meets: the calendar's own remain
    "min_balance": lambda: not has("balance-too-low")(rich(0, min_balance=0)),
    "min_term_days": lambda: has("dates-not-allowed")(chosen(1, 0, min_term_days=0)),
    "rebind_wait_days": lambda: not has("rebind-too-early")(asks(family=Family(last_end=TODAY), binding={"rebind_wait_days": 0})),
    "min_bound_months": lambda: not ends("unbind-too-early", min_bound_months=0),
}  # fmt: skip
ELSEWHERE = {
    *("sponsor_excluded", "beneficiary_excluded", "materials"),  # none is excluded, none is asked for: that is what a list says
    *("effect_by_channel", "unbind_effect_by_channel"),  # no channel of its own effect
    *("consent_days", "max_changes_per_year", "person_wait", "reservation_days"),  # of handlers, tested there
}  # fmt: skip


@pytest.mark.parametrize("key", EMPTY)
def test_zero_or_empty_is_a_rule_and_never_switches_one_off(key: str) -> None:
    assert EMPTY[key]()


def test_every_key_that_may_be_zero_or_empty_is_among_them() -> None:
    def may(hint: Any) -> bool:
        kinds = [get_origin(arg) or arg for arg in (get_args(hint) if NoneType in get_args(hint) else [hint])]
        return any(kind is int or (isinstance(kind, type) and hasattr(kind, "__len__") and kind is not str) for kind in kinds)  # fmt: skip

    keys = {name for name, hint in get_type_hints(values.Binding).items() if may(hint)}
    assert keys - ELSEWHERE == set(EMPTY)
    assert keys >= ELSEWHERE
