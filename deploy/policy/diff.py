"""Where two policies differ: two regions, two days, or two sets of files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from deploy.policy import notation
from deploy.policy.show import Shown, shown
from shared.policies import Policies


@dataclass(frozen=True, slots=True)
class Point:
    """One policy: a region of some files, on a day."""

    policies: Policies
    region: str
    day: date


@dataclass(frozen=True, slots=True)
class Difference:
    """One key whose values differ."""

    path: str
    a: Shown
    b: Shown

    def json(self) -> dict[str, Any]:
        """The same for scripts."""
        return {
            "path": self.path,
            **{side: {k: one.json()[k] for k in ("value", "source")} for side, one in (("a", self.a), ("b", self.b))},
        }  # fmt: skip


def differences(a: Point, b: Point) -> Iterator[Difference]:
    """Every key with two values, in the order of the format. A value that only comes from elsewhere is no difference."""
    for one, other in zip(
        shown(a.policies, a.region, a.day), shown(b.policies, b.region, b.day), strict=True
    ):
        if notation.plain(one.path, one.value) != notation.plain(other.path, other.value):
            yield Difference(one.path, one, other)


def concerned(a: Policies, b: Policies, day: date) -> list[str]:
    """Codes of the regions of either tree whose values differ on a day."""
    codes = sorted({*a.files, *b.files})
    return [code for code in codes if any(differences(Point(a, code, day), Point(b, code, day)))]
