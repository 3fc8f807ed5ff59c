"""One binding's, settlement's or message's whole story: which records belong to it, in time order, with durations."""

from collections.abc import Callable, Iterable, Sequence
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


def explained(found: Sequence[Reason]) -> list[str]:
    """Each reason as one Chinese line: what, what can be done, by which rule."""
    return [printable(_explained(reason)) for reason in found]


def _explained(reason: Reason) -> str:
    source = reason.citation
    by = f"〔{source.reference}，{source.file}，{source.valid_from}起〕" if source else ""
    remedy = f"；{reason.remedy_zh}" if reason.remedy_zh else ""
    return f"{reason.zh}{remedy}{by}"


def refusals(seen: Seen) -> list[str]:
    """Why something was refused, one Chinese line each: reasons, a decline, a dead letter."""
    if seen.dead:
        code = dead_reason(seen)
        return [f"{words.dead(code).zh}（{code}）；用 gongji dead-letters show 查看"]
    body: Any = seen.body
    lines = explained(reasons(body))
    if getattr(body, "code", None) and hasattr(body, "remedy_zh"):
        lines.append(printable(f"{body.zh}；{body.remedy_zh}"))
    elif getattr(body, "infcode", None) == "-1":
        lines.append(printable("；".join(p for p in (body.err_msg or body.code, body.remedy) if p)))
    lines += [printable(row.zh) for row in getattr(body, "left_out", ())]
    return lines


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
