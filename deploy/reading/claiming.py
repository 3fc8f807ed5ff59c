"""Takes the next free case of the queue for an operator: the first one that audit lets him or her have."""

from __future__ import annotations

from uuid import UUID

from deploy.reading import desk
from deploy.reading.running import Running
from services.audit import desk as reading
from shared.contracts import answers, operators
from shared.contracts.base import Message
from shared.contracts.review_verdicts import Claimed

PAGE = 20
HOPELESS = frozenset({"operator-role-missing", "field-invalid", "time-not-believed"})
"""Answers that every other case would get as well."""


async def claim_next(stack: Running, operator: str, region: str) -> tuple[UUID, Message | None] | None:
    """The case and the answer to its claim; `None` if there is none to be had. `region`: first digits of `admdvs`.

    Only audit knows who is related to whom, so cases are asked for one after the other: one that another took meanwhile, or that the
    operator must not decide, is passed over. Where the operators' file is known here, other regions' cases are not asked for at all.
    """
    known = operators.load().get(operator)
    tried: list[UUID] = []
    while page := await _page(stack, operator, region, known.prefixes if known else None, tried):
        for one in page:
            tried.append(one)
            body = Claimed(binding_id=one, operator_id=operator)
            told = await desk.say(stack, "review.verdicts.claimed", body)
            if not isinstance(told, answers.Verdict) or told.accepted or _hopeless(told):
                return one, told
    return None


def _hopeless(told: answers.Verdict) -> bool:
    return not HOPELESS.isdisjoint(reason.code for reason in told.reasons)


async def _page(
    stack: Running, operator: str, region: str, regions: tuple[str, ...] | None, tried: list[UUID]
) -> list[UUID]:
    wanted = reading.Wanted(
        region=region, rows=PAGE, free=True, regions=regions, for_operator=operator, without=tried
    )
    rows = await desk.ask(stack, lambda conn: reading.queue(conn, wanted, stack.clock.now()))
    return [UUID(int=row["binding_id"].int) for row in rows]
