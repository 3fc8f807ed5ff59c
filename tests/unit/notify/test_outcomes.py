"""What outcomes and receipts make of a notice, decided in memory: late ones, texts in parts, and the dead."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from services.notify import template_files
from services.notify.domain.contact import Person
from services.notify.domain.course import Progress, State
from services.notify.domain.templates import Templates
from services.notify.handlers import NotifyHandler
from services.notify.sealing import Seal
from services.notify.work import Attempt, Notice, Work
from shared import policies
from shared.clock import SystemClock
from shared.contracts.binding_decisions import TYPE_TO_STATE, BindingState
from shared.contracts.binding_decisions import State as Of
from shared.ids import SystemIds
from shared.messaging.collector import Collector
from shared.messaging.handler import Due, Event, Item
from shared.messaging.registry import default
from shared.testing.messages import MONDAY, uid
from tests.unit.notify.made import state

ID = uid(7)
POLICIES = policies.load()
TEMPLATES = template_files.load()
HANDLER = NotifyHandler(
    SystemClock(), POLICIES, frozenset({"zheliban"}), TEMPLATES, MONDAY, Seal([bytes(32)])
)


def working(**known: Any) -> Work:
    notices = known.pop("notices", {})
    work = Work(MONDAY, MONDAY - timedelta(days=1), TEMPLATES, POLICIES, frozenset({"zheliban"}), **known)
    for one in notices.values():
        work.add(one)
    return work


def notice(kind: State) -> Notice:
    progress = Progress(("sms", "call"), tries=1)
    due = MONDAY + timedelta(minutes=5)
    return Notice(ID, "b", 1, "approved", "sponsor", "330100", progress, 1, kind, None, MONDAY, due)


def sent(kind: State, attempt: State, fates: Sequence[str | None] = ()) -> Work:
    """A notice whose one text was sent, with what its parts' receipts say."""
    return working(
        notices={ID: notice(kind)},
        attempts={(ID, 1): Attempt("sms", attempt, 0)},
        fates={(ID, 1): list(fates)},
        parts={f"p{n}": (ID, 1) for n in range(len(fates))},
    )


def decide(work: Work, item: Item) -> list[str]:
    """Types of what is said."""
    out = Collector("notify", default(), SystemIds(), {})
    out.begin(item)
    HANDLER.decide(work, item, out)
    headers = [dict(record.pairs()) for record in out.outgoing]
    return [(one["ce_type"] or b"").decode().removeprefix("gongji.").removesuffix(".v1") for one in headers]


def ended(outcome: str, ids: Sequence[str], *, whole: bool = True) -> Due:
    body = {
        "number": 1,
        "outcome": outcome,
        "reason": f"sms-{outcome}",
        "code": "",
        "provider_ids": list(ids),
        "whole": whole,
    }
    return Due("attempt-ended", str(ID), MONDAY, body)


def test_a_text_without_its_last_part_is_never_delivered() -> None:
    work = sent(State.SENDING, State.SENDING, ["delivered", "delivered"])
    decide(work, ended("unknown", ["p0", "p1"], whole=False))
    assert decide(work, Due("receipt", "p1", MONDAY)) == []
    assert work.notices[ID].state is State.UNKNOWN
    silence = Due("silence", str(ID), MONDAY, {"number": 1})
    assert decide(work, silence) == []  # the provider does not know, and the medium's time is not over
    assert work.notices[ID].state is State.UNKNOWN
    work.now += timedelta(minutes=30)
    assert decide(work, silence) == ["binding.notices.failed"]
    assert work.notices[ID].progress.medium == "call"
    assert work.attempts[ID, 1].state is State.UNKNOWN


def test_a_text_whose_answer_is_lost_is_delivered_when_its_provider_reports_it_by_our_name() -> None:
    work = sent(State.SENDING, State.SENDING, [None])
    decide(work, ended("unknown", ["p0"]))
    assert work.notices[ID].state is State.UNKNOWN
    work.fates[ID, 1] = ["delivered"]
    assert decide(work, Due("receipt", "p0", MONDAY)) == ["binding.notices.delivered"]


def test_an_answer_after_the_lease_still_lets_receipts_count() -> None:
    work = sent(State.PENDING, State.UNKNOWN, ["delivered"])
    assert decide(work, ended("accepted", ["p0"])) == ["binding.notices.delivered"]
    assert work.notices[ID].state is State.DELIVERED
    assert (work.attempts[ID, 1].parts, work.ended) == (1, {(ID, 1)})


def test_a_late_answer_does_not_move_a_final_notice() -> None:
    work = sent(State.DELIVERED, State.SENDING)
    assert decide(work, ended("temporary", [])) == []
    assert work.notices[ID].state is State.DELIVERED
    assert work.attempts[ID, 1].state is State.TEMPORARY


def test_what_our_own_end_leaves_in_doubt_is_not_held_against_the_provider() -> None:
    work = sent(State.SENDING, State.SENDING)
    decide(work, Due("crashed", str(ID), MONDAY, {"number": 1, "provider_ids": []}))
    assert (work.attempts[ID, 1].state, work.attempts[ID, 1].excused) == (State.UNKNOWN, True)
    silent = sent(State.SENDING, State.SENDING)
    decide(silent, ended("unknown", []))
    assert not silent.attempts[ID, 1].excused


def decided(suffix: str, body: BindingState) -> Event:
    kind = f"binding.decisions.{suffix}"
    return Event(
        "binding.decisions", 0, 0, b"", "gongji-audit", "1", kind, None, MONDAY, MONDAY, True, None, body
    )


def told(dead: bool) -> tuple[list[str], list[UUID]]:
    body = state()
    sponsor = Person("3301000001", 1, "13957100001", no_sms=False, dead=dead, born=date(1980, 1, 1))
    work = working(people={sponsor.psn_no: sponsor})
    return decide(work, decided("approved", body)), [new.notice.id for new in work.made]


def test_no_message_centre_shows_anything_to_the_dead() -> None:
    said, made = told(dead=False)
    assert "answers.message" in said
    assert len(made) == 2
    said, made = told(dead=True)
    assert said == []
    assert len(made) == 2  # their course ends at the moment of sending, as deceased


def test_a_medium_that_is_not_wanted_is_skipped_once() -> None:
    work = working(notices={ID: notice(State.CREATED)})
    skip = Due("skip", str(ID), MONDAY, {"medium": "sms", "reason": "no-sms"})
    assert decide(work, skip) == decide(work, skip) == []
    assert (work.notices[ID].progress.medium, work.notices[ID].state) == ("call", State.CREATED)
    last = replace(skip, body={"medium": "call", "reason": "no-call"})
    assert decide(work, last) == ["binding.notices.handed-to-staff"]


def test_papers_are_not_asked_for_once_the_binding_waits_for_them_no_longer() -> None:
    waits, brought = (state(kind, version=4) for kind in (Of.SUPPLEMENT_REQUESTED, Of.UNDER_REVIEW))
    asks = replace(
        notice(State.CREATED), about=str(waits.binding_id), version=3, template="supplement-requested"
    )
    work = working(notices={ID: asks})
    decide(work, decided("changed", waits))
    assert work.notices[ID].state is State.CREATED
    assert decide(work, decided("under-review", brought)) == ["binding.notices.failed"]
    assert work.notices[ID].state is State.EXPIRED
    told_more = working(notices={ID: replace(asks, template="approved")})
    assert decide(told_more, decided("under-review", brought)) == []


def test_what_cannot_be_said_goes_to_the_staff_with_the_reason() -> None:
    words = Templates((one for one in TEMPLATES if one.name != "approved.sponsor.sms.v1"), "医保服务")
    work = working()
    work.templates = words
    said = decide(work, decided("approved", state()))
    mine = {new.notice.side: new.notice for new in work.made}
    assert (mine["sponsor"].state, mine["sponsor"].reason) == (State.HANDED, "template-unknown")
    assert (mine["beneficiary"].state, mine["beneficiary"].reason) == (State.CREATED, None)
    assert said == ["binding.notices.handed-to-staff"]


def test_a_new_version_of_the_words_does_not_tell_an_old_decision_again() -> None:
    before = working()
    decide(before, decided("approved", state()))
    keys = {
        (new.notice.about, new.notice.version, new.notice.template, new.recipient_hash) for new in before.made
    }
    newer = Templates((replace(one, version=one.version + 1) for one in TEMPLATES), "医保服务")
    after = working(known=keys)
    after.templates = newer
    assert decide(after, decided("approved", state())) == []
    assert after.made == []


def test_a_call_asks_by_the_surname_of_the_registry_and_nothing_else_names_it() -> None:
    who = Person("3301000001", 1, "13957100001", False, False, date(1980, 1, 1), surname="欧阳")
    work = working(people={who.psn_no: who})
    decide(work, decided("approved", state()))
    for new in work.made:
        content = from_json(new.content or "")
        assert ("欧阳" in content.pop("opening")) is (new.notice.side == "sponsor")
        content.pop("opening_variables")
        content.pop("hint_variables")
        assert "欧阳" not in str(content)


def test_papers_that_were_brought_are_not_called_for_after_a_text_that_got_lost() -> None:
    body = state(Of.UNDER_REVIEW, version=4)
    asks = replace(
        notice(State.PENDING), about=str(body.binding_id), version=3, template="supplement-requested"
    )
    work = working(notices={ID: asks}, attempts={(ID, 1): Attempt("sms", State.PENDING, 1)})
    work.fates[ID, 1], work.parts = ["permanent"], {"p0": (ID, 1)}
    assert decide(work, decided("under-review", body)) == []
    assert work.notices[ID].overtaken
    assert decide(work, Due("receipt", "p0", MONDAY)) == ["binding.notices.failed"]
    assert (work.notices[ID].state, work.notices[ID].reason) == (State.EXPIRED, "overtaken")


def two(first: str, second: str, **fields: Any) -> Work:
    """Two decisions about one binding in one batch."""
    work = working()
    for version, kind in ((4, first), (5, second)):
        decide(work, decided(kind, state(TYPE_TO_STATE[kind] or Of.APPROVED, version=version, **fields)))
    return work


def states(work: Work) -> dict[tuple[str, str], str]:
    return {
        (one.template, one.side): f"{one.state} {one.reason or ''}".strip()
        for one in work.notices.values()
        if one.sendable
    }


def test_a_decision_that_was_not_sent_is_folded_into_its_successor() -> None:
    assert states(two("approved", "suspended")) == {
        ("approved", "sponsor"): "expired overtaken",
        ("approved", "beneficiary"): "expired overtaken",
        ("suspended", "sponsor"): "created",
        ("suspended", "beneficiary"): "created",
    }


def test_what_only_the_message_centre_shows_overtakes_nothing() -> None:
    assert states(two("approved", "changed"))["approved", "sponsor"] == "created"


def test_a_pause_that_is_over_before_anybody_heard_of_it_is_not_told() -> None:
    assert states(two("suspended", "resumed")) == {
        ("suspended", "sponsor"): "expired overtaken",
        ("suspended", "beneficiary"): "expired overtaken",
        ("resumed", "sponsor"): "created",
        ("resumed", "beneficiary"): "created",
    }


def test_what_was_asked_and_brought_in_one_batch_is_not_asked() -> None:
    assert states(two("supplement-requested", "under-review")) == {
        ("supplement-requested", "sponsor"): "expired overtaken"
    }


def test_what_was_sent_already_stays_and_is_not_tried_again() -> None:
    body = state(Of.ENDED, version=4)
    sent_before = replace(notice(State.PENDING), about=str(body.binding_id), version=3)
    work = working(notices={ID: sent_before})
    decide(work, decided("ended", body))
    assert (work.notices[ID].state, work.notices[ID].overtaken) == (State.PENDING, True)


def test_the_message_centre_comes_first_and_its_silence_leads_on() -> None:
    progress = Progress(("message-centre", "sms"))
    shown = replace(notice(State.PENDING), progress=progress, attempts=0)
    work = working(notices={ID: shown})
    silence = Due("silence", str(ID), MONDAY, {"number": 0})
    assert decide(work, silence) == []
    assert (work.notices[ID].state, work.notices[ID].progress.medium) == (State.CREATED, "sms")
    alone = working(notices={ID: replace(shown, progress=Progress(("message-centre",)), template="received")})
    assert decide(alone, silence) == ["binding.notices.failed"]
    assert alone.notices[ID].state is State.EXPIRED


def test_what_nobody_has_to_be_told_is_no_work_for_the_staff() -> None:
    paid = replace(notice(State.SENDING), template="settled", progress=Progress(("sms",)))
    work = working(notices={ID: paid}, attempts={(ID, 1): Attempt("sms", State.SENDING, 0)})
    assert decide(work, ended("permanent", [])) == ["binding.notices.sent", "binding.notices.failed"]
    assert work.notices[ID].state is State.PERMANENT
    waiting = working(notices={ID: replace(paid, state=State.CREATED)})
    assert decide(waiting, Due("hand-over", str(ID), MONDAY, {"reason": "no-number"})) == [
        "binding.notices.failed"
    ]
    assert (waiting.notices[ID].state, waiting.notices[ID].reason) == (State.EXPIRED, "no-number")


def test_an_answer_that_was_slower_than_its_lease_is_no_longer_unknown() -> None:
    late = working(notices={ID: notice(State.UNKNOWN)}, attempts={(ID, 1): Attempt("sms", State.UNKNOWN, 0)})
    assert decide(late, ended("accepted", ["p0"])) == ["binding.notices.sent"]
    assert (late.notices[ID].state, late.notices[ID].progress.tries) == (State.PENDING, 1)
