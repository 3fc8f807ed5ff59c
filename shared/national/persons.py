"""1101 (人员信息获取): what the platform says of a person, from our registry record and to it. Pure.

A person has one row of insurance per kind and place; `psn_insu_stas` may come as a number, `psn_cert_type` without its zero.
1101 says neither whether a person lives nor how to reach him or her: those stay as our record has them.
"""

from collections.abc import Mapping
from typing import Any, Final

from shared.contracts.registry import Insurance, PersonRecorded
from shared.national import fields as table
from shared.national.fields import Fault, Field, Untranslatable
from shared.national.scalars import AMOUNT, CODE2, DAY

BASE: Final = (
    Field("psn_no"), Field("psn_cert_type", CODE2), Field("certno"), Field("psn_name"), Field("gend"), Field("brdy", DAY),
)  # fmt: skip
INSURANCE: Final = (
    Field("insutype"), Field("psn_type"), Field("psn_insu_stas"), Field("insuplc_admdvs"), Field("balc", AMOUNT),
    Field("psn_insu_date", DAY, "begndate"),
)  # fmt: skip


def read_person(output: Mapping[str, Any], version: int) -> PersonRecorded:
    """The registry record of a 1101 answer's `output`. Raises `Untranslatable` with every fault."""
    faults: list[Fault] = []
    if not isinstance(output, Mapping):
        raise Untranslatable([Fault("output", "缺少或不是对象 / is missing or no object", "{}")])
    values = table.read(BASE, output.get("baseinfo"), "output.baseinfo", faults)
    rows = output.get("insuinfo") or ()
    if not isinstance(rows, list | tuple):
        faults.append(Fault("output.insuinfo", "应为数组 / is no list", "[]"))
        rows = ()
    values["insurances"] = [
        table.read(INSURANCE, row, f"output.insuinfo.{n}", faults) for n, row in enumerate(rows)
    ]
    names = {field.here: f"output.baseinfo.{field.name}" for field in BASE} | {
        "insurances": "output.insuinfo"
    }
    return table.build(PersonRecorded, values | {"version": version}, names, faults, BASE)


def write_person(person: PersonRecorded) -> dict[str, Any]:
    """The `output` of 1101 for a registry record. `idetinfo` (identities such as disability) is not known here and empty."""
    values = {name: getattr(person, name) for name in PersonRecorded.model_fields}
    return {
        "baseinfo": table.write(BASE, values),
        "insuinfo": [_row(row) for row in person.insurances],
        "idetinfo": [],
    }


def _row(row: Insurance) -> dict[str, Any]:
    return table.write(INSURANCE, {name: getattr(row, name) for name in Insurance.model_fields})
