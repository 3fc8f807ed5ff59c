"""What is wrong with a field, for those who read it on a phone: Chinese first, then English, never the value that was sent."""

import re
from collections.abc import Mapping
from typing import Any

_QUOTED = re.compile(r"'([^']+)'")
_ZH = {
    "missing": "缺少该字段",
    "string_type": "应为文字",
    "string_pattern_mismatch": "格式不正确",
    "list_type": "应为数组",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
}
_ZH_BY_PREFIX = (
    ("uuid_", "不是有效的 UUID"),
    ("datetime_", "不是有效的时间"),
    ("timezone_", "时间须含时区"),
    ("date_", "不是有效的日期"),
)
_ZH_BY_BOUND = {
    "string_too_short": ("min_length", "至少{}个字符"),
    "string_too_long": ("max_length", "最多{}个字符"),
    "too_short": ("min_length", "至少{}项"),
    "too_long": ("max_length", "最多{}项"),
    "greater_than": ("gt", "应大于{}"),
    "greater_than_equal": ("ge", "不得小于{}"),
    "less_than": ("lt", "应小于{}"),
    "less_than_equal": ("le", "不得大于{}"),
}


def stated(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors (with its context) as `中文 / English`."""
    kind, context = str(error["type"]), error.get("ctx") or {}
    english = str(error["msg"]).removeprefix("Value error, ")
    if kind in ("literal_error", "enum"):
        allowed = _QUOTED.findall(str(context.get("expected", "")))
        return f"取值应为 {'、'.join(allowed)} 之一 / {english}"
    if kind in _ZH_BY_BOUND:
        name, zh = _ZH_BY_BOUND[kind]
        return f"{zh.format(context.get(name))} / {english}"
    found = _ZH.get(kind) or next((zh for start, zh in _ZH_BY_PREFIX if kind.startswith(start)), "格式不正确")
    return f"{found} / {english}"
