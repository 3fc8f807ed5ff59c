"""May this premium be paid, and from which accounts? All reasons against it at once."""

from collections.abc import Iterator
from typing import NamedTuple

from services.settlement.deciding import apart
from services.settlement.domain.accounts import Account, State
from services.settlement.domain.allocate import Candidate
from services.settlement.domain.bindings import OFFERED_MODE, TRANSFER_MODE, Binding
from services.settlement.domain.book import Book
from services.settlement.domain.declines import LEFT_OUT
from services.settlement.domain.limits import common, keys
from services.settlement.domain.premiums import KIND, Part, Purse, collected, period_of, segments, split
from services.settlement.domain.sponsors import Occasion, judge
from shared.contracts.base import yuan
from shared.contracts.premium_requests import Pay
from shared.contracts.reasons import Reason, reason
from shared.messaging.handler import Event
from shared.policies.types import Cap
from shared.policies.values import RegionPolicy, Spending


class Ready(NamedTuple):
    """It may be paid, so."""

    parts: list[Part]


def check(book: Book, event: Event, body: Pay) -> Ready | list[Reason]:
    """What each account pays, or every reason against it. Money is looked at only when nothing else is against it."""
    if not event.time_believed:
        return [reason("time-not-believed")]
    reasons = [*_about(book, event, body)]
    purses = _purses(book, event, body)
    if purses and isinstance(purses[0], Reason):
        reasons += [p for p in purses if isinstance(p, Reason)]
    if reasons:
        return reasons
    usable = [p for p in purses if isinstance(p, Purse)]
    parts = split(body.amount, usable)
    return Ready(parts) if parts is not None else [*_too_little(body, usable)]


def _about(book: Book, event: Event, body: Pay) -> Iterator[Reason]:
    """The person, the period, and whether it has been paid."""
    policy = book.regions.at(_place(book, body), event.time)
    person = book.persons.get(body.psn_no)
    hotline = policy.notice.hotline
    if person is None:
        yield reason("beneficiary-not-confirmed", rule="premium.person", field="psn_no", hotline=hotline)
    elif not person.alive:
        yield reason("beneficiary-deceased", rule="premium.person", field="psn_no", hotline=hotline)
    if (body.psn_no, KIND[body.insutype], body.year) in book.premiums.paid:
        yield reason("premium-already-paid", rule="premium.once", year=body.year)
    if not collected(policy.spending, body.insutype, body.year, event.time):
        yield _not_collected(policy.spending, body)


def _not_collected(spending: Spending, body: Pay) -> Reason:
    period = spending.premium_periods[body.insutype]
    first, until = period_of(period.first, period.until, body.year)
    return reason(
        "premium-not-collected", rule="premium.period", field="year", year=body.year, first=first, until=until
    )


def _place(book: Book, body: Pay) -> str:
    """Whose policy says when premiums are collected: where the person has this insurance, or any, or where the payer's account is."""
    person = book.persons.get(body.psn_no)
    rows = person.insured if person is not None else ()
    kind = [row for row in rows if KIND.get(row.insutype) == KIND[body.insutype]]
    if kind or rows:
        return (kind or rows)[0].region
    return book.account(body.payer_psn_no).admdvs or apart.NATION


def _purses(book: Book, event: Event, body: Pay) -> list[Purse] | list[Reason]:
    """The accounts that may pay, in order; or why not."""
    own = book.account(body.payer_psn_no)
    policy = book.regions.at(own.admdvs or apart.NATION, event.time)
    if body.binding_id is None:
        if body.psn_no != body.payer_psn_no:
            return [reason("premium-binding-missing", rule="premium.binding", field="binding_id")]
        return [_own(own, policy.spending)] if _open(own) else [_unusable()]
    binding = book.bindings.get(body.binding_id)
    if binding is None:
        return [reason("binding-unknown", rule="premium.binding", field="binding_id")]
    payers = (
        {binding.beneficiary}
        if binding.facts.mode == TRANSFER_MODE
        else {binding.sponsor, binding.beneficiary}
    )
    if binding.beneficiary != body.psn_no or body.payer_psn_no not in payers:  # a wallet is its owner's
        return [reason("not-your-binding", rule="premium.binding", field="binding_id")]
    shared = _shared(book, event, body, binding)
    if isinstance(shared, Reason):
        return [shared]
    mine = [] if body.payer_psn_no == binding.sponsor or not _open(own) else [_own(own, policy.spending)]
    return [*mine, shared]


def _open(account: Account) -> bool:
    return account.state == State.OPEN


def _own(account: Account, spending: Spending) -> Purse:
    return Purse(account, None, *segments(account, spending.premium_segments))


def _shared(book: Book, event: Event, body: Pay, binding: Binding) -> Purse | Reason:
    """The sponsor's account, or what is set apart of it."""
    account = book.account(binding.sponsor)
    policy = book.regions.at(account.admdvs or apart.NATION, event.time)
    caps, here = _caps(book, event, body)
    second = event.time.timestamp()
    asked = Occasion(second, KIND[body.insutype], "", False, None, keys(caps, here, second))
    found = _judged(book, binding, account, policy, asked)
    if isinstance(found, str):
        why = LEFT_OUT[found]
        return reason(
            "premium-binding-unusable",
            rule="premium.binding",
            field="binding_id",
            why_zh=why.zh,
            why_en=why.en,
        )
    allowed = policy.spending.premium_segments
    current = found.current if "current" in allowed else 0
    historic = found.historic if "historic" in allowed else 0
    bounds = [b for b in (found.limit, common(caps, here, second, book.bound[body.psn_no])) if b is not None]
    tightest = min(bounds, key=lambda b: b.left, default=None)
    return Purse(found.account, binding, current, historic, tightest, found.counted)


def _caps(book: Book, event: Event, body: Pay) -> tuple[list[Cap], Spending]:
    """Caps on what sponsors pay for the person, of the region where he or she is insured."""
    spending = book.regions.at(_place(book, body), event.time).spending
    return [
        c for c in spending.caps if c.by == "beneficiary" and c.concerns(KIND[body.insutype], "")
    ], spending


def _judged(
    book: Book, binding: Binding, account: Account, policy: RegionPolicy, asked: Occasion
) -> Candidate | str:
    """What the binding may pay, as for bills; a premium has no kind of care."""
    if asked.use not in policy.spending.premium_uses:
        return "premium-not-covered"
    found = judge(binding, account, book.persons.get(binding.sponsor), policy, asked)
    if isinstance(found, str) or binding.facts.mode == OFFERED_MODE:
        return found
    return apart.candidate(book, found)


def _unusable() -> Reason:
    return reason("premium-account-unusable", rule="premium.account", field="payer_psn_no")


def _too_little(body: Pay, purses: list[Purse]) -> Iterator[Reason]:
    """The money that is missing, and the bound on the sponsor's that a credit does not lift."""
    money = sum(p.money for p in purses)
    if money < body.amount:
        yield reason(
            "premium-not-covered", rule="premium.amount", field="amount",
            amount=yuan(body.amount), usable=yuan(money), short=yuan(body.amount - money),
        )  # fmt: skip
    for purse in purses:
        if purse.limit is not None and purse.limit.left < purse.money:
            why = purse.limit.why
            yield reason(
                "premium-limited", rule="premium.limits", field="amount", why_zh=why.zh, why_en=why.en,
                amount=yuan(body.amount), usable=yuan(sum(p.usable for p in purses)),
            )  # fmt: skip
