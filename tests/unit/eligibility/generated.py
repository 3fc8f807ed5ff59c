"""Policies, people and requests that hypothesis makes: whatever the formats take, near enough to the rules to meet them.

A policy is the demo's with a few keys of any section `binding` replaced. Values are made from the types of the keys, so a key that is added is
varied at once; `NEAR` narrows those whose usual values lie far apart from what a rule looks at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from services.eligibility.domain.inquiry import Family, Inquiry
from services.eligibility.domain.person import Person, merged, person_key
from shared.contracts.binding_requests import ChannelKind, Relation, Terms
from shared.contracts.identity import CertType
from shared.contracts.registry import PersonRecorded
from shared.policies.types import Letter
from shared.policies.values import Binding, RegionPolicy
from shared.testing.identities import MadeUp, adult, child, elder, insurance
from shared.testing.messages import MONDAY, related
from shared.testing.proofs import commitment, counter, face_check, material
from tests.unit.eligibility.rules import CHILD, SPONSOR, inquiry, policy, tie

many = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
TODAY = MONDAY.date()
PLACES = ("330100", "330200", "350200", "310104")
RELATIVES = (CHILD, adult(4), elder(6), elder(5), SPONSOR)


def mostly(usual: Any, other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The usual value, three times out of four: with everything odd at once, rules would hide behind one another."""
    return st.integers(0, 3).flatmap(lambda n: other if n == 3 else st.just(usual))


flags = st.booleans()
counts = st.integers(0, 3)
ages = st.one_of(st.none(), st.integers(0, 99))
money = st.sampled_from([0, 1, 99, 100, 101])
places = st.sampled_from(PLACES)
categories = st.frozensets(st.sampled_from(["11", "13", "1300"]))
insured = st.frozensets(st.sampled_from(["310", "390", "410"]))
uses = st.sampled_from(["outpatient", "pharmacy", "inpatient", "bus-fares"])
papers = st.builds(
    material, st.sampled_from(["id-card", "household-register"]), st.sampled_from(["sponsor", "beneficiary"])
)

NEAR: dict[str, st.SearchStrategy[Any]] = {
    "sponsor_insurance": insured,
    "beneficiary_insurance": insured,
    "insurance_status": st.frozensets(st.sampled_from("124")),
    "sponsor_excluded": categories,
    "beneficiary_excluded": categories,
    "min_balance": money,
    "base_reserve": st.one_of(st.none(), money),
    "min_spouse_age": ages,
    "min_age_gap": st.dictionaries(st.sampled_from(Relation), st.integers(0, 60)),
    "consent_from_age": ages,
    "counter_preferred_from_age": ages,
    "commitment": st.sampled_from([None, policy().binding.commitment, Letter("GJ-OTHER", "2", "0" * 64)]),
    "face_check_max_age": st.sampled_from([0, 59, 60, 600]),
    "uses": st.frozensets(uses),
    "max_days_ahead": st.one_of(st.none(), st.integers(0, 40)),
    "max_term_days": st.one_of(st.none(), st.integers(0, 40)),
}


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of one type of the policy format."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return st.one_of([of(arg) for arg in args])
    if origin is Literal:
        return st.sampled_from(args)
    if origin is frozenset:
        return st.frozensets(of(args[0]), max_size=3)
    if origin is tuple:
        return st.lists(of(args[0]), max_size=2).map(tuple)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(of(args[0]), of(args[1]), max_size=3)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{f.name: of(hints[f.name]) for f in fields(hint)})
    return {bool: flags, int: counts, str: uses, NoneType: st.none()}[hint]


KEYS = {name: NEAR[name] if name in NEAR else of(hint) for name, hint in get_type_hints(Binding).items()}
"""Strategies of the values of every key of section `binding`."""


@st.composite
def bindings(draw: st.DrawFn, most: int = 6) -> dict[str, Any]:
    """Values of at most so many keys."""
    return {name: draw(KEYS[name]) for name in draw(st.sets(st.sampled_from(sorted(KEYS)), max_size=most))}


def with_values(q: Inquiry, **binding: Any) -> Inquiry:
    """The inquiry under its policy with these values."""
    return replace(q, policy=replace(q.policy, binding=replace(q.policy.binding, **binding)))


@st.composite
def policies(draw: st.DrawFn) -> RegionPolicy:
    """The demo's policy with some values replaced."""
    return policy(**draw(bindings()))


rows = st.lists(
    st.builds(
        insurance,
        st.sampled_from(["310", "390", "410"]),
        places,
        psn_insu_stas=st.sampled_from("124"),
        arrears=flags,
        psn_type=st.sampled_from([None, "1101", "1300"]),
        balc=st.one_of(st.none(), money),
        balc_date=st.sampled_from([None, TODAY]),
    ),
    max_size=3,
)


@st.composite
def records(draw: st.DrawFn, who: MadeUp) -> PersonRecorded:
    """A registry record of a person: mostly in order, else with anything odd."""
    odd: dict[str, st.SearchStrategy[Any]] = {
        "psn_name": st.just("别人"),
        "surv_stas": st.just("2"),
        "gend": st.sampled_from("0129"),
        "brdy": st.dates(date(1930, 1, 1), TODAY),
        "insurances": rows.map(tuple),
        "e_credential": flags,
        "psn_no": st.sampled_from(["33010000000000000001", "99"]),
        "version": st.integers(1, 3),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(odd)), max_size=2))
    return who.recorded(**{"insurances": who.insurances} | {name: draw(odd[name]) for name in sorted(chosen)})


@st.composite
def people(draw: st.DrawFn, who: MadeUp) -> Person:
    """The person with one record, or two of different numbers."""
    found = draw(st.lists(records(who), min_size=1, max_size=2, unique_by=lambda r: r.psn_no))
    state = {name: draw(st.sampled_from([False, False, True])) for name in ("frozen", "closed", "opened")}
    return Person(person_key(who.certificate()), merged(found, who.psn_no), **state)


ties = st.lists(
    st.builds(
        lambda ends, relation, place: replace(tie(ends[0], ends[1], relation), beneficiary_admdvs=place),
        st.sampled_from(
            [(SPONSOR, CHILD), (CHILD, SPONSOR), (adult(9), CHILD), (adult(9), SPONSOR), (CHILD, adult(9))]
            + [(SPONSOR, child(20 + 2 * n)) for n in range(4)]
        ),
        st.sampled_from(Relation),
        st.one_of(st.none(), places),
    ),
    max_size=6,
)  # fmt: skip
days_near = st.one_of(st.none(), st.integers(-2, 45).map(lambda n: TODAY + timedelta(days=n)))
terms = st.builds(
    Terms,
    scope=st.lists(uses, min_size=1, max_size=3).map(tuple),
    quota=st.one_of(st.none(), money),
    earmark=st.sampled_from([None, 1, 100]),
    begndate=days_near,
    enddate=days_near,
)
GOOD = face_check(SPONSOR, MONDAY)
faces = st.sampled_from(
    [None, GOOD, face_check(adult(9), MONDAY), face_check(SPONSOR, MONDAY - timedelta(minutes=11))]
    + [GOOD.model_copy(update=change) for change in ({"provider": "nobody"}, {"checked_at": "yesterday"}, {"signature": "é"})]
)  # fmt: skip
letters = st.sampled_from([None, commitment(MONDAY), commitment(MONDAY, version="0")])
clerks = st.sampled_from([None, counter(beneficiary_present=True), counter(form_complete=False), counter(originals_seen=False)])  # fmt: skip
certificates = st.sampled_from(
    [("01", "1" * 17), ("01", CHILD.certno[:-1] + "Y"), ("01", "１１０１０１１９９００３０７８０３x"), ("08", "E1"), ("99", "é" * 50)]
).map(lambda pair: {"psn_cert_type": CertType(pair[0]), "certno": pair[1]})  # fmt: skip


@st.composite
def requests(draw: st.DrawFn, sponsor: MadeUp, relative: MadeUp) -> dict[str, Any]:
    """Fields of a request that differ from one with everything in order."""
    odd: dict[str, st.SearchStrategy[Any]] = {
        "terms": terms,
        "face_check": faces,
        "commitment": letters,
        "counter": clerks,
        "real_name_level": st.one_of(st.none(), counts),
        "materials": st.lists(papers, max_size=3).map(tuple),
        "sponsor": st.one_of(st.just({"psn_name": "王五"}), certificates).map(lambda c: sponsor.as_sponsor(**c)),
        "beneficiary": st.one_of(
            certificates,
            st.just({"psn_name": "王五"}),
            st.fixed_dictionaries({"insuplc_admdvs": places, "insutype": st.sampled_from([None, "310", "391"])}),
        ).map(lambda c: relative.as_beneficiary(**c)),
    }  # fmt: skip
    chosen = draw(mostly((), st.sets(st.sampled_from(sorted(odd)), max_size=3)))
    return {"channel": draw(mostly("app", st.sampled_from(ChannelKind)))} | {
        name: draw(odd[name]) for name in sorted(chosen)
    }


@st.composite
def inquiries(draw: st.DrawFn) -> Inquiry:
    """Any request under any policy, with any facts about two known or unknown people."""
    relative, relation = draw(
        mostly((CHILD, Relation.CHILD), st.tuples(st.sampled_from(RELATIVES), st.sampled_from(Relation)))
    )
    request = draw(requests(SPONSOR, relative))
    q = inquiry(SPONSOR, relative, relation=relation, request=request, policy=draw(policies()))
    kind, ended, proven, kin = draw(st.tuples(st.sampled_from(Relation), flags, flags, flags))
    record = related(SPONSOR, relative, kind, ended=ended, proven=proven, kin_account=kin)
    ever = frozenset(person_key(child(30 + 2 * n).certificate()) for n in range(draw(counts)))
    last = st.one_of(st.none(), counts.map(lambda n: TODAY - timedelta(days=n)))
    return replace(
        q,
        relation=draw(mostly(q.relation, st.sampled_from([None, record]))),
        sponsor=draw(mostly(q.sponsor, st.one_of(st.none(), people(SPONSOR), people(adult(9))))),
        beneficiary=draw(mostly(q.beneficiary, st.one_of(st.none(), people(relative)))),
        family=draw(mostly(q.family, st.builds(Family, ties.map(tuple), st.just(ever), last))),
        face_used=draw(mostly(False, flags)),
        consented=draw(flags),
    )
