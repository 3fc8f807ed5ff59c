"""What operators decide of cases of the ledger (`ledger.verdicts`): breaks, held money, recoveries, the close of a month."""

from datetime import datetime
from typing import Any

from services.settlement.deciding.asking import new_setl_id
from services.settlement.deciding.credits import AUTHORITY
from services.settlement.deciding.to_holders import binding_of, place, receives
from services.settlement.domain.accounts import SEGMENT_OF, counter, held, move
from services.settlement.domain.book import PAID_LATE, PREMIUM_LATE, Book
from services.settlement.domain.months import next_month
from services.settlement.domain.reconciled import Break, Case, Closing, Held, Recoverable, Verdict
from services.settlement.domain.undo import slices
from services.settlement.reconciling.arriving import day
from services.settlement.reconciling.permissions import Operators, objections
from shared.contracts.answers import LedgerVerdict
from shared.contracts.base import UUID, Origin, fen, yuan
from shared.contracts.operators import Operator
from shared.contracts.reasons import Reason, reason
from shared.contracts.reconciliation import BreakClosed, HeldReleased, PeriodClosed, RecoverySettled
from shared.messaging.handler import Due, Event, Out
from shared.policies.values import pooling_region

CLOSE, CLEAR = "close", "clear"
LATE = (PAID_LATE, PREMIUM_LATE)
RELEASED, RECOVERED = "released", "recovered"
_ABOUT: dict[type, type] = {BreakClosed: Break, HeldReleased: Held, RecoverySettled: Recoverable}


def decide(book: Book, event: Event, out: Out, operators: Operators) -> None:
    """One verdict. What is refused changes nothing; the answer says why."""
    body: Any = event.body
    to = Origin(source=event.source, id=event.id)
    if isinstance(body, PeriodClosed):
        _put_off(book, event, out, to, operators)
        return
    case = book.recon.cases.get(body.case_id)
    why = _refusal(book, body, case, event, operators)
    if why or case is None:
        _answer(body.case_id, case, why, event, out, to)
        return
    amount = _carry_out(book, case, body, event, out)
    kind = event.type.rpartition(".")[2]
    resolution = getattr(body, "resolution", None) or getattr(body, "to", None)
    verdict = Verdict(body.case_id, kind, body.operator_id, resolution, amount, body.note, event.time)
    book.recon.verdicts.append(verdict)
    _answer(body.case_id, case, (), event, out, to)


def _refusal(
    book: Book, body: Any, case: Case | None, event: Event, operators: Operators
) -> tuple[Reason, ...]:
    if not event.time_believed:
        return (reason("time-not-believed", field="ce_time"),)
    if case is None:
        return (reason("case-unknown", field="case_id"),)
    why = list(objections(_who(body, operators), type(body), case.admdvs, _parties(book, case)))
    if not isinstance(case.about, _ABOUT[type(body)]):
        why.append(reason("case-kind", field="case_id"))
    elif not is_open(case):
        why.append(reason("case-closed", field="case_id"))
    elif isinstance(body, RecoverySettled) and body.amount > (left := left_of(case)):
        why.append(reason("amount-too-high", field="amount", amount=yuan(body.amount), left=yuan(left)))
    return tuple(why)


def _who(body: Any, operators: Operators) -> Operator:
    return operators.get(body.operator_id, Operator(body.operator_id))


def _parties(book: Book, case: Case) -> set[str]:
    """Whose money the case is about: who it names, and to whom goes what is recovered."""
    found = {case.psn_no} if case.psn_no is not None else set()
    about = case.about
    if isinstance(about, Recoverable) and about.kind in LATE:
        _, _, shares = _late_shares(book, about)
        found |= {share["psn_no"] for share in shares}
    return found


def _late_shares(book: Book, about: Recoverable) -> tuple[bytes | None, datetime, list[dict[str, Any]]]:
    """The posting of the settlement or premium, when it was paid, and what the binding paid of it, first to pay first."""
    if about.kind == PREMIUM_LATE:
        premium = book.premiums.all[UUID(about.reference)]
        posting, paid_at, shares = premium.posting, premium.at, premium.share_list()
    else:
        found = book.settlements[bytes.fromhex(about.reference)]
        posting, paid_at, shares = found.setl_id, found.spent_at, found.shares()
    return posting, paid_at, [s for s in shares if s["binding_id"] == about.binding_id]


def is_open(case: Case) -> bool:
    """Whether there is something left to do."""
    return case.about.state == "open" if isinstance(case.about, Break) else left_of(case) > 0


def left_of(case: Case) -> int:
    """What is left of money held or to be recovered, fen."""
    about = case.about
    if isinstance(about, Held):
        return about.open
    return about.amount - about.settled if isinstance(about, Recoverable) else 0


def _carry_out(book: Book, case: Case, body: Any, event: Event, out: Out) -> int | None:
    """Does what the verdict says; the money that moved, fen."""
    about = case.about
    if isinstance(about, Break):
        about.state, about.closed_at, about.closed_by = "closed", event.time, body.operator_id
        about.resolution, about.changed = body.resolution, True
        return None
    posting = bytes.fromhex(new_setl_id(out.new_id()))
    if isinstance(about, Held):
        line = held(about.psn_no, -about.open, posting, RELEASED, event.time, about.posting)
        book.new_entries.append(line)
        book.new_entries.append(counter(AUTHORITY, about.open, posting, RELEASED, event.time, about.posting))
        case.about = about._replace(open=0)
        return about.open
    if about.kind in LATE:
        _give(book, about, body.amount, posting, event)
    about.owed.settled, about.owed.changed = about.settled + body.amount, True
    return int(body.amount)


def _give(book: Book, about: Recoverable, amount: int, posting: bytes, event: Event) -> None:
    """What came in for a share that was paid after its binding's end goes to the sponsor, the last part of it first."""
    original, paid_at, shares = _late_shares(book, about)
    paid = [fen(s["amount"]) for s in shares]
    for back in slices(0, paid, sum(paid) - about.amount + about.settled, amount):
        share = shares[back.share]
        psn_no, segment = share["psn_no"], SEGMENT_OF[share["segment"]]
        if not receives(book, psn_no):
            line = held(psn_no, back.amount, posting, RECOVERED, event.time, original)
        else:
            _, segment = place(book, share, segment, paid_at)
            account, binding = book.account(psn_no), binding_of(share)
            line = move(account, segment, back.amount, posting, RECOVERED, event.time, binding, original)
        book.new_entries.append(line)
    book.new_entries.append(counter(AUTHORITY, -amount, posting, RECOVERED, event.time, original))


def _answer(
    case_id: str, case: Case | None, why: tuple[Reason, ...], event: Event | Due, out: Out, to: Origin
) -> None:
    state = None if case is None else "open" if is_open(case) else "closed"
    left = None if case is None or isinstance(case.about, Break) else left_of(case)
    told = LedgerVerdict(
        case_id=case_id, accepted=not why, state=state, left=left, reasons=why, at=event.time
    )
    out.answer(told, to=to, type="answers.ledger-verdict", subject=case_id)


def _put_off(book: Book, event: Event, out: Out, to: Origin, operators: Operators) -> None:
    """The close of a month waits until every bill that was sent before it has been read."""
    body: Any = event.body
    admdvs = pooling_region(body.admdvs)
    why = list(objections(_who(body, operators), PeriodClosed, admdvs))
    if not event.time_believed:
        why.append(reason("time-not-believed", field="ce_time"))
    if next_month(body.month) > day(event.time).isoformat()[:7]:
        why.append(reason("period-not-over", field="month", month=body.month))
    if why:
        _answer(body.case_id, None, tuple(why), event, out, to)
        return
    told = {
        "admdvs": admdvs, "month": body.month, "operator": body.operator_id, "case": body.case_id, "note": body.note,
        "source": event.source, "id": event.id,
    }  # fmt: skip
    at = max(event.time, event.appended_at)
    out.due(CLOSE, f"{admdvs}/{body.month}/{event.source}/{event.id}", at, told)


def close(book: Book, due: Due, out: Out) -> None:
    """Closes the month unless breaks are open or an earlier one is not closed; clearing is reckoned next."""
    told = due.body
    admdvs, month = told["admdvs"], told["month"]
    closed = book.recon.regions.get(admdvs)
    first = next_month(closed) if closed is not None else book.recon.first.get(admdvs) or month
    why: tuple[Reason, ...] = ()
    if closed is not None and month <= closed:
        why = (reason("period-closed", field="month", month=month),)
    elif month > first:
        why = (reason("period-gap", field="month", first=first),)
    elif count := _open_breaks(book, admdvs, month):
        why = (reason("breaks-open", field="month", count=count),)
    else:
        book.recon.regions[admdvs] = month
        book.recon.months.close(admdvs, month, _places(book))
        book.recon.closings.append(Closing(admdvs, month, due.time, told["operator"]))
        verdict = Verdict(
            told["case"], "period-closed", told["operator"], month, None, told["note"], due.time
        )
        book.recon.verdicts.append(verdict)
        out.due(CLEAR, f"{admdvs}/{month}", due.time, {"admdvs": admdvs, "month": month})
    to = Origin(source=told["source"], id=told["id"])
    answer = LedgerVerdict(
        case_id=told["case"], accepted=not why, state=None if why else "closed", reasons=why, at=due.time
    )
    out.answer(answer, to=to, type="answers.ledger-verdict", subject=told["case"])


def _open_breaks(book: Book, admdvs: str, month: str) -> int:
    """Breaks that stand in the way: those stored, and what statements of this very batch found or mended."""
    ids = set(book.recon.open_breaks.get((admdvs, month), ()))
    places, months = dict(_places(book)), book.recon.months
    for case in book.recon.breaks.values():
        code = case.fixmedins_code
        if case.state == "closed":
            ids.discard(case.case_id)
        elif case.month <= month and months.region(code, case.month, places.get(code, "")) == admdvs:
            ids.add(case.case_id)
    return len(ids)


def _places(book: Book) -> list[tuple[str, str]]:
    """The institutions that the batch knows, each with the pooling region in which it is."""
    return [(code, pooling_region(one.admdvs)) for code, one in book.institutions.items()]


def clear(book: Book, due: Due, out: Out) -> None:
    """What accounts of each region owe for the closed month is reckoned by the database when the batch is saved."""
    book.recon.clearings.append((due.body["admdvs"], due.body["month"], due.time))
