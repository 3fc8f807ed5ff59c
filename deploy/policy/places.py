"""Which region somebody means: by code, by Chinese or by English name."""

from __future__ import annotations

import re
from difflib import get_close_matches

from deploy.local.errors import StackError
from shared.policies import Policies
from shared.policies.loader import NATIONAL

PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "66",
        "71",
        "81",
        "82",
    ]
)
"""First two digits of codes that exist: GB/T 2260, and 66 of 新疆生产建设兵团."""
_SUFFIX = re.compile(r"(特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|省|市)$")


def find(policies: Policies, wanted: str) -> str:
    """The six-digit code of a region. Raises `StackError` that names the known ones."""
    if re.fullmatch("[0-9]{6}", wanted):
        if wanted in policies.files or wanted[:2] in PROVINCES:
            return wanted
        raise _unknown(policies, wanted)
    names = {name: code for code in policies.files for name in _names(policies, code)}
    key = wanted.strip().lower()
    if code := names.get(key) or names.get(_SUFFIX.sub("", key)):
        return code
    raise _unknown(policies, wanted, get_close_matches(key, names, n=1))


def _names(policies: Policies, code: str) -> tuple[str, ...]:
    file = policies.files[code]
    return file.name_zh, _SUFFIX.sub("", file.name_zh), file.name_en.lower()


def _unknown(policies: Policies, wanted: str, close: list[str] | None = None) -> StackError:
    known = ", ".join(title(policies, code) for code in sorted(policies.files))
    meant = f" Did you mean {close[0]}?" if close else ""
    return StackError(
        f"no region {wanted!r}",
        f"{meant} Known: {known}; other codes have what their province or the nation says.",
    )


def title(policies: Policies, code: str) -> str:
    """A region as a person reads it: 浙江省 Zhejiang 330000."""
    file = policies.files.get(code)
    return f"{file.name_zh} {file.name_en} {code}" if file else code


def levels(policies: Policies, region: str = "") -> dict[str, str]:
    """The short name of the region that a file speaks for, by file name; that of `region` itself stands out."""
    named = short_names(policies)
    named |= {region: f"[bold cyan]{named[region]}[/]"} if region in named else {}
    entries = (e for file in policies.files.values() for found in file.entries.values() for e in found)
    return {e.file: named[code] for e in entries if (code := e.file.partition("-")[0]) in named}


def short_names(policies: Policies) -> dict[str, str]:
    """Chinese names by code, without 省 or 市."""
    return {code: _SUFFIX.sub("", file.name_zh) for code, file in policies.files.items()}


def inherited(policies: Policies, code: str) -> list[str]:
    """The codes of the files that speak for a region, the nearest first; the region itself only if it has one."""
    return [file.region for file in policies.chain(code)]


__all__ = ["NATIONAL", "PROVINCES", "find", "inherited", "title"]
