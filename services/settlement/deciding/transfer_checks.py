"""May this money be moved to a relative, and may it be accepted? All reasons against it at once."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from services.settlement.deciding import apart
from services.settlement.domain.accounts import Account, State, split
from services.settlement.domain.bindings import TRANSFER_MODE, Binding, effective_at
from services.settlement.domain.book import Book
from services.settlement.domain.declines import LEFT_OUT
from services.settlement.domain.sponsors import insured_normally, sleeping
from services.settlement.domain.transfers import Transfer, moved, times
from shared.clock import BEIJING
from shared.contracts import sources
from shared.contracts.account_transfers import Offered
from shared.contracts.base import yuan
from shared.contracts.reasons import Reason, reason
from shared.messaging.handler import Event
from shared.policies.values import RegionPolicy, Spending

WHEN = {"day": ("每日", "a day"), "month": ("每月", "a month")}
NATIONAL = "100000"


class Ready(NamedTuple):
    """It may be moved: (current, historic) fen."""

    parts: tuple[int, int]


def offering(book: Book, event: Event, body: Offered) -> Ready | list[Reason]:
    """What each segment of the giver's account gives, or every reason against it. Money is looked at only when nothing else is against it."""
    if not event.time_believed:
        return [reason("time-not-believed")]
    binding = book.bindings.get(body.binding_id)
    if binding is None:
        return [reason("binding-unknown", rule="transfer.binding", field="binding_id")]
    for mine, said, field in (
        (binding.sponsor, body.from_psn_no, "from_psn_no"),
        (binding.beneficiary, body.to_psn_no, "to_psn_no"),
    ):
        if mine != said:
            return [reason("not-your-binding", rule="transfer.binding", field=field)]
    giver = book.account(body.from_psn_no)
    policy = book.regions.at(giver.admdvs or apart.NATION, event.time)
    reasons = [
        *channel(event, giver.admdvs),
        *_relation(book, binding, policy, event.time, "from_psn_no"),
        *_receiver(book, binding, event.time),
        *_account(giver, policy),
        *_rules(book, giver, body.amount, policy.spending, event.time),
    ]
    if reasons:
        return reasons
    parts = _parts(giver, policy.spending, body.amount)
    return Ready(parts) if sum(parts) == body.amount else [_too_little(body.amount, giver, policy.spending)]


def accepting(book: Book, event: Event, known: Transfer) -> list[Reason]:
    """Every reason for which an offer cannot be accepted."""
    if not event.time_believed:
        return [reason("time-not-believed")]
    if event.time >= known.until:
        until = known.until.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
        return [reason("transfer-expired", rule="transfer.return", until=until)]
    binding = book.bindings.get(known.binding_id)
    if binding is None:
        return [reason("binding-unknown", rule="transfer.binding")]
    policy = book.regions.at(book.account(known.giver).admdvs or apart.NATION, event.time)
    return [
        *channel(event, region_of(book, known.receiver)),
        *_relation(book, binding, policy, event.time, None),
        *_receiver(book, binding, event.time),
    ]


def channel(event: Event, region: str) -> Iterator[Reason]:
    """A channel speaks for people of its own regions. A region that is not known is nobody's."""
    source = sources.get(event.source)
    if source is not None and region and not any(_covers(r, region) for r in source.regions):
        yield reason("transfer-channel", rule="transfer.channel")


def _covers(mine: str, region: str) -> bool:
    return mine in (NATIONAL, region, region[:4] + "00", region[:2] + "0000")


def region_of(book: Book, psn_no: str) -> str:
    """Where a person is insured; empty where that is not known."""
    person = book.persons.get(psn_no)
    return person.insured[0].region if person is not None and person.insured else ""


def _relation(
    book: Book, binding: Binding, policy: RegionPolicy, at: datetime, field: str | None
) -> Iterator[Reason]:
    """The binding is in this mode and counts now, the giver is insured, the region has the mode."""
    if binding.facts.mode != TRANSFER_MODE:
        yield reason("transfer-mode", rule="transfer.binding", field="binding_id")
        return
    if TRANSFER_MODE not in policy.spending.modes:
        yield reason(
            "transfer-not-offered", rule="transfer.region", field=field, hotline=policy.notice.hotline
        )
    giver = book.persons.get(binding.sponsor)
    code = effective_at(binding, at.timestamp()) or (None if giver is None else sleeping(giver, policy))
    if code:
        why = LEFT_OUT[code]
        yield reason(
            "transfer-binding-unusable", rule="transfer.binding", field="binding_id", why_zh=why.zh, why_en=why.en
        )  # fmt: skip


def _receiver(book: Book, binding: Binding, at: datetime) -> Iterator[Reason]:
    """The receiver lives and has a basic insurance in normal status, or nobody could use the money."""
    person = book.persons.get(binding.beneficiary)
    region = region_of(book, binding.beneficiary) or apart.NATION
    policy = book.regions.at(region, at)
    if person is None or not person.alive or not insured_normally(person, policy):
        yield reason(
            "transfer-receiver-unusable", rule="transfer.receiver", field="to_psn_no", hotline=policy.notice.hotline
        )  # fmt: skip


def _account(giver: Account, policy: RegionPolicy) -> Iterator[Reason]:
    if giver.state != State.OPEN:
        yield reason(
            "transfer-account-unusable", rule="transfer.account", field="from_psn_no", hotline=policy.notice.hotline
        )  # fmt: skip


def _rules(book: Book, giver: Account, amount: int, s: Spending, at: datetime) -> Iterator[Reason]:
    """Hours, amounts, how often, how many at once: values of the region of the giver's account."""
    if s.transfer_hours is not None and not s.transfer_hours.holds(at.astimezone(BEIJING).time()):
        start, end = (t.strftime("%H:%M") for t in (s.transfer_hours.start, s.transfer_hours.end))
        yield reason("transfer-hours", rule="transfer.hours", start=start, end=end)
    if amount < s.transfer_min:
        yield reason("transfer-too-small", rule="transfer.amount", field="amount", least=yuan(s.transfer_min))
    if s.transfer_max is not None and amount > s.transfer_max:
        yield reason("transfer-too-large", rule="transfer.amount", field="amount", most=yuan(s.transfer_max))
    if s.transfer_times is not None and times(giver, at) >= s.transfer_times:
        yield reason("transfer-too-often", rule="transfer.times", times=s.transfer_times)
    for period, most in (("day", s.transfer_day_max), ("month", s.transfer_month_max)):
        if most is not None and (left := most - moved(giver, period, at)) < amount:
            zh, en = WHEN[period]
            yield reason(
                "transfer-cap-used", rule="transfer.caps", field="amount", most=yuan(most), left=yuan(max(0, left)),
                when_zh=zh, when_en=en,
            )  # fmt: skip
    pending = len(book.transfers.pending(giver.psn_no))
    if s.transfer_pending is not None and pending >= s.transfer_pending:
        yield reason("transfer-pending", rule="transfer.pending", pending=pending)


def _parts(giver: Account, spending: Spending, amount: int) -> tuple[int, int]:
    """(current, historic) fen that can be moved: above what has to stay, current before historic."""
    return split(giver, spending.transfer_segments, min(amount, giver.balance - spending.transfer_reserve))


def _too_little(amount: int, giver: Account, spending: Spending) -> Reason:
    usable = sum(_parts(giver, spending, giver.balance))
    return reason(
        "transfer-not-covered", rule="transfer.amount", field="amount",
        amount=yuan(amount), usable=yuan(usable), short=yuan(amount - usable),
    )  # fmt: skip
