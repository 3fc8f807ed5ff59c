"""How something is said, and what all languages share in saying it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.notify.domain import words as w
from services.notify.domain.variables import Type


@dataclass(frozen=True, slots=True)
class Manner:
    """How something is said. `year`: of the decision; `room`: units at a provider.

    `shown`: reasons said in full, None: all; with 0 the first is cut, with less they are only counted.
    """

    year: int
    language: str = "zh"
    in_person: bool = False
    spoken: bool = False
    shown: int | None = None
    room: int | None = None

    def fits(self, text: str) -> bool:
        """Whether it is within the length that a provider allows."""
        return self.room is None or w.units(text) <= self.room


Say = Mapping[Type, Callable[[Any, Manner], str]]
"""A language: how a value of each type is said."""


def cut(text: str, room: int) -> str:
    """The text within so many units, with … where something is left out. No character is cut in two."""
    if w.units(text) <= room:
        return text
    while text and w.units(text) > room - 1:
        text = text[:-1]
    return f"{text}…"
