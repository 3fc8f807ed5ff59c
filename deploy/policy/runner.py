"""Running cases: each step goes through the services' own code, and what happened is compared with what is expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from pydantic import ValidationError

from deploy.policy.case import Case, Step
from deploy.policy.doing import DOES, sponsor_of
from deploy.policy.expecting import ACCEPTED, NOT_ACCEPTED, WAITING, Seen, differences
from deploy.policy.fields import CaseError
from deploy.policy.overlay import laid_over
from deploy.policy.words import SELF
from deploy.policy.world import World
from services.eligibility.domain.binding import Stage
from shared import policies as region_files
from shared.contracts.answers import Refused, Screened, Verdict
from shared.contracts.binding_decisions import BindingState, State
from shared.policies import Policies

_TIME = ("wait", "until")


@dataclass(frozen=True)
class Result:
    """A case that was run: lines of difference by step (from 1), empty if everything was as expected."""

    case: Case
    different: tuple[tuple[int, str], ...] = ()

    @property
    def passed(self) -> bool:
        return not self.different


@cache
def committed() -> Policies:
    """The project's own region files."""
    return region_files.load()


def run(case: Case, policies: Policies) -> Result:
    """Runs one case in a world of its own. A case that cannot be carried out is different in the step where it stops."""
    found: list[tuple[int, str]] = []
    try:
        world = World(case.facts, laid_over(policies, case.facts.region, case.policy, case.where))
    except CaseError as error:
        return Result(case, ((0, str(error)),))
    for number, step in enumerate(case.steps, start=1):
        try:
            seen = carry_out(world, step)
        except CaseError as error:
            return Result(case, (*found, (number, str(error))))
        except ValidationError as error:
            return Result(case, (*found, (number, _no_message(error))))
        found += [(number, line) for line in differences(step.expected, seen)]
    return Result(case, tuple(found))


def _no_message(error: ValidationError) -> str:
    """Why no channel could publish such a message: what the contract refuses has no outcome."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"the contract of messages refuses {'.'.join(map(str, first['loc']))}: {first['msg']}"


def run_all(cases: Iterable[Case], policies: Policies) -> Iterator[Result]:
    """Runs cases one after the other."""
    return (run(case, policies) for case in cases)


def carry_out(world: World, step: Step) -> Seen:
    """Does what a step says and reports what happened."""
    if step.at is not None:
        world.pass_time(step.at)
    world.listen()
    if step.verb in _TIME:
        world.pass_time(step.subject if step.verb == "until" else world.now + step.subject)
    else:
        DOES[step.verb](world, step)
        world.settle()
    binding_id = _concerned(world, step)
    if step.verb == "submit" and not step.expected.waits:
        world.wait_for_registry(binding_id)
    return _seen(world, binding_id)


def _concerned(world: World, step: Step) -> UUID | None:
    """The binding whose state the step's `expect` is about: that of its person, or the case's newest."""
    if step.verb == "open_account":
        return None
    if step.verb == "order":
        return world.binding(step.options["sponsors"][0], step.subject)
    if step.verb == "rank":
        return world.binding(sponsor_of(step), step.subject[0])
    if step.verb not in _TIME and (found := world.binding(sponsor_of(step), step.subject)):
        return found
    return max((ids[-1] for ids in world.bindings.values()), default=None)


def _seen(world: World, binding_id: UUID | None) -> Seen:
    reasons = world.reasons()
    answers = [a for a in world.answers if isinstance(a, Screened)]
    state = world.audit.state(binding_id) if binding_id else None
    period = state.effective[-1] if state and state.effective else None
    terms = state.terms[-1] if state and state.terms else None
    return Seen(
        outcome=_outcome(world, binding_id),
        outcomes=_outcomes(world),
        reasons=tuple(r.code for r in reasons),
        gone=tuple(code for a in answers for code in a.reasons_gone),
        marks=tuple(code for s in world.screenings for code in getattr(s, "marks", ())),
        asked_for=state.supplement if state else (),
        text=" / ".join(dict.fromkeys(t for r in reasons for t in (r.zh, r.en, r.remedy_zh, r.remedy_en))),
        effective=period.begin if period else None,
        ends=period.end if period else None,
        place_in_order=(terms.order or terms.rank) if terms else None,
        mode=state.case.mode if state else None,
        at=world.now,
    )


def _outcome(world: World, binding_id: UUID | None) -> str:
    """What became of the step: not accepted as a message, or how the binding stands now."""
    if any(isinstance(a, Refused) or (isinstance(a, Verdict) and not a.accepted) for a in world.answers):
        return NOT_ACCEPTED
    return _standing(world, binding_id) if binding_id else ACCEPTED


def _standing(world: World, binding_id: UUID) -> str:
    state: BindingState | None = world.audit.state(binding_id)
    if state is not None:
        return state.state.value
    held = world.eligibility.work.bindings.get(binding_id)
    if held is None:
        return ACCEPTED
    return WAITING if held.stage is Stage.WAITING else State.WITHDRAWN.value


def _outcomes(world: World) -> dict[str, str]:
    """The newest binding of each person, by the beneficiary's name and by both names."""
    found: dict[str, str] = {}
    for (sponsor, beneficiary), ids in world.bindings.items():
        standing = _standing(world, ids[-1])
        found[f"{sponsor}→{beneficiary}"] = standing
        if sponsor == SELF or beneficiary not in found:
            found[beneficiary] = standing
    return found
