"""Why something was refused: stable codes with their texts, and the reason as an answer carries it.

A code is a promise: it is never renamed and never used for something else. `docs/reasons.md` is generated from `REASONS`.
"""

from pydantic import Field

from shared.contracts.base import Code, Message, date
from shared.contracts.reason_texts import REASONS, ReasonText

HOTLINE = "12393"
"""The national hotline of medical insurance, where a region names none of its own."""
MAX_TEXT = 500
"""Characters of a text in one language."""


class Citation(Message):
    """政策依据 / where a rule's value comes from."""

    file: str = Field(description="政策文件 / policy file, for example 330000-zhejiang.yaml", max_length=100)
    path: str = Field(description="条目路径 / path in the file", max_length=200)
    valid_from: date = Field(description="生效日期 / from which date the value holds")
    reference: str = Field(description="文件依据 / legal reference", max_length=300)
    policy_version: str = Field(description="政策版本 / hash of the resolved policy tree", max_length=64)


class Reason(Message):
    """一条理由 / one reason for a refusal or a request for more."""

    code: Code = Field(description="理由代码 / stable code, see docs/reasons.md")
    rule: Code | None = Field(default=None, description="规则编号 / id of the rule")
    field: str | None = Field(default=None, description="字段 / the field concerned", max_length=200)
    zh: str = Field(description="中文说明 / what it means, Chinese", max_length=MAX_TEXT)
    en: str = Field(description="英文说明 / what it means, English", max_length=MAX_TEXT)
    remedy_zh: str = Field(description="补救办法 / what the applicant can do, Chinese", max_length=MAX_TEXT)
    remedy_en: str = Field(
        description="补救办法（英文） / what the applicant can do, English", max_length=MAX_TEXT
    )
    citation: Citation | None = Field(default=None, description="政策依据 / where the rule comes from")


def reason(
    code: str,
    *,
    rule: str | None = None,
    field: str | None = None,
    citation: Citation | None = None,
    **values: object,
) -> Reason:
    """The reason `code` with its texts, placeholders filled from `values` (never with personal data).

    A text that grows past its limit by what it quotes (a reviewer's note, a list) is cut: an answer must not fail for that.

    Raises `KeyError` for a code that is not in `REASONS` and for a placeholder without a value.
    """
    text: ReasonText = REASONS[code]
    known = {"field": field, "hotline": HOTLINE, **values}
    zh, en, remedy_zh, remedy_en = (cut(part.format(**known)) for part in text)
    return Reason(
        code=code,
        rule=rule,
        field=field,
        zh=zh,
        en=en,
        remedy_zh=remedy_zh,
        remedy_en=remedy_en,
        citation=citation,
    )


def cut(text: str) -> str:
    """A text within the limit of one language."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
