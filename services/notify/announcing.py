"""A decision or a result becomes notices, and notices that it overtakes are not sent any more."""

from datetime import timedelta

from services.notify.domain import announce
from services.notify.domain.announce import CENTRE, Reach
from services.notify.domain.course import Progress, State
from services.notify.domain.told import ASKING, AT_ONCE, FOLDED, Told
from services.notify.ending import Ending
from services.notify.work import NewNotice, Notice, Work
from shared.contracts.binding_decisions import TYPE_TO_STATE, BindingState
from shared.contracts.binding_requests import Side
from shared.contracts.notices import Medium
from shared.contracts.settlement_results import Transferred
from shared.messaging.handler import Event, Out


def announce_one(work: Work, event: Event, told: Told, out: Out) -> None:
    """Makes a notice unless there is one for this message, template and recipient already; what it overtakes is not sent any more."""
    key = (told.about, told.version, told.template, told.recipient_hash)
    if key in work.known:
        return
    earlier = _earlier(work, told)
    rules, person = work.policies.at(told.region, told.decided_at).notice, work.people.get(told.psn_no)
    retracts = told.template == "resumed" and any(
        one.state is State.CREATED for one in earlier if one.template == "suspended"
    )
    reach = announce.reach(told, rules, person, work.centres, retracts=retracts)
    if reach is None:
        return
    first = announce.first_step(told, reach.media, event.appended_at, work.born_at, work.now, rules)
    if first is None:
        return
    if not first[0].final and told.template in AT_ONCE and _told_with(work, event, told, reach):
        first = State.EXPIRED, "overtaken"
    work.known.add(key)
    notice = _make(work, event, told, reach, first, out)
    if told.template in FOLDED and notice.sendable:
        for one in earlier:
            Ending(work, out).overtaken(one)


def _make(
    work: Work, event: Event, told: Told, reach: Reach, first: tuple[State, str | None], out: Out
) -> Notice:
    rules, person = work.policies.at(told.region, told.decided_at).notice, work.people.get(told.psn_no)
    written, stored = announce.words(told, work.templates, rules, person)
    state, reason = announce.unless_unsaid(first, written)
    notice = Notice(
        id=out.new_id(),
        about=told.about,
        version=told.version,
        template=told.template,
        side=str(told.side),
        psn_no=told.psn_no,
        region=told.region,
        progress=Progress(reach.media),
        attempts=0,
        state=state,
        reason=reason,
        decided_at=told.decided_at,
        next_at=None if state.final else work.now + timedelta(seconds=reach.first_wait),
        answer=_answer(event, told),
        origin=told.origin,
    )
    work.made.append(NewNotice(notice, told.recipient_hash, told.psn_no, stored, work.now, event.trace))
    work.add(notice)
    ending = Ending(work, out)
    if state is State.HANDED:
        medium = reach.media[0] if reach.media else Medium.MESSAGE_CENTRE
        ending.report("handed-to-staff", notice, medium, 0, reason)
    elif state is State.EXPIRED:
        ending.report("failed", notice, reach.media[0], 0, reason)
    elif reach.centre:
        out.answer(
            announce.centre_message(told, written.content, notice.id), to=reach.centre, type="answers.message"
        )
        ending.report("sent", notice, Medium.MESSAGE_CENTRE, 0)
    return notice


def _told_with(work: Work, event: Event, told: Told, reach: Reach) -> bool:
    """Whether what this batch tells the same person of the same thing later reaches him or her wherever this would."""
    later = work.following.get((told.about, told.side))
    if later is None or later.version <= told.version:
        return False
    rules, person = work.policies.at(later.region, later.decided_at).notice, work.people.get(later.psn_no)
    then = announce.reach(later, rules, person, work.centres)
    if then is None or (reach.centre and not then.centre) or not set(reach.media) <= {CENTRE, *then.media}:
        return False
    first = announce.first_step(later, then.media, event.appended_at, work.born_at, work.now, rules)
    return first is not None and not first[0].final


def _earlier(work: Work, told: Told) -> list[Notice]:
    """Notices about the same to the same person that are not final and go to a phone."""
    return [
        one
        for one in work.all_about(told.about)
        if one.side == str(told.side) and one.version < told.version and one.sendable and not one.state.final
    ]


def no_longer_asked(work: Work, body: BindingState, out: Out) -> None:
    """Papers or a consent that the binding no longer waits for are not asked for, even if nobody is told of the new state."""
    for notice in work.all_about(str(body.binding_id)):
        later = notice.version < body.version
        gone_on = notice.template in ASKING and TYPE_TO_STATE[notice.template] is not body.state
        if later and gone_on and notice.sendable and not notice.state.final:
            Ending(work, out).overtaken(notice)


def no_longer_offered(work: Work, body: Transferred, out: Out) -> None:
    """A transfer that was accepted or went back is not offered any more."""
    for notice in work.all_about(str(body.transfer_id)):
        if body.state != "offered" and notice.sendable and not notice.state.final:
            Ending(work, out).overtaken(notice)


def _answer(event: Event, told: Told) -> str | None:
    if told.side is not Side.SPONSOR or not isinstance(event.body, BindingState):
        return None
    return announce.delivered_answer(event.type.rpartition(".")[2], event.body)
