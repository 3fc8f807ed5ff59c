"""The same random messages twice: one at a time, each read from the tables and stored again, and in batches. Everything must be equal."""

from __future__ import annotations

import random
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import BaseModel

from shared.messaging.handler import Due, Event, Item
from tests.unit.settlement.serial.lives import Life
from tests.unit.settlement.serial.reckoning import Reckoning
from tests.unit.settlement.serial.replicas import Dues, Replica, Said, due_of, told
from tests.unit.settlement.serial.rules import Town
from tests.unit.settlement.serial.watch import Watch

MOST = 500


class Step(NamedTuple):
    """One item with its number, and the batch that it comes in."""

    number: int
    batch: int
    item: Item


class Different(AssertionError):
    """What was found at which step."""


@dataclass
class Course:
    """A run of one seed. `steps` are what has been played so far, so that it can be played again without some of them."""

    seed: int
    people: int = 24
    steps: list[Step] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    """Results, codes and kinds of entries so far."""

    def __post_init__(self) -> None:
        self.town = Town(self.seed)
        self._fresh()

    def _fresh(self) -> None:
        self.one, self.many = Replica(self.town, self.seed), Replica(self.town, self.seed + 1)
        self.watch = Watch(self.one.tables)
        self.reckoning = Reckoning(self.town)
        self.dues: dict[tuple[str, str], Any] = {}

    def run(self, count: int) -> None:
        """Plays about so many random steps. Raises `Different`."""
        life, rolled, batch = (
            Life(self.seed, people=self.people),
            random.Random(self.seed),
            0,
        )
        while len(self.steps) < count:
            batch += 1
            size = min(MOST, rolled.choice((1, 7, 40, 200, 500)), rolled.randint(1, MOST))
            self._batch(list(self._alone(life, size, batch)))
            while fallen := self._fallen(life):
                batch += 1
                self._batch([self._serial(Step(len(self.steps) + 1, batch, due)) for due in fallen])
            if late := self.reckoning.overdue(life.now):
                raise Different(f"after step {len(self.steps)}: {late}")
        self.compare_all()

    def _alone(self, life: Life, size: int, batch: int) -> Iterator[tuple[Step, Said]]:
        for _ in range(size):
            event = life.next()
            step, said = self._serial(Step(len(self.steps) + 1, batch, event))
            life.told(event, told(event, said))
            yield step, said

    def _fallen(self, life: Life) -> list[Due]:
        keys = sorted((row[0], key) for key, row in self.dues.items() if row[0] <= life.now)[:MOST]
        return [due_of(*key, self.dues.pop(key)) for _, key in keys]

    def replay(self, steps: list[Step]) -> str | None:
        """Plays steps again from nothing; what is different, or `None`."""
        self._fresh()
        self.steps = []
        played: list[tuple[Step, Said]] = []
        try:
            for step in steps:
                if played and played[-1][0].batch != step.batch:
                    self._batch(played)
                    played = []
                played.append(self._serial(step))
            self._batch(played)
            self.compare_all()
        except Exception as error:
            return _words(error)
        return None

    def _serial(self, step: Step) -> tuple[Step, Said]:
        self.steps.append(step)
        (said,) = self.one.run([(step.number, step.item)])
        self._note(said.dues)
        entries = self.watch.entries()
        self.kinds.update(kind for kind, _ in said.results)
        self.kinds.update(said.codes)
        self.kinds.update({e["kind"] for e in entries})
        if wrong := self.reckoning.step(step.item, said, entries, self.watch.owed()):
            raise Different(f"step {step.number}: {wrong}")
        return step, said

    def _note(self, dues: Dues) -> None:
        for key, row in dues.items():
            self.dues.pop(key, None)
            if row is not None:
                self.dues[key] = row

    def _batch(self, played: list[tuple[Step, Said]]) -> None:
        again = self.many.run([(step.number, step.item) for step, _ in played])
        for (step, before), after in zip(played, again, strict=True):
            if before != after:
                raise Different(
                    f"step {step.number}: one at a time it says\n{_only(before, after)}\nin a batch\n{_only(after, before)}"
                )
        one, many = self.one.tables, self.many.tables
        for table, key in one.touched | many.touched:
            if table != "entry" and one.rows(table).get(key) != many.rows(table).get(key):
                raise Different(
                    f"batch of step {played[-1][0].number}: {table} {key} {_unlike(one, many, table, key)}"
                )
        one.touched.clear()
        many.touched.clear()
        if wrong := self.watch.wrong():
            raise Different(f"batch of step {played[-1][0].number}: {wrong}")

    def compare_all(self) -> None:
        """Every row of every table. Raises `Different`."""
        one, many = self.one.tables, self.many.tables
        if wrong := self.reckoning.stored(one):
            raise Different(wrong)
        for table in one.names | many.names:
            if one.rows(table) != many.rows(table):
                keys = [
                    k
                    for k in one.rows(table) | many.rows(table)
                    if one.rows(table).get(k) != many.rows(table).get(k)
                ]
                raise Different(
                    f"{table}: {len(keys)} rows differ, the first {keys[0]} {_unlike(one, many, table, keys[0])}"
                )


def _only(one: Said, other: Said) -> str:
    """What one says and the other does not."""
    records = [(r.topic, r.value.decode() if r.value else "") for r in one.records if r not in other.records]
    return f"{records} {[due for due in one.dues.items() if due not in other.dues.items()]}"


def _unlike(one: Any, many: Any, table: str, key: Any) -> str:
    a, b = one.rows(table).get(key) or {}, many.rows(table).get(key) or {}
    return str({name: (a.get(name), b.get(name)) for name in a | b if a.get(name) != b.get(name)})


def _words(error: Exception) -> str:
    if isinstance(error, Different):
        return str(error)
    return "".join(traceback.format_exception(error)[-3:])


def find(seed: int, count: int, *, people: int = 24) -> str | None:
    """What is different in so many random steps of a seed, with the fewest steps that show it; `None` if nothing is."""
    course = Course(seed, people)
    try:
        course.run(count)
    except Exception as error:
        return _smallest(course, _words(error))
    return None


def _smallest(course: Course, wrong: str, tries: int = 300) -> str:
    """Leaves steps out as long as something is different; says what remains."""
    steps, size = list(course.steps), max(1, len(course.steps) // 2)
    if course.replay(steps) is None:
        return f"seed {course.seed}, people {course.people}, {len(steps)} steps, not seen when they are played again:\n{wrong}"
    while tries > 0:
        at = 0
        while at < len(steps) and tries > 0:
            rest = steps[:at] + steps[at + size :]
            tries -= 1
            found = course.replay(rest) if rest else None
            if found:
                steps, wrong = rest, found
            else:
                at += size
        if size == 1:
            break
        size = max(1, size // 2)
    told_steps = "\n".join(f"  {s.number} (batch {s.batch}) {_shown(s.item)}" for s in steps)
    return f"seed {course.seed}, people {course.people}:\n{wrong}\nsteps:\n{told_steps}\nrules: {course.town.rules}"


def _shown(item: Item) -> str:
    if not isinstance(item, Event):
        return f"{item}"
    body = (
        item.body.model_dump_json(exclude_defaults=True)
        if isinstance(item.body, BaseModel)
        else str(item.body)
    )
    return f"{item.time.isoformat()} {item.type} {'' if item.time_believed else 'not believed '}{body}"
