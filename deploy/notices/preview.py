"""How notices read: each outcome in each channel, with what the operator of the line wants to know of the text."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deploy.notices.outcomes import Outcome, all_places, every
from services.notify.domain import texts
from services.notify.domain import words as w
from services.notify.domain.templates import Approval, Template, Templates
from shared.contracts.binding_requests import Side
from shared.contracts.notices import Medium

CHANNELS_ZH = {Medium.MESSAGE_CENTRE: "消息中心", Medium.SMS: "短信", Medium.CALL: "电话"}
STATES_ZH = {
    Approval.DRAFT: "草稿",
    Approval.SUBMITTED: "已报备",
    Approval.APPROVED: "已通过",
    Approval.WITHDRAWN: "已撤回",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One text. `segments`: of a text message, else None; `fault`: why there is no text, then `template` may be None."""

    kind: str
    side: Side
    channel: Medium
    outcome: str
    template: Template | None
    text: str
    segments: int | None
    variables: Mapping[str, str]
    fault: str | None = None

    def json(self) -> dict[str, Any]:
        """For scripts."""
        one = self.template
        return {
            "kind": self.kind,
            "side": str(self.side),
            "channel": str(self.channel),
            "outcome": self.outcome,
            "template": one.name if one else None,
            "file": one.file if one else None,
            "state": str(one.state) if one else None,
            "codes": {name: {"code": code.code, "state": str(code.state)} for name, code in one.codes.items()} if one else {},
            "segments": self.segments,
            "text": self.text,
            "variables": dict(self.variables),
            "fault": self.fault,
        }  # fmt: skip


def with_drafts(templates: Templates) -> Templates:
    """As if what is drafted or submitted were approved, to see it before it is."""
    raised = (
        replace(one, state=Approval.APPROVED) if one.state in (Approval.DRAFT, Approval.SUBMITTED) else one
        for one in templates
    )
    return Templates(raised, "")


def previews(
    templates: Templates,
    reader: texts.Reader,
    kinds: Iterable[str],
    sides: Iterable[Side],
    channels: Iterable[Medium],
) -> Iterator[Shown]:
    """Every outcome of these kinds and sides in these channels."""
    wanted, told, by = set(kinds), set(sides), [one for one in CHANNELS_ZH if one in set(channels)]
    for kind, side in all_places():
        if kind in wanted and side in told:
            for outcome in every(kind, side):
                yield from _shown(templates, reader, side, outcome, by)


def _shown(
    templates: Templates, reader: texts.Reader, side: Side, outcome: Outcome, channels: Iterable[Medium]
) -> Iterator[Shown]:
    written = texts.write(outcome.facts, reader, templates)
    content, kind = written.content, outcome.facts.kind
    said: dict[Medium, tuple[str, int | None, Mapping[str, str]]] = {
        Medium.MESSAGE_CENTRE: (content.text, None, {}),
        Medium.SMS: (content.sms, w.segments(content.sms), content.variables),
        Medium.CALL: (content.speech, None, content.call_variables),
    }
    for channel in channels:
        text, segments, variables = said[channel]
        template = templates.find(reader.region, kind, side, channel, reader.language)
        fault = None if text else str(written.fault)
        yield Shown(
            kind, side, channel, outcome.name, template, text, segments if text else None, variables, fault
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """A template that would be sent, over all its outcomes."""

    template: Template
    outcomes: int
    segments: int | None


def overview(shown: Iterable[Shown]) -> list[Listed]:
    """The templates of these texts, each once, with the longest of their texts."""
    found: dict[str, Listed] = {}
    for one in shown:
        if one.template is None:
            continue
        before = found.get(one.template.name, Listed(one.template, 0, None))
        longest = max((n for n in (before.segments, one.segments) if n is not None), default=None)
        found[one.template.name] = Listed(one.template, before.outcomes + 1, longest)
    return list(found.values())


def opening(templates: Templates, reader: texts.Reader) -> str:
    """What calls say before a key is pressed."""
    outcome = next(every("approved", Side.SPONSOR))
    return texts.write(outcome.facts, reader, templates).content.opening


def hint(templates: Templates, reader: texts.Reader) -> str:
    """All that calls say that have no menu, as the provider puts it together from its template and the variables it gets."""
    content = texts.write(next(every("approved", Side.SPONSOR)).facts, reader, templates).content
    template = templates.named(content.hint_template)
    assert template is not None, "whatever is written has its template"
    return template.for_provider("{%s}").format(**content.hint_variables)
