"""How a region's institutions write the parts of a bill, and how ours are made of them. Pure.

Ours (services/settlement/domain/bill.py): `fund_pay_sumamt` holds no account money, `hosp_part_amt` stands beside all other parts, and
`inscp_scp_amt` holds the fund's and the person's share. Source: public clients disagree (Hunan: the fund's sum without the
personal account, Guangdong: with it; whether `acct_pay` contains `acct_mulaid_pay` differs as well), so it is the region's to say.
"""

from typing import Any, NamedTuple

from shared.contracts.base import yuan
from shared.national.fields import Fault
from shared.policies.types import HospitalPart
from shared.policies.values import Spending


class Convention(NamedTuple):
    """`account_in_fund`: `fund_pay_sumamt` contains the accounts' money; `shared_in_account`: `acct_pay` contains `acct_mulaid_pay`;
    `hospital`: where the institution's own share stands."""

    account_in_fund: bool = False
    shared_in_account: bool = False
    hospital: HospitalPart = "beside"

    @classmethod
    def of(cls, spending: Spending) -> "Convention":
        """The convention of a region's institutions."""
        return cls(spending.fund_includes_account, spending.mutual_aid == "inside", spending.hospital_part)

    def accounts(self, acct_pay: int, acct_mulaid_pay: int) -> int:
        """What accounts paid together, fen, of the two figures as this convention writes them."""
        return acct_pay if self.shared_in_account else acct_pay + acct_mulaid_pay

    def normalise(self, values: dict[str, Any], accounts: int | None, at: str, faults: list[Fault]) -> None:
        """Brings the parts of a bill that was read into our convention, in place.

        `accounts`: what accounts had paid of the bill, fen, `None` where the sender does not say. A part that would come out negative
        is a fault that names both sums: nothing is repaired.
        """
        fund, hospital = values.get("fund_pay_sumamt", 0), values.get("hosp_part_amt", 0)
        if self.account_in_fund and (fund or accounts):
            if accounts is None:
                faults.append(
                    Fault(
                        f"{at}.acct_pay",
                        "缺少：本地区 fund_pay_sumamt 含此金额 / is missing: fund_pay_sumamt contains it in this region",
                        "0.00",
                    )
                )
            else:
                _take(values, "fund_pay_sumamt", accounts, "账户支付 / the accounts' part", at, faults)
        if hospital and self.hospital == "in-fund":
            _take(values, "fund_pay_sumamt", hospital, "hosp_part_amt", at, faults)
        if hospital and self.hospital == "in-scope":
            _take(values, "inscp_scp_amt", hospital, "hosp_part_amt", at, faults)

    def denormalise(self, values: dict[str, Any], accounts: int) -> None:
        """The inverse of `normalise`: the parts of one of our bills as this region writes them, in place."""
        hospital = values.get("hosp_part_amt", 0)
        if self.account_in_fund:
            values["fund_pay_sumamt"] += accounts
        if self.hospital == "in-fund":
            values["fund_pay_sumamt"] += hospital
        if self.hospital == "in-scope":
            values["inscp_scp_amt"] += hospital


def _take(values: dict[str, Any], name: str, amount: int, what: str, at: str, faults: list[Fault]) -> None:
    zh, en = what.split(" / ") if " / " in what else (what, what)
    whole = values.get(name, 0)
    if amount > whole:
        faults.append(
            Fault(
                f"{at}.{name}",
                f"为 {yuan(whole)}，少于所含的{zh} {yuan(amount)} / is {yuan(whole)}, less than {en} {yuan(amount)} that it contains",
                yuan(amount),
            )
        )
    else:
        values[name] = whole - amount
