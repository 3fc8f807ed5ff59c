"""One function per topic and per outcome of the sender: fold it into the working set, and say what follows."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notify import announcing, erasing, institutions, storage
from services.notify.acknowledging import acknowledged, invalid
from services.notify.domain import announce, course
from services.notify.domain.contact import Person
from services.notify.domain.course import Outcome, State
from services.notify.domain.receipts import Fate, Receipt, decisive
from services.notify.domain.surnames import surname
from services.notify.domain.templates import Templates
from services.notify.domain.told import SETTLEMENTS, Told, of_decision, of_settlement
from services.notify.ending import Ending
from services.notify.sealing import Seal
from services.notify.work import Work
from shared.clock import Clock
from shared.contracts.binding_decisions import BindingState
from shared.contracts.notices import Acknowledged
from shared.contracts.registry import InstitutionRecorded, PersonRecorded
from shared.contracts.settlement_results import Transferred
from shared.db import Conn
from shared.messaging.handler import Due, Event, Invalid, Item, Out, Tombstone
from shared.policies.loader import Policies

Keys = tuple[list[UUID], dict[str, tuple[UUID, int]]]
"""Notices that are locked, and the attempts of the receipts."""


class NotifyHandler:
    """What the core runs for notify."""

    name = "notify"
    topics = (
        "binding.decisions",
        "settlement.results",
        "notice.receipts",
        "registry.persons",
        "registry.institutions",
    )
    tombstones = True

    def __init__(
        self,
        clock: Clock,
        policies: Policies,
        centres: frozenset[str],
        templates: Templates,
        since: datetime,
        seal: Seal,
    ) -> None:
        """`centres`: sources with a message centre; `templates`: all words; `seal`: of the personal data in the tables.

        `since`: what was decided before is never sent by a database that begins now; see option `rebuilt`.
        """
        self._clock, self._centres, self._since = clock, centres, since
        self.policies, self.templates, self.seal = policies, templates, seal  # read by the work beside, too
        self._born: datetime | None = None
        self.heard: Callable[[str, float], object] = lambda provider, seconds: None
        """Is told of each attempt that arrived, and how long its provider had it; again if the batch has to be repeated."""

    async def lock(self, conn: Conn, items: Sequence[Item]) -> Keys:
        """Parts by provider id, then notices by id."""
        reported = (Receipt(i.entity, Fate(i.body["fate"]), i.body["code"]) for i in _dues(items, "receipt"))
        parts = await storage.receive_parts(conn, decisive(reported))
        ended = [*_dues(items, "attempt-ended"), *_dues(items, "crashed")]
        sent = {one: (UUID(i.entity), i.body["number"]) for i in ended for one in i.body["provider_ids"]}
        await storage.submit_parts(conn, sent)
        concerned = {UUID(i.entity) for i in items if isinstance(i, Due) and i.kind != "receipt"}
        concerned |= {notice_id for notice_id, _ in parts.values()}
        for item in items:
            if isinstance(item, Event) and isinstance(item.body, Acknowledged):
                concerned.add(item.body.notice_id)
        states = (i.body for i in items if isinstance(i, Event) and isinstance(i.body, BindingState))
        about = {str(body.binding_id) for body in states}
        moved = (i.body for i in items if isinstance(i, Event) and isinstance(i.body, Transferred))
        about |= {str(body.transfer_id) for body in moved if body.state != "offered"}
        concerned |= await storage.open_about(conn, about)
        concerned |= await storage.open_of_persons(conn, erasing.persons(items))
        return await storage.lock_notices(conn, concerned), parts

    async def load(self, conn: Conn, items: Sequence[Item], keys: Keys) -> Work:
        """Facts: notices with attempts, what was told already, who the recipients are."""
        now = self._clock.now()
        if self._born is None:
            self._born = await storage.born_at(conn, self._since)
        work = Work(now, self._born, self.templates, self.policies, self._centres, parts=keys[1])
        await storage.load_notices(conn, work, keys[0], self.seal)
        await institutions.load(conn, work, items)
        told = [one for item in items if isinstance(item, Event) for one in _told(item, work)]
        work.following = {(one.about, one.side): one for one in sorted(told, key=lambda one: one.version)}
        work.known = await storage.known(conn, ((one.about, one.version) for one in told))
        work.people = await storage.persons(conn, (one.psn_no for one in told), self.seal)
        return work

    def decide(self, state: Work, item: Item, out: Out) -> None:
        """Dispatches one item."""
        if isinstance(item, Due):
            _OUTCOMES[item.kind](state, item, out)
        elif isinstance(item.body, Tombstone):
            if item.topic == "registry.persons":
                erasing.erase(state, item.key.decode(), out)
            elif item.topic == "registry.institutions":
                institutions.forget(state, item.key.decode())
        elif isinstance(item.body, PersonRecorded):
            _recorded(state, item.body)
        elif isinstance(item.body, InstitutionRecorded):
            institutions.record(state, item.body)
        elif isinstance(item.body, Acknowledged):
            acknowledged(state, item, item.body, out)
        elif isinstance(item.body, Invalid):
            if item.topic == "notice.receipts":  # eligibility answers for the registry's records
                invalid(item, item.body, out)
        else:
            if isinstance(item.body, BindingState):
                announcing.no_longer_asked(state, item.body, out)
            elif isinstance(item.body, Transferred):
                announcing.no_longer_offered(state, item.body, out)
            for told in _told(item, state):
                announcing.announce_one(state, item, told, out)

    async def save(self, conn: Conn, state: Work) -> None:
        """Writes what changed."""
        await storage.save(conn, state, self.seal)
        await institutions.save(conn, state)
        for attempt in (state.attempts[key] for key in state.ended):
            if attempt.state is State.DELIVERED:
                self.heard(attempt.provider, (state.now - (attempt.sent_at or state.now)).total_seconds())


def _dues(items: Sequence[Item], kind: str) -> list[Due]:
    return [item for item in items if isinstance(item, Due) and item.kind == kind]


def _told(event: Event, work: Work) -> list[Told]:
    suffix = event.type.rpartition(".")[2]
    if isinstance(event.body, BindingState):
        return list(of_decision(suffix, event.body))
    if event.topic == "settlement.results" and suffix in SETTLEMENTS:
        return list(of_settlement(suffix, event.body, work.places))  # type: ignore[arg-type]
    return []


def _recorded(work: Work, body: PersonRecorded) -> None:
    before = work.recorded.get(body.psn_no)
    if before is None or before.version < body.version:
        dead = body.surv_stas == "2" or body.death_date is not None
        named = surname(body.psn_name), body.language
        person = Person(
            body.psn_no, body.version, body.tel, body.no_sms, dead, body.brdy, *named, body.optional_notices
        )
        work.recorded[body.psn_no] = work.people[body.psn_no] = person
        work.forgotten.discard(body.psn_no)


def _attempt_ended(work: Work, due: Due, out: Out) -> None:
    """A provider answered. An answer to an attempt that was given up meanwhile changes nothing, unless it arrived after all."""
    notice, number = work.notices[UUID(due.entity)], int(due.body["number"])
    outcome, ending = Outcome(due.body["outcome"]), Ending(work, out)
    attempt = work.attempts[notice.id, number]
    taken = len(due.body["provider_ids"])
    attempt.excused = bool(due.body.get("excused"))
    attempt.parts = taken if due.body["whole"] or not taken else taken + 1
    current = notice.state is State.SENDING and notice.attempts == number
    late = notice.state is State.UNKNOWN and notice.attempts == number  # slower than its lease
    if notice.state.final or not (current or late or outcome is Outcome.DELIVERED):
        ending.end_attempt(notice, number, outcome, due.body["code"])
        work.ended.add((notice.id, number))
        _judge_parts(work, notice.id, number, out)  # receipts of what it has sent count
        return
    if outcome not in (Outcome.TECHNICAL, Outcome.THROTTLED):
        ending.report("sent", notice, attempt.medium, number)
    follow = ending.looked_up if late else ending.apply
    follow(notice, number, outcome, due.body["reason"], due.body["code"])
    if outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN):
        _judge_parts(work, notice.id, number, out)


def _receipt(work: Work, due: Due, out: Out) -> None:
    """A provider reports a part. Without its submit's answer it waits in `parts`."""
    found = work.parts.get(due.entity)
    if found is not None and found[0] in work.notices:
        _judge_parts(work, *found, out)


def _judge_parts(work: Work, notice_id: UUID, number: int, out: Out) -> None:
    notice, attempt = work.notices[notice_id], work.attempts[notice_id, number]
    # Of an attempt without an answer only a receipt under our own reference is known, and that is for the whole text.
    parts = attempt.parts or int(attempt.state is State.UNKNOWN)
    fates = work.fates.get((notice_id, number), [])
    outcome = course.reported(fates, parts, work.rules(notice))
    if outcome is None or notice.state.final:
        return
    current = notice.state in (State.PENDING, State.UNKNOWN) and notice.attempts == number
    if current or outcome is Outcome.DELIVERED:
        attempt.excused |= outcome is Outcome.THROTTLED
        reason = f"{attempt.medium}-{'hinted' if 'hinted' in fates else outcome}"
        Ending(work, out).looked_up(notice, number, outcome, reason, attempt.code)


def _silence(work: Work, due: Due, out: Out) -> None:
    """No receipt and no acknowledgement in time."""
    notice = work.notices[UUID(due.entity)]
    if notice.state not in (State.PENDING, State.UNKNOWN) or notice.attempts != due.body["number"]:
        return
    if notice.progress.medium == announce.CENTRE:
        Ending(work, out).skip(notice, f"{announce.CENTRE}-silence")
    else:
        Ending(work, out).silence(notice)


def _looked_up(work: Work, due: Due, out: Out) -> None:
    """The provider was asked, and knows. What came meanwhile by itself counts instead."""
    notice = work.notices[UUID(due.entity)]
    if notice.state in (State.PENDING, State.UNKNOWN) and notice.attempts == due.body["number"]:
        outcome, body = Outcome(due.body["outcome"]), due.body
        Ending(work, out).looked_up(notice, notice.attempts, outcome, body["reason"], body["code"])


def _crashed(work: Work, due: Due, out: Out) -> None:
    """The process that was sending is gone: the outcome is unknown."""
    notice = work.notices[UUID(due.entity)]
    if notice.state is State.SENDING and notice.attempts == due.body["number"]:
        attempt = work.attempts[notice.id, notice.attempts]
        attempt.excused = True
        attempt.parts = len(due.body["provider_ids"])  # names that its receipts will have, if they are known
        reason = f"{attempt.medium}-unknown"
        Ending(work, out).apply(notice, notice.attempts, Outcome.UNKNOWN, reason, "crashed")
        _judge_parts(work, notice.id, notice.attempts, out)  # its provider may have reported meanwhile


def _hand_over(work: Work, due: Due, out: Out) -> None:
    notice = work.notices[UUID(due.entity)]
    if notice.state is State.CREATED:
        Ending(work, out).hand_over(notice, due.body["reason"])


def _overtaken(work: Work, due: Due, out: Out) -> None:
    notice = work.notices[UUID(due.entity)]
    if notice.state is State.CREATED:
        Ending(work, out).overtaken(notice)


def _skip(work: Work, due: Due, out: Out) -> None:
    notice = work.notices[UUID(due.entity)]
    if notice.state is State.CREATED and notice.progress.medium == due.body["medium"]:
        Ending(work, out).skip(notice, due.body["reason"])


_OUTCOMES: Final[dict[str, Callable[[Work, Due, Out], None]]] = {
    "attempt-ended": _attempt_ended,
    "receipt": _receipt,
    "silence": _silence,
    "looked-up": _looked_up,
    "crashed": _crashed,
    "hand-over": _hand_over,
    "overtaken": _overtaken,
    "skip": _skip,
}
