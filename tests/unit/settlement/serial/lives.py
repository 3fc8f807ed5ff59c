"""Random lives of families: one message after the other, chosen by a seed and by what was answered so far."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.messaging.handler import Event, Tombstone
from tests.unit.settlement import kit
from tests.unit.settlement.serial import unsound
from tests.unit.settlement.serial.lives_apart import Apart
from tests.unit.settlement.serial.rules import AWAY, HOME, SYSTEMS

BEGIN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
FAR_HOSPITAL = "H33010000003"
PLACES = (kit.HOSPITAL, kit.HOSPITAL, kit.PHARMACY, FAR_HOSPITAL)
MED_TYPES = {
    "outpatient": ("11", "11", "140104", "12"),
    "pharmacy": ("41", "11"),
    "inpatient": ("21", "21", "52"),
}
INFNO = {"outpatient": "2207", "pharmacy": "2102", "inpatient": "2304"}
CANCELS = {"2207": "2208", "2102": "2103", "2304": "2305"}
SCOPES = (
    ("outpatient", "pharmacy"),
    ("outpatient",),
    ("pharmacy", "resident-premium"),
    ("outpatient", "inpatient", "resident-premium"),
    ("outpatient", "pharmacy", "inpatient", "resident-premium", "long-term-care-premium"),
)
Body = dict[str, Any]


class Pair:
    """A binding as this life knows it: the last state that was said of it."""

    def __init__(self, id: UUID, sponsor: str, beneficiary: str, mode: str) -> None:
        self.id, self.sponsor, self.beneficiary, self.mode = id, sponsor, beneficiary, mode
        self.version, self.state = 0, "approved"
        self.begin = BEGIN
        self.end: datetime | None = None
        self.terms: list[Body] = []
        self.suspended: list[Body] = []


class Life(Apart):
    """What may happen to so many people. `told` hands back what was answered."""

    def __init__(self, seed: int, *, people: int) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.people = [f"p{n:02d}" for n in range(people)]
        self.region = {p: AWAY if self.random.random() < 0.2 else HOME for p in self.people}
        self.now, self.n = BEGIN, 0
        self._sent: dict[str, Body] = {}
        self.pairs: list[Pair] = []
        self.bills: list[Body] = []
        self.orders: list[tuple[str, Body]] = []
        self.settled: list[tuple[str, Body]] = []
        self.cancels: list[Body] = []
        self.versions = dict.fromkeys([*self.people, *PLACES], 1)
        self.first = self._opening()
        self._often: list[tuple[Callable[[], Event], float]] = [
            (self.bill, 34), (self.unsound, 4), (self.quote, 7), (self.quoted, 7), (self.refund, 9), (self.cancel, 6), (self.reverse, 5),
            (self.early, 1), (self.reverse_cancel, 3), (self.query, 2), (self.again, 3), (self.credit, 8), (self.correct, 3), (self.order_again, 0.6),
            (self.state, 0.6), (self.turn, 2), (self.change, 5), (self.suspend, 1.5), (self.end, 1.5), (self.bind, 2.5), (self.old, 1),
            (self.person, 2), (self.forget, 0.3), (self.premium, 3), (self.unpay, 1.2), (self.remitted, 0.4), (self.invalid, 0.7),
            (self.erase, 0.3), (self.institution, 0.5), (self.offer, 7), (self.answer, 7), (self.offer_again, 0.5), (self.garbled, 0.5),
        ]  # fmt: skip

    def next(self) -> Event:
        """The next message; time passes."""
        if self.first:
            return self.first.pop(0)
        self.now += timedelta(seconds=self.random.expovariate(1 / 1800))
        steps, weights = zip(*self._often, strict=True)
        (step,) = self.random.choices(steps, weights)
        made: Event = step()
        return made

    def told(self, item: Event, answer: Body | None) -> None:
        """What an institution was answered, at once or later."""
        body = self._sent.pop(item.id)
        if answer is None or answer.get("infcode") != "0" or not answer.get("setl_id"):
            return
        if item.type == "settlement.requests.settle":
            self.settled.append((answer["setl_id"], body))
        elif item.type == "settlement.requests.cancel":
            self.cancels.append(body)
        del self.settled[:-60], self.cancels[:-15], self.bills[:-60]

    def _opening(self) -> list[Event]:
        made = [
            self._send("registry.institutions.recorded", kit.institution(kit.HOSPITAL)),
            self._send(
                "registry.institutions.recorded",
                kit.institution(kit.PHARMACY, "pharmacy", source="pharmacy-chain"),
            ),
            self._send("registry.institutions.recorded", kit.institution(FAR_HOSPITAL, admdvs=AWAY)),
        ]
        for p in self.people:
            made.append(self._send("registry.persons.recorded", kit.person(p, region=HOME)))
            for segment in ("historic", "current"):
                made.append(self.credit(p, segment))
        made += [self.bind() for _ in self.people for _ in range(3)]
        return made

    def _send(self, type: str, body: Body, source: str = "authority", late: float = 0.0) -> Event:
        self.n += 1
        at = self.now - timedelta(seconds=late)
        self._sent[f"m{self.n}"] = body
        return kit.event(
            type, body, id=f"m{self.n}", source=source, at=at, believed=self.random.random() > 0.005
        )

    def _money(self, most: int) -> str:
        fen = self.random.randint(1, most)
        return f"{fen // 100}.{fen % 100:02d}"

    def _msgid(self, code: str) -> str:
        return f"{code}20261123100000{self.n + 1:04d}" if self.n < 9998 else f"{code}{self.n + 1:018d}"

    def _bill(self, kind: str, *, faults: int = 0, **changes: Any) -> Event:
        roll = self.random
        code, late = roll.choice(PLACES), roll.choice((0, 0, 0, 60, 90_000))
        parts = [roll.choice((0, 0, roll.randint(1, 4000))) for _ in range(3)]
        scope, hospital = roll.randint(0, 6000), roll.choice((0, 0, 0, roll.randint(1, 500)))
        fund = roll.choice((0, roll.randint(0, scope)))
        psn_no, use = roll.choice(self.people), roll.choice(("outpatient", "outpatient", "inpatient"))
        use = "pharmacy" if code == kit.PHARMACY else use
        body: Body = {
            "msgid": self._msgid(code), "fixmedins_code": code, "psn_no": psn_no, "infno": "2206" if kind == "quote" else INFNO[use],
            "mdtrt_id": f"V{roll.randint(1, 400)}", "mdtrt_cert_type": roll.choice(("01", "02", "02", "03")),
            "mdtrt_cert_no": f"P{psn_no}", "bill_at": self.now - timedelta(seconds=late), "med_type": roll.choice(MED_TYPES[use]), "insuplc_admdvs": HOME,
            "medfee_sumamt": _yuan(scope + sum(parts) + hospital), "inscp_scp_amt": _yuan(scope), "fund_pay_sumamt": _yuan(fund),
            "hosp_part_amt": _yuan(hospital), "acct_used_flag": "0" if roll.random() < 0.03 else "1",
        }  # fmt: skip
        body |= {
            name: _yuan(n)
            for name, n in zip(("preselfpay_amt", "overlmt_selfpay", "fulamt_ownpay_amt"), parts, strict=True)
        }
        if roll.random() < 0.3:
            body["feedetail"] = unsound.lines(roll, [scope, *parts], hospital)
        if self.bills and roll.random() < 0.04:  # another bill of the last visit
            body |= {n: self.bills[-1][n] for n in ("psn_no", "mdtrt_id", "mdtrt_cert_no")}
        body |= changes
        source = _source(code)
        for _ in range(faults):
            source = unsound.spoil(self, body) or source
        self.bills.append(body)
        return self._send(f"settlement.requests.{kind}", body, source, late)

    def unsound(self) -> Event:
        """A bill with one fault or two."""
        return self._bill(
            self.random.choice(("settle", "settle", "quote")), faults=self.random.choice((1, 1, 2))
        )

    def bill(self) -> Event:
        return self._bill("settle")

    def quote(self) -> Event:
        asks = {"hold_minutes": self.random.choice((10, 600))} if self.random.random() < 0.7 else {}
        return self._bill("quote", **asks)

    def quoted(self) -> Event:
        """The settle of what was quoted; sometimes the bill has changed meanwhile."""
        quotes = [b for b in self.bills if b["infno"] == "2206"]
        if not quotes:
            return self.quote()
        last = self.random.choice((quotes[-1], self.random.choice(quotes)))
        body = {k: v for k, v in last.items() if k != "hold_minutes"}
        body |= {"infno": "2207", "msgid": self._msgid(body["fixmedins_code"]), "bill_at": self.now}
        if self.random.random() < 0.25:
            body |= self.random.choice(
                ({"acct_used_flag": "0"}, {"fund_pay_sumamt": "0.00"}, {"med_type": "12"})
            )
        self.bills.append(body)
        return self._send("settlement.requests.settle", body, _source(body["fixmedins_code"]))

    def _back(self, kind: str, setl: tuple[str, Body], **fields: Any) -> Event:
        bill = setl[1]
        code = bill["fixmedins_code"]
        body = {"msgid": self._msgid(code), "fixmedins_code": code, "psn_no": bill["psn_no"]} | fields
        rare = self.random.random()
        if rare < 0.01:
            body["psn_no"] = self.random.choice(self.people)
        elif rare < 0.02:
            body["fixmedins_code"] = self.random.choice(PLACES)
        return self._send(
            f"settlement.requests.{kind}",
            body,
            "his-second" if rare > 0.99 else _source(body["fixmedins_code"]),
        )

    def _any(self) -> tuple[str, Body]:
        return self.random.choice(self.settled) if self.settled else ("00" * 15, {"fixmedins_code": kit.HOSPITAL, "psn_no": "p00", "infno": "2207", "msgid": self._msgid(kit.HOSPITAL)})  # fmt: skip

    def refund(self) -> Event:
        setl = self._any()
        return self._back("refund", setl, setl_id=setl[0], amount=self._money(2500))

    def cancel(self) -> Event:
        setl = self._any()
        infno = "2103" if self.random.random() < 0.02 else CANCELS[setl[1]["infno"]]
        number = self.random.choice(("no number", "00" * 15)) if self.random.random() < 0.02 else setl[0]
        return self._back("cancel", setl, setl_id=number, infno=infno)

    def reverse(self) -> Event:
        setl = self._any()
        oinfno = "2304" if self.random.random() < 0.02 else setl[1]["infno"]
        omsgid = (
            setl[1]["msgid"]
            if self.random.random() > 0.05 or not self.bills
            else self.random.choice(self.bills)["msgid"]
        )
        return self._back("reverse", setl, omsgid=omsgid, oinfno=oinfno, infno="2601")

    def early(self) -> Event:
        """A reversal that comes before its bill, which comes later if `again` chooses it."""
        self._bill("settle")
        bill = self.bills[-1]
        return self._back("reverse", ("", bill), omsgid=bill["msgid"], oinfno=bill["infno"], infno="2601")

    def reverse_cancel(self) -> Event:
        if not self.cancels:
            return self.cancel()
        first = self.random.choice(self.cancels)
        return self._back("reverse", ("", first), omsgid=first["msgid"], oinfno=first["infno"], infno="2601")

    def query(self) -> Event:
        setl = self._any()
        return self._back(
            "query", setl, **self.random.choice(({"setl_id": setl[0]}, {"omsgid": setl[1]["msgid"]}))
        )

    def again(self) -> Event:
        """A bill once more, or another one under its number."""
        if not self.bills:
            return self.bill()
        body = dict(self.random.choice(self.bills))
        if self.random.random() < 0.3:
            body["mdtrt_id"] = "other"
        kind = "quote" if body["infno"] == "2206" else "settle"
        return self._send(f"settlement.requests.{kind}", body, _source(body["fixmedins_code"]))

    def _order(self, kind: str, psn_no: str, **fields: Any) -> Event:
        number = f"E{self.n}" if self.random.random() > 0.01 else "E9"
        body = {"psn_no": psn_no, "entry_id": number, "at": self.now} | fields
        self.orders.append((f"account.credits.{kind}", body))
        del self.orders[:-30]
        return self._send(*self.orders[-1])

    def order_again(self) -> Event:
        """An order that was carried out already, word by word."""
        return self._send(*self.random.choice(self.orders))

    def credit(self, psn_no: str | None = None, segment: str | None = None) -> Event:
        whose = psn_no or self.random.choice(self.people)
        part = segment or self.random.choice(("historic", "current"))
        if self.random.random() < 0.04:
            self.region[whose] = self.random.choice((HOME, AWAY))
        return self._order(
            "credited", whose, admdvs=self.region[whose], amount=self._money(9000), segment=part
        )

    def correct(self) -> Event:
        sign = self.random.choice(("-", "-", ""))
        part = self.random.choice(("historic", "current"))
        return self._order(
            "corrected", self.random.choice(self.people), amount=f"{sign}{self._money(4000)}", segment=part
        )

    def turn(self) -> Event:
        """Of the last year, or too early of this one."""
        year = (self.now + timedelta(hours=8)).year - self.random.choice((0, 1))
        return self._order("year-turned", self.random.choice(self.people), year=year)

    def state(self) -> Event:
        kind = self.random.choice(("frozen", "unfrozen", "unfrozen", "unfrozen", "closed"))
        whose = self.random.choice(self.people[: len(self.people) // 3] if kind == "closed" else self.people)
        return self._order(kind, whose)

    def _decide(self, pair: Pair, type: str, at: datetime | None = None) -> Event:
        pair.version += 1
        return self._send(f"binding.decisions.{type}", self._state_of(pair, at or self.now), "gongji-audit")

    def _state_of(self, pair: Pair, at: datetime) -> Body:
        side = {"insuplc_admdvs": HOME}
        return {
            "binding_id": str(pair.id), "version": pair.version, "state": pair.state, "at": at, "origin": {"source": "zheliban", "id": "x"},
            "round": 1, "effective": [{"begin": pair.begin, "end": pair.end}], "suspended": list(pair.suspended), "terms": list(pair.terms),
            "policy_version": "p", "case": {
                "admdvs": HOME, "channel": "app", "sponsor": side | {"psn_no": pair.sponsor}, "relation": "child", "mode": pair.mode,
                "beneficiary": side | {"psn_no": pair.beneficiary}, "terms": pair.terms[-1]["terms"], "requested_at": pair.begin,
            },
        }  # fmt: skip

    def _terms(self, mode: str) -> Body:
        roll = self.random
        terms: Body = {"scope": roll.choice(SCOPES), "quota": roll.choice((None, None, self._money(20_000)))}
        if mode == "earmark":
            terms["earmark"] = self._money(5000)
        if roll.random() < 0.1:
            terms["begndate"] = (self.now + timedelta(days=roll.randint(-20, 20))).date()
        if roll.random() < 0.1:
            terms["enddate"] = (self.now + timedelta(days=roll.randint(-5, 60))).date()
            if "begndate" in terms and terms["begndate"] > terms["enddate"]:
                del terms["begndate"]
        return {"since": self.now, "terms": terms, "order": roll.choice((None, 1, 2, 3))}

    def bind(self) -> Event:
        sponsor, beneficiary = self.random.sample(self.people, 2)
        mode = self.random.choice(("authorisation", "authorisation", "authorisation", "earmark", "transfer"))
        id = UUID(int=(7 << 76) | (2 << 62) | (self.random.getrandbits(40) << 20) | len(self.pairs))
        pair = Pair(id, sponsor, beneficiary, mode)
        pair.begin = self.now - timedelta(
            seconds=self.random.choice((0, 86_400, 86_400 * self.random.randint(1, 400)))
        )
        pair.terms.append(self._terms(mode) | {"since": pair.begin})
        self.pairs.append(pair)
        return self._decide(pair, "approved")

    def _pair(self) -> Pair:
        return self.random.choice([p for p in self.pairs if p.state != "ended"] or self.pairs)

    def change(self) -> Event:
        pair = self._pair()
        pair.terms.append(self._terms(pair.mode))
        return self._decide(pair, "changed")

    def suspend(self) -> Event:
        """Suspended, or resumed: more often the latter, so that most bindings pay."""
        asleep = [p for p in self.pairs if p.state == "suspended"]
        if asleep and self.random.random() < 0.7:
            pair = self.random.choice(asleep)
            pair.state, pair.suspended[-1]["end"] = "approved", self.now
            return self._decide(pair, "resumed")
        pair = self._pair()
        if pair.state == "approved":
            pair.state = "suspended"
            pair.suspended.append({"begin": self.now, "end": None})
        return self._decide(pair, "suspended")

    def end(self) -> Event:
        """At once, or it becomes known up to some days late."""
        pair, late = self._pair(), self.random.choice((0, 90_000, 86_400 * 8))
        if pair.state == "ended":
            return self.bind()
        pair.state, pair.end = "ended", max(pair.begin, self.now - timedelta(seconds=late))
        return self._decide(pair, "ended")

    def old(self) -> Event:
        """A decision that was read before."""
        pair = self._pair()
        return self._send("binding.decisions.changed", self._state_of(pair, self.now), "gongji-audit")

    def erase(self) -> Event:
        ended = [p for p in self.pairs if p.state == "ended"]
        if not ended:
            return self.end()
        made = self.old()
        key = str(self.random.choice(ended).id).encode()
        return made._replace(key=key, body=Tombstone())

    def person(self) -> Event:
        """Insurance pauses and goes on, care elsewhere is filed; a few people move away or die."""
        roll, psn_no = self.random, self.random.choice(self.people)
        self.versions[psn_no] += 1
        region = AWAY if roll.random() < 0.03 else HOME
        body = kit.person(
            psn_no, status=roll.choice("11111124"), version=self.versions[psn_no], region=region
        )
        if roll.random() < 0.6:
            begin = (self.now + timedelta(days=roll.randint(-9, 2))).date()
            body["filings"] = [
                {
                    "mdtrtarea_admdvs": roll.choice(("320000", AWAY, "310000")),
                    "begndate": begin,
                    "enddate": roll.choice((None, None, begin)),
                }
            ]
        if psn_no in self.people[-2:] and roll.random() < 0.5:
            body |= {"surv_stas": "2"} | roll.choice(({}, {"death_date": self.now.date()}))
        elif roll.random() < 0.03:
            body["insurances"] = []
        return self._send("registry.persons.recorded", body)

    def forget(self) -> Event:
        """The registry erases a person, who may be recorded again."""
        psn_no = self.random.choice(self.people)
        self.versions[psn_no] += 1
        made = self._send("registry.persons.recorded", kit.person(psn_no, version=self.versions[psn_no]))
        return made._replace(body=Tombstone())

    def institution(self) -> Event:
        code = self.random.choice((kit.PHARMACY, FAR_HOSPITAL))
        self.versions[code] += 1
        begin = self.now + timedelta(days=self.random.randint(-1, 3))
        more: Body = {"designated": self.random.random() > 0.05}
        if self.random.random() < 0.2:
            more |= {
                "suspended_from": begin,
                "suspended_to": self.random.choice((None, begin + timedelta(days=1))),
            }
        kind, where = ("pharmacy", HOME) if code == kit.PHARMACY else ("hospital", AWAY)
        body = kit.institution(
            code,
            kind,
            version=self.versions[code],
            admdvs=where,
            source=self.random.choice((None, _source(code), _source(code), "his-second")),
            **more,
        )
        return self._send("registry.institutions.recorded", body)

    def invalid(self) -> Event:
        """A bill with a field that cannot be read."""
        change: Body = self.random.choice(
            (
                {"medfee_sumamt": "-1.00"},
                {"fund_pay_sumamt": "1.001"},
                {"acct_used_flag": "2"},
                {"med_type": "x"},
            )
        )
        return self._bill("settle", **change)


def _source(code: str) -> str:
    return next(source for source, codes in SYSTEMS.items() if code in codes)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
