"""Words for what people read: types, states, relations, media, reasons of dead letters, in Chinese and English."""

from typing import NamedTuple

from shared.contracts.topics import TYPES


class Words(NamedTuple):
    zh: str
    en: str


_TITLES: dict[str, Words] = {
    "binding.decisions.received": Words("已收到申请", "received"),
    "binding.decisions.consent-requested": Words("等待使用人同意", "waiting for the beneficiary's consent"),
    "binding.decisions.under-review": Words("人工审核中", "under review"),
    "binding.decisions.supplement-requested": Words("要求补交材料", "documents asked for"),
    "binding.decisions.approved": Words("绑定通过", "approved"),
    "binding.decisions.refused": Words("不符合规则，不予绑定", "refused by the rules"),
    "binding.decisions.rejected": Words("审核未通过", "rejected by review"),
    "binding.decisions.withdrawn": Words("申请已撤回", "withdrawn"),
    "binding.decisions.expired": Words("逾期失效", "expired"),
    "binding.decisions.changed": Words("条件已变更", "terms changed"),
    "binding.decisions.suspended": Words("绑定已暂停", "suspended"),
    "binding.decisions.resumed": Words("绑定已恢复", "resumed"),
    "binding.decisions.ended": Words("绑定已解除", "ended"),
    "binding.notices.sent": Words("通知已发出", "notice sent"),
    "binding.notices.delivered": Words("通知已送达", "notice delivered"),
    "binding.notices.failed": Words("通知未送达", "notice failed"),
    "binding.notices.handed-to-staff": Words("通知转人工", "notice handed to staff"),
    "notice.receipts.acknowledged": Words("渠道已展示消息", "shown in the channel's message centre"),
    "settlement.results.declined": Words("拒绝结算", "declined"),
}

RELATIONS = {
    "spouse": "配偶", "parent": "父母", "child": "子女", "sibling": "兄弟姐妹", "grandparent": "祖父母",
    "maternal-grandparent": "外祖父母", "grandchild": "孙子女", "maternal-grandchild": "外孙子女",
    "parent-in-law": "配偶的父母", "child-in-law": "子女的配偶",
}  # fmt: skip
MEDIA = {"sms": "短信", "call": "电话", "message-centre": "消息中心"}
SIDES = {"sponsor": "授权人", "beneficiary": "使用人"}
STATES = {
    "received": "已收到", "awaiting-consent": "待使用人同意", "under-review": "审核中",
    "supplement-requested": "待补材料", "approved": "已通过", "suspended": "已暂停", "ended": "已解除",
    "refused": "不符合规则", "rejected": "审核未通过", "withdrawn": "已撤回", "expired": "已失效",
}  # fmt: skip

DEAD: dict[str, Words] = {
    "too-large": Words("消息超过 256 KiB，或消息头超过 16 KiB", "larger than 256 KiB, or headers above 16 KiB"),
    "header-null": Words("消息头没有值", "an envelope header has no value"),
    "header-binary": Words("消息头不是 UTF-8 文本", "an envelope header is not UTF-8 text"),
    "header-repeated": Words("消息头重复", "an envelope header occurs twice"),
    "header-missing": Words("缺少 ce_id、ce_source、ce_type 或 ce_specversion", "ce_id, ce_source, ce_type or ce_specversion is missing"),
    "spec-version": Words("ce_specversion 不是 1.0", "ce_specversion is not 1.0"),
    "content-type": Words("content-type 不是 application/json", "content-type is not application/json"),
    "bad-id": Words("ce_id 须为 1 至 128 个可见 ASCII 字符", "ce_id has to be 1 to 128 visible ASCII characters"),
    "bad-time": Words("ce_time 不是带时区的 ISO 8601 时间", "ce_time is no ISO 8601 time with a zone"),
    "bad-subject": Words("ce_subject 过长或含不可见字符", "ce_subject is too long or not printable"),
    "bad-type": Words("ce_type 不是 gongji.<类型>.v<版本>", "ce_type is not gongji.<type>.v<version>"),
    "unknown-source": Words("来源未登记", "the source is not registered"),
    "source-set-aside": Words("来源已被暂时搁置", "the source is set aside"),
    "unknown-type": Words("没有这种消息类型", "there is no such type"),
    "wrong-topic": Words("该类型不属于这个主题", "the type belongs to another topic"),
    "not-entitled": Words("该来源无权发布此类型", "the source may not publish this type"),
    "unknown-operator": Words("经办人未登记", "the operator is not registered"),
    "unknown-version": Words("不支持的版本", "the version is not known"),
    "null-value": Words("消息体为空", "there is no body"),
    "null-key": Words("消息键为空", "there is no key"),
    "byte-order-mark": Words("消息体以字节顺序标记开头", "the body begins with a byte order mark"),
    "not-utf8": Words("消息体不是 UTF-8", "the body is not UTF-8"),
    "nul-character": Words("消息体含 NUL 字符", "the body holds a NUL character"),
    "lone-surrogate": Words("消息体含不成对的代理字符", "the body holds a lone surrogate"),
    "not-a-number": Words("消息体含 NaN 或 Infinity", "the body holds NaN or Infinity"),
    "huge-number": Words("消息体含超长数字", "the body holds a number that is too long"),
    "too-deep": Words("嵌套过深", "the body is nested too deeply"),
    "duplicate-keys": Words("同一字段出现两次", "a key occurs twice in the body"),
    "broken-json": Words("消息体不是合法 JSON", "the body is not valid JSON"),
    "not-an-object": Words("消息体不是 JSON 对象", "the body is no JSON object"),
    "bad-address": Words("组成消息键的字段缺失或不合格", "a field that the key is made of is missing or wrong"),
    "key-mismatch": Words("消息键与消息体不一致", "the key differs from the body"),
    "subject-mismatch": Words("ce_subject 与消息体不一致", "ce_subject differs from the body"),
    "contract-broken": Words("本系统的服务写出了不合契约的消息", "one of our own services wrote what its contract does not allow"),
    "id-reused": Words("同一编号再次使用而内容不同", "an id was used again for another message"),
    "handler-failed": Words("处理程序出错", "our own code failed on it"),
}  # fmt: skip


def title(short: str) -> Words:
    """What a type is called. Types say it themselves in the first line of their model: `中文 / English.`"""
    if short in _TITLES:
        return _TITLES[short]
    spec = TYPES.get(short)
    if spec is None:
        return Words("未知消息", "unknown message")
    zh, _, en = (spec.model.__doc__ or "").strip().partition("\n")[0].partition(" / ")
    return Words(zh, en.rstrip(".") or short)


def dead(reason: str) -> Words:
    """Why a record became a dead letter."""
    return DEAD.get(reason, Words(reason, reason))
