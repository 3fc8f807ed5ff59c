"""What is wrong with a field is told in Chinese and in English, and never quotes what was sent."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from shared.messaging.wording import stated


class Inner(BaseModel):
    only: int


@pytest.mark.parametrize(
    ("kind", "sent", "zh"),
    [
        (Literal["app", "counter"], "secret", "取值应为 app、counter 之一"),
        (Annotated[str, Field(min_length=3)], "se", "至少3个字符"),
        (Annotated[str, Field(max_length=3)], "secret", "最多3个字符"),
        (Annotated[str, Field(pattern="^[0-9]{6}$")], "secret", "格式不正确"),
        (Annotated[list[int], Field(min_length=1)], [], "至少1项"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "最多1项"),
        (Annotated[int, Field(ge=2)], 1, "不得小于2"),
        (Annotated[int, Field(gt=2)], 2, "应大于2"),
        (Annotated[int, Field(le=2)], 3, "不得大于2"),
        (Annotated[int, Field(lt=2)], 2, "应小于2"),
        (str, 7, "应为文字"),
        (int, "secret", "应为整数"),
        (bool, "secret", "应为 true 或 false"),
        (list[int], "secret", "应为数组"),
        (Inner, "secret", "应为对象"),
        (Inner, {}, "缺少该字段"),
        (UUID, "secret", "不是有效的 UUID"),
        (datetime, "secret", "不是有效的时间"),
        (AwareDatetime, "2026-11-23T10:00:00", "时间须含时区"),
        (date, "secret", "不是有效的日期"),
    ],
)
def test_the_fault_is_told_in_both_languages(kind: Any, sent: object, zh: str) -> None:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(kind).validate_python(sent)
    told = stated(found.value.errors(include_input=False)[0])
    assert told.startswith(f"{zh} / ")
    assert told.rpartition(" / ")[2].isascii()
    assert "secret" not in told
