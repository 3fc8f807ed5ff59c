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
    relations: frozenset[t.Relation] = (
        frozenset()
    )  # what the beneficiary is to the sponsor; in-laws only if named
    reach: t.Reach = "pooling-region"  # how far apart the two may be insured
    cross_province_mode: t.Mode | None = (
        None  # the mode in which it goes beyond the province; None: it does not
    )
    sponsor_insurance: frozenset[t.Code] = frozenset({"310"})  # insutype that has an account to give
    beneficiary_insurance: frozenset[t.Code] = frozenset({"310", "390"})
    insurance_status: frozenset[t.Code] = frozenset({"1"})  # psn_insu_stas that counts as normal
    sponsor_excluded: frozenset[t.Code] = frozenset()  # psn_type, or its first digits
    beneficiary_excluded: frozenset[t.Code] = frozenset()
    min_balance: t.Fen = 0  # the sponsor's balance at binding, at least
    base_reserve: t.Fen | None = (
        None  # stays in the sponsor's account: the balance at binding must be above it
    )
    max_beneficiaries: t.Count | None = None  # of one sponsor, at once
    counts_sponsor: t.Flag = False  # max_beneficiaries counts the sponsor as one of the family
    max_beneficiaries_elsewhere: t.Count | None = None  # of these, insured in another pooling region
    max_per_relation: Mapping[t.Relation, t.Count] = field(default_factory=dict)
    max_lifetime_beneficiaries: t.Count | None = None  # distinct persons, over the years
    max_sponsors: t.Count | None = None  # of one beneficiary, at once
    max_spouses: t.Count | None = None
    max_fathers: t.Count | None = None
    max_mothers: t.Count | None = None
    spouse_other_sex: t.Flag = False
    min_age_gap: Mapping[t.Relation, t.Age] = field(
        default_factory=dict
    )  # years; less is odd: a person looks
    min_spouse_age: t.Age | None = None  # a younger spouse is odd: a person looks
    member_may_sponsor: t.Flag = True  # who is a beneficiary may become a sponsor
    sponsor_may_be_member: t.Flag = True  # who has beneficiaries may become one
    reverse_edge: t.Flag = True  # two persons may sponsor one another
    one_family: t.Flag = False  # nobody belongs to two families, as sponsor or as member
    consent_from_age: t.Age | None = None  # full years on the request's date; None: nobody is asked
    consent_relations: frozenset[t.Relation] | None = None  # who is asked; None: every relation
    consent_channels: frozenset[t.ChannelKind] | None = None  # of the request; None: every channel
    consent_face_check: t.Flag = True
    consent_days: t.Days = 7
    commitment: t.Letter | None = None
    face_check: t.Flag = True  # of the sponsor, at online channels
    face_check_on_unbind: t.Flag = False
    face_check_max_age: t.Seconds = 600
    real_name_level: t.Count | None = None  # of the channel's user, at least; online channels only
    e_credential: t.Flag = False  # the sponsor's medical e-credential is activated; online channels only
    channel_proofs: Mapping[t.ChannelKind, frozenset[t.Proof]] = field(
        default_factory=dict
    )  # other than the usual
    kin_account_first: t.Flag = False  # a kin account 亲情账户 is bound before family sharing
    materials: tuple[t.MaterialRule, ...] = ()  # every rule that applies must be met
    channels: frozenset[t.ChannelKind] | None = None  # None: all kinds
    counter_preferred_from_age: t.Age | None = None  # remedies name the counter first from this age on
    uses: frozenset[t.UseCode] = frozenset({t.Use.OUTPATIENT, t.Use.PHARMACY})
    use_proofs: Mapping[t.UseCode, t.Choices] = field(default_factory=dict)  # documents that a use needs
    account_opening: t.Flag = False  # the sponsor opens a family account first
    effect: t.Effect = "now"
    effect_by_channel: Mapping[t.ChannelKind, t.Effect] = field(default_factory=dict)  # where not `effect`
    max_days_ahead: t.Days | None = None  # of a chosen start date
    min_term_days: t.Days | None = None  # from first to last day, both counted
    max_term_days: t.Days | None = None  # with it, an end date must be chosen
    unbind_by: frozenset[t.Side] = frozenset(t.Side)
    unbind_channels: frozenset[t.ChannelKind] | None = None  # None: those of `channels`
    unbind_effect: t.Effect = "now"
    unbind_effect_by_channel: Mapping[t.ChannelKind, t.Effect] = field(default_factory=dict)
    min_bound_months: t.Count | None = None
    rebind_wait_days: t.Days | None = None  # the same two, after one side ended a binding
    max_changes_per_year: t.Count | None = (
        None  # of scope, quota and dates of one binding, in a calendar year
    )
    on_insurance_ended: t.Condition = "end"
    on_insurance_paused: t.Condition = "nothing"
    on_moved: t.Condition = "end"
    on_death: t.Condition = "end"
    on_category: t.Condition = "nothing"  # one side enters an excluded category later
    on_rule_changed: t.OnRuleChanged = "keep"  # a standing binding that a changed rule would refuse
    max_unconfirmed_per_day: t.Count | None = (
        None  # different relatives of one sponsor who could not be confirmed
    )
    person_wait: t.Seconds = 15  # a request waits so long for a person whom the registry does not know yet
    reservation_days: t.Days = 30  # a slot held longer than this without a decision is listed for staff


@dataclass(frozen=True, slots=True)
class Review:
    """What the region decides by itself and how long people may take."""

    auto_approve: t.AutoApprove = "when-proven"  # the relation is proven by the registry: no human looks
    working_days: t.Days = 3  # until the decision is due
    supplement_working_days: t.Days = 10  # the applicant has for missing papers


@dataclass(frozen=True, slots=True)
class Notice:
    """How the applicant hears of it."""

    hotline: t.Hotline = "12393"
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

    insurance_status: frozenset[t.Code] = frozenset({"1"})  # psn_insu_stas of either side at the bill's time
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
