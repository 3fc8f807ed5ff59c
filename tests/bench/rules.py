"""What the rules alone cost: CPU of finding nothing wrong with a request, every rule asked, the facts at hand.

Every request is of other people, each is judged once, and each was decoded from its bytes before the clock starts, as in the service:
what the decoding step has found out (spelling of certificates, signatures) is part of it and not of the rules.
"""

from __future__ import annotations

import gc
import time
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from services.eligibility.domain.binding import Binding, Stage
from services.eligibility.domain.inquiry import Inquiry
from services.eligibility.domain.person import person_key
from services.eligibility.domain.screening import Outcome, screen
from services.eligibility.handler import Eligibility
from services.eligibility.handlers.screen import inquire
from services.eligibility.work import Work
from shared import policies
from shared.contracts import sources
from shared.contracts.base import Origin
from shared.contracts.binding_requests import Relation, Submitted
from shared.testing.messages import related, submitted, uid
from tests.bench.applications import couple

REQUESTS, ROUNDS = 2_000, 5


def cpu_us(requests: int = REQUESTS) -> float:
    """Microseconds of CPU for a passing request: the fastest of some rounds, which other processes disturb least."""
    given = [_inquiry(n) for n in range(requests)]
    found: list[float] = []
    gc.collect()
    gc.freeze()
    for _ in range(ROUNDS):
        before = time.process_time()
        for values in given:
            if screen(Inquiry(**values)).outcome is not Outcome.PASSED:
                raise RuntimeError("a request of the bench was refused")
        found.append((time.process_time() - before) / requests * 1e6)
    gc.unfreeze()
    return min(found)


def _inquiry(n: int) -> dict[str, Any]:
    """Everything that the rules look at for one couple's request, as the service reads it from bytes."""
    at = datetime.now(UTC)
    husband, wife = couple(n)
    made = submitted(
        husband, wife, relation=Relation.SPOUSE, at=at - timedelta(seconds=1), binding_id=uid(n, at)
    )
    body = Submitted.model_validate_json(made.model_dump_json(exclude_none=True))
    handler, keys = _eligibility()
    handler.prepare(body)
    work = Work(handler.policies, keys)
    for one in (husband, wife):
        work.locked.add(person_key(one.certificate()))
        record = one.recorded()
        work.know_record(person_key(record), type(record).model_validate_json(record.model_dump_json()))
    relation = related(husband, wife, Relation.SPOUSE)
    work.relations[relation.psn_no, relation.other_psn_no] = relation
    binding = Binding(
        binding_id=body.binding_id,
        stage=Stage.WAITING,
        request=body,
        origin=Origin(source="zheliban", id=str(n)),
        at=at,
        admdvs=body.admdvs,
    )
    work.know_binding(binding)
    q = inquire(work, binding)
    return {f.name: getattr(q, f.name) for f in fields(q) if f.init}


@cache
def _eligibility() -> tuple[Eligibility, dict[str, tuple[str, ...]]]:
    keys = {source.id: tuple(source.keys.values()) for source in sources.load().values() if source.keys}
    return Eligibility(policies.load(), keys), keys


if __name__ == "__main__":
    print(f"rules_us {cpu_us():.1f}")
