"""One binding's, settlement's or message's whole story: which records belong to it, in time order, with durations."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from deploy.reading import words
from deploy.reading.details import reasons
from deploy.reading.lines import dead_reason, line, printable
from deploy.reading.masking import token
from deploy.reading.seen import Seen, in_order
from shared.contracts.reasons import Reason
from shared.messaging.records import Record

MAX_ROUNDS = 4
"""An id names records, those name further ids (a settlement its cancel, a message its binding), and so on; so far we follow."""


@dataclass(frozen=True, slots=True)
class Step:
    """One record of the story. Durations in real seconds: since the step before and since the first one."""

    seen: Seen
    since_before: float
    since_first: float


def story(records: Iterable[Seen]) -> list[Step]:
    """Records in the order of the broker's append times, with durations."""
    rows = sorted(records, key=in_order)
    first = rows[0].real if rows else 0.0
    before = [first, *(row.real for row in rows)]
    return [Step(row, row.real - was, row.real - first) for row, was in zip(rows, before, strict=False)]


def needles(wanted: set[str]) -> Callable[[Record], bool]:
    """A cheap test on raw bytes: could the record name one of these ids?"""
    sought = [text.encode() for text in wanted]

    def accepts(record: Record) -> bool:
        parts = [record.key or b"", record.value or b"", *(v or b"" for _, v in record.headers)]
        return any(needle in part for needle in sought for part in parts)

    return accepts


def belonging(records: Iterable[Seen], wanted: set[str]) -> list[Seen]:
    """Those records that really name one of the ids."""
    return [seen for seen in records if seen.names() & wanted]


def further(records: Iterable[Seen]) -> set[str]:
    """Ids that the records are about, and ids of requests that they answer: where the story goes on."""
    found: set[str] = set()
    for seen in records:
        found |= seen.links()
        if seen.request and not seen.links():
            found.add(seen.request[1])
    return found


def refusals(seen: Seen, *, english: bool = False) -> list[str]:
    """Why something was refused, one line each: reasons, a decline, a dead letter."""
    if seen.dead:
        code = dead_reason(seen)
        told = words.dead(code)
        if english:
            return [f"{told.en} ({code}); see `gongji dead-letters show`"]
        return [f"{told.zh}（{code}）；用 gongji dead-letters show 查看"]
    body: Any = seen.body
    lines = [_explained(reason, english) for reason in reasons(body)]
    if getattr(body, "code", None) and hasattr(body, "remedy_zh"):
        lines.append(_joined((body.en, body.remedy_en) if english else (body.zh, body.remedy_zh), english))
    elif getattr(body, "infcode", None) == "-1":
        lines.append(_joined((body.err_msg or body.code, body.remedy), english))
    lines += [row.en if english else row.zh for row in getattr(body, "left_out", ())]
    return [printable(line) for line in lines]


def _explained(reason: Reason, english: bool) -> str:
    """What, what can be done, by which rule."""
    said = (reason.en, reason.remedy_en) if english else (reason.zh, reason.remedy_zh)
    source = reason.citation
    if source is None:
        return _joined(said, english)
    by = (
        f" [{source.reference}, {source.file}, from {source.valid_from}]"
        if english
        else f"〔{source.reference}，{source.file}，{source.valid_from}起〕"
    )
    return _joined(said, english) + by


def _joined(parts: Iterable[str | None], english: bool) -> str:
    return ("; " if english else "；").join(part for part in parts if part)


def as_event(step: Step) -> dict[str, Any]:
    """A step for `gongji trace --json`: one event, personal data masked."""
    seen, said = step.seen, line(step.seen)
    return {
        "time": seen.at.isoformat(),
        "topic": seen.topic,
        "partition": seen.partition,
        "offset": seen.offset,
        "type": seen.spec.short if seen.spec else None,
        "source": token(seen.source) if seen.source else None,
        "id": token(seen.id) if seen.id else None,
        "subject": token(seen.header("ce_subject")) if seen.header("ce_subject") else None,
        "request": [token(part) for part in seen.request] if seen.request else None,
        "since_before_ms": round(step.since_before * 1000),
        "since_first_ms": round(step.since_first * 1000),
        "zh": said.zh,
        "en": said.en,
        "refusals": refusals(seen),
        "reason": dead_reason(seen) if seen.dead else None,
        "body": None if seen.dead else seen.masked(),
    }
