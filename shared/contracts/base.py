"""Value types that all messages share: the frozen base model, money, times, region codes."""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

_MONEY = re.compile(r"-?(0|[1-9][0-9]{0,13})\.[0-9]{2}")


class Message(BaseModel):
    """A message body. Frozen; fields that it does not know are ignored and never stored (a newer sender may add some)."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, allow_inf_nan=False, ser_json_bytes="base64"
    )


def fen(text: Any) -> int:
    """Fen of a decimal string of yuan with exactly two places, such as `"128.50"`.

    Raises `ValueError` for numbers, floats, other notations and more than 14 digits before the point.
    """
    if isinstance(text, int) and not isinstance(text, bool):
        return text  # already fen: a value made by our own code, not read from the wire
    if not isinstance(text, str) or not _MONEY.fullmatch(text):
        raise ValueError('money is a decimal string of yuan with two places, for example "128.50"')
    return int(text.replace(".", "", 1))


@lru_cache(maxsize=65_536)  # the same few amounts come again and again, nothing first of all
def yuan(amount: int) -> str:
    """The wire form of an amount in fen: `12850` → `"128.50"`."""
    if amount >= 100:
        text = str(amount)
        return f"{text[:-2]}.{text[-2:]}"
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def _fen_from_wire(value: Any, info: Any) -> int:
    if type(value) is str and _MONEY.fullmatch(value):  # nearly always; a bill has seven of them
        return int(value[:-3] + value[-2:])
    if info.mode == "json" and not isinstance(value, str):
        raise ValueError('money is a decimal string of yuan with two places, for example "128.50"')
    return fen(value)


Money = Annotated[
    int,
    BeforeValidator(_fen_from_wire),
    PlainSerializer(yuan, return_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^-?(0|[1-9][0-9]{0,13})\.[0-9]{2}$", "examples": ["128.50"]}
    ),
]
"""Integer fen in Python, decimal string of yuan on the wire."""

Amount = Annotated[
    Money,
    Field(ge=0),
    WithJsonSchema(
        {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,13})\.[0-9]{2}$", "examples": ["128.50"]}
    ),
]
"""Money that is not negative."""

PositiveAmount = Annotated[
    Money,
    Field(gt=0),
    WithJsonSchema(
        {"type": "string", "pattern": r"^(?!0\.00$)(0|[1-9][0-9]{0,13})\.[0-9]{2}$", "examples": ["128.50"]}
    ),
]
"""Money above zero."""

Time = Annotated[AwareDatetime, Field(examples=["2026-11-23T10:00:00+08:00"])]
RegionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
PsnNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,30}$")]
InstitutionCode = Annotated[str, StringConstraints(pattern=r"^[HP][0-9]{11}$")]
MsgId = Annotated[str, StringConstraints(pattern=r"^[HP][0-9]{29}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
SourceId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,40}$")]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class Origin(Message):
    """Who asked, carried along the line so that a later service can answer: the request's `ce_source` and `ce_id`."""

    source: SourceId = Field(description="来源系统 / id of the asking source")
    id: str = Field(description="请求消息编号 / ce_id of the request", min_length=1, max_length=128)


__all__ = [
    "UTC",
    "UUID",
    "Amount",
    "Code",
    "InstitutionCode",
    "Message",
    "Money",
    "MsgId",
    "Origin",
    "PositiveAmount",
    "PsnNo",
    "RegionCode",
    "Sha256",
    "ShortText",
    "SourceId",
    "Time",
    "date",
    "datetime",
    "fen",
    "yuan",
]
