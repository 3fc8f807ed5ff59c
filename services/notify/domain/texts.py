"""A notice in words: what was decided and when, all reasons, what to do, by when, whom to call.

The words are templates; here they are put together and made to fit. No codes, no English in Chinese, no name and no number of any
person: the texts may lie in a provider's logs. Only what a call says first, `opening`, names a surname.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from services.notify.domain import words as w
from services.notify.domain.facts import Facts
from services.notify.domain.grammar import provider_names
from services.notify.domain.manner import Manner
from services.notify.domain.saying import Unsaid, piece, said
from services.notify.domain.templates import CHINESE, PROVIDER_UNITS, Template, Templates
from shared.clock import BEIJING
from shared.contracts.binding_requests import Side
from shared.contracts.notices import Medium

SEGMENTS: Final = 4
"""Parts of a text message at most, signature counted."""
SPEECH_UNITS: Final = 220  # about 50 s of speech
CENTRE_LENGTH: Final = 2000  # of `CentreMessage.text`


@dataclass(frozen=True, slots=True)
class Content:
    """One notice in words: for the message centre, the text message and the telephone.

    `sms` has its signature in front. A call says `opening` to whoever answers and `speech` after the key 1; empty: the details at
    once. A provider that sends approved templates only gets the name of one and its variables, in the order of the text:
    `template` for text messages, `opening_template` and `call_template` for calls, `hint_template` for calls without a menu. Stored as
    JSON with the notice: the fields with defaults were not there before.
    """

    title: str
    text: str
    sms: str
    speech: str
    opening: str = ""
    template: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    sign: str = ""
    opening_template: str = ""
    opening_variables: Mapping[str, str] = field(default_factory=dict)
    call_template: str = ""
    call_variables: Mapping[str, str] = field(default_factory=dict)
    hint_template: str = ""
    hint_variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads it. `region`: whose templates hold; `hotline`: that region's number to call."""

    region: str
    hotline: str
    language: str = CHINESE
    surname: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """The content, and why a part of it could not be written: such a notice goes to the staff."""

    content: Content
    fault: Unsaid | None = None


def write(facts: Facts, reader: Reader, templates: Templates) -> Written:
    """All forms of a notice. Faults are `template-unknown`, `variable-missing`, `variable-type`, `text-empty` and `text-too-long`."""
    content, first = Content("", "", "", ""), None
    for part in (_centre, _message, _call):
        try:
            content = part(_Desk(facts, reader, templates), content)
        except Unsaid as fault:
            first = first or fault
    return Written(content, first)


@dataclass(frozen=True, slots=True)
class _Desk:
    """All that a text is written from."""

    facts: Facts
    reader: Reader
    templates: Templates

    @property
    def values(self) -> dict[str, Any]:
        return {**self.facts.values, "hotline": self.reader.hotline}

    def manner(self, template: Template) -> Manner:
        year = self.facts.at.astimezone(BEIJING).year
        return Manner(year, template.language, self.facts.in_person, spoken=template.channel is Medium.CALL)

    def template(self, kind: str, side: Side | None, channel: Medium) -> Template:
        found = self.templates.find(self.reader.region, kind, side, channel, self.reader.language)
        if found is None:
            raise Unsaid("template-unknown", ".".join(filter(None, (kind, side, channel))))
        return found

    def own(self, channel: Medium) -> Template:
        return self.template(self.facts.kind, self.facts.side, channel)

    def shortened(self, template: Template, fits: Callable[[str], bool]) -> str:
        """As many reasons as fit, the rest counted; at last each variable as short as providers get it."""
        manner = self.manner(template)
        tries = [replace(manner, shown=n) for n in range(len(self.values.get("reasons", ())), -2, -1)]
        for one in (*tries, replace(manner, room=PROVIDER_UNITS)):
            if fits(text := said(template.pieces, self.values, one)):
                return text
        raise Unsaid("text-too-long", template.name)


def _centre(desk: _Desk, content: Content) -> Content:
    template = desk.own(Medium.MESSAGE_CENTRE)
    text = desk.shortened(template, lambda text: len(text) <= CENTRE_LENGTH)
    return replace(content, title=template.title, text=_not_empty(text, template))


def _message(desk: _Desk, content: Content) -> Content:
    template = desk.own(Medium.SMS)
    head = f"【{template.sign}】"
    text = desk.shortened(template, lambda text: w.segments(head + text) <= SEGMENTS)
    return replace(
        content,
        sms=head + _not_empty(text, template),
        sign=template.sign,
        template=template.name,
        variables=_variables(template, desk.values, desk.manner(template)),
    )


def _call(desk: _Desk, content: Content) -> Content:
    opening, template = desk.template("opening", None, Medium.CALL), desk.own(Medium.CALL)
    closing, hint = desk.template("closing", None, Medium.CALL), desk.template("hint", None, Medium.CALL)
    manner = desk.manner(template)
    caller = {"hotline": desk.reader.hotline, "surname": desk.reader.surname}
    details = desk.shortened(template, lambda text: w.units(text) <= SPEECH_UNITS)
    whole = _not_empty(details, template) + said(closing.pieces, caller, manner)
    return replace(
        content,
        opening=w.spoken(said(opening.pieces, caller, manner), desk.reader.hotline),
        speech=w.spoken(whole, desk.reader.hotline),
        opening_template=opening.name,
        opening_variables=_variables(opening, caller, manner),
        call_template=template.name,
        call_variables=_variables(template, desk.values, manner),
        hint_template=hint.name,
        hint_variables=_variables(hint, caller, manner),
    )


def _not_empty(text: str, template: Template) -> str:
    if not text.strip():
        raise Unsaid("text-empty", template.name)
    return text


def _variables(template: Template, values: Mapping[str, Any], manner: Manner) -> dict[str, str]:
    """The variables of a template as a provider gets them, each within its length."""
    within = replace(manner, room=PROVIDER_UNITS)
    return {name: piece(one, values, within) for name, one in provider_names(template.pieces)}
