"""What each verb of a step does: the message that somebody sends, with the national names filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deploy.ledger.bills import CANCELS, bill_of
from deploy.ledger.case import Step
from deploy.ledger.people import HOSPITAL, Institution
from deploy.ledger.world import AUDIT, AUTHORITY, CHANNEL, DESK, TAX_OFFICE, Sent, World
from deploy.policy.fields import CaseError
from services.settlement.domain.reconciled import Held, Recoverable
from services.settlement.reconciling.deciding import left_of
from services.settlement.trial import OPERATOR
from shared.contracts.base import yuan
from shared.testing.messages import uid


def number(world: World, steps: tuple[Step, ...]) -> None:
    """Gives every request its `msgid`, so that a reversal can name one that has not been sent yet."""
    for n, step in enumerate(steps, start=1):
        if step.verb in ASKS and step.id is not None:
            world.msgids[step.id] = _msgid(world, step, n)


def do(world: World, step: Step, n: int) -> Sent | None:
    """Carries a step out; the message that asked for it, where it was one that is answered."""
    if step.verb in ASKS:
        return _ask(world, step, n)
    return DOES[step.verb](world, step)


def _place(world: World, step: Step) -> Institution:
    """Where a request comes from: said, that of the original, or the hospital (药店 is said)."""
    if "at" in step.options:
        return world.institutions[step.options["at"]]
    original = world.sent.get(step.subject) if step.verb not in ("settle", "quote") else None
    return (original.place if original is not None else None) or world.institutions[HOSPITAL]


def _msgid(world: World, step: Step, n: int) -> str:
    return f"{_place(world, step).code}{world.facts.at:%Y%m%d%H%M%S}{n:04d}"


def _ask(world: World, step: Step, n: int) -> Sent:
    place, options = _place(world, step), step.options
    msgid = _msgid(world, step, n)
    if "msgid_of" in options:
        msgid = world.msgids[options["msgid_of"]]
    body = (
        {"msgid": msgid, "fixmedins_code": place.code} | ASKS[step.verb](world, step) | options.get("raw", {})
    )
    sent = Sent(f"settlement.requests.{step.verb}", body, str(options.get("system", place.system)), place)
    return _send(world, step, sent)


def _send(world: World, step: Step, sent: Sent) -> Sent:
    if step.id is not None:
        world.sent[step.id] = sent
    said = world.send(sent.type, sent.body, sent.source, step.options.get("event_time"))
    sent.answer = said.answers[0][1] if said.answers else None
    sent.setl_id = getattr(sent.answer, "setl_id", None) or ""
    return sent


def _bill(world: World, step: Step) -> dict[str, Any]:
    options = step.options
    patient = world.people[step.subject]
    body = bill_of(step.verb, options, patient, _place(world, step), world.people[options.get("credential", step.subject)])  # fmt: skip
    return body | {"psn_no": patient.psn_no, "bill_at": options.get("bill_at", options.get("event_time", world.now))}  # fmt: skip


def _original(world: World, step: Step) -> tuple[Sent, str]:
    sent = world.sent.get(step.subject)
    if sent is None:
        raise CaseError(f"{step.verb}: {step.subject}: no step before this one has this id")
    return sent, _patient(world, step, sent)


def _patient(world: World, step: Step, sent: Sent | None) -> str:
    if "for" in step.options:
        return world.people[step.options["for"]].psn_no
    return str(sent.body["psn_no"]) if sent is not None else next(iter(world.people.values())).psn_no


def _cancel(world: World, step: Step) -> dict[str, Any]:
    sent, psn_no = _original(world, step)
    infno = step.options.get("infno", CANCELS.get(str(sent.body.get("infno")), "2208"))
    return {"psn_no": psn_no, "infno": infno, "setl_id": step.options.get("setl_id", sent.setl_id or "0" * 30)}  # fmt: skip


def _refund(world: World, step: Step) -> dict[str, Any]:
    sent, psn_no = _original(world, step)
    amount = {"amount": yuan(step.options["amount"])} if "amount" in step.options else {}
    return {"psn_no": psn_no, "setl_id": step.options.get("setl_id", sent.setl_id or "0" * 30)} | amount


def _reverse(world: World, step: Step) -> dict[str, Any]:
    """The original may be a step that comes later: its answer was not waited for, or it is still on its way."""
    sent = world.sent.get(step.subject)
    infno = step.options.get("oinfno") or (sent.body.get("infno") if sent is not None else "2207")
    omsgid = step.options.get("omsgid") or world.msgids[step.subject]
    return {"psn_no": _patient(world, step, sent), "infno": "2601", "omsgid": omsgid, "oinfno": infno}


def _query(world: World, step: Step) -> dict[str, Any]:
    sent, psn_no = _original(world, step)
    found = {k: step.options[k] for k in ("setl_id", "omsgid") if k in step.options}
    return {"psn_no": psn_no} | (found or {"omsgid": sent.body["msgid"]})


def _repeat(world: World, step: Step) -> Sent:
    first = world.sent.get(step.subject)
    if first is None:
        raise CaseError(f"repeat: {step.subject}: no step before this one has this id")
    again = Sent(first.type, first.body, first.source, first.place)
    return _send(world, step, again)


def _bind(world: World, step: Step) -> None:
    world.bind(step.subject, step.options["for"], step.options, world.now)


def _change(world: World, step: Step) -> None:
    found = world.bound(step.subject, step.options["for"])
    found.agree(step.options, world.now)
    world.decide(found, "changed")


def _suspend(world: World, step: Step) -> None:
    found = world.bound(step.subject, step.options["for"])
    found.state = "suspended"
    found.pauses.append([world.now, None])
    world.decide(found, "suspended")


def _resume(world: World, step: Step) -> None:
    found = world.bound(step.subject, step.options["for"])
    if not found.pauses:
        raise CaseError(f"resume: {step.subject}: the binding is not suspended")
    found.state, found.pauses[-1][1] = "approved", world.now
    world.decide(found, "resumed")


def _end(world: World, step: Step) -> None:
    found = world.bound(step.subject, step.options["for"])
    found.state, found.end = "ended", step.options.get("as_of", world.now)
    world.decide(found, "ended")


def _erase(world: World, step: Step) -> None:
    found = world.bound(step.subject, step.options["for"])
    world.said.append(world.trial.erase("binding.decisions", str(found.id), at=world.now, source=AUDIT))


def _register(world: World, step: Step) -> None:
    person = world.people[step.subject]
    person.facts |= step.options
    world.send("registry.persons.recorded", person.record(), AUTHORITY)


def _institution(world: World, step: Step) -> None:
    place = world.institutions[step.subject]
    place.facts |= step.options
    world.send("registry.institutions.recorded", place.record(), AUTHORITY)


_ACCOUNT = {
    "credit": "credited", "correct": "corrected", "turn_year": "year-turned", "freeze": "frozen", "unfreeze": "unfrozen",
    "close": "closed",
}  # fmt: skip


def _account(world: World, step: Step) -> Sent:
    person, options = world.people[step.subject], step.options
    body: dict[str, Any] = {"psn_no": person.psn_no, "entry_id": options.get("entry") or world.entry(), "at": world.now}  # fmt: skip
    if "amount" in options:
        body |= {"amount": yuan(options["amount"]), "segment": options.get("segment", "current")}
    if step.verb == "credit":
        body["admdvs"] = world.account_of(person)
    elif step.verb == "turn_year":
        body["year"] = options.get("year", world.now.year - 1)
    source = str(options.get("system", AUTHORITY))
    sent = Sent(f"account.credits.{_ACCOUNT[step.verb]}", body | options.get("raw", {}), source, None)
    return _send(world, step, sent)


def _pay_premium(world: World, step: Step) -> Sent:
    options = step.options
    payer, sponsor = options.get("payer", options.get("sponsor", step.subject)), options.get("sponsor")
    world.numbers += 1
    body = {
        "premium_id": str(uid(5000 + world.numbers)), "payer_psn_no": world.people[payer].psn_no,
        "psn_no": world.people[step.subject].psn_no, "insutype": options.get("insutype", "390"),
        "year": options.get("year", world.now.year + 1),
        "binding_id": str(world.bound(sponsor, step.subject).id) if sponsor else None,
    }  # fmt: skip
    if "amount" in options:
        body["amount"] = yuan(options["amount"])
    return _send(world, step, Sent("premium.requests.pay", body | options.get("raw", {}), str(options.get("system", CHANNEL)), None))  # fmt: skip


def _premium_after(world: World, step: Step) -> Sent:
    first = world.sent.get(step.subject)
    if first is None:
        raise CaseError(f"{step.verb}: {step.subject}: no step before this one has this id")
    payer = step.options.get("payer")
    body = {"premium_id": first.body["premium_id"], "payer_psn_no": world.people[payer].psn_no if payer else first.body["payer_psn_no"]}  # fmt: skip
    remit = step.verb == "remit"
    if remit:
        body["at"] = world.now
    type, source = ("remitted", TAX_OFFICE) if remit else ("cancel", CHANNEL)
    return _send(world, step, Sent(f"premium.requests.{type}", body | step.options.get("raw", {}), str(step.options.get("system", source)), None))  # fmt: skip


def _offer(world: World, step: Step) -> Sent:
    world.numbers += 1
    options = step.options
    body = {
        "transfer_id": str(uid(7000 + world.numbers)), "from_psn_no": world.people[step.subject].psn_no,
        "to_psn_no": world.people[options["for"]].psn_no, "binding_id": str(world.bound(step.subject, options["for"]).id),
    }  # fmt: skip
    if "amount" in options:
        body["amount"] = yuan(options["amount"])
    return _transfer(world, step, "offered", body)


def _answer_offer(world: World, step: Step) -> Sent:
    first = world.sent.get(step.subject)
    if first is None:
        raise CaseError(f"{step.verb}: {step.subject}: no step before this one has this id")
    field = "from_psn_no" if step.verb == "withdraw" else "to_psn_no"
    who = step.options.get("by", step.options.get("for"))
    said = world.people[who].psn_no if who else first.body[field]
    return _transfer(
        world, step, _ANSWERS[step.verb], {"transfer_id": first.body["transfer_id"], field: said}
    )


_ANSWERS = {"accept": "accepted", "decline": "declined", "withdraw": "withdrawn"}


def _transfer(world: World, step: Step, type: str, body: dict[str, Any]) -> Sent:
    source = str(step.options.get("system", CHANNEL))
    return _send(world, step, Sent(f"account.transfers.{type}", body | step.options.get("raw", {}), source, None))  # fmt: skip


def _verdict(world: World, step: Step) -> Sent:
    """What an operator says of the person's oldest open case: money came in that was to be recovered, or held money is paid out."""
    recover, psn_no = step.verb == "recover", world.people[step.subject].psn_no
    kind = Recoverable if recover else Held
    mine = [id for id, c in world.trial.cases().items() if c.psn_no == psn_no and isinstance(c.about, kind)]
    opened = [id for id in mine if left_of(world.trial.cases()[id])] or mine
    if not opened:
        raise CaseError(f"{step.verb}: {step.subject}: there is no case")
    body: dict[str, Any] = {"case_id": opened[0], "operator_id": OPERATOR.id}
    if recover and "amount" in step.options:
        body["amount"] = yuan(step.options["amount"])
    elif not recover:
        body["to"] = step.options.get("to", "heir-account")
    type = "recovery-settled" if recover else "held-released"
    return _send(world, step, Sent(f"ledger.verdicts.{type}", body | step.options.get("raw", {}), DESK, None))


def _wait(world: World, step: Step) -> None:
    world.pass_time(world.now + step.subject)


def _until(world: World, step: Step) -> None:
    world.pass_time(step.subject)


ASKS: Mapping[str, Callable[[World, Step], dict[str, Any]]] = {
    "settle": _bill, "quote": _bill, "cancel": _cancel, "refund": _refund, "reverse": _reverse, "query": _query,
}  # fmt: skip
DOES: Mapping[str, Callable[[World, Step], Sent | None]] = {
    "repeat": _repeat, "bind": _bind, "change": _change, "suspend": _suspend, "resume": _resume, "end": _end, "erase": _erase,
    "register": _register, "institution": _institution, "pay_premium": _pay_premium, "cancel_premium": _premium_after,
    "remit": _premium_after, "offer": _offer, "recover": _verdict, "release": _verdict, "wait": _wait, "until": _until,
} | dict.fromkeys(_ACCOUNT, _account) | dict.fromkeys(_ANSWERS, _answer_offer)  # fmt: skip
