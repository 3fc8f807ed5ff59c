"""What a sponsor asks before anything is bound: submit, supplement, withdraw, open the family account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from services.eligibility.domain.binding import Binding, Stage
from services.eligibility.domain.inquiry import state_reason
from services.eligibility.handlers import facts
from services.eligibility.handlers import screen as screening
from services.eligibility.handlers.asked import own, version, wrong_state
from services.eligibility.handlers.deferred import release
from services.eligibility.handlers.replies import origin_of, refuse, screened
from services.eligibility.work import Work
from shared.contracts import binding_requests as requests
from shared.contracts import binding_screenings as screenings
from shared.contracts.binding_decisions import Step
from shared.contracts.reasons import Reason, reason
from shared.messaging.handler import Event, Out
from shared.policies.types import Letter
from shared.policies.values import RegionPolicy

_OPEN = (Stage.SUPPLEMENT, Stage.CONSENT, Stage.PASSED)

_MATERIALS = 100
"""Documents of one request that are kept, the newest ones: rounds may go on, the messages must not grow with them."""


def submitted(work: Work, event: Event, body: requests.Submitted, out: Out) -> None:
    """A new request. If only a person is unknown, it waits a short while for the registry."""
    if body.binding_id in work.bindings:
        refuse(out, event, [reason("binding-id-taken", rule="request.binding-id")], body.binding_id)
        return
    binding = Binding(
        binding_id=body.binding_id,
        stage=Stage.WAITING,
        request=body,
        origin=origin_of(event),
        at=event.time,
        received_at=max(event.appended_at, event.time),
        admdvs=body.admdvs,
        materials=body.materials,
    )
    work.know_binding(binding)
    _first_look(work, event, binding, out)
    facts.catch_up(work, body.binding_id, out)


def _first_look(work: Work, event: Event, binding: Binding, out: Out) -> None:
    q, finding = screening.judge(work, binding, new=True)
    if finding.unknown_person:
        work.put(binding)
        wait = timedelta(seconds=q.policy.binding.person_wait)
        out.due(screening.PERSON, str(binding.binding_id), max(event.appended_at, event.time) + wait)
        screened(out, event, binding.binding_id, "accepted", Step.APPLIED, q.policy.version)
        return
    screening.settle(work, binding, q, finding, out, binding.origin)


def supplemented(work: Work, event: Event, body: requests.Supplemented, out: Out) -> None:
    """Documents that were asked for: the whole request is screened again in a new round, and its outcome goes to who sent them.

    In any other state nobody asked for them.
    """
    binding = own(work, event, body.binding_id, body.sponsor_psn_no, out)
    if binding is None:
        return
    if binding.stage is not Stage.SUPPLEMENT:
        wrong_state(event, binding, out)
        return
    given = {m.reference: m for m in (*binding.materials, *body.materials)}
    more = {"materials": tuple(given.values())[-_MATERIALS:], "round": binding.round + 1}
    screening.run(work, binding.model_copy(update=more), out, origin_of(event), first=False)


def withdrawn(work: Work, event: Event, body: requests.Withdrawn, out: Out) -> None:
    """The sponsor takes an undecided request back. Nothing more is done with it; its slot waits for the decision.

    One that still waits for a person was never on the line: it ends here, and what queued behind it hears so.
    """
    binding = own(work, event, body.binding_id, body.sponsor_psn_no, out)
    if binding is None:
        return
    if binding.stage is Stage.WAITING:
        work.put(binding.model_copy(update={"stage": Stage.CLOSED}))
        work.note_unconfirmed(binding)  # or strangers could be asked for and taken back without end
        out.no_longer_due(screening.PERSON, str(binding.binding_id))
        release(work, binding.binding_id, out)
        screened(out, event, binding.binding_id, "accepted", Step.DECIDED, version(work, binding))
        return
    if binding.stage not in _OPEN:
        wrong_state(event, binding, out)
        return
    work.put(binding.model_copy(update={"stage": Stage.WITHDRAWING}))
    out.no_longer_due(screening.CONSENT, str(binding.binding_id))
    taken = screenings.Withdrawn(binding_id=binding.binding_id, origin=origin_of(event), at=out.now)
    out.emit("binding.screenings.withdrawn", taken)
    screened(out, event, binding.binding_id, "accepted", Step.ACCEPTED, version(work, binding))


def account_opened(work: Work, event: Event, body: requests.AccountOpened, out: Out) -> None:
    """The sponsor opens a family account, where a region has that step; opening it twice changes nothing.

    It is the region where the sponsor is insured that has the step or not, and whose letter is signed.
    """
    person = work.by_number(body.sponsor_psn_no)
    if person is None:
        refuse(out, event, [reason("sponsor-unknown", rule="sponsor.known", field="sponsor_psn_no")])
        return
    region = screening.home_of(person) or body.admdvs
    policy = work.policies.at(region, event.time)
    signed = body.commitment.signed_at if body.commitment else event.time
    letter = work.policies.at(region, min(signed, event.time)).binding.commitment
    if not person.opened and (reasons := list(_not_opened(policy, letter, body.commitment))):
        refuse(out, event, reasons)
        return
    if not person.opened:
        work.opened[person.key] = event.time
        work.changed_people.add(person.key)
    screened(out, event, None, "accepted", Step.DECIDED, policy.version)


def _not_opened(
    policy: RegionPolicy, letter: Letter | None, given: requests.Commitment | None
) -> Iterator[Reason]:
    """What is against opening: no such step here, no letter, or not the one in force when it was signed."""
    cites = "binding.commitment"
    if not policy.binding.account_opening:
        yield state_reason(policy, "not-offered-here", "account.offered", cites="binding.account_opening")
    elif letter is not None and given is None:
        yield state_reason(policy, "commitment-missing", "account.letter", cites=cites, field="commitment")
    elif (
        letter
        and given
        and (given.code, given.version, given.sha256) != (letter.code, letter.version, letter.sha256)
    ):
        shown = f"{letter.code} {letter.version}"
        yield state_reason(
            policy, "commitment-outdated", "account.letter", cites=cites, field="commitment", version=shown
        )
