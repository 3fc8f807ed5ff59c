"""What each verb of a case does: one function a verb, which publishes what a person or an authority would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from deploy.policy import asking
from deploy.policy.case import Step
from deploy.policy.fields import CaseError
from deploy.policy.people import Kinship
from deploy.policy.words import SELF
from deploy.policy.world import World
from services.audit.trial import REVIEWER
from shared.contracts import beneficiary_requests as of_beneficiary
from shared.contracts import binding_requests as of_sponsor
from shared.contracts.binding_requests import ChannelKind, Side
from shared.contracts.review_verdicts import EndedByAuthority, Resumed, Suspended, VerdictGiven


def sponsor_of(step: Step) -> str:
    """Whose account a step is about."""
    return str(step.options.get("sponsor", SELF))


def _actor(world: World, step: Step, usual: str) -> str:
    """Person number of who acts: the usual one, or somebody else whom the case names."""
    return world.people[step.options.get("by", usual)].made_up().psn_no


def _binding(world: World, step: Step) -> UUID:
    """The binding that a step is about."""
    found = world.binding(sponsor_of(step), step.subject)
    if found is None:
        raise CaseError(f"{step.verb}: {step.subject}: there is no binding with {sponsor_of(step)} yet")
    return found


def _proofs(world: World, step: Step) -> dict[str, Any]:
    """The step's keys, and a number that makes its face check another one than those before."""
    return {**step.options, "nonce": world.count}


def _submit(world: World, step: Step) -> None:
    name, options = step.subject, _proofs(world, step)
    sponsor, other = world.people[sponsor_of(step)], world.people[name]
    earlier = world.binding(sponsor.name, name) if options.get("mends") else None
    binding_id = world.new_binding(sponsor.name, name, world.now)
    signed = min(options.get("signed", world.now - timedelta(minutes=1)), world.now)
    letter = world.policies.at(sponsor.place, signed).binding.commitment
    relation = options.get("as") or other.relation
    if relation is None:
        raise CaseError(f"submit: {name}: expected `as`, what he or she is to {sponsor.name}")
    body = asking.application(binding_id, sponsor, other, relation, world.now, options, letter, earlier)
    world.tell("binding.requests.submitted", body, believed=not options.get("clock_wrong", False))


def _supplement(world: World, step: Step) -> None:
    binding_id = _binding(world, step)
    given = asking.materials(step.options, binding_id, round=world.count)
    body = of_sponsor.Supplemented(
        binding_id=binding_id, sponsor_psn_no=_actor(world, step, sponsor_of(step)), materials=given
    )
    world.tell("binding.requests.supplemented", body)


def _consent(world: World, step: Step) -> None:
    who = world.people[step.options.get("by", step.subject)]
    binding_id = world.binding(sponsor_of(step), step.subject)
    named = _named(world, step, binding_id)
    body = asking.consent(who, binding_id, world.now, _proofs(world, step), named)
    world.tell("beneficiary.requests.consented", body)


def _decline(world: World, step: Step) -> None:
    number = _actor(world, step, step.subject)
    named = _named(world, step, world.binding(sponsor_of(step), step.subject))
    body = of_beneficiary.Declined(beneficiary_psn_no=number, channel=ChannelKind.APP, **named)
    world.tell("beneficiary.requests.declined", body)


def _named(world: World, step: Step, binding_id: UUID | None) -> dict[str, Any]:
    """How a beneficiary names the binding: by its id, by the short code of the notice, or by the sponsor's certificate."""
    how = step.options.get("named_by", "sponsor" if binding_id is None else "binding")
    if how == "sponsor":
        return {"sponsor": world.people[sponsor_of(step)].made_up().certificate()}
    if how == "binding":
        return {"binding_id": binding_id}
    held = world.eligibility.work.bindings.get(binding_id) if binding_id else None
    return {"short_code": (held.short_code if held and how == "short-code" else None) or "ZZZZ9999"}


def _withdraw(world: World, step: Step) -> None:
    number = _actor(world, step, sponsor_of(step))
    body = of_sponsor.Withdrawn(binding_id=_binding(world, step), sponsor_psn_no=number)
    world.tell("binding.requests.withdrawn", body)


def _unbind(world: World, step: Step) -> None:
    name = step.options.get("by", sponsor_of(step))
    side = Side.BENEFICIARY if name == step.subject else Side.SPONSOR
    body = asking.unbinding(world.people[name], side, _binding(world, step), world.now, _proofs(world, step))
    topic = "binding" if side is Side.SPONSOR else "beneficiary"
    world.tell(f"{topic}.requests.unbind-requested", body)


def _change(world: World, step: Step) -> None:
    number = _actor(world, step, sponsor_of(step))
    world.tell(*asking.change(number, _binding(world, step), step.options))


def _rank(world: World, step: Step) -> None:
    sponsor = sponsor_of(step)
    ids = tuple(i for name in step.subject if (i := world.binding(sponsor, name)))
    number = world.people[sponsor].made_up().psn_no
    world.tell("binding.requests.rank-changed", of_sponsor.RankChanged(sponsor_psn_no=number, ranked=ids))


def _order(world: World, step: Step) -> None:
    ids = tuple(i for name in step.options["sponsors"] if (i := world.binding(name, step.subject)))
    number = world.people[step.subject].made_up().psn_no
    body = of_beneficiary.OrderChanged(beneficiary_psn_no=number, ordered=ids)
    world.tell("beneficiary.requests.order-changed", body)


def _open_account(world: World, step: Step) -> None:
    who = world.people[step.subject]
    body = asking.opening(who, world.now, step.options, world.letter(who, world.now))
    world.tell("binding.requests.account-opened", body)


def _registry(world: World, step: Step) -> None:
    said = dict(step.options)
    older = said.pop("older", False)
    known = world.people[step.subject]
    world.record(known.but(**said), older=older)
    if older:
        world.people[step.subject] = known


def _relation(world: World, step: Step) -> None:
    said = dict(step.options)
    one = said.pop("of", SELF)
    relation = said.pop("is", None) or world.people[step.subject].relation
    if relation is None:
        raise CaseError(f"relation: {step.subject}: expected `is`, what he or she is to {one}")
    world.relate(Kinship(one, step.subject, relation, **said))


def _account(world: World, step: Step) -> None:
    world.mark_account(step.subject, step.options["state"])


def _review(world: World, step: Step) -> None:
    binding_id = _binding(world, step)
    body = VerdictGiven(
        binding_id=binding_id,
        operator_id=step.options.get("operator", REVIEWER),
        decision=step.options["decision"],
        note=step.options.get("note"),
        materials=step.options.get("materials", ()),
    )
    world.rule("review.verdicts.verdict-given", body, binding_id)


def _authority(world: World, step: Step) -> None:
    binding_id, decision = _binding(world, step), step.options["decision"]
    body = _ORDERS[decision](
        binding_id=binding_id,
        operator_id=step.options.get("operator", REVIEWER),
        document=step.options.get("document", "医保函〔2026〕1号"),
        effective_at=step.options.get("effective_at", world.now),
    )
    world.rule(f"review.verdicts.{decision}", body, binding_id)


_ORDERS = {"suspended": Suspended, "resumed": Resumed, "ended-by-authority": EndedByAuthority}
DOES: dict[str, Callable[[World, Step], None]] = {
    "submit": _submit,
    "supplement": _supplement,
    "consent": _consent,
    "decline": _decline,
    "withdraw": _withdraw,
    "unbind": _unbind,
    "change": _change,
    "rank": _rank,
    "order": _order,
    "open_account": _open_account,
    "registry": _registry,
    "relation": _relation,
    "account": _account,
    "review": _review,
    "authority": _authority,
}
