"""One record as one readable line."""

from dataclasses import dataclass

from deploy.reading import words
from deploy.reading.details import details
from deploy.reading.masking import token
from deploy.reading.seen import Seen
from deploy.reading.words import Words
from shared.clock import BEIJING
from shared.contracts import sources
from shared.contracts.sources import SERVICES

REASON = "x-reason"
_TIME = "%H:%M:%S"


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says. `zh` and `en` are whole sentences without time and place."""

    time: str
    place: str
    zh: str
    en: str

    def text(self, *, english: bool = False) -> str:
        """The line for a terminal."""
        return f"{self.time}  {self.place:<30} {self.en if english else self.zh}"


def line(seen: Seen) -> Line:
    """The line of a record; control characters and personal data never get into it."""
    moment = seen.at.astimezone(BEIJING)
    time = f"{moment:{_TIME}}.{moment.microsecond // 1000:03d}"
    said = _dead(seen) if seen.dead else _said(seen)
    place = f"{seen.topic}/{seen.partition}@{seen.offset}"
    return Line(time, place, printable(said.zh), printable(said.en))


def printable(text: str) -> str:
    """Without control characters, so that nobody's text can drive the reader's terminal."""
    return "".join(c if c.isprintable() else "·" for c in text)


def who(seen: Seen) -> Words:
    """Who published it."""
    own = seen.source.removeprefix("gongji-")
    if own in SERVICES:
        return Words(own, own)
    known = sources.get(seen.source)
    return Words(known.name, known.id) if known else Words(token(seen.source), token(seen.source))


def _said(seen: Seen) -> Words:
    short = seen.spec.short if seen.spec else token(seen.header("ce_type"))
    name = words.title(short)
    about = _about(seen)
    if seen.value is None:
        zh, en = "已删除（墓碑）", "erased (tombstone)"
    elif seen.body is None:
        zh, en = "内容不符合契约", "the body does not fit the contract"
    else:
        zh, en = details(seen.body)
    by = who(seen)
    return Words(
        " ".join(p for p in (f"[{by.zh}]", name.zh, f"({short})", about, zh) if p),
        " ".join(p for p in (f"[{by.en}]", name.en, f"({short})", about, en) if p),
    )


def _about(seen: Seen) -> str:
    subject = seen.header("ce_subject")
    return token(subject) if subject else ""


def _dead(seen: Seen) -> Words:
    reason = words.dead(dead_reason(seen))
    of = token(seen.header("x-original-topic"))
    short = token(seen.header("ce_type").removeprefix("gongji."))
    zh = f"死信 {of} {short} 来源 {token(seen.source)}：{reason.zh}"
    return Words(zh, f"dead letter of {of} {short} from {token(seen.source)}: {reason.en}")


def dead_reason(seen: Seen) -> str:
    """The reason code of a dead letter; `unknown` where the header is none of ours."""
    code = seen.header(REASON)
    return code if code in words.DEAD else "unknown"
