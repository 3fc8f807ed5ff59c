"""What an institution may be told of who paid: nothing, amounts, or amounts with the relation, as its region's interface has it. Pure.

The full list, with holders and balances, is for `settlement.results` alone (purpose limitation: an institution needs to know what was
paid, not whose relative has how much where).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.settlement.domain.book import Regions
from services.settlement.domain.people import Institution
from services.settlement.domain.results import Json
from shared.contracts.base import fen, yuan
from shared.policies.types import ShareList


def told(shares: list[Json], place: Institution | None, regions: Regions, at: datetime) -> Json:
    """The field `shares` of an answer, if the interface of the institution's region had one at a time. `shares`: those of the result."""
    what: ShareList = "none" if place is None else regions.at(place.admdvs, at).spending.share_list
    return {} if what == "none" else {"shares": open_shares(shares, relations=what == "relations")}


def open_shares(shares: Iterable[Mapping[str, Any]], *, relations: bool) -> list[Json]:
    """One row an account, in the order of paying: `holder`, `amount` (yuan as text) and, if `relations`, what the patient is to the sponsor."""
    sums: dict[str, int] = {}
    rows: dict[str, Json] = {}
    for share in shares:
        account = share["psn_no"]
        sums[account] = sums.get(account, 0) + fen(share["amount"])
        row = rows.setdefault(account, {"holder": share["holder"]})
        if relations and share["relation"] is not None:
            row["relation"] = share["relation"]
    return [{"holder": row["holder"], "amount": yuan(sums[account])} | row for account, row in rows.items()]
