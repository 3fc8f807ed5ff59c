"""Messages of a case's steps: what a channel app would publish, with proofs that are really signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from deploy.policy.people import Person
from shared.contracts import beneficiary_requests as of_beneficiary
from shared.contracts import binding_requests as of_sponsor
from shared.contracts.binding_requests import ChannelKind, Commitment, FaceCheck, Material, Side
from shared.contracts.relations import Relation
from shared.policies.types import Letter
from shared.testing import proofs
from shared.testing.identities import MadeUp
from shared.testing.identities import person as stranger

Options = Mapping[str, Any]
_USUAL_LEVEL = 3
_NOBODY = 4_000
"""Number of a made-up person whom no case has."""


def application(
    binding_id: UUID,
    sponsor: Person,
    beneficiary: Person,
    relation: Relation,
    at: datetime,
    options: Options,
    letter: Letter | None,
    earlier: UUID | None,
) -> of_sponsor.Submitted:
    """What the sponsor submits. Whatever the case does not mention is in order."""
    channel = options.get("channel", ChannelKind.APP)
    mine, other = sponsor.made_up(), beneficiary.made_up()
    typed = {"psn_name": options.get("own_name"), "certno": options.get("own_certificate")}
    return of_sponsor.Submitted(
        binding_id=binding_id,
        admdvs=options.get("handled_by", sponsor.region),
        channel=channel,
        sponsor=mine.as_sponsor(**_given(typed)),
        beneficiary=_named(other, options),
        relation=relation,
        terms=of_sponsor.Terms(**_terms(options)),
        commitment=_commitment(letter, options, at),
        **_proof(mine, channel, at, options),
        real_name_level=None if channel.in_person else options.get("real_name", _USUAL_LEVEL),
        materials=materials(options, binding_id),
        earlier_binding_id=earlier,
    )


def opening(
    sponsor: Person, at: datetime, options: Options, letter: Letter | None
) -> of_sponsor.AccountOpened:
    """What a sponsor says who opens a family account: the letter is signed, as in an application."""
    return of_sponsor.AccountOpened(
        sponsor_psn_no=sponsor.made_up().psn_no,
        admdvs=sponsor.region,
        commitment=_commitment(letter, options, at),
    )


def materials(options: Options, binding_id: UUID, round: int = 0) -> tuple[Material, ...]:
    """References to the documents that a step hands in."""
    given = options.get("materials", ())
    return tuple(
        proofs.material(kind, holder, number=(binding_id.int % 997) * 10 + round + n)
        for n, (kind, holder) in enumerate(given, start=1)
    )


def consent(
    who: Person, binding_id: UUID | None, at: datetime, options: Options, named: Mapping[str, Any]
) -> of_beneficiary.Consented:
    """The beneficiary's consent, with a face check of his or her own."""
    channel = options.get("channel", ChannelKind.APP)
    return of_beneficiary.Consented(
        beneficiary_psn_no=who.made_up().psn_no,
        channel=channel,
        **_proof(who.made_up(), channel, at, options),
        **(named or {"binding_id": binding_id}),
    )


def unbinding(
    who: Person, side: Side, binding_id: UUID, at: datetime, options: Options
) -> of_sponsor.UnbindRequested | of_beneficiary.UnbindRequested:
    """One side ends a binding."""
    channel = options.get("channel", ChannelKind.APP)
    number = who.made_up().psn_no
    common = {"binding_id": binding_id, "channel": channel, **_proof(who.made_up(), channel, at, options)}
    if side is Side.SPONSOR:
        return of_sponsor.UnbindRequested(sponsor_psn_no=number, **common)
    return of_beneficiary.UnbindRequested(beneficiary_psn_no=number, **common)


def change(
    psn_no: str, binding_id: UUID, options: Options
) -> tuple[str, of_sponsor.ScopeChanged | of_sponsor.QuotaChanged | of_sponsor.DatesChanged]:
    """A change of uses, quota or dates: short type and body."""
    about = {"binding_id": binding_id, "sponsor_psn_no": psn_no}
    terms = _terms(options)
    if "scope" in terms:
        return "binding.requests.scope-changed", of_sponsor.ScopeChanged(**about, scope=terms["scope"])
    if "quota" in terms:
        return "binding.requests.quota-changed", of_sponsor.QuotaChanged(**about, quota=terms["quota"])
    dates = {key: terms[key] for key in ("begndate", "enddate") if key in terms}
    return "binding.requests.dates-changed", of_sponsor.DatesChanged(**about, **dates)


def _terms(options: Options) -> dict[str, Any]:
    names = {
        "uses": "scope",
        "quota": "quota",
        "earmark": "earmark",
        "first_day": "begndate",
        "last_day": "enddate",
    }
    return {field: options[key] for key, field in names.items() if key in options}


def _named(other: MadeUp, options: Options) -> of_sponsor.Beneficiary:
    """The relative as the applicant types him or her in; place and kind of insurance only where the case says so."""
    typed = {"psn_name": options.get("name"), "certno": options.get("certificate")}
    declared = {"insuplc_admdvs": options.get("place"), "insutype": options.get("insurance")}
    return other.as_beneficiary(**_given(typed), **declared)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _commitment(letter: Letter | None, options: Options, at: datetime) -> Commitment | None:
    fault = options.get("commitment")
    if letter is None or fault == "missing":
        return None
    version = "0" if fault == "old-version" else letter.version
    sha256 = "0" * 64 if fault == "other-text" else letter.sha256
    signed = options.get("signed", at - timedelta(minutes=1))
    return Commitment(code=letter.code, version=version, sha256=sha256, signed_at=signed)


def _proof(who: MadeUp, channel: ChannelKind, at: datetime, options: Options) -> dict[str, Any]:
    """A face check online; where staff serve the applicant their word instead. On the telephone nobody sees originals."""
    found: dict[str, Any] = {}
    by_telephone = channel is ChannelKind.TELEPHONE
    served = channel.in_person or by_telephone
    if not served or "face" in options:
        found["face_check"] = face_check(who, at, options.get("face"), options.get("nonce", 0))
    fault = options.get("clerk")
    if served and fault != "missing":
        found["counter"] = proofs.counter(
            form_complete=fault != "form-incomplete",
            originals_seen=fault != "originals-not-seen" and not by_telephone,
            beneficiary_present=options.get("present", False),
        )
    return found


def face_check(who: MadeUp, at: datetime, how: Any, nonce: int) -> FaceCheck | None:
    """A face check as a case describes it: in order and a minute old unless it says otherwise."""
    if how == "missing":
        return None
    age = how if isinstance(how, timedelta) else timedelta(minutes=1)
    checked = stranger(_NOBODY) if how == "someone-else" else who
    number = f"T{who.psn_no}-{'again' if how == 'reused' else nonce}"
    made = proofs.face_check(checked, at - age, transaction_no=number)
    return made.model_copy(update=_FAULTS[how](made)) if how in _FAULTS else made


_FAULTS: dict[Any, Callable[[FaceCheck], dict[str, str]]] = {
    "forged": lambda made: {"transaction_no": f"{made.transaction_no}0"},
    "unknown-provider": lambda made: {"provider": "nobody-knows"},
}
