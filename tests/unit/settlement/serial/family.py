"""Premiums and transfers as they have to come out: all codes against them, or what moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from shared.clock import BEIJING
from shared.contracts.account_transfers import Accepted, Offered, Withdrawn
from shared.contracts.premium_requests import Pay, Remitted
from shared.messaging.handler import Event
from tests.unit.settlement.serial import apart
from tests.unit.settlement.serial.known import Known, Premium, Transfer, Verdict
from tests.unit.settlement.serial.money import SEGMENTS, Bound, Share, counter, split
from tests.unit.settlement.serial.paying import bounds, common_bound, counted, usable
from tests.unit.settlement.serial.rules import CHANNELS, NATION

KINDS = {"390": "resident-premium", "391": "resident-premium", "410": "long-term-care-premium"}
Purse = tuple[str, str, Any, tuple[int, int], int, frozenset[Bound]]
"""Holder, row, binding, (current, historic) and the most of both, fen, and the bounds under which it counts."""


def premium(k: Known, item: Event) -> Verdict:
    """Pay, cancel or remitted."""
    body: Any = item.body
    known = k.premiums.get(body.premium_id)
    if isinstance(body, Pay):
        if known is not None:
            return known.first if known.body == body else Verdict("declined", ("premium-id-reused",))
        made = k.premiums[body.premium_id] = _pay(k, item, body)
        return made.first
    if known is None or known.body.payer_psn_no != body.payer_psn_no:
        return Verdict("declined", ("premium-unknown",))
    if isinstance(body, Remitted):
        if known.state not in ("paid", "remitted"):
            return Verdict("declined", ("wrong-state",))
        known.state = "remitted"
    elif known.state not in ("paid", "cancelled"):
        return Verdict("declined", ("wrong-state",))
    elif known.state == "paid":
        if not item.time_believed:
            return Verdict("declined", ("time-not-believed",))
        _cancel(k, item, known)
    return Verdict(known.state)


def _pay(k: Known, item: Event, body: Pay) -> Premium:
    if not item.time_believed:
        return Premium(body, Verdict("declined", ("time-not-believed",)), [], "declined")
    codes, purses = [*_about(k, body, item.time)], _purses(k, body, item.time)
    codes += [purses] if isinstance(purses, str) else []
    if not codes and not isinstance(purses, str):
        if sum(_most(p) for p in purses) >= body.amount:
            return _paid(k, item, body, purses)
        codes = ["premium-not-covered"] if sum(sum(p[3]) for p in purses) < body.amount else []
        codes += ["premium-limited"] if any(p[4] < sum(p[3]) for p in purses) else []
    return Premium(body, Verdict("declined", tuple(codes)), [], "declined")


def _about(k: Known, body: Pay, at: datetime) -> Iterator[str]:
    if body.psn_no not in k.people:
        yield "beneficiary-not-confirmed"
    elif not k.alive(body.psn_no):
        yield "beneficiary-deceased"
    this = body.psn_no, KINDS[body.insutype], body.year
    if any(
        p.state in ("paid", "remitted") and (p.body.psn_no, KINDS[p.body.insutype], p.body.year) == this
        for p in k.premiums.values()
    ):
        yield "premium-already-paid"
    collected = k.town.spending(_where(k, body)).premium_periods.get(body.insutype)
    if collected is not None and not _collected(collected, body.year, at):
        yield "premium-not-collected"


def _collected(span: Any, year: int, at: datetime) -> bool:
    """From a day of the year before, up to the next day so called."""
    first, until = f"{year - 1}-{span.first}", f"{year - (span.until > span.first)}-{span.until}"
    return first <= at.astimezone(BEIJING).date().isoformat() < until


def _where(k: Known, body: Pay) -> str:
    """The region in which the person is insured, else that of the payer's account."""
    return k.home_of(body.psn_no) or k.region.get(body.payer_psn_no) or NATION


def _purses(k: Known, body: Pay, at: datetime) -> str | list[Purse]:
    """Who may pay, in order; or the code against it."""
    payer = body.payer_psn_no
    allowed = k.rules_of(payer).premium_segments
    own: list[Purse] = []
    if k.is_open(payer):
        own.append((payer, payer, None, split(k.money.of(payer), allowed, 1 << 60), 1 << 60, frozenset()))
    if body.binding_id is None:
        if body.psn_no != payer:
            return "premium-binding-missing"
        return own or "premium-account-unusable"
    b = k.bindings.get(body.binding_id)
    if b is None:
        return "binding-unknown"
    sponsor, beneficiary = b.case.sponsor.psn_no, b.case.beneficiary.psn_no if b.case.beneficiary else ""
    of_wallet = b.case.mode == "transfer" and b.binding_id not in k.erased
    if beneficiary != body.psn_no or payer not in ((beneficiary,) if of_wallet else (sponsor, beneficiary)):
        return "not-your-binding"
    rules, use = k.rules_of(sponsor), KINDS[body.insutype]
    if use not in rules.premium_uses or not k.counts(b, at, use, rules):
        return "premium-binding-unusable"
    there = split(usable(k, b, rules), rules.premium_segments, 1 << 60)
    most = min(
        [common_bound(k, body.psn_no, use, "", _where(k, body), at), *bounds(k, b, rules, at, use, "")]
    )
    under = counted(rules, k.town.spending(_where(k, body)), use, "")
    return [*(own if payer != sponsor else []), (sponsor, k.payer(b), b, there, most, under)]


def _most(purse: Purse) -> int:
    return max(0, min(sum(purse[3]), purse[4]))


def _paid(k: Known, item: Event, body: Pay, purses: list[Purse]) -> Premium:
    """All of it: first purse first, current money before historic."""
    shares, left = [], body.amount
    for holder, row, b, there, most, under in purses:
        for segment, amount in zip(SEGMENTS, split(there, frozenset(SEGMENTS), min(left, most)), strict=True):
            if amount:
                shares.append(Share(holder, row, segment, amount, amount, item.time, b, under))
                k.money.move((row, segment), counter("premium", item.time), amount)
                left -= amount
    k.note(shares)
    return Premium(body, Verdict("paid"), shares, "paid")


def _cancel(k: Known, item: Event, known: Premium) -> None:
    for share in known.shares:
        k.money.move(counter("premium", item.time), apart.home(k, share), share.amount)
        share.amount = 0
    known.state = "cancelled"
    apart.trim(k)


def transfer(k: Known, item: Event) -> Verdict:
    """Offered, accepted, declined or withdrawn."""
    body: Any = item.body
    known = k.transfers.get(body.transfer_id)
    if isinstance(body, Offered):
        if known is not None:
            return known.first if known.body == body else Verdict("refused", ("transfer-id-reused",))
        return _offer(k, item, body)
    word = item.type.rpartition(".")[2]
    if known is None or (
        body.from_psn_no != known.body.from_psn_no
        if isinstance(body, Withdrawn)
        else body.to_psn_no != known.body.to_psn_no
    ):
        return Verdict("refused", ("transfer-unknown",))
    if known.state == word:
        return Verdict(word)
    if known.state != "offered":
        return Verdict("refused", ("wrong-state",))
    if not item.time_believed:
        return Verdict("refused", ("time-not-believed",))
    if isinstance(body, Accepted):
        codes = ("transfer-expired",) if item.time >= known.until else tuple(_accepting(k, item, known.body))
        if not codes:
            apart.accepted(k, known)
    else:
        side = (
            k.region.get(body.from_psn_no, "") if isinstance(body, Withdrawn) else k.home_of(body.to_psn_no)
        )
        codes = tuple(_channel(item, side))
        if not codes:
            apart.returned(k, known, word)
    return Verdict("refused", codes) if codes else Verdict(word)


def _offer(k: Known, item: Event, body: Offered) -> Verdict:
    codes = tuple(_offering(k, item, body))
    if codes:
        refused = Verdict("refused", codes)
        k.transfers[body.transfer_id] = Transfer(body, item.time, item.time, refused, "refused")
        return refused
    apart.offered(k, body, item.time)
    return Verdict("offered")


def _offering(k: Known, item: Event, body: Offered) -> Iterator[str]:
    """Every code; of the money only where nothing else is against it."""
    b, giver, at = k.bindings.get(body.binding_id), body.from_psn_no, item.time
    rules, there = k.rules_of(giver), k.money.of(giver)
    if not item.time_believed:
        yield "time-not-believed"
    elif b is None:
        yield "binding-unknown"
    elif (
        b.case.sponsor.psn_no != giver
        or b.case.beneficiary is None
        or b.case.beneficiary.psn_no != body.to_psn_no
    ):
        yield "not-your-binding"
    else:
        found = [
            *_channel(item, k.region.get(giver, "")),
            *_relation(k, item, b),
            *_rules(k, body, rules, at),
        ]
        yield from found
        most = sum(there) - rules.transfer_reserve
        if not found and sum(split(there, rules.transfer_segments, min(body.amount, most))) < body.amount:
            yield "transfer-not-covered"


def _accepting(k: Known, item: Event, offer: Offered) -> Iterator[str]:
    b = k.bindings[offer.binding_id]
    yield from _channel(item, k.home_of(offer.to_psn_no))
    yield from _relation(k, item, b)


def _channel(item: Event, region: str) -> Iterator[str]:
    """A channel speaks for people of its own regions."""
    if region and not region.startswith(CHANNELS[item.source]):
        yield "transfer-channel"


def _relation(k: Known, item: Event, b: Any) -> Iterator[str]:
    sponsor, receiver = b.case.sponsor.psn_no, b.case.beneficiary.psn_no
    if b.case.mode != "transfer" or b.binding_id in k.erased:
        yield "transfer-mode"
    else:
        if "transfer" not in k.rules_of(sponsor).modes:
            yield "transfer-not-offered"
        if not k.in_force(b, item.time) or not k.sponsors_normally(sponsor):
            yield "transfer-binding-unusable"
    if not k.alive(receiver) or not k.insured_normally(receiver):
        yield "transfer-receiver-unusable"


def _rules(k: Known, body: Offered, rules: Any, at: datetime) -> Iterator[str]:
    giver, amount, clock = body.from_psn_no, body.amount, at.astimezone(BEIJING)
    if not k.is_open(giver):
        yield "transfer-account-unusable"
    if (
        rules.transfer_hours is not None
        and not rules.transfer_hours.start <= clock.time() < rules.transfer_hours.end
    ):
        yield "transfer-hours"
    if amount < rules.transfer_min:
        yield "transfer-too-small"
    if rules.transfer_max is not None and amount > rules.transfer_max:
        yield "transfer-too-large"
    mine = [t for t in k.transfers.values() if t.body.from_psn_no == giver and t.state != "refused"]
    today = [t for t in mine if t.at.astimezone(BEIJING).date() == clock.date()]
    if rules.transfer_times is not None and len(today) >= rules.transfer_times:
        yield "transfer-too-often"
    month = [t for t in mine if t.at.astimezone(BEIJING).strftime("%Y%m") == clock.strftime("%Y%m")]
    for most, those in ((rules.transfer_day_max, today), (rules.transfer_month_max, month)):
        moved = sum(t.body.amount for t in those if t.state in ("offered", "accepted"))
        if most is not None and moved + amount > most:
            yield "transfer-cap-used"
    if (
        rules.transfer_pending is not None
        and len([t for t in mine if t.state == "offered"]) >= rules.transfer_pending
    ):
        yield "transfer-pending"
