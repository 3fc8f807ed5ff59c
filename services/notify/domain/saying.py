"""A template with its variables: each in words by its type, in the language of the template."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from services.notify.domain import chinese, english
from services.notify.domain import words as w
from services.notify.domain.grammar import Choice, Piece, Slot
from services.notify.domain.manner import Manner, Say, cut
from services.notify.domain.variables import VARIABLES, Type, fits

_LANGUAGES: Final[Mapping[str, Say]] = {"zh": chinese.SAY, "en": english.SAY}


class Unsaid(Exception):
    """A text that cannot be written: `reason` is the named outcome, `what` the variable or template."""

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(f"{reason}: {what}")
        self.reason, self.what = reason, what


Values = Mapping[str, Any]


def said(pieces: Sequence[Piece], values: Values, manner: Manner) -> str:
    """A template with its variables. Raises `Unsaid`. What a variable brings in is not read again."""
    return "".join(one if isinstance(one, str) else piece(one, values, manner) for one in pieces)


def piece(one: Slot | Choice, values: Values, manner: Manner) -> str:
    """A placeholder or a choice."""
    if isinstance(one, Slot):
        return _slot(one, values, manner)
    part = one.first if all(values.get(name) not in (None, ()) for name in one.needs) else one.second
    if manner.room is not None:
        fixed = sum(w.units(text) for text in part if isinstance(text, str))
        manner = replace(manner, room=manner.room - fixed)
    return said(part, values, manner)


def _slot(slot: Slot, values: Values, manner: Manner) -> str:
    value = values.get(slot.name)
    if value is None:
        raise Unsaid("variable-missing", slot.name)
    if not fits(slot.name, value):
        raise Unsaid("variable-type", slot.name)
    text = _LANGUAGES[manner.language][Type(slot.form or VARIABLES[slot.name].type)](value, manner)
    return text if manner.room is None else cut(text, manner.room)
