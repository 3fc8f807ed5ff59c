"""Every batch of settlement equals the same messages one at a time, row by row and word by word; who pays what is reckoned a second time.

Both sides run the service's own code from lock to save on tables in memory, so what is not stored or not loaded is a difference, too. A
difference comes with the fewest steps that show it.
`make test-long PART=oracle` plays a million steps; `GONGJI_SEED` begins at another seed.
"""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest

from services.settlement import storage
from services.settlement.domain import book
from shared.contracts.settlement_requests import DeclineCode
from tests.unit.settlement.serial.course import Course, find

SEEDS, STEPS = 20, 2_500
LONG = bool(os.environ.get("GONGJI_LONG"))
MILLION, LONGER = 1_000_000, 5_000

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_batch_equals_its_messages_one_at_a_time(seed: int) -> None:
    assert (found := find(seed, STEPS, people=(24, 8, 60)[seed % 3])) is None, found


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="a million steps take some 20 minutes; with GONGJI_LONG=1")
def test_a_million_messages_say_the_same_in_batches_and_one_at_a_time() -> None:
    seed, played, begun = int(os.environ.get("GONGJI_SEED", "1000")), 0, time.process_time()
    while played < MILLION:
        people = (8, 24, 60)[seed % 3]
        assert (found := find(seed, LONGER, people=people)) is None, found
        seed, played = seed + 1, played + LONGER
        if played % 50_000 == 0:
            print(f"{played} steps, next seed {seed}, {time.process_time() - begun:.0f} s of CPU", flush=True)


def test_what_is_played_has_everything_in_it() -> None:
    kinds: Counter[str] = Counter()
    for seed in range(3, 7):
        course = Course(seed)
        course.run(2_000)
        kinds += course.kinds
    wanted = {
        "settled", "quoted", "refunded", "cancelled", "reversed", "declined", "premium-paid", "premium-cancelled", "found", "credit", "correct",
        "turn", "earmark", "earmark-back", "hold", "hold-back", "again", "transfer", "transfer-back", "transfer-accepted", "premium-limited",
    }  # fmt: skip
    wanted |= {code.value for code in DeclineCode} - {"not-offered-here"}
    assert wanted - kinds.keys() == set()
    assert kinds["settled"] > 1_200


def test_use_of_a_quota_that_is_not_stored_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_usage", lambda usage: "{}")
    found = next(filter(None, (find(seed, 1_000, people=8) for seed in range(9))), "")
    assert "reckoned" in found or "one at a time" in found
    assert found.count("settlement.requests.settle") <= 3, found


def test_an_order_that_depends_on_the_batch_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "_by_id", lambda binding: b"")
    found = next(filter(None, (find(seed, 1_000, people=8) for seed in range(9))), "")
    assert "one at a time it says" in found
