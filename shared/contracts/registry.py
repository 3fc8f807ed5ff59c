"""`registry.*`: facts of the authority. Compacted; each record replaces the one before it (higher `version`)."""

from enum import StrEnum

from pydantic import Field

from shared.contracts.base import Amount, Code, InstitutionCode, Message, PsnNo, RegionCode, Time, date
from shared.contracts.binding_requests import Relation
from shared.contracts.identity import NamedPerson
from shared.contracts.pii import PhoneNumber


class InsuranceStatus(StrEnum):
    """参保状态 `psn_insu_stas`."""

    NORMAL = "1"
    PAUSED = "2"
    ENDED = "4"


class Insurance(Message):
    """一条参保信息 / one row of a person's insurance (`insuinfo` of 1101); a person has several."""

    insutype: str = Field(
        description="险种类型：310 职工 390 居民 / kind of insurance", pattern=r"^[0-9]{3,6}$"
    )
    psn_insu_stas: InsuranceStatus = Field(description="参保状态 / status")
    insuplc_admdvs: RegionCode = Field(description="参保地区划 / pooling region")
    psn_type: str | None = Field(default=None, description="人员类别 / category of person", max_length=6)
    arrears: bool = Field(default=False, description="欠费 / in arrears")
    balc: Amount | None = Field(
        default=None, description="个人账户余额 / balance of the personal account, yuan"
    )
    balc_date: date | None = Field(default=None, description="余额日期 / date of the balance")
    begndate: date | None = Field(default=None, description="参保开始日期 / since")


class Filing(Message):
    """异地就医备案 / a filing to be treated elsewhere (2501 and others); both dates belong to it."""

    mdtrtarea_admdvs: RegionCode = Field(
        description="就医地区划；省码表示全省 / where; a province's code stands for all of it"
    )
    begndate: date = Field(description="备案开始日期 / from")
    enddate: date | None = Field(default=None, description="备案结束日期；空：长期 / to; none: for good")


class PersonRecorded(NamedPerson):
    """人员登记 / a person as the authority knows him or her."""

    psn_no: PsnNo = Field(description="人员编号 / person number, an alias that may change")
    version: int = Field(description="登记版本 / version of the record", ge=1)
    gend: str = Field(description="性别：1 男 2 女 / sex", pattern=r"^[0129]$")
    brdy: date = Field(description="出生日期 / date of birth")
    surv_stas: str = Field(
        default="1", description="生存状态：1 正常 2 死亡 / survival status", pattern=r"^[1-9]$"
    )
    death_date: date | None = Field(default=None, description="死亡日期 / date of death")
    tel: PhoneNumber | None = Field(default=None, description="联系电话 / contact number")
    no_sms: bool = Field(default=False, description="不接收短信 / opted out of SMS")
    optional_notices: bool | None = Field(
        default=None,
        description="要不要可选的通知（如支出）；空：未表示 / wants notices of the optional kinds, such as spending; none: never said",
    )
    language: str = Field(default="zh", description="语言 / language of notices", max_length=8)
    e_credential: bool | None = Field(
        default=None,
        description="医保电子凭证已激活 / the medical e-credential is activated; none: not reported",
    )
    insurances: tuple[Insurance, ...] = Field(
        default=(), description="参保信息 / insurance rows", max_length=20
    )
    filings: tuple[Filing, ...] = Field(
        default=(), description="异地就医备案 / filings to be treated elsewhere", max_length=50
    )


class RelationRecorded(Message):
    """亲属关系登记 / a proven relation of two persons, sorted by `psn_no`."""

    psn_no: PsnNo = Field(description="人员编号（较小） / first of the two")
    other_psn_no: PsnNo = Field(description="人员编号（较大） / second of the two")
    other_is: Relation = Field(description="后者是前者的 / what the second is to the first")
    version: int = Field(description="登记版本 / version of the record", ge=1)
    ended: bool = Field(default=False, description="已终止（如离婚） / no longer, for example divorced")
    proven: bool = Field(
        default=True,
        description="亲属关系已核实 / the relation is verified; false: declared for a kin account only",
    )
    kin_account: bool = Field(
        default=False, description="已绑定亲情账户 / a kin account links the two; it shares no money"
    )


class InstitutionKind(StrEnum):
    HOSPITAL = "hospital"
    PHARMACY = "pharmacy"


class InstitutionRecorded(Message):
    """定点医药机构登记 / a designated institution."""

    fixmedins_code: InstitutionCode = Field(description="定点医药机构编号 / institution code")
    fixmedins_name: str = Field(description="机构名称 / name", min_length=1, max_length=200)
    kind: InstitutionKind = Field(description="机构类别 / hospital or pharmacy")
    admdvs: RegionCode = Field(description="所在区划 / region")
    version: int = Field(description="登记版本 / version of the record", ge=1)
    designated: bool = Field(default=True, description="定点有效 / designated at present")
    suspended_from: Time | None = Field(default=None, description="暂停联网起 / suspended from")
    suspended_to: Time | None = Field(default=None, description="暂停联网止 / suspended to")
    source: Code | None = Field(default=None, description="来源系统 / the source id that may bill for it")
