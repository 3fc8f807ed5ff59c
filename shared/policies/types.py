"""The kinds of value that a policy file may hold, and how YAML becomes one of them.

Money is a decimal string of yuan in the files ("1000.00") and integer fen here. Whole numbers and booleans
are strict: `"3"` or `yes please` is an error, not a guess.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import time
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema

from shared.contracts.binding_requests import (
    ChannelKind,
    Material,
    MaterialKind,
    Relation,
    Side,
    Use,
    UseCode,
)
from shared.contracts.registry import InstitutionKind
from shared.contracts.settlement_requests import ItemCategory

_MONEY = re.compile(r"(?:0|[1-9][0-9]{0,11})\.[0-9]{2}")
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


def _fen(value: Any) -> int:
    if isinstance(value, str) and _MONEY.fullmatch(value):
        return int(value.replace(".", ""))
    raise ValueError('money as a quoted string of yuan with two places, for example "1000.00"')


def _clock(value: Any) -> time:
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return time.fromisoformat(value)
    raise ValueError('a time of day as a quoted string, for example "22:00"')


Fen = Annotated[
    int, BeforeValidator(_fen), WithJsonSchema({"type": "string", "pattern": f"^{_MONEY.pattern}$"})
]
Clock = Annotated[
    time, BeforeValidator(_clock), WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK.pattern}$"})
]
Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0, le=1_000_000_000)]
Months = Annotated[int, Strict(), Field(ge=0, le=1200)]
Days = Annotated[int, Strict(), Field(ge=0, le=3660)]
Minutes = Annotated[int, Strict(), Field(ge=0, le=10_080)]
Seconds = Annotated[int, Strict(), Field(ge=0, le=604_800)]
PerMille = Annotated[int, Strict(), Field(ge=0, le=1000)]
Age = Annotated[int, Strict(), Field(ge=0, le=150)]
Code = Annotated[str, Strict(), Field(pattern=r"^[0-9A-Za-z]{1,20}$")]
MonthDay = Annotated[str, Strict(), Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$")]
Hotline = Annotated[str, Strict(), Field(pattern=r"^[0-9-]{3,20}$")]

Reach = Literal["pooling-region", "province", "nationwide"]
Mode = Literal["authorisation", "transfer", "earmark"]
Effect = Literal["now", "next-day", "next-month"]
Condition = Literal["flag", "suspend", "end", "nothing"]
OnRuleChanged = Literal["keep", "list", "end"]
Proof = Literal["face-check", "commitment", "real-name", "e-credential", "operator"]
AutoApprove = Literal["when-proven", "never"]
Medium = Literal["sms", "call", "message-centre"]
NoticeKind = Literal[
    "received", "consent-requested", "supplement-requested", "approved", "refused", "rejected", "withdrawn", "expired", "changed",
    "suspended", "resumed", "ended", "settled", "cancelled", "reversed", "refunded", "premium-paid",
    "premium-cancelled", "transfer-offered",
]  # fmt: skip
Window = Literal["minute", "hour", "day"]
Order = Literal["beneficiary-order", "highest-balance", "oldest-binding", "newest-binding"]
Segment = Literal["current", "historic"]
Payer = Literal["own", "sponsor"]
BillPart = Literal["in-scope", "pre-selfpay", "over-limit", "wholly-selfpaid"]
CountedFor = Literal["payer", "beneficiary", "binding"]
Period = Literal["settlement", "day", "month", "year", "insured-year", "lifetime"]
QuotaScope = Literal["per-member", "all-members", "none"]
MutualAid = Literal["inside", "beside"]
HospitalPart = Literal["beside", "in-scope", "in-fund"]
ShareList = Literal["none", "amounts", "relations"]


__all__ = [
    "Age", "AutoApprove", "BillPart", "Cap", "ChannelKind", "Choices", "Clock", "Code", "Collected", "Condition", "Count", "CountedFor", "Days", "Document", "Effect",
    "Fen", "Flag", "HospitalPart", "Hotline", "Hours", "InstitutionKind", "ItemCategory", "Letter", "MaterialKind", "MaterialRule", "Medium", "Minutes", "Mode", "MonthDay",
    "Months", "MutualAid", "NoticeKind", "Often", "OnRuleChanged", "Order", "Payable", "Payer", "PerMille", "Period", "Proof", "QuotaScope",
    "Reach", "Relation", "SecondEyes", "Seconds", "Segment", "ShareList", "Side", "Use", "UseCode", "Window",
]  # fmt: skip

_CLOSED = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, order=True)
class Document:
    """One document that may be asked for: `household-register`, or of one side only: `id-card@beneficiary`."""

    kind: MaterialKind
    holder: Side | None = None

    def among(self, given: Collection[Material]) -> bool:
        """Whether somebody handed it in; of the right side, where a side is named."""
        return any(m.kind is self.kind and self.holder in (None, m.holder) for m in given)


def _document(value: Any) -> Any:
    if isinstance(value, Document):
        return value
    kind, at, holder = value.partition("@") if isinstance(value, str) else ("", "", "")
    try:
        return Document(MaterialKind(kind), Side(holder) if at else None)
    except ValueError:
        kinds = ", ".join(MaterialKind)
        raise ValueError(
            f"a document such as household-register or id-card@beneficiary; kinds: {kinds}"
        ) from None


_DOCUMENTS = {
    "type": "string",
    "description": "材料，可注明哪一方 / a document, of one side where that is named: id-card@beneficiary",
    "enum": [kind + at for kind in MaterialKind for at in ("", *(f"@{side}" for side in Side))],
}
_AtLeastOne = Field(min_length=1)
"""Without a list nobody could meet the rule; a list without a document would be met by everybody."""
_Choice = frozenset[Annotated[Document, BeforeValidator(_document), WithJsonSchema(_DOCUMENTS)]]
Choices = Annotated[tuple[Annotated[_Choice, _AtLeastOne], ...], _AtLeastOne]
"""Any of these lists of documents; all documents of the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialRule:
    """Documents that an application needs if it is one of those described. Every rule that applies must be met.

    `from_age` and `below_age` are full years of the beneficiary on the request's date. A rule with `unless_proven` asks nobody whose
    relation the registry proves.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CLOSED

    any_of: Choices
    relations: frozenset[Relation] | None = None  # None: every relation
    channels: frozenset[ChannelKind] | None = None  # None: every channel
    from_age: Age | None = None
    below_age: Age | None = None
    unless_proven: Flag = True

    def concerns(self, relation: Relation, channel: ChannelKind, age: int | None) -> bool:
        """Whether the rule speaks of such an application. An unknown age meets no bound of age."""
        if self.relations is not None and relation not in self.relations:
            return False
        if self.channels is not None and channel not in self.channels:
            return False
        if age is None:
            return self.from_age is None and self.below_age is None
        return (self.from_age is None or age >= self.from_age) and (
            self.below_age is None or age < self.below_age
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondEyes:
    """Cases that two persons have to approve: those of which everything that is named holds."""

    __pydantic_config__: ClassVar[ConfigDict] = _CLOSED

    relations: frozenset[Relation] | None = None  # None: every relation
    channels: frozenset[ChannelKind] | None = None  # None: every channel
    marks: frozenset[str] | None = None  # codes of which the case has at least one; None: with or without
    materials: frozenset[MaterialKind] | None = None  # kinds of which it has at least one; None: any or none
    unless_proven: Flag = True  # only where the registry does not prove the relation

    def concerns(
        self,
        relation: Relation,
        channel: ChannelKind,
        marks: Collection[str],
        materials: Collection[MaterialKind],
        *,
        proven: bool,
    ) -> bool:
        """Whether two persons have to look at such a case."""
        if self.relations is not None and relation not in self.relations:
            return False
        if self.channels is not None and channel not in self.channels:
            return False
        if self.marks is not None and self.marks.isdisjoint(marks):
            return False
        if self.materials is not None and self.materials.isdisjoint(materials):
            return False
        return not (self.unless_proven and proven)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable:
    """One line of the table of what may be paid: everything that is named holds for a piece of a bill and for who would pay it.

    `items` speaks of bills with lines; for a bill without them it is as if it were not named.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CLOSED

    payer: Payer | None = None  # None: the own account and sponsors
    segments: frozenset[Segment] | None = None  # None: every part of the account
    med_types: frozenset[Code] | None = (
        None  # national med_type or its first two digits; None: every kind of care
    )
    institutions: frozenset[InstitutionKind] | None = None  # None: hospitals and pharmacies
    items: frozenset[ItemCategory] | None = None  # None: every category
    parts: frozenset[BillPart] | None = None  # None: every part of the bill

    def concerns(self, payer: Payer, segment: Segment, med_type: str, institution: InstitutionKind) -> bool:
        """Whether the line speaks of such a payer at such a place; items and parts are the bill's."""
        return (
            self.payer in (None, payer)
            and (self.segments is None or segment in self.segments)
            and among(self.med_types, med_type)
            and (self.institutions is None or institution in self.institutions)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """So much of sponsors' money in a period: of one payer, for one beneficiary, or of one for the other (binding)."""

    __pydantic_config__: ClassVar[ConfigDict] = _CLOSED

    by: CountedFor
    per: Period
    amount: Fen
    uses: frozenset[UseCode] | None = None  # None: every use
    med_types: frozenset[Code] | None = None  # None: every kind of care

    def concerns(self, use: str, med_type: str) -> bool:
        """Whether a bill of this use and national `med_type` counts."""
        return (self.uses is None or use in self.uses) and among(self.med_types, med_type)


def among(med_types: Collection[str] | None, med_type: str) -> bool:
    """Whether a national `med_type` such as 140104 is among those named, by its code or by its first two digits; `None`: all."""
    return med_types is None or med_type in med_types or med_type[:2] in med_types


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """When the premium of a year is collected: from `first`, a day of the year before, up to but without the next `until`."""

    __pydantic_config__: ClassVar[ConfigDict] = _CLOSED

    first: MonthDay
    until: MonthDay


@dataclass(frozen=True, slots=True)
class Often:
    """So many bindings within so many days."""

    __pydantic_config__: ClassVar[ConfigDict] = _CLOSED

    bindings: Count
    days: Days


@dataclass(frozen=True, slots=True)
class Letter:
    """A commitment letter 承诺书 in force: what the applicant must have signed.

    `sha256` is that of the UTF-8 text in `letters/<code>-<version>.txt`; the loader checks that they agree.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CLOSED

    code: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Hours:
    """A daily span of Beijing time, `start` included and `end` not; it may run over midnight."""

    __pydantic_config__: ClassVar[ConfigDict] = _CLOSED

    start: Clock
    end: Clock

    def holds(self, moment: time) -> bool:
        """Whether a Beijing time of day lies within the span (an empty span holds nothing)."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end
