"""What a batch needs to know before it can be decided: ids, gathered from its messages without reading anything."""

from collections.abc import Callable, Sequence
from typing import Any

from services.settlement.domain.accounts import held_name
from services.settlement.domain.bindings import EARMARK_MODE, TRANSFER_MODE
from services.settlement.domain.earmarks import purse_name
from services.settlement.domain.holds import hold_name
from services.settlement.domain.people import digest
from services.settlement.domain.quotes import Visit
from services.settlement.domain.transfers import wallet_name
from shared.contracts.account_credits import Closed, Corrected, Credited, Frozen, Unfrozen, YearTurned
from shared.contracts.account_transfers import Accepted, Declined, Offered, Withdrawn
from shared.contracts.base import UUID
from shared.contracts.binding_decisions import BindingState
from shared.contracts.premium_requests import Cancel as CancelPremium
from shared.contracts.premium_requests import Pay, Remitted
from shared.contracts.registry import InstitutionRecorded, PersonRecorded
from shared.contracts.settlement_requests import Bill, Cancel, Query, Quote, Refund, Reverse, Settle
from shared.messaging.handler import Due, Event, Invalid, Item, Tombstone

HOLD = "hold"
CREDITS = (Credited, Corrected, YearTurned, Frozen, Unfrozen, Closed)


class Wanted:
    """Ids of a batch. `pairs` are (institution, msgid) of originals that are to be undone or looked up."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.patients: set[str] = set()
        self.persons: set[str] = set()
        self.certs: set[bytes] = set()
        self.accounts: set[str] = set()
        self.new_accounts: set[str] = set()
        self.institutions: set[str] = set()
        self.msgids: set[str] = set()
        self.pairs: set[tuple[str, str]] = set()
        self.setl_ids: set[bytes] = set()
        self.bindings: set[UUID] = set()
        self.orders: set[str] = set()
        self.visits: set[Visit] = set()
        self.ended: dict[UUID, tuple[set[str], Any]] = {}
        self.credited: set[str] = set()
        self.places: set[tuple[str, str]] = set()
        self.sponsors_of: set[UUID] = set()
        self.premiums: set[UUID] = set()
        self.premium_of: set[str] = set()
        self.transfers: set[UUID] = set()
        self.givers: set[str] = set()
        self.spending = self.holding = False
        self.turned: dict[str, int] = {}
        self.recoveries: set[str] = set()
        for item in items:
            if isinstance(item, Event):
                self._add(item)
            else:
                self._due(item)

    def _add(self, event: Event) -> None:
        body: Any = event.body
        reader = READERS.get(type(body))
        if reader is not None:
            reader(self, body)
        elif isinstance(body, Invalid):
            if isinstance(msgid := body.fields.get("msgid"), str):
                self.msgids.add(msgid)
        elif isinstance(body, Tombstone):
            self._erased(event)

    def _bill(self, body: Bill) -> None:
        self.patients.add(body.psn_no)
        self.certs.add(digest(body.mdtrt_cert_no))
        self.institutions.add(body.fixmedins_code)
        self.msgids.add(body.msgid)
        self.visits.add((body.fixmedins_code, body.mdtrt_id, body.psn_no))
        self.spending = True

    def _credit(self, body: Any) -> None:
        self.new_accounts.add(body.psn_no)
        self.credited.add(body.psn_no)
        self.orders.add(body.entry_id)
        if isinstance(body, Credited):
            self.places.add((body.psn_no, body.admdvs))
        elif isinstance(body, YearTurned):
            self.turned[body.psn_no] = min(body.year, self.turned.get(body.psn_no, body.year))

    def _person(self, body: PersonRecorded) -> None:
        self.persons.add(body.psn_no)

    def _institution(self, body: InstitutionRecorded) -> None:
        self.institutions.add(body.fixmedins_code)

    def _quote(self, body: Quote) -> None:
        """What is held of the visit is given back, whether something new is to be held or not."""
        self._bill(body)
        self.holding = self.holding or body.hold_minutes is not None

    def _back(self, body: Cancel | Reverse | Refund | Query) -> None:
        self.patients.add(body.psn_no)
        self.institutions.add(body.fixmedins_code)
        self.msgids.add(body.msgid)
        omsgid, setl_id = getattr(body, "omsgid", None), getattr(body, "setl_id", None)
        if omsgid:
            self.msgids.add(omsgid)
            self.pairs.add((body.fixmedins_code, omsgid))
        if setl_id:
            try:
                self.setl_ids.add(bytes.fromhex(setl_id))
            except ValueError:
                return  # no settlement of ours: the decision declines it

    def _binding(self, body: BindingState) -> None:
        self.bindings.add(body.binding_id)
        if body.case.beneficiary is None:
            return
        sponsor = body.case.sponsor.psn_no
        self.persons.update((sponsor, body.case.beneficiary.psn_no))
        self.accounts.add(sponsor)
        payer = sponsor
        if body.case.mode == EARMARK_MODE:
            self.new_accounts.add(sponsor)  # its row has to be there, since it guards the earmark
            self.sponsors_of.add(body.binding_id)
            payer = purse_name(body.binding_id)
        elif body.case.mode == TRANSFER_MODE:
            self.sponsors_of.add(body.binding_id)
            payer = wallet_name(body.binding_id)
        ends = [p.end for p in body.effective if p.end is not None]
        if body.state.final and ends:
            rows = {payer, sponsor}
            self.ended[body.binding_id] = rows | {*map(hold_name, rows), held_name(sponsor)}, max(ends)

    def _premium(self, body: Pay | CancelPremium | Remitted) -> None:
        self.premiums.add(body.premium_id)
        self.accounts.add(body.payer_psn_no)
        if isinstance(body, Pay):
            self.premium_of.add(body.psn_no)
            self.patients.add(body.psn_no)
            # The insured person's row is locked, so that nobody else pays for the same year at the same time.
            self.new_accounts.add(body.psn_no)
            if body.binding_id is not None:
                self.sponsors_of.add(body.binding_id)

    def _transfer(self, body: Offered | Accepted | Declined | Withdrawn) -> None:
        self.transfers.add(body.transfer_id)
        if isinstance(body, Offered):
            self.bindings.add(body.binding_id)
            self.accounts.add(body.from_psn_no)
            self.givers.add(body.from_psn_no)
            self.persons.add(body.to_psn_no)

    def _due(self, item: Due) -> None:
        if item.kind in ("earmark", "wallet"):
            self.sponsors_of.add(UUID(item.entity))
        elif item.kind == "transfer":
            self.transfers.add(UUID(item.entity))
        elif item.kind == HOLD:
            code, mdtrt_id, psn_no = item.body["visit"]
            self.visits.add((code, mdtrt_id, psn_no))
            self.patients.add(psn_no)

    def _erased(self, event: Event) -> None:
        if event.topic == "binding.decisions":
            try:
                self.sponsors_of.add(UUID(event.key.decode()))
            except ValueError:
                return


READERS: dict[type, Callable[[Wanted, Any], None]] = {
    Settle: Wanted._bill,
    Quote: Wanted._quote,
    **dict.fromkeys((Cancel, Reverse, Refund, Query), Wanted._back),
    BindingState: Wanted._binding,
    **dict.fromkeys(CREDITS, Wanted._credit),
    PersonRecorded: Wanted._person,
    InstitutionRecorded: Wanted._institution,
    **dict.fromkeys((Pay, CancelPremium, Remitted), Wanted._premium),
    **dict.fromkeys((Offered, Accepted, Declined, Withdrawn), Wanted._transfer),
}
"""What a message of a type makes wanted, by its exact type: `isinstance` of a model asks its metaclass, at five times the cost."""
