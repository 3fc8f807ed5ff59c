"""`binding.requests`: what a sponsor asks a channel app for. Key: the sponsor's `psn_no`; subject: `binding_id`."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.contracts.base import (
    UUID,
    Amount,
    Code,
    Message,
    PositiveAmount,
    PsnNo,
    RegionCode,
    Sha256,
    ShortText,
    SourceId,
    Time,
    date,
)
from shared.contracts.identity import NamedPerson
from shared.contracts.pii import PhoneNumber
from shared.contracts.relations import Relation as Relation


class ChannelKind(StrEnum):
    """渠道类型 / how the applicant reached us."""

    APP = "app"
    OFFICIAL_ACCOUNT = "official-account"
    MINI_PROGRAM = "mini-program"
    WEBSITE = "website"
    COUNTER = "counter"
    INSTITUTION_COUNTER = "institution-counter"
    TELEPHONE = "telephone"

    @property
    def in_person(self) -> bool:
        """Whether a clerk sees the applicant and the originals."""
        return self in (ChannelKind.COUNTER, ChannelKind.INSTITUTION_COUNTER)


CHANNELS_ZH = {
    ChannelKind.APP: "手机应用",
    ChannelKind.OFFICIAL_ACCOUNT: "微信公众号",
    ChannelKind.MINI_PROGRAM: "微信或支付宝小程序",
    ChannelKind.WEBSITE: "网上服务大厅",
    ChannelKind.COUNTER: "医保经办大厅窗口",
    ChannelKind.INSTITUTION_COUNTER: "定点医药机构窗口",
    ChannelKind.TELEPHONE: "电话坐席",
}
"""What an applicant reads of a kind of channel."""


class Use(StrEnum):
    """使用范围 / what the money may pay."""

    OUTPATIENT = "outpatient"  # 门诊
    INPATIENT = "inpatient"  # 住院
    PHARMACY = "pharmacy"  # 定点药店购药
    RESIDENT_PREMIUM = "resident-premium"  # 居民医保缴费
    LONG_TERM_CARE_PREMIUM = "long-term-care-premium"  # 长护险缴费


USES_ZH: dict[str, str] = {
    Use.OUTPATIENT: "门诊",
    Use.INPATIENT: "住院",
    Use.PHARMACY: "定点药店购药",
    Use.RESIDENT_PREMIUM: "居民医保缴费",
    Use.LONG_TERM_CARE_PREMIUM: "长护险缴费",
}
"""What an applicant reads of a use; one that a region names beyond these is read by its code."""

UseCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$"), Field(examples=["outpatient"])]
"""A use: one of `Use`, or another that a region's policy names. The list is open: a new use is a line in a region file."""


class MaterialKind(StrEnum):
    """材料种类 / kinds of proof."""

    ID_CARD = "id-card"
    HOUSEHOLD_REGISTER = "household-register"
    MARRIAGE_CERTIFICATE = "marriage-certificate"
    BIRTH_CERTIFICATE = "birth-certificate"
    APPLICATION_FORM = "application-form"
    INSURANCE_CARD = "insurance-card"
    RELATION_STATEMENT = "relation-statement"


MATERIALS_ZH = {
    MaterialKind.ID_CARD: "身份证",
    MaterialKind.HOUSEHOLD_REGISTER: "户口本",
    MaterialKind.MARRIAGE_CERTIFICATE: "结婚证",
    MaterialKind.BIRTH_CERTIFICATE: "出生医学证明",
    MaterialKind.APPLICATION_FORM: "申请表",
    MaterialKind.INSURANCE_CARD: "医保卡",
    MaterialKind.RELATION_STATEMENT: "亲属关系声明书",
}
"""What an applicant reads of a kind of document."""


class Side(StrEnum):
    SPONSOR = "sponsor"
    BENEFICIARY = "beneficiary"


class Material(Message):
    """材料引用 / a document in the object store, never its content."""

    kind: MaterialKind = Field(description="材料种类 / kind of document")
    holder: Side = Field(description="材料持有人 / whose document it is")
    reference: Code = Field(description="对象存储引用 / reference in the object store")
    media_type: str = Field(description="媒体类型 / media type", pattern=r"^[a-z]+/[a-z0-9.+-]{1,60}$")
    size: int = Field(description="字节数 / size in bytes", ge=1, le=50_000_000)
    sha256: Sha256 = Field(description="SHA-256 摘要 / digest of the content")


class Commitment(Message):
    """承诺书 / the commitment letter that the sponsor signed."""

    code: Code = Field(description="承诺书代码 / which letter")
    version: Code = Field(description="承诺书版本 / its version")
    sha256: Sha256 = Field(description="正文摘要 / digest of the text that was shown")
    signed_at: Time = Field(description="签署时间 / when it was signed")


class FaceCheck(Message):
    """人脸核验 / proof of a face check, signed by its provider.

    Signed text: `provider|transaction_no|checked_at (as sent)|subject_sha256`, UTF-8; Ed25519 or ECDSA P-256 with SHA-256.
    """

    provider: SourceId = Field(description="核验服务方 / provider, as in sources.yaml")
    transaction_no: Code = Field(description="核验流水号 / the provider's transaction number")
    checked_at: str = Field(description="核验时间 / time of the check, ISO 8601 with zone", max_length=40)
    subject_sha256: Sha256 = Field(
        description="被核验人摘要 / SHA-256 of `psn_cert_type|certno` (normalised) of the person whose face it was"
    )
    signature: str = Field(description="签名 / signature, base64", max_length=200)


class CounterProof(Message):
    """窗口受理 / what a clerk vouches for."""

    operator_id: Code = Field(description="经办人编号 / the clerk")
    form_complete: bool = Field(description="申请表填写完整 / form is complete")
    originals_seen: bool = Field(description="已核验原件 / originals were seen")
    beneficiary_present: bool = Field(
        default=False, description="使用人到场 / the beneficiary is present and consents"
    )


class Sponsor(NamedPerson):
    """授权人 / the account's owner."""

    psn_no: PsnNo = Field(description="人员编号 / number of the person in the region's system")
    tel: PhoneNumber | None = Field(
        default=None, description="联系电话 / compared with the registry, never dialled"
    )


class Beneficiary(NamedPerson):
    """被授权人 / the relative, named by certificate: a channel knows only its own user's `psn_no`."""

    insuplc_admdvs: RegionCode | None = Field(
        default=None, description="参保地 / where the relative says to be insured"
    )
    insutype: str | None = Field(
        default=None, description="险种 / kind of insurance as declared", max_length=6
    )


class Terms(Message):
    """使用范围、限额与期限 / what the sponsor allows."""

    scope: tuple[UseCode, ...] = Field(
        default=(Use.OUTPATIENT, Use.PHARMACY),
        description="使用范围 / uses allowed",
        min_length=1,
        max_length=10,
    )
    quota: Amount | None = Field(
        default=None, description="年度限额（元） / upper bound per calendar year, yuan"
    )
    earmark: PositiveAmount | None = Field(
        default=None,
        description="共济额度（元），跨省共济时必填 / amount set apart for the beneficiary, across provinces",
    )
    begndate: date | None = Field(default=None, description="开始日期 / first day, Beijing date")
    enddate: date | None = Field(
        default=None, description="结束日期 / last day, inclusive to 24:00 Beijing time"
    )


class Submitted(Message):
    """提交绑定申请 / a sponsor applies to share his or her account with one relative."""

    binding_id: UUID = Field(description="绑定编号 / UUIDv7 that the channel makes")
    admdvs: RegionCode = Field(description="受理地区划 / region that handles the request")
    channel: ChannelKind = Field(description="渠道类型 / kind of channel")
    sponsor: Sponsor = Field(description="授权人 / the account's owner")
    beneficiary: Beneficiary = Field(description="被授权人 / the relative")
    relation: Relation = Field(description="与授权人关系 / what the relative is to the sponsor")
    terms: Terms = Field(default=Terms(), description="使用条件 / terms of use")
    commitment: Commitment | None = Field(default=None, description="承诺书 / signed commitment letter")
    face_check: FaceCheck | None = Field(
        default=None, description="授权人人脸核验 / the sponsor's face check"
    )
    real_name_level: int | None = Field(
        default=None,
        description="渠道实名等级，数字越大越高 / real-name level of the channel's user, higher is stronger",
        ge=0,
        le=9,
    )
    counter: CounterProof | None = Field(
        default=None, description="窗口受理信息 / what the clerk vouches for"
    )
    materials: tuple[Material, ...] = Field(default=(), description="材料 / documents", max_length=30)
    earlier_binding_id: UUID | None = Field(
        default=None, description="原申请编号 / the refused request that this one mends"
    )


class Supplemented(Message):
    """补交材料 / the documents that were asked for."""

    binding_id: UUID = Field(description="绑定编号 / binding")
    sponsor_psn_no: PsnNo = Field(description="授权人人员编号 / the sponsor")
    materials: tuple[Material, ...] = Field(description="材料 / documents", min_length=1, max_length=30)
    note: ShortText | None = Field(default=None, description="说明 / a remark")


class Withdrawn(Message):
    """撤回申请 / the sponsor takes the request back."""

    binding_id: UUID = Field(description="绑定编号 / binding")
    sponsor_psn_no: PsnNo = Field(description="授权人人员编号 / the sponsor")
    note: ShortText | None = Field(default=None, description="说明 / a remark")


class UnbindRequested(Message):
    """授权人申请解绑 / the sponsor ends a binding."""

    binding_id: UUID = Field(description="绑定编号 / binding")
    sponsor_psn_no: PsnNo = Field(description="授权人人员编号 / the sponsor")
    channel: ChannelKind = Field(description="渠道类型 / kind of channel")
    face_check: FaceCheck | None = Field(default=None, description="人脸核验 / face check")
    counter: CounterProof | None = Field(
        default=None, description="窗口受理信息 / what the clerk vouches for"
    )
    note: ShortText | None = Field(default=None, description="说明 / a remark")


class ScopeChanged(Message):
    """变更使用范围 / the sponsor changes what the money may pay."""

    binding_id: UUID = Field(description="绑定编号 / binding")
    sponsor_psn_no: PsnNo = Field(description="授权人人员编号 / the sponsor")
    scope: tuple[UseCode, ...] = Field(
        description="使用范围 / uses allowed from now on", min_length=1, max_length=10
    )


class QuotaChanged(Message):
    """变更限额 / the sponsor changes the upper bound, or the amount set apart."""

    binding_id: UUID = Field(description="绑定编号 / binding")
    sponsor_psn_no: PsnNo = Field(description="授权人人员编号 / the sponsor")
    quota: Amount | None = Field(default=None, description="年度限额（元），空为不限 / per year, or none")
    earmark: PositiveAmount | None = Field(
        default=None, description="共济额度（元），空为不变 / amount set apart, none = as it is"
    )


class DatesChanged(Message):
    """变更期限 / the sponsor changes the chosen dates."""

    binding_id: UUID = Field(description="绑定编号 / binding")
    sponsor_psn_no: PsnNo = Field(description="授权人人员编号 / the sponsor")
    begndate: date | None = Field(default=None, description="开始日期 / first day, Beijing date")
    enddate: date | None = Field(default=None, description="结束日期 / last day, inclusive; none = open")


class RankChanged(Message):
    """变更使用人次序 / the sponsor orders his or her beneficiaries."""

    sponsor_psn_no: PsnNo = Field(description="授权人人员编号 / the sponsor")
    ranked: tuple[UUID, ...] = Field(
        description="绑定编号依次 / bindings, first rank first", min_length=1, max_length=50
    )


class AccountOpened(Message):
    """开通家庭共济账户 / the sponsor opens the family account where a region has that step."""

    sponsor_psn_no: PsnNo = Field(description="授权人人员编号 / the sponsor")
    admdvs: RegionCode = Field(description="受理地区划 / region")
    commitment: Commitment | None = Field(default=None, description="承诺书 / signed commitment letter")
