"""One request against facts in a file: what comes out, every reason, and the trace of rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.policy.case import Case, case_of
from deploy.policy.expecting import Seen
from deploy.policy.fields import CaseError
from deploy.policy.overlay import laid_over
from deploy.policy.runner import carry_out
from deploy.policy.trace import Traced, trace
from deploy.policy.world import World
from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.handlers.screen import inquire
from shared.contracts.reasons import Reason
from shared.policies import Policies
from shared.policies.yamltext import Yaml

_SCREENED = ("submit", "supplement", "consent")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a case's last step. `trace`: every rule over the last request as it stands then."""

    case: Case
    seen: Seen
    reasons: tuple[Reason, ...]
    trace: tuple[Traced, ...]
    region: str
    version: str

    def json(self) -> dict[str, Any]:
        """The same for scripts."""
        reasons = [reason.model_dump(mode="json") for reason in self.reasons]
        return {"name": self.case.name, "region": self.region, "at": self.case.facts.at.isoformat(), "policy_version": self.version,
                "outcome": self.seen.outcome, "marks": list(self.seen.marks), "reasons": reasons,
                "trace": [one.json() for one in self.trace]}  # fmt: skip


def read_case(file: Path, name: str = "") -> Case:
    """The case of a file: the file itself, or of a file with several the one whose name contains `name`. Raises `CaseError`."""
    try:
        tree = yaml.load(file.read_text("utf-8"), Yaml)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CaseError(f"{file.name}: cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(tree, Mapping) or "cases" not in tree:
        named = {"name": file.stem} | dict(tree) if isinstance(tree, Mapping) else tree
        return case_of(named, file.name, expects=False)
    listed = [one for one in tree["cases"] or () if isinstance(one, Mapping)]
    found = [one for one in listed if name in str(one.get("name", ""))]
    if len(found) == 1:
        return case_of(found[0], file.name, expects=False)
    names = ", ".join(str(one.get("name")) for one in (found or listed)[:8])
    what = f"{len(found)} cases match {name!r}" if name else f"{len(found)} cases"
    raise CaseError(f"{file.name}: {what}: name one with --case, such as {names}")


def attempt(case: Case, policies: Policies) -> Attempt:
    """Carries the case out and traces its last request. Raises `CaseError` for what cannot be carried out."""
    world = World(case.facts, laid_over(policies, case.facts.region, case.policy, case.where))
    seen, said, q = Seen(), [], None
    for step in case.steps:
        seen = carry_out(world, step)
        if step.verb in _SCREENED or q is None:
            said = world.reasons()
            q = asked(world) or q
    if q is None:
        raise CaseError(f"{case.where}: steps: expected a step with `submit`")
    unique = {(r.code, r.field, r.zh): r for r in said}
    return Attempt(case, seen, tuple(unique.values()), tuple(trace(q)), q.region, q.policy.version)


def asked(world: World) -> Inquiry | None:
    """The newest request with the facts of now."""
    newest = max((ids[-1] for ids in world.bindings.values()), default=None)
    work = world.eligibility.work
    binding = work.bindings.get(newest) if newest else None
    return inquire(work, binding) if binding else None
