"""The family, the institutions and the binding that all samples tell of, so that they read as one story."""

from datetime import timedelta

from shared.contracts.base import Origin
from shared.contracts.binding_requests import ChannelKind, Relation, Side, Terms, Use
from shared.contracts.binding_screenings import Case, Fact, Party
from shared.contracts.reasons import Citation, Reason, reason
from shared.testing.identities import adult, child, elder
from shared.testing.messages import MONDAY, uid
from shared.testing.proofs import counter, material

SPONSOR = adult(1)
SISTER = adult(4)
MOTHER = elder(2)
SON = child(3)

BINDING = uid(1)
SECOND_BINDING = uid(2)
NOTICE = uid(3)
PREMIUM = uid(4)
TRANSFER = uid(5)

AT = MONDAY
SOON = AT + timedelta(seconds=1)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CHANNEL = Origin(source="zheliban", id="018f-request-1")
HOSPITAL = Origin(source="his-first", id="018f-bill-1")
DESK = Origin(source="desk", id="018f-verdict-1")
POLICY = "3f1c5f0a9b7e4d26"

TERMS = Terms(
    scope=(Use.OUTPATIENT, Use.INPATIENT, Use.PHARMACY),
    quota=500_000,
    earmark=300_000,
    begndate=AT.date(),
    enddate=AT.date() + timedelta(days=365),
)
PROOFS = (material("household-register", Side.SPONSOR), material("id-card", Side.BENEFICIARY, 2))
CASE = Case(
    admdvs=SPONSOR.admdvs,
    channel=ChannelKind.COUNTER,
    sponsor=Party(psn_no=SPONSOR.psn_no, insuplc_admdvs=SPONSOR.admdvs),
    beneficiary=Party(psn_no=MOTHER.psn_no, insuplc_admdvs=MOTHER.admdvs),
    relation=Relation.PARENT,
    terms=TERMS,
    materials=PROOFS,
    counter=counter(beneficiary_present=True),
    earlier_binding_id=SECOND_BINDING,
    requested_at=AT,
    mode="authorisation",
)
FACTS = (
    Fact(kind="person", key=SPONSOR.psn_no, version=1),
    Fact(kind="relation", key=f"{SPONSOR.psn_no}|{MOTHER.psn_no}", version=1),
)


def cited(code: str, rule: str, path: str, *, field: str | None = None, **values: object) -> Reason:
    """A reason with the citation of a national value."""
    citation = Citation(
        file="100000-national.yaml",
        path=path,
        valid_from=AT.date().replace(year=2024, month=8, day=1),
        reference="国办发〔2024〕38号",
        policy_version=POLICY,
    )
    return reason(code, rule=rule, field=field, citation=citation, **values)


IN_LAW = cited("in-law-not-allowed", "relation", "binding.relations", field="relation")
PAPERS = cited(
    "materials-missing",
    "materials",
    "binding.materials",
    field="materials",
    missing="户口本",
    missing_en="household register",
    days=10,
)
BY_SPONSOR = reason("ended-by-sponsor")
