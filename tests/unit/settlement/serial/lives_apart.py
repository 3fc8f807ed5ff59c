"""What families do with money beside bills: premiums of relatives, and transfers with their answers."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.messaging.handler import Event
from tests.unit.settlement.serial.rules import CHANNELS

Body = dict[str, Any]


class Apart:
    """The part of a life that pays premiums and moves money."""

    random: random.Random
    now: datetime
    n: int
    people: list[str]
    pairs: list[Any]

    def __init__(self) -> None:
        self.premiums: list[Body] = []
        self.offers: list[Body] = []

    def _send(self, type: str, body: Body, source: str = "authority", late: float = 0.0) -> Event:
        raise NotImplementedError

    def _money(self, most: int) -> str:
        raise NotImplementedError

    def _pair(self) -> Any:
        raise NotImplementedError

    def _number(self) -> str:
        return str(UUID(int=(0x019B << 112) | (7 << 76) | (2 << 62) | self.n))

    def _stranger(self, psn_no: str) -> str:
        """Nearly always the person; sometimes somebody else says it."""
        return psn_no if self.random.random() > 0.02 else self.random.choice(self.people)

    def premium(self) -> Event:
        roll, pair = self.random, self._pair()
        body: Body = {"payer_psn_no": pair.sponsor, "psn_no": pair.sponsor}
        if roll.random() < 0.7:
            payer = self._stranger(pair.sponsor if roll.random() < 0.5 else pair.beneficiary)
            body = {
                "payer_psn_no": payer,
                "psn_no": self._stranger(pair.beneficiary),
                "binding_id": str(pair.id),
            }
        elif roll.random() < 0.1:
            body["psn_no"] = roll.choice((*self.people, "nobody"))
        if "binding_id" in body and roll.random() < 0.02:
            body["binding_id"] = self._number()
        body |= {
            "premium_id": self._number(), "insutype": roll.choice(("390", "390", "390", "391", "410")),
            "year": roll.choice((2026, 2027, 2027, 2028)), "amount": self._money(3000),
        }  # fmt: skip
        self.premiums.append(body)
        del self.premiums[:-30]
        return self._send("premium.requests.pay", body, "zheliban")

    def _paid(self) -> Body:
        """What a request about a payment names: nearly always one that was asked for."""
        paid = self.random.choice(self.premiums)
        number = self._number() if self.random.random() < 0.02 else paid["premium_id"]
        return {"premium_id": number, "payer_psn_no": self._stranger(paid["payer_psn_no"])}

    def unpay(self) -> Event:
        if not self.premiums:
            return self.premium()
        if self.random.random() < 0.1:  # the same payment again, or another one under its number
            again = dict(self.random.choice(self.premiums))
            again |= {"amount": "0.07"} if self.random.random() < 0.3 else {}
            return self._send("premium.requests.pay", again, "zheliban")
        return self._send("premium.requests.cancel", self._paid(), "zheliban")

    def remitted(self) -> Event:
        if not self.premiums:
            return self.premium()
        return self._send("premium.requests.remitted", self._paid() | {"at": self.now}, "tax-office")

    def _channel(self) -> str:
        return "nhsa-app" if self.random.random() < 0.8 else self.random.choice([*CHANNELS])

    def offer(self) -> Event:
        moving = [p for p in self.pairs if p.mode == "transfer" and p.state != "ended"]
        pair = self.random.choice(moving) if moving and self.random.random() > 0.05 else self._pair()
        body: Body = {
            "transfer_id": self._number(), "from_psn_no": self._stranger(pair.sponsor), "to_psn_no": self._stranger(pair.beneficiary),
            "binding_id": str(pair.id) if self.random.random() > 0.01 else self._number(), "amount": self._money(3000),
        }  # fmt: skip
        self.offers.append(body)
        del self.offers[:-12]
        return self._send("account.transfers.offered", body, self._channel())

    def answer(self) -> Event:
        """The receiver takes an offer or not, the giver takes it back; mostly one of the last."""
        if not self.offers:
            return self.offer()
        offer = self.random.choice((self.offers[-1], self.offers[-1], self.random.choice(self.offers)))
        word = self.random.choice(("accepted", "accepted", "accepted", "accepted", "declined", "withdrawn"))
        side = "from_psn_no" if word == "withdrawn" else "to_psn_no"
        number = offer["transfer_id"] if self.random.random() > 0.02 else self._number()
        return self._send(
            f"account.transfers.{word}",
            {"transfer_id": number, side: self._stranger(offer[side])},
            self._channel(),
        )

    def offer_again(self) -> Event:
        if not self.offers:
            return self.offer()
        body = dict(self.random.choice(self.offers))
        body |= {"amount": "0.09"} if self.random.random() < 0.3 else {}
        return self._send("account.transfers.offered", body, self._channel())

    def garbled(self) -> Event:
        """An order, an offer or a payment with a field that cannot be read."""
        kind, body, change = self.random.choice((
            ("account.credits.credited", {"psn_no": self.people[0], "entry_id": f"E{self.n}", "at": self.now, "admdvs": "330100"}, {"amount": "x"}),
            ("account.transfers.offered", dict(self.offers[-1]) if self.offers else {}, {"amount": "-1.00"}),
            ("premium.requests.pay", dict(self.premiums[-1]) if self.premiums else {}, {"insutype": "310", "year": 1}),
        ))  # fmt: skip
        source = "authority" if kind.startswith("account.credits") else "nhsa-app"
        return self._send(kind, body | change, source)
