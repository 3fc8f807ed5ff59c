"""Running cases of the ledger: each step goes through settlement's own code; then what happened and the ledger itself are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from deploy.ledger import stating
from deploy.ledger.case import Case, Step
from deploy.ledger.differing import Different
from deploy.ledger.doing import do, number
from deploy.ledger.expecting import Seen, Share, Told, differences
from deploy.ledger.invariants import broken
from deploy.ledger.world import Sent, World
from deploy.policy.fields import CaseError
from deploy.policy.overlay import laid_over
from shared import policies as region_files
from shared.clock import BEIJING
from shared.contracts.answers import LedgerVerdict, Premium, Refused, Settlement, Transfer
from shared.messaging.decode import Rejected
from shared.policies import Policies


@dataclass(frozen=True)
class Result:
    """A case that was run. `step` (from 1; 0: before the first) and `different` say where it came out otherwise, if it did."""

    case: Case
    step: int = 0
    different: Different | None = None

    @property
    def passed(self) -> bool:
        return self.different is None

    @property
    def line(self) -> str:
        """File, case, step with its line, field, expected and found on one line; empty where all is as expected."""
        if self.different is None:
            return ""
        at = self.case.steps[self.step - 1] if self.step else None
        what = (
            f"第{self.step}步 step {self.step} ({at.verb} {at.subject}){at.line}"
            if at
            else "开始前 before the first step"
        )
        return f"{self.case.where}: {what}: {self.different.told}"


@cache
def committed() -> Policies:
    """The project's own region files."""
    return region_files.load()


def run_all(cases: Iterable[Case], policies: Policies) -> Iterator[Result]:
    """Runs cases one after the other."""
    return (run(case, policies) for case in cases)


def run(case: Case, policies: Policies) -> Result:
    """Runs one case in a world of its own, up to the first difference."""
    n = 0
    try:
        for region, changes in case.policy.items():
            policies = laid_over(policies, region, changes, case.where)
        world = World(case.facts, policies)
        number(world, case.steps)
        for n, step in enumerate(case.steps, start=1):
            seen = _carry_out(world, step, n)
            for one in (*_otherwise(step, seen), *_unsound(world)):
                return Result(case, n, one)
    except CaseError as error:
        return Result(case, n, Different("case", "a step that can be carried out", str(error)))
    except Rejected as error:
        return Result(case, n, Different("message", "one that the line reads", f"a dead letter: {error}"))
    except (
        Exception
    ) as error:  # the line would make a dead letter of it; whoever writes cases has no log to look into
        found = f"a fault of the program: {type(error).__name__}: {error}"
        return Result(case, n, Different("decision", "one", found))
    return Result(case)


def _otherwise(step: Step, seen: Seen) -> Iterator[Different]:
    yield from differences(step.expected, seen)
    if isinstance(seen.shown, stating.Shown):
        yield from stating.differences(step.expected, seen.shown)


def _unsound(world: World) -> Iterator[Different]:
    for line in broken(world.trial.book):
        yield Different("ledger", "sound", _with_names(world, line))


def _with_names(world: World, line: str) -> str:
    for psn_no, name in world.names.items():
        line = line.replace(psn_no, name)
    return line


def _carry_out(world: World, step: Step, n: int) -> Seen:
    if step.at is not None:
        world.pass_time(step.at)
    world.listen()
    if step.verb == "statement":
        return _stated(world, step)
    first = world.sent.get(step.subject) if step.verb == "repeat" else None
    answered = do(world, step, n)
    seen = Seen(balances=world.balances, held=world.held(), recoveries=world.recoveries())
    if answered is not None:
        _told(world, seen, answered, first)
    return seen


def _stated(world: World, step: Step) -> Seen:
    begin = step.options.get("month") or world.now.astimezone(BEIJING).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    made = stating.shown(world.trial.book, world.people[step.subject], begin, world.now)
    return Seen(text=made.text, shown=made)


def _told(world: World, seen: Seen, sent: Sent, first: Sent | None) -> None:
    """What was said about a message: its result, if there is one, and its answer."""
    about = world.said[0]
    answer = sent.answer
    if isinstance(answer, Settlement):
        seen.code, seen.field = answer.code, answer.field
        seen.told = tuple(Told(one.relation or one.holder.value, one.amount) for one in answer.shares)
    if answer is not None:
        seen.answer = answer.model_dump(mode="json")
        seen.reasons = tuple(r.code for r in getattr(answer, "reasons", ()))
    texts = [
        *getattr(answer, "explained", ()),
        getattr(answer, "err_msg", None),
        getattr(answer, "remedy", None),
    ]
    texts += [t for r in getattr(answer, "reasons", ()) for t in (r.zh, r.en, r.remedy_zh, r.remedy_en)]
    results = [(type, body) for type, body in about.emitted if type.startswith("settlement.results.")]
    if first is not None and not results and answer == first.answer and world.trial.book.new_entries[world.entries :] == []:  # fmt: skip
        seen.outcome = "repeated"
    elif isinstance(answer, Refused):
        seen.outcome = "refused"
    elif isinstance(answer, LedgerVerdict):
        seen.outcome = "accepted" if answer.accepted else "refused"
    elif isinstance(answer, Premium | Transfer):
        seen.outcome = answer.state
    elif results:
        seen.outcome = results[0][0].rpartition(".")[2]
    for _, body in results:
        texts += _result(world, seen, body)
    seen.text = " / ".join(filter(None, texts))


def _result(world: World, seen: Seen, body: Any) -> list[str]:
    """Takes over what a result says; its texts."""
    seen.shares = tuple(Share(world.names[s.psn_no], s.segment.value, s.amount) for s in getattr(body, "shares", ()))  # fmt: skip
    seen.cash = getattr(body, "psn_cash_pay", 0) or 0
    seen.tombstone = bool(getattr(body, "tombstone", False))
    seen.differs = getattr(body, "quoted", None) is not None
    out: dict[str, str] = {}
    for one in getattr(body, "left_out", ()):
        name = next(b.sponsor.name for b in world.bindings.values() if b.id == one.binding_id)
        out[name] = f"{out[name]}+{one.code}" if name in out else one.code
    seen.left_out = out
    return [*getattr(body, "cash_reasons", ()), *(t for one in getattr(body, "left_out", ()) for t in (one.zh, one.en))]  # fmt: skip
