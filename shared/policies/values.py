"""What domain code receives: a region's policy on one day, as frozen values.

Every field is one key of the region files (section, then key), described for the officer who writes them: `key(default, meaning
in Chinese and English, example=YAML, reasons=codes it may lead to)`. docs/policy-format.md is made of that.
`None` means that the region has no such rule; 0 and empty are rules like any other and never switch one off.
The default of a field holds only where no file says anything.
"""

# ruff: noqa: RUF009 - `key` makes a field

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time

from shared.policies import types as t
from shared.policies.described import key

_PROVINCE_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a value comes from.

    `grade`: A official, B press or the project's seeds, C hearsay (adopted), P the project's own default.
    """

    file: str
    path: str
    from_: date | None
    reference: str
    grade: str


# fmt: off
_OFFERED: frozenset[t.NoticeKind] = frozenset({"transfer-offered"})
_TO_BENEFICIARY: frozenset[t.NoticeKind] = _OFFERED | {"consent-requested", "approved", "suspended", "ended"}
_MONEY: frozenset[t.NoticeKind] = frozenset({"settled", "cancelled", "reversed", "refunded", "premium-paid", "premium-cancelled"})
_OPTIONAL: frozenset[t.NoticeKind] = _MONEY | _OFFERED
_TO_SPONSOR: frozenset[t.NoticeKind] = _MONEY | {"supplement-requested", "approved", "refused", "rejected", "expired", "suspended", "ended"}


@dataclass(frozen=True, slots=True)
class Binding:
    """谁可以绑定谁，需要什么 / who may be bound to whom, and what that takes."""

    # the region, and who
    offered: t.Flag = key(False, "开办家庭共济", "the region offers family sharing", reasons="region-not-offered")
    mode: t.Mode = key("authorisation", "省内共济的方式：授权、划拨或共济额度", "how money is shared within the province", example="authorisation", reasons="earmark-missing earmark-not-allowed")
    relations: frozenset[t.Relation] = key(frozenset(), "使用人是授权人的什么亲属；姻亲只在列明时算", "what the beneficiary is to the sponsor; in-laws only if named", example="[spouse, parent, child]", reasons="relation-not-allowed in-law-not-allowed")
    reach: t.Reach = key("pooling-region", "双方参保地的范围", "how far apart the two may be insured", example="province", reasons="region-too-far")
    cross_province_mode: t.Mode | None = key(None, "跨省共济的方式；空：不跨省", "the mode in which it goes beyond the province; null: it does not", example="earmark", reasons="region-too-far earmark-missing earmark-not-allowed")
    earmark_within_balance: t.Flag = key(False, "共济额度不得超过绑定时授权人账户余额", "the amount set apart is no more than the sponsor's balance at binding", reasons="earmark-above-balance")
    sponsor_insurance: frozenset[t.Code] = key(frozenset({"310"}), "授权人的险种（有个人账户）", "insutype that has an account to give", example='["310"]', reasons="sponsor-not-employee")
    beneficiary_insurance: frozenset[t.Code] = key(frozenset({"310", "390"}), "使用人的险种", "insutype that a beneficiary may have", example='["310", "390", "391"]', reasons="beneficiary-not-insured")
    insurance_status: frozenset[t.Code] = key(frozenset({"1"}), "视为正常的参保状态", "psn_insu_stas that counts as normal when bound", example='["1"]', reasons="sponsor-not-normal beneficiary-paused beneficiary-in-arrears")
    sponsor_excluded: frozenset[t.Code] = key(frozenset(), "不得授权的人员类别（或其前几位）", "psn_type, or its first digits, that may not sponsor", example='["13"]', reasons="sponsor-category-excluded")
    beneficiary_excluded: frozenset[t.Code] = key(frozenset(), "不得使用的人员类别（或其前几位）", "psn_type, or its first digits, that may not be a beneficiary", example='["13"]', reasons="beneficiary-category-excluded")
    min_balance: t.Fen = key(0, "绑定时授权人账户余额至少", "the sponsor's balance at binding, at least", example='"2000.00"', reasons="balance-too-low")
    base_reserve: t.Fen | None = key(None, "须保留的底额：绑定时余额须超过它", "stays in the sponsor's account: the balance at binding must be above it", example='"1000.00"', reasons="balance-below-reserve")
    # how many
    max_beneficiaries: t.Count | None = key(None, "一个授权人同时的使用人上限", "beneficiaries of one sponsor at once", example="8", reasons="too-many-beneficiaries")
    counts_sponsor: t.Flag = key(False, "上限把授权人本人计入", "max_beneficiaries counts the sponsor as one of the family")
    max_beneficiaries_elsewhere: t.Count | None = key(None, "其中参保在其他统筹区的上限", "of these, insured in another pooling region", example="6", reasons="too-many-elsewhere")
    max_per_relation: Mapping[t.Relation, t.Count] = key({}, "每种关系的上限", "of one kind of relation", example="{spouse: 1, parent: 2}", reasons="too-many-of-relation")
    max_lifetime_beneficiaries: t.Count | None = key(None, "一生中不同使用人的上限", "distinct persons, over the years", example="20", reasons="too-many-beneficiaries")
    max_sponsors: t.Count | None = key(None, "一个使用人同时的授权人上限", "sponsors of one beneficiary at once", example="1", reasons="already-bound-elsewhere")
    max_spouses: t.Count | None = key(None, "配偶上限", "spouses of one sponsor", example="1", reasons="relation-duplicate")
    max_fathers: t.Count | None = key(None, "父亲上限", "fathers of one sponsor", example="1", reasons="relation-duplicate")
    max_mothers: t.Count | None = key(None, "母亲上限", "mothers of one sponsor", example="1", reasons="relation-duplicate")
    # the family
    spouse_other_sex: t.Flag = key(False, "配偶须为异性", "spouses are of different sex", reasons="relation-sex")
    min_age_gap: Mapping[t.Relation, t.Age] = key({}, "按关系的年龄差；不足的交人工", "difference of age by relation; less is odd: a person looks", example="{parent: 15, child: 15}", reasons="odd-age")
    min_spouse_age: t.Age | None = key(None, "配偶年龄；不足的交人工", "age of a spouse; younger is odd: a person looks", example="20", reasons="odd-age")
    member_may_sponsor: t.Flag = key(True, "使用人可以再做授权人", "who is a beneficiary may become a sponsor", reasons="sponsor-is-member")
    sponsor_may_be_member: t.Flag = key(True, "授权人可以再做使用人", "who has beneficiaries may become one", reasons="beneficiary-is-sponsor")
    reverse_edge: t.Flag = key(True, "双方可以互相授权", "two persons may sponsor one another", reasons="reverse-edge")
    one_family: t.Flag = key(False, "一人只属于一个家庭账户", "nobody belongs to two families, as sponsor or as member", reasons="sponsor-in-other-family beneficiary-in-other-family")
    # consent
    consent_from_age: t.Age | None = key(None, "满多少周岁的使用人须本人同意；空：不须", "a beneficiary of this age on the request's date consents; null: nobody is asked", example="16", reasons="consent-expired consent-declined")
    consent_relations: frozenset[t.Relation] | None = key(None, "哪些关系须同意；空：全部", "relations that are asked; null: every one", example="[sibling, grandparent]")
    consent_channels: frozenset[t.ChannelKind] | None = key(None, "哪些渠道的申请须同意；空：全部", "channels of the request that ask; null: every one", example="[app, mini-program]")
    consent_across_provinces: t.Flag = key(False, "跨省共济须使用人同意，不论关系和渠道", "across provinces the beneficiary consents, whatever relation and channel", reasons="consent-expired consent-declined")
    consent_face_check: t.Flag = key(True, "同意时须人脸核验", "who consents passes a face check", reasons="face-check-missing")
    consent_days: t.Days = key(7, "等待同意的天数", "how long consent is waited for", example="7", reasons="consent-expired")
    # proofs
    commitment: t.Letter | None = key(None, "须签署的承诺书", "the letter to be signed: its text is letters/<code>-<version>.txt", example='{code: GJ-CN, version: "1", sha256: 045e7a90cfc0eb40529992f9ca022ab9be0f3d834711a05af5fa51e35e6598ac}', reasons="commitment-missing commitment-outdated")
    face_check: t.Flag = key(True, "线上申请须授权人人脸核验", "face check of the sponsor, at online channels", reasons="face-check-missing face-check-provider face-check-signature face-check-subject face-check-reused")
    face_check_on_unbind: t.Flag = key(False, "解绑也须人脸核验", "ending needs a face check too", reasons="face-check-missing")
    face_check_max_age: t.Seconds = key(600, "人脸核验的有效时间", "how old a face check may be", example="600", reasons="face-check-stale")
    real_name_level: t.Count | None = key(None, "渠道实名等级至少（仅线上）", "real-name level of the channel's user, at least; online channels only", example="3", reasons="real-name-level-too-low")
    e_credential: t.Flag = key(False, "授权人医保电子凭证须已激活（仅线上）", "the sponsor's medical e-credential is activated; online channels only", reasons="e-credential-missing")
    channel_proofs: Mapping[t.ChannelKind, frozenset[t.Proof]] = key({}, "个别渠道须有的证明（代替通常的）", "what a kind of channel must prove, instead of the usual", example="{telephone: [operator], app: [face-check, commitment]}")
    kin_account_first: t.Flag = key(False, "须先绑定亲情账户", "a kin account 亲情账户 is bound before family sharing", reasons="kin-account-missing")
    materials: tuple[t.MaterialRule, ...] = key((), "须交的材料；适用的每条都要满足", "documents; every rule that applies must be met", example="[{relations: [spouse], any_of: [[marriage-certificate], [household-register]]}]", reasons="materials-missing")
    channels: frozenset[t.ChannelKind] | None = key(None, "受理的渠道；空：全部", "kinds of channel that are taken; null: all", example="[app, counter]", reasons="channel-not-allowed")
    counter_preferred_from_age: t.Age | None = key(None, "自此年龄起办法先说窗口", "remedies name the counter first from this age on", example="70")
    # what for, and when
    uses: frozenset[t.UseCode] = key(frozenset({t.Use.OUTPATIENT, t.Use.PHARMACY}), "可选的用途", "what the money may be chosen for", example="[outpatient, pharmacy, resident-premium]", reasons="scope-not-allowed")
    use_proofs: Mapping[t.UseCode, t.Choices] = key({}, "各用途须交的材料", "documents that a use needs", example="{resident-premium: [[household-register]]}", reasons="use-proof-missing")
    account_opening: t.Flag = key(False, "授权人须先开通家庭共济账户", "the sponsor opens a family account first", reasons="account-not-opened")
    effect: t.Effect = key("now", "何时生效", "when a binding takes effect", example="next-day")
    effect_by_channel: Mapping[t.ChannelKind, t.Effect] = key({}, "个别渠道何时生效", "the same by channel, where it is not `effect`", example="{counter: next-month}")
    max_days_ahead: t.Days | None = key(None, "开始日期最多提前的天数", "how far ahead a start date may be chosen", example="90", reasons="dates-not-allowed")
    min_term_days: t.Days | None = key(None, "期限至少的天数（含首尾）", "from first to last day, both counted, at least", example="30", reasons="dates-not-allowed")
    max_term_days: t.Days | None = key(None, "期限至多的天数；有此规定须选结束日期", "the same at most; with it, an end date must be chosen", example="365", reasons="dates-not-allowed")
    # the end
    unbind_by: frozenset[t.Side] = key(frozenset(t.Side), "哪一方可以解绑", "who may end a binding", example="[sponsor]", reasons="unbind-not-allowed")
    unbind_channels: frozenset[t.ChannelKind] | None = key(None, "受理解绑的渠道；空：同 channels", "channels that take it; null: those of `channels`", example="[app, counter]", reasons="unbind-channel-not-allowed")
    unbind_effect: t.Effect = key("now", "解绑何时生效", "when an end takes effect", example="next-month")
    unbind_effect_by_channel: Mapping[t.ChannelKind, t.Effect] = key({}, "个别渠道解绑何时生效", "the same by channel, where it is not `unbind_effect`", example="{counter: now}")
    min_bound_months: t.Months | None = key(None, "绑定满几个月才能解绑", "months after which a binding may be ended", example="3", reasons="unbind-too-early")
    rebind_wait_days: t.Days | None = key(None, "解绑后同样两人再绑须等的天数", "the same two, after one side ended a binding", example="30", reasons="rebind-too-early")
    max_changes_per_year: t.Count | None = key(None, "每个绑定每年变更用途、限额、日期的次数", "changes of scope, quota and dates of one binding in a calendar year", example="3", reasons="changes-exhausted")
    on_insurance_ended: t.Condition = key("end", "一方参保终止时", "insurance of one side ends", example="end", reasons="ended-by-insurance")
    on_insurance_paused: t.Condition = key("nothing", "一方参保暂停时", "insurance of one side is paused", example="suspend")
    on_moved: t.Condition = key("end", "一方参保关系转出时", "insurance of one side moves to another pooling region", example="end", reasons="ended-by-insurance")
    on_death: t.Condition = key("end", "一方死亡时", "one side dies", example="end", reasons="ended-by-death")
    on_category: t.Condition = key("nothing", "一方后来成为排除的类别时", "one side enters an excluded category later", example="flag", reasons="ended-by-category")
    on_rule_changed: t.OnRuleChanged = key("keep", "规定变更后不再符合的已有绑定", "a standing binding that a changed rule would refuse", example="list", reasons="ended-by-rule")
    # limits of asking and waiting
    max_unconfirmed_per_day: t.Count | None = key(None, "一个授权人每日未能确认的不同使用人上限", "different relatives of one sponsor who could not be confirmed, in a day", example="5", reasons="too-many-unconfirmed")
    person_wait: t.Seconds = key(15, "等待参保登记到达的时间", "a request waits so long for a person whom the registry does not know yet", example="15", reasons="beneficiary-not-confirmed sponsor-unknown")
    reservation_days: t.Days = key(30, "名额占用超过此天数仍无结论的列给工作人员", "a slot held longer than this without a decision is listed for staff", example="30")


@dataclass(frozen=True, slots=True)
class Review:
    """地区自行决定什么，人工审核用多久 / what the region decides by itself and how long people may take."""

    auto_approve: t.AutoApprove = key("when-proven", "登记已证明关系的自动通过", "the relation is proven by the registry: no human looks", example="never")
    working_days: t.Days = key(3, "审核的工作日", "working days until the decision is due", example="3")
    supplement_working_days: t.Days = key(10, "补交材料的工作日", "working days that the applicant has for missing papers", example="10", reasons="materials-missing supplement-expired")
    first_from_age: t.Age | None = key(None, "一方满多少周岁的案件优先审核；空：不优先", "a case goes first if a party is of this age; null: none does", example="80")
    second_eyes: tuple[t.SecondEyes, ...] = key((), "须两人通过的案件种类", "cases that two persons have to approve: those that any of these describes", example="[{relations: [sibling]}, {marks: [odd-age], unless_proven: false}, {materials: [relation-statement]}]", reasons="second-eyes-needed")
    sample_per_mille: t.PerMille = key(0, "已通过的案件抽取由另一人复看的千分比", "of a thousand approved cases, how many another person looks at again", example="20", reasons="second-eyes-needed")
    requests_per_day: t.Count | None = key(None, "一个授权人一日内的申请；多出的交人工；空：不设", "requests of one sponsor on one Beijing day; a person looks at those beyond; null: no such rule", example="6", reasons="sponsor-many-requests")
    bindings_in_days: t.Often | None = key(None, "一个使用人在若干天内的不同绑定；多出的交人工；空：不设", "different bindings of one beneficiary within so many days; a person looks at those beyond; null: no such rule", example="{bindings: 6, days: 180}", reasons="beneficiary-often-bound")
    reused_documents: t.Flag = key(False, "同一材料文件又用于无关的人的，交人工", "a person looks at a document that was handed in for strangers, too", reasons="document-reused")
    document_bytes: t.Count = key(20_000_000, "一份材料文件的大小上限（字节）", "bytes of one document, at most", example="20000000", reasons="document-too-large")


@dataclass(frozen=True, slots=True)
class Notice:
    """申请人如何得知结果 / how the applicant hears of it."""

    hotline: t.Hotline = key("12393", "咨询电话，写入办法", "named in remedies", example='"12393"')
    media: tuple[t.Medium, ...] = key(("sms", "call"), "依次使用，直到送达", "in this order until one arrives", example="[sms, call]")
    media_counter: tuple[t.Medium, ...] = key(("call", "sms"), "窗口申请人的次序", "for who applied at a counter", example="[call, sms]")
    media_optional: tuple[t.Medium, ...] = key(("sms",), "可选种类的方式；未送达不转人工", "for the optional kinds; the staff do not see to those that did not arrive", example="[sms]")
    centre_wait: t.Seconds = key(0, "先在申请渠道的消息中心告知，多久未展示再用其他方式；0：同时", "the channel's message centre is first, so long without acknowledgement until the next medium is used; 0: at once", example="900")
    sponsor_kinds: frozenset[t.NoticeKind] = key(_TO_SPONSOR, "用短信、电话告知授权人的种类；其余只在消息中心", "what the sponsor is told by text or call; the other kinds are for the message centre alone", example="[approved, refused, rejected, ended]")
    beneficiary_kinds: frozenset[t.NoticeKind] = key(_TO_BENEFICIARY, "告知使用人的种类", "what the beneficiary is told", example="[consent-requested, approved]")
    optional_kinds: frozenset[t.NoticeKind] = key(_OPTIONAL, "本人可以不要的种类", "kinds that a person may decline", example="[settled, refunded]")
    optional_unasked: t.Flag = key(True, "可选种类也告知没有表示过意愿的人", "optional kinds go also to who has never said whether he or she wants them")
    critical_kinds: frozenset[t.NoticeKind] = key(frozenset(), "紧急的种类：短信不受时段限制，节假日也打电话", "critical kinds: texts at any hour, calls on public holidays too", example="[suspended]")
    quiet_hours: t.Hours | None = key(None, "此时段不发送", "nothing is sent then, by no medium", example='{start: "22:00", end: "08:00"}')
    sms_hours: tuple[t.Hours, ...] = key((), "只在这些时段发短信；空：非静默时段均可", "texts only within these; none: whenever it is not quiet", example='[{start: "08:00", end: "20:00"}]')
    call_hours: tuple[t.Hours, ...] = key((), "只在这些时段打电话；空：非静默时段均可", "calls only within these; none: whenever it is not quiet", example='[{start: "09:00", end: "12:00"}]')
    call_on_holidays: t.Flag = key(False, "法定节假日也打电话", "calls on public holidays too")
    call_caps: Mapping[t.Window, t.Count] = key({"minute": 1, "hour": 5, "day": 20}, "每一分钟、一小时、二十四小时内拨打同一号码的次数上限", "calls to one number within any minute, hour, 24 hours", example="{minute: 1, hour: 5, day: 20}")
    sms_caps: Mapping[t.Window, t.Count] = key({"day": 50}, "同样时间内发往同一号码的短信上限", "texts to one number within the same", example="{day: 50}")
    provider_wait: t.Seconds = key(300, "多久没有结果即向服务商查询", "silence after which the provider is asked what became of it", example="300")
    receipt_wait: t.Seconds = key(1800, "短信无回执多久后换下一方式", "silence of an SMS provider after which the next medium is tried", example="1800")
    outage_wait: t.Seconds = key(1800, "一种方式的服务商全都不可用多久后换下一方式", "no provider of a medium can be used: so long it is waited for until the next medium is tried", example="3600")
    call_retry: t.Seconds = key(600, "两次拨打同一人的间隔", "between two calls to one person", example="600")
    hint_tells: t.Flag = key(False, "只请本人致电咨询、不说内容的电话（腾讯云语音），按一后算已告知", "a call that only asks to ring the hotline (Tencent Cloud voice) counts as told once the key 1 is pressed")
    call_attempts: t.Count = key(3, "就一事拨打一人的次数", "calls to one person about one thing", example="3")
    max_age_hours: t.Count = key(72, "更早的决定不再通知（小时）", "hours; an older decision is not announced any more", example="72")
    retention_days: t.Days = key(7, "通知终结几天后删除收件人与内容", "days from a notice's end until its recipient and its words are deleted", example="7")
    retention_staff_days: t.Days = key(30, "转人工的通知多保留几天，供工作人员告知", "the same for those handed to the staff, who need them to tell the person", example="30")


@dataclass(frozen=True, slots=True)
class Spending:
    """绑定可以支付什么、用谁账户的哪部分、按什么次序 / what a binding may pay, from which part of whose account, in which order."""

    insurance_status: frozenset[t.Code] = key(frozenset({"1"}), "结算时双方视为正常的参保状态", "psn_insu_stas of either side that counts as normal at the bill's time", example='["1"]')
    order: t.Order = key("oldest-binding", "使用人本人账户之后授权人的次序", "of the sponsors, after the beneficiary's own account", example="highest-balance")
    tie_breakers: tuple[t.Order, ...] = key(("beneficiary-order", "oldest-binding"), "次序相同时依次比较；再相同按绑定编号", "what decides between equals, one after the other; at last the binding's id", example="[beneficiary-order, oldest-binding]")
    sponsor_segments: frozenset[t.Segment] = key(frozenset({"current", "historic"}), "可用授权人账户的当年、历年部分", "parts of the sponsor's account: 当年 current, 历年 historic", example="[historic]")
    one_sponsor_per_settlement: t.Flag = key(False, "每次结算只用一个授权人", "one sponsor only in each settlement")
    floor: t.Fen = key(0, "授权人账户为他人支付时保留的金额（本人支付不受限）", "stays in the sponsor's account when others' bills are paid; the own bills may use it", example='"1000.00"')
    quota_scope: t.QuotaScope = key("per-member", "限额按人、合计或没有", "the quota is for each member, for all together, or there is none", example="all-members", reasons="quota-not-allowed")
    quota_period: t.Period = key("year", "限额的期间", "after which the quota starts anew", example="year")
    quota_default: t.Fen | None = key(None, "授权人未设时的限额；空：不限", "where the sponsor set none; null: unlimited", example='"8000.00"')
    caps: tuple[t.Cap, ...] = key((), "共济支付的上限，可同时有几条，最紧的有效；beneficiary 的按使用人参保地", "caps on sponsors' money, several at once, the tightest counts; those by beneficiary are of the region where the patient is insured", example='[{by: beneficiary, per: day, amount: "500.00", uses: [pharmacy]}]', reasons="premium-limited")
    insured_year_start: t.MonthDay = key("01-01", "医保年度开始的月日", "month and day on which an insured year begins", example='"07-01"')
    payable: tuple[t.Payable, ...] | None = key(None, "可支付的范围表：任一行符合即可；空：个人负担的全部；没有行：都不支付", "table of what may be paid, any line of it; null: all that the person bears; no line: nothing", example="[{payer: own}, {payer: sponsor, parts: [in-scope, pre-selfpay]}]")
    never_items: frozenset[t.ItemCategory] = key(frozenset(), "有明细时任何账户都不支付的项目类别", "categories of lines that no account ever pays", example="[public-health, fitness, wellness]")
    pharmacy_items: frozenset[t.ItemCategory] | None = key(None, "有明细时药店可支付的项目类别；空：不限", "categories of lines that accounts pay at a pharmacy; null: every one", example="[drug, device, consumable]")
    item_categories: Mapping[t.Code, t.ItemCategory] = key({}, "医疗收费项目类别代码的项目类别；明细自报的优先", "category of a national med_chrgitm_type; a line's own word goes before it", example='{"09": drug}')
    unfiled_reach: t.Reach | None = key(None, "不备案即可使用共济资金的机构范围（相对就诊人参保地）；空：不限", "how far from where the patient is insured sponsors pay without a filing 备案; null: everywhere", example="province")
    med_types: frozenset[t.Code] | None = key(None, "可支付的医疗类别（或前两位）；空：全部", "national med_type, or its first two digits; null: every type of care", example='["11", "41"]')
    mutual_aid: t.MutualAid = key("beside", "acct_mulaid_pay 含在 acct_pay 内还是另计", "acct_mulaid_pay within acct_pay, or in addition to it", example="inside")
    hospital_part: t.HospitalPart = key("beside", "国家接口报文中医院负担金额列在何处：另列、含在政策范围内或含在基金支付内", "where hosp_part_amt stands in this region's national payloads: beside all other parts, in inscp_scp_amt or in fund_pay_sumamt", example="in-scope")
    fund_includes_account: t.Flag = key(False, "fund_pay_sumamt 含个人账户", "fund_pay_sumamt contains the personal account")
    share_list: t.ShareList = key("none", "机构接口的结算应答是否列出各账户分担（按机构所在地）：不列、只列金额、列金额与关系", "whether answers to the institutions of this region list what each account paid: not at all, amounts only, or amounts with the relation; never who it is", example="relations")
    modes: frozenset[t.Mode] = key(frozenset({"authorisation"}), "当日可结算的共济方式（按授权人账户所在地）", "modes in which bills are settled on the day, by the region of the sponsor's account", example="[authorisation, earmark]")
    earmark_refills: t.Flag = key(True, "已使用的共济额度随划入补足；否：只补足未曾留出的部分", "what was spent of an earmark is set apart again when money comes in; no: only what never was is set apart", example="false")
    transfer_segments: frozenset[t.Segment] = key(frozenset({"current", "historic"}), "可划拨的账户资金：当年、历年", "parts of an account that may be moved to a relative's wallet", example="[historic]", reasons="transfer-not-covered")
    transfer_reserve: t.Fen = key(0, "划拨后转出人账户须保留的金额", "stays in the giver's account when money is moved", example='"2000.00"', reasons="transfer-not-covered")
    transfer_min: t.Fen = key(0, "每笔划拨的最低金额", "least amount of one transfer", example='"500.00"', reasons="transfer-too-small")
    transfer_max: t.Fen | None = key(None, "每笔划拨的最高金额；空：不限", "highest amount of one transfer; null: unlimited", example='"2000.00"', reasons="transfer-too-large")
    transfer_day_max: t.Fen | None = key(None, "转出人每日划拨的金额上限；退回的不计；空：不限", "what a giver moves in a day, without what came back; null: unlimited", example='"6000.00"', reasons="transfer-cap-used")
    transfer_month_max: t.Fen | None = key(None, "转出人每月划拨的金额上限；退回的不计；空：不限", "what a giver moves in a month, without what came back; null: unlimited", example='"20000.00"', reasons="transfer-cap-used")
    transfer_times: t.Count | None = key(None, "转出人每日划拨的笔数上限，退回的也计；空：不限", "how many transfers a giver offers in a day, those that came back too; null: unlimited", example="3", reasons="transfer-too-often")
    transfer_pending: t.Count | None = key(1, "转出人同时等待接收的笔数上限；空：不限", "how many offers of a giver may wait for an answer at once; null: unlimited", example="1", reasons="transfer-pending")
    transfer_hours: t.Hours | None = key(None, "可办理划拨的时段（北京时间）；空：全天", "hours in which money may be moved, Beijing time; null: all day", example='{start: "06:00", end: "22:00"}', reasons="transfer-hours")
    transfer_return: t.Clock = key(time(6), "未接收的划拨于次日何时退回（北京时间）", "time of the next day at which what nobody accepted goes back, Beijing time", example='"06:00"', reasons="transfer-expired")
    premium_uses: frozenset[t.UseCode] = key(frozenset(), "授权人账户可代缴的保费", "premiums that sponsors' accounts pay", example="[resident-premium]", reasons="premium-binding-unusable")
    premium_segments: frozenset[t.Segment] = key(frozenset({"current", "historic"}), "可缴保费的账户资金：当年、历年", "parts of an account that pay premiums", example="[historic]", reasons="premium-not-covered")
    premium_periods: Mapping[t.Code, t.Collected] = key({}, "按险种的集中缴费期（被代缴人参保地）；未列的险种不限", "when premiums of a kind of insurance are collected, where the person is insured; a kind that is not named: at any time", example='{"390": {first: "09-01", until: "03-01"}}', reasons="premium-not-collected")
    hold_minutes: t.Minutes = key(0, "预结算最多保留资金的分钟数（就诊人参保地）；0：不保留", "longest time for which a quote sets its shares apart, where the patient is insured; 0: not offered", example="120")
    quote_days: t.Days = key(90, "预结算记录保留的天数（机构所在地）", "days after which a quote is forgotten; of the institution's region", example="90")
    statement_days: t.Days = key(400, "对账明细行保留的天数（机构所在地）；应答与差错一直保留", "days after which the lines of a statement are forgotten; answers and breaks stay; of the institution's region", example="400")
    break_days: t.Days = key(10, "对账差错须在几天内处理（机构所在地）", "days within which a break of the reconciliation has to be closed; of the institution's region", example="10")
    # fmt: on

    def allows(self, med_type: str) -> bool:
        """Whether sponsors may pay for a national `med_type` such as 11 or 140104."""
        return t.among(self.med_types, med_type)


@dataclass(frozen=True, slots=True)
class RegionPolicy:
    """One region's policy on one day. `version` is the hash of the resolved tree."""

    region: str
    name_zh: str
    name_en: str
    binding: Binding
    review: Review
    notice: Notice
    spending: Spending
    version: str
    citations: Mapping[str, Citation]
    _digests: dict[tuple[str, ...], str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def cite(self, path: str) -> Citation:
        """The source of a value, for example "binding.relations". KeyError if there is no such key."""
        return self.citations[path]

    def digest(self, keys: tuple[str, ...]) -> str:
        """Sixteen hexadecimal digits of these keys of `binding`: their values, each with the day from which it holds. Reckoned once."""
        found = self._digests.get(keys)
        if found is None:
            said = [
                (k, _spelled(getattr(self.binding, k)), str(self.cite(f"binding.{k}").from_)) for k in keys
            ]
            found = self._digests[keys] = hashlib.sha256(repr(said).encode()).hexdigest()[:16]
        return found

    def allows_distance(self, mine: str, other: str) -> bool:
        """Whether two pooling regions (six-digit `insuplc_admdvs`) are near enough to be bound."""
        return within(self.binding.reach, mine, other)


def _spelled(value: object) -> object:
    """One spelling for equal values."""
    return sorted(map(str, value)) if isinstance(value, frozenset) else str(value)


def within(reach: t.Reach, mine: str, other: str) -> bool:
    """Whether two six-digit regions lie within a reach of one another."""
    if reach == "nationwide":
        return True
    if reach == "province":
        return mine[:_PROVINCE_DIGITS] == other[:_PROVINCE_DIGITS]
    return pooling_region(mine) == pooling_region(other)


def pooling_region(code: str) -> str:
    """The city of a code: 330106 → 330100; a municipality is one: 310104 → 310000."""
    return code[:2] + "0000" if code[:2] in {"11", "12", "31", "50"} else code[:4] + "00"
