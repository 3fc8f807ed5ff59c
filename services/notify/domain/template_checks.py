"""What can be wrong with a template before anything is written with it, in words for those who write templates."""

import re
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from services.notify.domain.grammar import Choice, Piece, Slot, provider_names, slots
from services.notify.domain.templates import CHINESE, NATIONAL, PROVIDER_UNITS, Approval, Template
from services.notify.domain.variables import CALL, FORMS, KINDS, VARIABLES, Kind, Type
from services.notify.domain.words import units
from shared.contracts.binding_requests import Side
from shared.contracts.notices import Medium

_LATIN: Final = re.compile(r"[A-Za-z]+")
_EXAMPLE: Final = "[请在{due}前|请尽快]办理"


def faults(template: Template) -> Iterator[str]:
    """Path and fault of everything that is wrong with one template."""
    kind = (CALL if template.side is None else KINDS).get(template.kind)
    if kind is None:
        if template.kind in KINDS:
            yield f"side: nothing: {template.kind} is told one side: for example {KINDS[template.kind].sides[0]}"
        else:
            yield f"kind: {template.kind}: {near(template.kind, {**KINDS, **CALL})}"
        return
    if template.side not in (kind.sides or (None,)):
        yield f"side: {template.side}: {template.kind} is told the {kind.sides[0] if kind.sides else 'person called'}, for example sponsor"
    if template.channel is not Medium.CALL and template.side is None:
        yield f"channels: {template.channel}: {template.kind} is said in calls: expected [call]"
    if template.channel is Medium.CALL and template.language != CHINESE:
        yield f"channels: call: the voice speaks Chinese, not {template.language}: expected [message-centre, sms]"
    if template.channel is Medium.MESSAGE_CENTRE and not template.title:
        yield "title: nothing: expected the title in the message centre, for example 家庭共济已通过"
    yield from (f"text: {fault}" for fault in _text(template, kind))


def _text(template: Template, kind: Kind) -> Iterator[str]:
    for slot, may_be_missing in slots(template.pieces):
        if slot.name not in kind.known:
            yield f"{{{slot.name}}}: variable-missing: {template.kind} has no such variable: {near(slot.name, kind.known)}"
            continue
        own = VARIABLES[slot.name].type
        if slot.form is not None and slot.form not in FORMS[own]:
            yield f"{{{slot.name}:{slot.form}}}: variable-type: {slot.name} is of type {own}: expected {' or '.join(sorted(FORMS[own]))}, for example {{{slot.name}}}"
        if own is Type.FLAG and not may_be_missing:
            yield f"{{{slot.name}}}: says nothing by itself: for example [{{{slot.name}}}请到窗口|请在原渠道]"
        if slot.name in kind.may_lack and not may_be_missing:
            yield f"{{{slot.name}}}: variable-missing: it may be missing in {template.kind}: for example {_EXAMPLE}"
    plain = "".join(_plain(template.pieces))
    if template.language == CHINESE and (latin := _LATIN.search(plain)):
        yield f"{latin[0]}: no Chinese: expected Chinese words, for example 医保"
    if template.side is not None and "hotline" not in {slot.name for slot, _ in slots(template.pieces)}:
        yield "{hotline} is not there: whom to call belongs into every notice, for example 咨询请拨{hotline}。"
    if template.channel is Medium.SMS or template.side is None:
        yield from _for_providers(template.pieces)


def _for_providers(pieces: tuple[Piece, ...]) -> Iterator[str]:
    """Providers of approved templates know variables of some length that stand apart, and nothing that may be missing."""
    names = dict(provider_names(pieces))
    for one, after in zip(pieces, (*pieces[1:], ""), strict=True):
        if isinstance(one, str):
            continue
        name = one.name if isinstance(one, Slot) else one.needs[0]
        if names[name] != one:
            yield f"{{{name}}} is there twice, differently: a provider knows one variable of a name: use another, or say it the same way"
        if not isinstance(after, str):
            yield f"{{{name}}} touches the next variable: providers want words between: for example {{due}}前，{{code}}"
        if (
            isinstance(one, Choice)
            and (longest := max(_fixed(one.first), _fixed(one.second))) > PROVIDER_UNITS
        ):
            yield f"[...{{{name}}}...]: {longest} units: a provider's variable has at most {PROVIDER_UNITS}: say less, or say it outside"
        if isinstance(one, Choice) and not one.second:
            yield f"[...{{{name}}}...]: a provider's variable is never empty: expected a second part, for example {_EXAMPLE}"


def _fixed(part: tuple[str | Slot, ...]) -> int:
    """Units of the words of a part."""
    return sum(units(one) if isinstance(one, str) else 0 for one in part)


def _plain(pieces: Iterable[Piece]) -> Iterator[str]:
    for one in pieces:
        if isinstance(one, str):
            yield one
        elif isinstance(one, Choice):
            yield from _plain((*one.first, *one.second))


def gaps(templates: Iterable[Template]) -> Iterator[str]:
    """Notices that nobody could write: the nation must have an approved Chinese text for everything that may be told."""
    there = {
        (one.kind, one.side, one.channel)
        for one in templates
        if one.region == NATIONAL and one.language == CHINESE and one.state is Approval.APPROVED
    }
    wanted: list[tuple[str, Side | None, Medium]] = [
        (name, side, channel) for name, kind in KINDS.items() for side in kind.sides for channel in Medium
    ]
    for kind, side, channel in [*wanted, *((name, None, Medium.CALL) for name in CALL)]:
        if (kind, side, channel) not in there:
            yield f"(all files): {kind}{f' {side}' if side else ''} {channel}: template-unknown: expected an approved template of region {NATIONAL}"


def near(word: str, known: Collection[str]) -> str:
    """`expected one of ...`, the nearest first."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    others = sorted(set(known) - set(close))[: 12 - len(close)]
    return (
        f"expected one of {', '.join([*close, *others])}"
        if not close
        else f"did you mean {close[0]}? Known: {', '.join(others)}"
    )
