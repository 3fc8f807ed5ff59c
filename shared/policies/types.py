"""The kinds of value that a policy file may hold, and how YAML becomes one of them.

Money is a decimal string of yuan in the files ("1000.00") and integer fen here. Whole numbers and booleans
are strict: `"3"` or `yes please` is an error, not a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict

from shared.contracts.binding_requests import ChannelKind, MaterialKind, Relation, Side, Use

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


Fen = Annotated[int, BeforeValidator(_fen)]
Clock = Annotated[time, BeforeValidator(_clock)]
Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0)]
Days = Annotated[int, Strict(), Field(ge=0, le=3660)]
Seconds = Annotated[int, Strict(), Field(ge=0)]
Age = Annotated[int, Strict(), Field(ge=0, le=150)]
Code = Annotated[str, Strict(), Field(pattern=r"^[0-9A-Za-z]{1,20}$")]

Reach = Literal["pooling-region", "province", "nationwide"]
Mode = Literal["authorisation", "transfer", "earmark"]
Effect = Literal["now", "next-day", "next-month"]
Condition = Literal["flag", "suspend", "end", "nothing"]
AutoApprove = Literal["when-proven", "never"]
Medium = Literal["sms", "call", "message-centre"]
Order = Literal["beneficiary-order", "highest-balance", "oldest-binding"]
Segment = Literal["current", "historic"]
QuotaScope = Literal["per-member", "all-members", "none"]
QuotaPeriod = Literal["year", "month", "lifetime"]
MutualAid = Literal["inside", "beside"]


__all__ = [
    "Age", "AutoApprove", "ChannelKind", "Clock", "Code", "Condition", "Count", "Days", "Effect", "Fen",
    "Flag", "Hours", "Letter", "MaterialKind", "Medium", "Mode", "MutualAid", "Order", "QuotaPeriod",
    "QuotaScope", "Reach", "Relation", "Seconds", "Segment", "Side", "Use",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Letter:
    """A commitment letter 承诺书 in force: what the applicant must have signed.

    `sha256` is that of the UTF-8 text in `letters/<code>-<version>.txt`; the loader checks that they agree.
    """

    code: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Hours:
    """A daily span of Beijing time, `start` included and `end` not; it may run over midnight."""

    start: Clock
    end: Clock

    def holds(self, moment: time) -> bool:
        """Whether a Beijing time of day lies within the span (an empty span holds nothing)."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end
