"""Who is told of what: the rules that turn a decision or a settlement into notices."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notify.domain import texts
from services.notify.domain import words as w
from services.notify.domain.texts import Wording
from shared.contracts.base import Message, Origin
from shared.contracts.binding_decisions import BindingState
from shared.contracts.binding_requests import Side
from shared.contracts.settlement_results import Holder, PremiumPaid, Returned, Settled, Share

_S, _B = Side.SPONSOR, Side.BENEFICIARY
DECISIONS: Final[dict[str, tuple[Side, ...]]] = {
    "received": (),  # the channel has answered already
    "consent-requested": (_B,),
    "under-review": (),
    "supplement-requested": (_S,),
    "approved": (_S, _B),
    "refused": (_S,),
    "rejected": (_S,),
    "withdrawn": (),  # it was the sponsor's own act, answered by the channel
    "expired": (_S,),
    "changed": (_S, _B),
    "suspended": (_S, _B),
    "resumed": (_S, _B),
    "ended": (_S, _B),
}
"""Which side hears of which type of decision. A structure test holds this against the contract."""

SETTLEMENTS: Final = frozenset({"settled", "cancelled", "reversed", "refunded", "premium-paid"})
"""Results that the owner of a sponsor's account hears of. Quotes, declines and look-ups move no money."""

_VERSION: Final = "v1"


@dataclass(frozen=True, slots=True)
class Told:
    """One notice to be made. `about` and `version` name the message, `region` whose policy holds for it."""

    about: str
    version: int
    template: str
    side: Side
    psn_no: str
    region: str
    in_person: bool
    decided_at: datetime
    wording: Wording
    origin: Origin | None  # whose message centre shows it, if it has one
    binding_id: UUID | None

    @property
    def recipient_hash(self) -> bytes:
        """Names the recipient in the notice's key without naming the person."""
        return hashlib.sha256(f"{self.side}|{self.psn_no}".encode()).digest()[:16]


def of_decision(suffix: str, state: BindingState) -> Iterator[Told]:
    """Notices that a decision asks for. The dead are not told; who is dead is known from the registry at sending."""
    case = state.case
    for side in DECISIONS[suffix]:
        party = case.sponsor if side is _S else case.beneficiary
        if party is None:
            continue
        yield Told(
            about=str(state.binding_id),
            version=state.version,
            template=f"{suffix}.{_VERSION}",
            side=side,
            psn_no=party.psn_no,
            region=case.admdvs,
            in_person=case.channel.in_person or case.channel == "telephone",
            decided_at=state.at,
            wording=texts.decision(suffix, state, side),
            origin=state.origin if side is _S else None,
            binding_id=state.binding_id,
        )


def of_settlement(suffix: str, body: Message) -> Iterator[Told]:
    """One notice per sponsor whose account paid or got money back."""
    if isinstance(body, Settled | Returned):
        about, version, shares = body.setl_id, body.number, body.shares
    elif isinstance(body, PremiumPaid):
        about, version, shares = str(body.premium_id), 1, body.shares
    else:
        return
    for psn_no, own in _by_sponsor(shares).items():
        relation = w.RELATION[own[0].relation] if own[0].relation else "家人"
        yield Told(
            about=about,
            version=version,
            template=f"{suffix}.{_VERSION}",
            side=_S,
            psn_no=psn_no,
            region=own[0].admdvs,
            in_person=False,
            decided_at=body.at,
            wording=_settlement(suffix, body, own, relation),
            origin=None,
            binding_id=None,
        )


def _settlement(
    suffix: str, body: Settled | Returned | PremiumPaid, own: list[Share], relation: str
) -> Wording:
    at = w.moment(body.at)
    if isinstance(body, Returned):
        return texts.returned(own, at, relation)
    purpose = f"缴纳{body.year}年度医保费" if isinstance(body, PremiumPaid) else "就医购药"
    return texts.spent(own, at, relation, purpose)


def _by_sponsor(shares: tuple[Share, ...]) -> dict[str, list[Share]]:
    found: dict[str, list[Share]] = {}
    for share in shares:
        if share.holder is Holder.SPONSOR:
            found.setdefault(share.psn_no, []).append(share)
    return found
