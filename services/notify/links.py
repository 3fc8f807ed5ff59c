"""From a provider's receipts to outcomes."""

from collections.abc import Sequence

from services.notify.clients.smpp import StoreReceipts
from services.notify.clients.smpp_pdu import Receipt
from services.notify.outcomes import Outcomes
from shared.clock import Clock
from shared.messaging.handler import Due


def receipts_into(outcomes: Outcomes, clock: Clock) -> StoreReceipts:
    """Stores receipts; it returns when they are committed. One id twice in a batch: the last word counts."""

    async def store(receipts: Sequence[Receipt]) -> None:
        last = {one.provider_id: one for one in receipts}
        now = clock.now()
        await outcomes.put(
            [Due("receipt", i, now, {"fate": str(one.fate), "code": one.code}) for i, one in last.items()]
        )

    return store
