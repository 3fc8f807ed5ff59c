"""Accounts that move between regions and turns that are heard of late, while anything else happens: all that `test_serial_oracle.py` asks
for holds, and no money stands apart where the account's region has no such mode."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from shared.messaging.handler import Event
from tests.unit.settlement.serial import course
from tests.unit.settlement.serial.lives import BEGIN, Body, Life
from tests.unit.settlement.serial.rules import AWAY, HOME, NATION

PLACES = (HOME, AWAY, "330700", "320100")
STEPS = 1_200
pytestmark = pytest.mark.oracle


class Moving(Life):
    """Every fourth credit comes from another region, every other turn is heard of days later."""

    def credit(self, psn_no: str | None = None, segment: str | None = None) -> Event:
        whose = psn_no or self.random.choice(self.people)
        if psn_no is None and self.random.random() < 0.25:
            self.region[whose] = self.random.choice(PLACES)
        return super().credit(whose, segment)

    def turn(self) -> Event:
        made = super().turn()
        late = timedelta(hours=self.random.choice((0, self.random.randint(1, 200))))
        return made._replace(appended_at=made.time + late)


class Course(course.Course):
    """Looks after each batch where money stands apart."""

    latest = BEGIN

    def _batch(self, played: list[Any]) -> None:
        super()._batch(played)
        self.latest = max([self.latest, *(step.item.time for step, _ in played)])
        if wrong := next(self._misplaced(), None):
            raise course.Different(f"batch of step {len(self.steps)}: {wrong}")

    def _misplaced(self) -> Iterator[str]:
        tables = self.one.tables
        for table, owner, mode in (
            ("earmark", "sponsor", "earmark"), ("wallet", "giver", "transfer"), ("transfer", "giver", "transfer"),
        ):  # fmt: skip
            for row in tables.rows(table).values():
                purse = tables.rows("account").get((row["account"],))
                if purse is None or not purse["current"] + purse["historic"]:
                    continue
                region = tables.rows("account")[row[owner],]["admdvs"]
                if region and mode not in self.town.at(region, self.latest).spending.modes:
                    yield f"{purse['psn_no']} has money, {region or NATION} has no mode {mode}"
                if purse["admdvs"] != region:
                    yield f"{purse['psn_no']} is of {purse['admdvs']}, its owner's account of {region}"


@pytest.mark.parametrize("seed", range(4))
def test_what_stands_apart_follows_accounts_that_move_in_batches_as_one_at_a_time(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "Life", Moving)
    played = Course(seed)
    played.run(STEPS)
    moved = {body["admdvs"] for step in played.steps if (body := _credited(step.item))}
    assert moved == set(PLACES)
    assert played.kinds["settled"] > STEPS // 20


def _credited(item: Any) -> Body | None:
    is_credit = isinstance(item, Event) and item.type == "account.credits.credited"
    return {"admdvs": item.body.admdvs} if is_credit and hasattr(item.body, "admdvs") else None
