"""Under which heading a bill is reconciled and cleared: kind of insurance, kind of clearing, region of the clearing office. Pure.

Source: national interface 3201-3204 (`insutype`, `clr_type`, `setl_optins`). The dictionary of `clr_type` was not found in a public
text; 11 and 21 are seen in public code, 41 for pharmacies is inferred from `med_type`.
"""

from typing import NamedTuple

from services.settlement.domain.people import Institution, Insured, Person
from shared.contracts.settlement_requests import Bill

OUTPATIENT, INPATIENT, PHARMACY = "11", "21", "41"
NORMAL = "1"


class Group(NamedTuple):
    """`insutype`, `clr_type` and `clr_optins`; empty texts where nobody knew."""

    insutype: str = ""
    clr_type: str = ""
    clr_optins: str = ""

    @property
    def shown(self) -> dict[str, str]:
        """As fields of an answer, without those that nobody knew."""
        return {name: value for name, value in zip(self._fields, self, strict=True) if value}


NO_GROUP = Group()


def group_of(bill: Bill, patient: Person, institution: Institution | None) -> Group:
    """What the bill says; where it is silent, the patient's insurance, the kind of care and where the institution is."""
    return Group(
        bill.insutype or _insutype(patient.insured, bill.insuplc_admdvs),
        bill.clr_type or clr_type_of(bill.infno, bill.med_type),
        bill.clr_optins or (institution.admdvs if institution is not None else ""),
    )


def _insutype(insured: tuple[Insured, ...], region: str) -> str:
    """The insurance in normal status where the patient is insured, another one where there is none."""
    if len(insured) == 1:
        return insured[0].insutype
    best = min(insured, key=lambda row: (row.status != NORMAL, row.region != region), default=None)
    return best.insutype if best is not None else ""


def clr_type_of(infno: str, med_type: str) -> str:
    """The kind of clearing of a national transaction and kind of care."""
    if med_type[:1] == "2" or infno == "2304":
        return INPATIENT
    return PHARMACY if med_type[:2] == PHARMACY or infno == "2102" else OUTPATIENT
