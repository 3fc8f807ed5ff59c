"""What the authority and the decisions say: registry records, accounts, states of bindings; and what is due."""

from __future__ import annotations

from uuid import UUID

from services.eligibility.domain.binding import Binding, Condition, Stage, stage_after
from services.eligibility.domain.conditions import condition, consequence
from services.eligibility.domain.person import person_key
from services.eligibility.domain.screening import Outcome, screen
from services.eligibility.handlers import screen as screening
from services.eligibility.handlers.consents import expire
from services.eligibility.work import Account, Work
from shared.contracts import account_credits, registry
from shared.contracts.binding_decisions import BindingState
from shared.contracts.binding_requests import Side
from shared.contracts.binding_screenings import ConditionChanged
from shared.messaging.handler import Due, Event, Out


def person_recorded(work: Work, event: Event, body: registry.PersonRecorded, out: Out) -> None:
    """A newer record of a person: requests that wait are tried again, standing bindings are looked at."""
    known = work.records.get(body.psn_no)
    if known is not None and known.version >= body.version:
        return
    key = person_key(body)
    former = work.owners.get(body.psn_no)
    work.know_record(key, body)
    work.changed_records.add(body.psn_no)
    for person in {key, former or key}:
        for binding in work.waiting_for(person):
            retry(work, binding, out, last=False)
        for binding in list(work.bindings_of(person)):
            look_at(work, binding, out)


def retry(work: Work, binding: Binding, out: Out, *, last: bool) -> None:
    """Screens a waiting request again, unless somebody is still missing and there is time left."""
    if last or not screen(screening.inquire(work, binding)).unknown_person:
        out.no_longer_due(screening.PERSON, str(binding.binding_id))
        screening.run(work, binding, out, binding.origin)


def look_at(work: Work, binding: Binding, out: Out) -> None:
    """Tells audit when the condition of a side of a standing binding has changed."""
    binding = work.bindings[binding.binding_id]
    if not binding.stage.stands:
        return
    policy = work.policies.at(binding.admdvs, out.now)
    homes = {Side.SPONSOR: binding.admdvs, Side.BENEFICIARY: binding.beneficiary_admdvs}
    for side, key in ((Side.SPONSOR, binding.sponsor), (Side.BENEFICIARY, binding.beneficiary)):
        before: Condition = getattr(binding, f"{side}_condition")
        person = work.person(key)
        after = condition(policy, person, side, homes[side]) if person else before
        if after is before:
            continue
        binding = binding.model_copy(update={f"{side}_condition": after})
        work.put(binding)
        if follows := consequence(policy, side, before, after):
            effect, reasons = follows
            changed = ConditionChanged(
                binding_id=binding.binding_id, at=out.now, effect=effect, side=side, reasons=reasons
            )
            out.emit("binding.screenings.condition-changed", changed)


def erased(work: Work, event: Event) -> None:
    """A tombstone of the registry: the record is forgotten."""
    key = event.key.decode()
    if event.topic == "registry.persons":
        work.forget_record(key, event.time)
    elif event.topic == "registry.relations":
        one, _, other = key.partition("|")
        work.forget_relation((one, other))


def relation_recorded(work: Work, event: Event, body: registry.RelationRecorded, out: Out) -> None:
    """A newer record of a relation: a request that lacked nothing but papers may be proven by it."""
    pair = (body.psn_no, body.other_psn_no)
    known = work.relations.get(pair)
    if known is not None and known.version >= body.version:
        return
    work.relations[pair] = body
    work.changed_relations.add(pair)
    one, other = (work.owners.get(number) for number in pair)
    if one is None or other is None:
        return
    for binding in list(work.bindings_of(one)):
        theirs = {binding.sponsor, binding.beneficiary} == {one, other}
        if theirs and binding.stage is Stage.SUPPLEMENT and _papers_not_needed(work, binding):
            again = binding.model_copy(update={"round": binding.round + 1})
            screening.run(work, again, out, binding.origin, first=False)


def _papers_not_needed(work: Work, binding: Binding) -> bool:
    finding = screen(screening.inquire(work, binding), first=False)
    return finding.outcome is not Outcome.SUPPLEMENT


def account_marked(
    work: Work,
    event: Event,
    body: account_credits.Frozen | account_credits.Unfrozen | account_credits.Closed,
    out: Out,
) -> None:
    """The authority froze, released or closed an account."""
    closed = isinstance(body, account_credits.Closed) or work.accounts.get(body.psn_no, Account()).closed
    work.accounts[body.psn_no] = Account(isinstance(body, account_credits.Frozen), closed)
    work.changed_accounts.add(body.psn_no)


def decided(work: Work, event: Event, body: BindingState, out: Out) -> None:
    """A decision: only a final one releases the slot. Versions that are known are ignored."""
    binding = work.bindings.get(body.binding_id)
    if binding is None or body.version <= binding.version:
        return
    stage = stage_after(body.state, binding.stage, latest=body.round >= binding.round)
    approved = stage is Stage.BOUND and binding.bound_at is None
    changes = {
        "stage": stage,
        "version": body.version,
        "terms": body.terms[-1].terms if body.terms else body.case.terms,
        "bound_at": body.at if approved else binding.bound_at,
        "ever": binding.ever or stage is Stage.BOUND,
    }
    work.put(binding.model_copy(update=changes))
    if stage is Stage.CLOSED:
        out.no_longer_due(screening.CONSENT, str(body.binding_id))
    if approved:
        look_at(work, binding, out)


def due(work: Work, item: Due, out: Out) -> None:
    """A wait is over: for a consent, or for a person whom the registry does not know."""
    binding = work.bindings.get(UUID(item.entity))
    if binding is None:
        return
    if item.kind == screening.PERSON and binding.stage is Stage.WAITING:
        retry(work, binding, out, last=True)
    elif item.kind == screening.CONSENT and binding.stage is Stage.CONSENT:
        days = screening.policy_of(work, binding).binding.consent_days
        expire(binding, binding.origin, out, declined=False, days=days)
