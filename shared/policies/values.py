"""What domain code receives: a region's policy on one day, as frozen values.

Every field is one key of the region files (section, then key), described for the officer who writes them.
`None` means that the region has no such rule; 0 and empty are rules like any other and never switch one off.
The default of a field holds only where no file says anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from shared.policies import types as t

_PROVINCE_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a value comes from.

    `grade`: A official, B press or the project's seeds, C hearsay (adopted), P the project's own default.
    """

    file: str
    path: str
    from_: date | None
    reference: str
    grade: str


@dataclass(frozen=True, slots=True)
class Binding:
    """Who may be bound to whom, and what that takes."""

    offered: t.Flag = False  # the region offers family sharing
    mode: t.Mode = "authorisation"
    relations: frozenset[t.Relation] = frozenset()  # what the beneficiary is to the sponsor
    in_laws: t.Flag = False  # parents-in-law and children-in-law as well
    reach: t.Reach = "pooling-region"  # how far apart the two may be insured
    sponsor_insurance: frozenset[t.Code] = frozenset({"310"})  # insutype that has an account to give
    beneficiary_insurance: frozenset[t.Code] = frozenset({"310", "390"})
    insurance_status: frozenset[t.Code] = frozenset({"1"})  # psn_insu_stas that counts as normal
    min_balance: t.Fen = 0  # the sponsor's balance at binding, at least
    max_beneficiaries: t.Count | None = None  # of one sponsor, at once
    max_lifetime_beneficiaries: t.Count | None = None  # distinct persons, over the years
    max_sponsors: t.Count | None = None  # of one beneficiary, at once
    max_spouses: t.Count | None = None
    max_fathers: t.Count | None = None
    max_mothers: t.Count | None = None
    spouse_other_sex: t.Flag = False
    member_may_sponsor: t.Flag = True  # who is a beneficiary may become a sponsor
    sponsor_may_be_member: t.Flag = True  # who has beneficiaries may become one
    consent_from_age: t.Age | None = None  # full years on the request's date; None: nobody is asked
    consent_face_check: t.Flag = True
    consent_days: t.Days = 7
    commitment: t.Letter | None = None
    face_check: t.Flag = True  # of the sponsor, at online channels
    face_check_on_unbind: t.Flag = False
    face_check_max_age: t.Seconds = 600
    materials: Mapping[t.Relation, tuple[frozenset[t.MaterialKind], ...]] = field(
        default_factory=dict
    )  # any of: all of
    channels: frozenset[t.ChannelKind] | None = None  # None: all kinds
    uses: frozenset[t.Use] = frozenset({t.Use.OUTPATIENT, t.Use.PHARMACY})
    account_opening: t.Flag = False  # the sponsor opens a family account first
    effect: t.Effect = "now"
    max_days_ahead: t.Days | None = None  # of a chosen start date
    unbind_by: frozenset[t.Side] = frozenset(t.Side)
    unbind_effect: t.Effect = "now"
    min_bound_months: t.Count | None = None
    rebind_wait_days: t.Days | None = None
    on_insurance_ended: t.Condition = "end"
    on_insurance_paused: t.Condition = "nothing"
    on_moved: t.Condition = "end"
    on_death: t.Condition = "end"
    person_wait: t.Seconds = 15  # a request waits so long for a person whom the registry does not know yet


@dataclass(frozen=True, slots=True)
class Review:
    """What the region decides by itself and how long people may take."""

    auto_approve: t.AutoApprove = "when-proven"  # the relation is proven by the registry: no human looks
    working_days: t.Days = 3  # until the decision is due
    supplement_working_days: t.Days = 10  # the applicant has for missing papers


@dataclass(frozen=True, slots=True)
class Notice:
    """How the applicant hears of it."""

    media: tuple[t.Medium, ...] = ("sms", "call")  # in this order until one arrives
    media_counter: tuple[t.Medium, ...] = ("call", "sms")  # for who applied at a counter
    quiet_hours: t.Hours | None = None  # nothing is sent then, by no medium
    call_hours: tuple[t.Hours, ...] = ()  # calls only within these; none: whenever it is not quiet
    receipt_wait: t.Seconds = 1800  # silence of an SMS provider after which the next medium is tried
    call_retry: t.Seconds = 600  # between two calls to one person
    call_attempts: t.Count = 3  # calls to one person about one thing
    max_age_hours: t.Count = 72  # an older decision is not announced any more


@dataclass(frozen=True, slots=True)
class Spending:
    """What a binding may pay, from which part of whose account, and in which order."""

    order: t.Order = "oldest-binding"  # of the sponsors, after the beneficiary's own account
    sponsor_segments: frozenset[t.Segment] = frozenset({"current", "historic"})  # 当年, 历年
    one_sponsor_per_settlement: t.Flag = False
    floor: t.Fen = 0  # stays in the sponsor's account
    quota_scope: t.QuotaScope = "per-member"
    quota_period: t.QuotaPeriod = "year"
    quota_default: t.Fen | None = None  # where the sponsor set none; None: unlimited
    med_types: frozenset[t.Code] | None = (
        None  # national codes or their first two digits; None: every type of care
    )
    mutual_aid: t.MutualAid = "beside"  # acct_mulaid_pay within acct_pay, or in addition to it
    fund_includes_account: t.Flag = False  # fund_pay_sumamt contains the personal account

    def allows(self, med_type: str) -> bool:
        """Whether sponsors may pay for a national `med_type` such as 11 or 140104."""
        return self.med_types is None or med_type in self.med_types or med_type[:2] in self.med_types


@dataclass(frozen=True, slots=True)
class RegionPolicy:
    """One region's policy on one day. `version` is the hash of the resolved tree."""

    region: str
    name_zh: str
    name_en: str
    binding: Binding
    review: Review
    notice: Notice
    spending: Spending
    version: str
    citations: Mapping[str, Citation]

    def cite(self, path: str) -> Citation:
        """The source of a value, for example "binding.relations". KeyError if there is no such key."""
        return self.citations[path]

    def allows_distance(self, mine: str, other: str) -> bool:
        """Whether two pooling regions (six-digit `insuplc_admdvs`) are near enough to be bound."""
        reach = self.binding.reach
        if reach == "nationwide":
            return True
        if reach == "province":
            return mine[:_PROVINCE_DIGITS] == other[:_PROVINCE_DIGITS]
        return pooling_region(mine) == pooling_region(other)


def pooling_region(code: str) -> str:
    """The city of a code: 330106 → 330100; a municipality is one: 310104 → 310000."""
    return code[:2] + "0000" if code[:2] in {"11", "12", "31", "50"} else code[:4] + "00"
