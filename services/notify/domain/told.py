"""Who is told of what: the rules that turn a decision or a settlement into notices."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notify.domain import facts
from services.notify.domain.facts import NOWHERE, Facts, Institution
from shared.contracts.base import Message, Origin
from shared.contracts.binding_decisions import TYPE_TO_STATE, BindingState
from shared.contracts.binding_requests import Side
from shared.contracts.settlement_results import (
    Holder,
    PremiumCancelled,
    PremiumPaid,
    Returned,
    Settled,
    Share,
    Transferred,
)

_S, _B = Side.SPONSOR, Side.BENEFICIARY
DECISIONS: Final[frozenset[str]] = frozenset(TYPE_TO_STATE) - {"under-review"}
"""Types of decision that people hear of, where the region says so; that a clerk has not looked yet is no news."""
FOLDED: Final = DECISIONS
"""Kinds that a later decision about the same binding takes the place of, as long as they have not been sent. Sums of money add up: each
result of a settlement is told by itself."""

AT_ONCE: Final = frozenset({"received"})
"""Kinds that say nothing any more once the message centre shows what came of it: folded also there, if that comes in the same batch."""

SETTLEMENTS: Final = frozenset(
    {"settled", "cancelled", "reversed", "refunded", "premium-paid", "premium-cancelled", "transferred"}
)
"""Results that the owner of a sponsor's account hears of; an offered transfer, its receiver. Quotes, declines and look-ups move no money."""

OFFERED: Final = "transfer-offered"
"""The kind of notice of `transferred` while nobody has answered; what has come of it the channels show."""

ASKING: Final = frozenset({"consent-requested", "supplement-requested"})
"""Kinds that ask for something; pointless once the binding waits for it no longer."""


@dataclass(frozen=True, slots=True)
class Told:
    """One notice that may be made. `about` and `version` name the message, `region` whose policy holds for it.

    `template` is the kind of notice and part of its key for ever: it does not change with the texts, or what was told would be told again.
    """

    about: str
    version: int
    template: str
    side: Side
    psn_no: str
    region: str
    in_person: bool
    decided_at: datetime
    facts: Facts
    origin: Origin | None  # whose message centre shows it, if it has one
    binding_id: UUID | None

    @property
    def recipient_hash(self) -> bytes:
        """Names the recipient in the notice's key without naming the person."""
        return hashlib.sha256(f"{self.side}|{self.psn_no}".encode()).digest()[:16]


def of_decision(suffix: str, state: BindingState) -> Iterator[Told]:
    """Notices that a decision may ask for, one a side; whether and how is the region's: `announce.reach`.

    The dead are not told; who is dead is known from the registry at sending.
    """
    if suffix not in DECISIONS:
        return
    case = state.case
    for side in (_S, _B):
        party = case.sponsor if side is _S else case.beneficiary
        if party is None:
            continue
        yield Told(
            about=str(state.binding_id),
            version=state.version,
            template=suffix,
            side=side,
            psn_no=party.psn_no,
            region=case.admdvs,
            in_person=case.channel.in_person or case.channel == "telephone",
            decided_at=state.at,
            facts=facts.of_decision(suffix, state, side),
            origin=state.origin if side is _S else None,
            binding_id=state.binding_id,
        )


def of_settlement(suffix: str, body: Message, places: Mapping[str, Institution] = NOWHERE) -> Iterator[Told]:
    """One notice per sponsor whose account paid or got money back; of an offered transfer, to its receiver. `places`: institutions by
    `fixmedins_code`."""
    if isinstance(body, Transferred):
        yield from _of_offer(body)
        return
    if isinstance(body, Settled | Returned):
        about, version, shares = body.setl_id, body.number, body.shares
    elif isinstance(body, PremiumPaid | PremiumCancelled):
        about, version, shares = str(body.premium_id), 1, body.shares
    else:
        return
    for psn_no, own in _by_sponsor(shares).items():
        yield Told(
            about=about,
            version=version,
            template=suffix,
            side=_S,
            psn_no=psn_no,
            region=own[0].admdvs,
            in_person=False,
            decided_at=body.at,
            facts=facts.of_settlement(suffix, body, own, places),
            origin=None,
            binding_id=None,
        )


def _of_offer(body: Transferred) -> Iterator[Told]:
    if body.state != "offered" or body.admdvs is None or body.until is None:
        return
    yield Told(
        about=str(body.transfer_id),
        version=1,
        template=OFFERED,
        side=_B,
        psn_no=body.psn_no,
        region=body.admdvs,
        in_person=False,
        decided_at=body.at,
        facts=facts.of_offer(OFFERED, body, body.until),
        origin=None,
        binding_id=None,
    )


def _by_sponsor(shares: tuple[Share, ...]) -> dict[str, list[Share]]:
    found: dict[str, list[Share]] = {}
    for share in shares:
        if share.holder is Holder.SPONSOR:
            found.setdefault(share.psn_no, []).append(share)
    return found
