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
Seconds = Annotated[int, Strict(), Field(ge=0, le=604_800)]
PerMille = Annotated[int, Strict(), Field(ge=0, le=1000)]
Age = Annotated[int, Strict(), Field(ge=0, le=150)]
Code = Annotated[str, Strict(), Field(pattern=r"^[0-9A-Za-z]{1,20}$")]
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
]  # fmt: skip
Window = Literal["minute", "hour", "day"]
Order = Literal["beneficiary-order", "highest-balance", "oldest-binding"]
Segment = Literal["current", "historic"]
QuotaScope = Literal["per-member", "all-members", "none"]
QuotaPeriod = Literal["year", "month", "lifetime"]
MutualAid = Literal["inside", "beside"]


__all__ = [
    "Age", "AutoApprove", "ChannelKind", "Choices", "Clock", "Code", "Condition", "Count", "Days", "Document", "Effect",
    "Fen", "Flag", "Hotline", "Hours", "Letter", "MaterialKind", "MaterialRule", "Medium", "Mode", "Months", "MutualAid",
    "NoticeKind", "Often", "OnRuleChanged", "Order", "PerMille", "Proof", "QuotaPeriod", "QuotaScope", "Reach", "Relation", "SecondEyes", "Seconds",
    "Segment", "Side", "Use", "UseCode", "Window",
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
