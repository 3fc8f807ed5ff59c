"""The language of templates: words, `{placeholders}`, and parts that are there only if what they need is there.

    您为{relation}申请的家庭共济已于{at}审核通过，自{since:day}起可使用，[年度限额{quota}|不设年度限额]。

`{name}` is a variable in its own form, `{name:form}` in another; `[first|second]` is the first part if all its variables are there,
else the second, which may be empty. A template is read once; what its variables bring in is never read again, so a name such as
`{hotline}` stays as it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_SLOT: Final = re.compile(r"\{([a-z_]+)(?::([a-z]+))?\}")
_EXAMPLE: Final = "[请在{due}前|请尽快]办理"


class GrammarError(ValueError):
    """A text that is no template; says what is wrong, where, and gives an example."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A placeholder. `form`: the form it is shown in; None: that of the variable."""

    name: str
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Two parts of which one is shown."""

    first: tuple["str | Slot", ...]
    second: tuple["str | Slot", ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The variables without which the second part is shown."""
        return tuple(one.name for one in self.first if isinstance(one, Slot))


Piece = str | Slot | Choice


def parse(text: str) -> tuple[Piece, ...]:
    """The pieces of a template's text. Raises `GrammarError`."""
    pieces: list[Piece] = []
    at = 0
    while at < len(text):
        opened = text.find("[", at)
        pieces.extend(_flat(text[at : opened if opened >= 0 else len(text)]))
        if opened < 0:
            break
        closed = text.find("]", opened)
        if closed < 0:
            raise GrammarError(f"[ without ] at character {opened + 1}: for example {_EXAMPLE}")
        pieces.append(_choice(text[opened + 1 : closed]))
        at = closed + 1
    return tuple(pieces)


def _choice(inner: str) -> Choice:
    if "[" in inner:
        raise GrammarError(f"[ within [{inner}: parts do not contain parts, for example {_EXAMPLE}")
    parts = inner.split("|")
    if len(parts) > 2:
        raise GrammarError(f"[{inner}] has {len(parts)} parts: at most two, for example {_EXAMPLE}")
    choice = Choice(*(tuple(_flat(part)) for part in parts))
    if not choice.needs:
        raise GrammarError(f"[{inner}] has no placeholder in its first part: for example {_EXAMPLE}")
    if any(isinstance(one, Slot) and one.name not in choice.needs for one in choice.second):
        raise GrammarError(
            f"[{inner}]: what the second part needs may be missing, too: for example {_EXAMPLE}"
        )
    return choice


def _flat(text: str) -> Iterator[str | Slot]:
    at = 0
    for found in _SLOT.finditer(text):
        yield from _words(text[at : found.start()])
        yield Slot(found[1], found[2])
        at = found.end()
    yield from _words(text[at:])


def _words(text: str) -> Iterator[str]:
    if stray := re.search(r"[{}|\]]", text):
        near = text[max(0, stray.start() - 5) : stray.start() + 6]
        raise GrammarError(
            f"{stray[0]} in {near!r} belongs to nothing: a placeholder is {{name}} or {{name:form}}, for example {{at:day}};"
            f" a choice is {_EXAMPLE}"
        )
    if text:
        yield text


def slots(pieces: tuple[Piece, ...]) -> Iterator[tuple[Slot, bool]]:
    """Every placeholder, and whether it may be missing there."""
    for piece in pieces:
        if isinstance(piece, Slot):
            yield piece, False
        elif isinstance(piece, Choice):
            for part in (piece.first, piece.second):
                yield from ((one, True) for one in part if isinstance(one, Slot))


def provider_names(pieces: tuple[Piece, ...]) -> Iterator[tuple[str, Slot | Choice]]:
    """The variables as a provider of approved templates knows them: a choice is one, named by what it needs first."""
    seen: set[str] = set()
    for piece in pieces:
        if isinstance(piece, str):
            continue
        name = piece.name if isinstance(piece, Slot) else piece.needs[0]
        if name not in seen:
            seen.add(name)
            yield name, piece
