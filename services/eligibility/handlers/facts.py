"""What the authority and the decisions say: registry records, accounts, states of bindings; and what is due."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from services.eligibility.domain.binding import Binding, Condition, Stage
from services.eligibility.domain.conditions import conditions, consequences
from services.eligibility.domain.days import day_of
from services.eligibility.domain.following import followed
from services.eligibility.domain.person import person_key
from services.eligibility.domain.rule_change import KIND as RULE
from services.eligibility.domain.rule_change import judged, unchanged, version
from services.eligibility.domain.screening import Outcome, screen
from services.eligibility.handlers import deferred
from services.eligibility.handlers import screen as screening
from services.eligibility.handlers.consents import expire
from services.eligibility.work import Account, Work
from shared.contracts import account_credits, registry
from shared.contracts.binding_decisions import BindingState
from shared.contracts.binding_requests import Side
from shared.contracts.binding_screenings import ConditionChanged, Effect
from shared.contracts.reasons import Reason
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
    for person in dict.fromkeys((key, former or key)):
        for binding in work.waiting_for(person):
            retry(work, binding, out, last=False)
        for binding in list(work.bindings_of(person)):
            look_at(work, binding, out)


def retry(work: Work, binding: Binding, out: Out, *, last: bool) -> None:
    """Screens a waiting request again, unless somebody is still missing and there is time left."""
    q, finding = screening.judge(work, binding)
    if finding.unknown_person and not last:
        return
    out.no_longer_due(screening.PERSON, str(binding.binding_id))
    screening.settle(work, binding, q, finding, out, binding.origin)
    deferred.release(work, binding.binding_id, out)


def look_at(work: Work, binding: Binding, out: Out, *, quiet: frozenset[Condition] = frozenset()) -> None:
    """Tells audit when something about a side of a standing binding has changed. Of `quiet` conditions another rule speaks."""
    binding = work.bindings[binding.binding_id]
    if not binding.stage.stands:
        return
    policy = work.policies.at(binding.admdvs, out.now)
    homes = {Side.SPONSOR: binding.admdvs, Side.BENEFICIARY: binding.beneficiary_admdvs}
    for side, key in ((Side.SPONSOR, binding.sponsor), (Side.BENEFICIARY, binding.beneficiary)):
        if (person := work.person(key)) is None:
            continue
        found = conditions(policy, person, side, homes[side])
        known = binding.standing(side)
        told = tuple(c for c in found if c in quiet and c not in known.conditions)
        before = known.model_copy(update={"conditions": (*known.conditions, *told)})
        after, said = consequences(policy, side, before, found)
        if after == known:
            continue
        binding = binding.model_copy(update={f"{side}_standing": after})
        work.put(binding)
        for effect, reasons in said:
            _tell(binding, effect, side, reasons, out)


def _tell(binding: Binding, effect: Effect, side: Side, reasons: tuple[Reason, ...], out: Out) -> None:
    changed = ConditionChanged(
        binding_id=binding.binding_id, at=out.now, effect=effect, side=side, reasons=reasons
    )
    out.emit("binding.screenings.condition-changed", changed)


def rule_changed(work: Work, binding_id: UUID, out: Out) -> None:
    """The policy of a standing binding's region is another one: the rules about the pair are judged by it."""
    binding = work.bindings.get(binding_id)
    if binding is None or not binding.stage.stands:
        return
    policy = work.policies.at(binding.admdvs, out.now)
    if unchanged(binding, policy):
        work.stamped.add(binding_id)
        return
    q = replace(screening.inquire(work, binding), policy=policy, at=out.now, day=day_of(out.now))
    binding, effect, reasons = judged(binding, q)
    work.put(binding)
    work.stamped.add(binding_id)
    if effect:
        of_beneficiary = all((r.field or "").startswith(Side.BENEFICIARY) for r in reasons)
        _tell(binding, effect, Side.BENEFICIARY if of_beneficiary else Side.SPONSOR, reasons, out)
    look_at(work, binding, out, quiet=frozenset({Condition.CATEGORY}))


def erased(work: Work, event: Event) -> None:
    """A tombstone: a record of the registry is forgotten, or a decision that nobody has used."""
    key = event.key.decode()
    if event.topic == "registry.persons":
        work.forget_record(key, event.time)
    elif event.topic == "registry.relations":
        one, _, other = key.partition("|")
        work.forget_relation((one, other))
    elif event.topic == "binding.decisions":
        with suppress(ValueError):  # no id of ours
            work.forget_early(UUID(key))


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
    """A decision. Versions that are known are ignored; one that comes before its request is kept for it."""
    binding = work.bindings.get(body.binding_id)
    if binding is None:
        work.keep_early(body)
    elif body.version > binding.version:
        _follow(work, binding, body, out)


def catch_up(work: Work, binding_id: UUID, out: Out) -> None:
    """After a restore: what was decided of a request that is only now read again."""
    binding = work.bindings.get(binding_id)
    if binding is not None and (body := work.take_early(binding_id)) is not None:
        out.no_longer_due(screening.PERSON, str(binding_id))
        _follow(work, binding, body, out)


def _follow(work: Work, binding: Binding, body: BindingState, out: Out) -> None:
    """Only a final decision releases the slot."""
    stood = binding.stage.stands
    binding = followed(binding, body)
    if binding.stage.stands and not stood:
        judged_by = version(work.policies.at(binding.admdvs, binding.at))
        binding = binding.model_copy(update={"judged_by": judged_by})
    work.put(binding)
    if binding.stage.stands != stood:
        work.stamped.add(body.binding_id)
    if binding.stage is Stage.CLOSED:
        out.no_longer_due(screening.CONSENT, str(body.binding_id))
    if binding.stage.stands and not stood:
        look_at(work, binding, out)


def due(work: Work, item: Due, out: Out) -> None:
    """A wait is over: for a consent, or for a person whom the registry does not know; or a rule has changed."""
    if item.kind == RULE:
        rule_changed(work, UUID(item.entity), out)
        return
    binding = work.bindings.get(UUID(item.entity))
    if binding is None:
        return
    if item.kind == screening.PERSON and binding.stage is Stage.WAITING:
        retry(work, binding, out, last=True)
    elif item.kind == screening.CONSENT and binding.stage is Stage.CONSENT:
        days = screening.policy_of(work, binding).binding.consent_days
        expire(work, binding, binding.origin, out, declined=False, days=days)
