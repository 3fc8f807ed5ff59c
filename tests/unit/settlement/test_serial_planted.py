"""The oracle can fail: each fault that is planted in the service is found, by the second reckoning where both replicas have it alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.settlement import handlers
from services.settlement.deciding import (
    facts,
    giving,
    premium_checks,
    settle,
    splitting,
    transfer,
)
from services.settlement.domain import payable, quotes, sponsors
from services.settlement.domain.limits import Limit
from tests.unit.settlement.serial.course import Course, Different

pytestmark = pytest.mark.oracle


def nothing(*args: Any, **more: Any) -> None:
    """Forgets what was to be done."""


def to_a_third(book: Any, purse: Any, giver: str, *rest: Any, home: Any = transfer._home) -> None:
    """What is left of a wallet goes to somebody else."""
    home(book, purse, "p00" if giver != "p00" else "p01", *rest)


def no_floor(*args: Any, tightest: Any = sponsors._tightest) -> Limit | None:
    """The floor of a sponsor's account bounds nothing."""
    found: Limit | None = tightest(*args)
    return None if found is not None and found.why is sponsors.FLOOR else found


def first_item_pays(amount: int, over: list[int]) -> list[int]:
    """The fund pays the first category alone, as far as that goes."""
    parts = []
    for one in over:
        parts.append(min(amount, one))
        amount -= parts[-1]
    return parts


PLANTED: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "the floor is ignored": (sponsors, "_tightest", no_floor),
    "a refund restores no quota": (giving, "_quota", nothing),
    "a hold pays and is given back as well": (quotes.Quotes, "take", lambda self, visit: self.known[visit]),
    "no hold ends at its time": (handlers.DUES, "hold", nothing),
    "no offer goes back in the morning": (handlers.DUES, "transfer", nothing),
    "the remainder of a wallet goes to a third": (transfer, "_home", to_a_third),
    "premiums are paid for anybody at any time": (premium_checks, "_about", lambda *args: iter(())),
    "a late end is not listed for recovery": (facts, "_late", nothing),
    "the fund pays the first line": (payable, "spread", first_item_pays),
    "whoever shows a card is billed": (settle, "check_patient", nothing),
    "figures need not add up": (settle, "check_amounts", nothing),
    "no filing is asked for": (splitting, "_none_counts", nothing),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, name, wrong = PLANTED[fault]
    if isinstance(place, dict):
        monkeypatch.setitem(place, name, wrong)
    else:
        monkeypatch.setattr(place, name, wrong)
    assert any(differs(seed) for seed in range(12)), "nobody noticed"


def differs(seed: int) -> bool:
    """Whether a short course of a seed shows something."""
    try:
        Course(seed, (24, 8)[seed % 2]).run(1_200)
    except (Different, AssertionError, LookupError, ValueError, KeyError):
        return True
    except Exception as error:  # the service may stumble over it, too: an overdrawn row
        return type(error).__name__ == "Overdrawn"
    return False
