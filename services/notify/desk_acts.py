"""What the desk does with a notice that is for the staff: looks at whom it is for, says that the person was told, has it sent again.

Each act is one transaction of its caller; the notice's row is locked first, so that two operators never do one thing twice.
"""

from datetime import datetime
from uuid import UUID

from services.notify import desk
from services.notify.desk import Q, Shown
from services.notify.domain.acts import Refusal, again_name, may_be_sent_again, may_be_told
from services.notify.sealing import Seal, answer_row, content_row
from shared.db import Conn


async def view(
    conn: Conn, notice_id: UUID, *, what: str, operator: str, why: str, now: datetime
) -> Refusal | None:
    """Puts on the record that an operator sees whom a notice is for. Show nothing before this transaction is committed."""
    if await conn.fetchval(Q["lock"], notice_id) is None:
        return Refusal("no-such-notice")
    await conn.execute(Q["note_view"], notice_id, now, operator, what, why)
    return None


async def told(conn: Conn, notice_id: UUID, *, operator: str, note: str, now: datetime) -> Refusal | None:
    """Notes that the staff have told the person; why not, if it cannot be."""
    found = await _locked(conn, notice_id)
    refusal = may_be_told(dict(found.row)) if found else Refusal("no-such-notice")
    if refusal is None:
        await conn.execute(Q["tell"], notice_id, now, operator, note)
    return refusal


async def again(
    conn: Conn, notice_id: UUID, new_id: UUID, seal: Seal, *, operator: str, why: str, now: datetime
) -> Refusal | None:
    """Makes `new_id`, the same notice once more, which goes the normal course; why not, if it must not be. Raises `KeyMissing`."""
    found = await _locked(conn, notice_id)
    refusal = refused_again(found, seal) if found else Refusal("no-such-notice")
    if refusal is None and found:
        row = found.row
        content = seal.open(row["content"], content_row(notice_id))
        answer = None if row["answer"] is None else seal.open(row["answer"], answer_row(notice_id))
        sealed = seal.seal(content, content_row(new_id)), seal.seal_if(answer, answer_row(new_id))
        await conn.execute(Q["again"], notice_id, new_id, again_name(row["template"]), now, *sealed)
        await conn.execute(Q["note_again"], new_id, notice_id, now, operator, why)
    return refusal


def refused_again(found: Shown, seal: Seal) -> Refusal | None:
    """Why a notice must not be sent again; `None` if it may. Raises `KeyMissing`."""
    content = desk.content_of(found.row, seal)
    attempts, receipts = [dict(one) for one in found.attempts], [dict(one) for one in found.receipts]
    return may_be_sent_again(dict(found.row), content, attempts, receipts)


async def _locked(conn: Conn, notice_id: UUID) -> Shown | None:
    await conn.execute(Q["lock"], notice_id)
    return await desk.show(
        conn, notice_id
    )  # a later statement: it sees what was done while the lock was waited for
