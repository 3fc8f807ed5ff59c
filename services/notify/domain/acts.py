"""What people may do with a notice that came to the staff. Pure: rows in, a refusal or nothing out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.notify.domain import course
from services.notify.domain.announce import CENTRE
from services.notify.domain.course import Outcome, State
from services.notify.domain.texts import Content
from services.notify.domain.told import FOLDED

_AGAIN: Final = ".again-"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not. `of`: the notice that stands in the way, or the state, or who was there first."""

    reason: str
    of: str = ""


def again_name(template: str) -> str:
    """What the next sending of a notice is called in its key: `refused`, `refused.again-1`, `refused.again-2` ..."""
    kind, _, number = template.partition(_AGAIN)
    return f"{kind}{_AGAIN}{int(number or 0) + 1}"


def may_be_told(notice: Row) -> Refusal | None:
    """Whether the staff may say that they told the person: once, and only what is theirs to tell."""
    if notice["told_at"] is not None:
        return Refusal("told-already", notice["told_by"])
    if notice["sent_again_as"] is not None:
        return Refusal("sent-again", str(notice["sent_again_as"]))
    if notice["state"] != State.HANDED:
        return Refusal("not-for-staff", notice["state"])
    return None


def may_be_sent_again(
    notice: Row, content: Content | None, attempts: Sequence[Row], receipts: Sequence[Row]
) -> Refusal | None:
    """Whether a notice may be sent once more: nobody is told twice, and nothing that a later decision has made pointless."""
    if State(notice["state"]) is State.UNKNOWN:
        return Refusal("not-known-yet", notice["state"])
    if not State(notice["state"]).final:
        return Refusal("under-way", notice["state"])
    if (refusal := may_be_told(notice)) is not None:
        return refusal
    if any(_arrived(one, receipts) for one in attempts):
        return Refusal("arrived-late")
    if notice["later_decision"] and notice["kind"] in FOLDED:
        return Refusal("overtaken", notice["about"])
    media = [one for one in notice["media"] if one != CENTRE]
    if not media:
        return Refusal("no-medium")
    if content is None or notice["psn_no"] is None:
        return Refusal("stripped")
    if ("sms" in media and not content.sms) or ("call" in media and not content.speech):
        return Refusal("no-words")
    return None


def doubtful(attempts: Sequence[Row]) -> list[str]:
    """Media by which it may have arrived although nobody heard of it."""
    unsure = (State.EXPIRED, State.UNKNOWN, State.PENDING, State.SENDING)
    return sorted({one["medium"] for one in attempts if one["state"] in unsure})


def _arrived(attempt: Row, receipts: Sequence[Row]) -> bool:
    """Whether all receipts came after all, when the notice was the staff's already."""
    fates = [one["fate"] for one in receipts if one["number"] == attempt["number"]]
    delivered = course.of_parts(fates, attempt["parts"]) is Outcome.DELIVERED
    return delivered or attempt["state"] == State.DELIVERED
