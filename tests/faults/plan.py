"""A plan of faults: data from `plans/*.yaml`, drawn by a seed that is printed, so that a run can be had again."""

import os
import random
from pathlib import Path
from typing import Any

import yaml

LONG = "GONGJI_LONG"


class Plan:
    """One plan. `GONGJI_SEED` replaces its seed; `GONGJI_LONG=1` asks for the long run."""

    def __init__(self, name: str) -> None:
        self.name = name
        file = Path(__file__).with_name("plans") / f"{name}.yaml"
        self._data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        self.seed = int(os.environ.get("GONGJI_SEED") or self._data["seed"])
        self.random = random.Random(self.seed)
        print(f"\n{name}: seed {self.seed} (GONGJI_SEED={self.seed} repeats it)")

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    @property
    def long(self) -> bool:
        return bool(os.environ.get(LONG))

    def targets(self) -> list[str]:
        """Whom to kill, in order: all of `sure`, the rest drawn from `random`."""
        number = self["long"] if self.long else self["kills"]
        sure: list[str] = list(self["sure"])
        drawn = [self.random.choice(self["random"]) for _ in range(number - len(sure))]
        targets = sure + drawn
        self.random.shuffle(targets)
        return targets

    def pause(self) -> float:
        """Seconds until the next fault."""
        low, high = self["pause"]
        return self.random.uniform(low, high)
