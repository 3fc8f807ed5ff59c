"""The texts of all reasons: Chinese, English, remedy in Chinese, remedy in English.

Placeholders in braces are filled by the rule. No text names a person.
"""

from typing import NamedTuple


class ReasonText(NamedTuple):
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


_T = ReasonText

REASONS: dict[str, ReasonText] = {
    # request as a whole
    "field-invalid": _T("字段{field}不符合要求：{problem}", "field {field}: {problem}", "请更正后重新提交，例如 {example}", "correct it and submit again, for example {example}"),
    "time-not-believed": _T("消息时间与接收时间相差过大", "the event time is too far from the time of receipt", "请校准系统时间后重新提交", "set the sender's clock and submit again"),
    "binding-unknown": _T("未找到该绑定申请", "no such binding", "请核对绑定编号", "check the binding id"),
    "binding-id-taken": _T("该绑定编号已被使用", "this binding id is already in use", "请使用新的绑定编号提交", "submit with a new binding id"),
    "not-your-binding": _T("该绑定不属于申请人", "the binding is not the applicant's", "请由授权人或使用人本人办理", "the sponsor or the beneficiary has to ask"),
    "wrong-state": _T("当前状态（{state}）不能办理此项", "not possible in state {state}", "请先查询办理进度", "look up the progress first"),
    "not-offered-here": _T("该业务暂未在此开通", "this is not offered here yet", "请通过原有渠道办理", "use the existing channel"),
    "entry-reused": _T("业务流水号{entry_id}已用于内容不同的记账", "entry number {entry_id} was used for another order", "请使用新的流水号", "use a new entry number"),
    # premiums of relatives
    "premium-unknown": _T("未找到该笔缴费", "no such payment", "请核对缴费编号和付款人", "check the payment's number and the payer"),
    "premium-id-reused": _T("该缴费编号已用于内容不同的请求", "this payment's number was used for another request", "请使用新的缴费编号提交", "submit with a new number"),
    "premium-already-paid": _T("该人员{year}年度的此项保费已代缴", "this premium of {year} has been paid for the person", "无需重复缴纳；如需更正，请先撤销原缴费", "nothing to pay; to change it, cancel the earlier payment first"),
    "premium-not-collected": _T("{year}年度保费的缴费期为{first}起、{until}前，当前不在缴费期内", "premiums of {year} are collected from {first} until before {until}", "请在缴费期内办理", "pay within the period"),
    "premium-binding-missing": _T("代缴他人保费须有家庭共济绑定", "paying another person's premium needs a binding", "请填写允许代缴的绑定编号", "name the binding that allows it"),
    "premium-binding-unusable": _T("该绑定不能用于此次代缴：{why_zh}", "the binding cannot pay this premium: {why_en}", "请查询绑定的状态和使用范围，或使用本人账户、现金缴费", "look at the binding's state and scope, or pay from one's own account or in cash"),
    "premium-account-unusable": _T("付款人个人账户已封存或已销户", "the payer's account is frozen or closed", "请咨询参保地医保部门（{hotline}），或以其他方式缴费", "ask where insured ({hotline}), or pay otherwise"),
    "premium-not-covered": _T("可用余额{usable}元不足以支付保费{amount}元，差{short}元；保费不部分支付", "{usable} yuan can be used, the premium is {amount}: {short} are missing, and a premium is never paid in part", "余额补足后以新的缴费编号提交，或以其他方式缴费", "submit with a new number when the money is there, or pay otherwise"),
    # region and channel
    "region-not-offered": _T("该统筹区在该日期尚未开展家庭共济", "the region does not offer family sharing at that date", "请咨询当地医保部门（{hotline}）", "ask the local office ({hotline})"),
    "channel-not-allowed": _T("该地区不受理此渠道的申请", "this channel is not accepted in the region", "请通过以下渠道办理：{channels}", "use one of: {channels}"),
    # sponsor
    "sponsor-unknown": _T("未查到授权人的参保信息", "the sponsor is not in the insurance registry", "请核对人员编号，或向参保地医保部门查询（{hotline}）", "check the person number or ask where insured ({hotline})"),
    "sponsor-mismatch": _T("授权人信息与参保登记不一致", "the sponsor's data differ from the registry", "请核对姓名和证件号码", "check name and certificate"),
    "sponsor-not-employee": _T("授权人未参加职工基本医疗保险", "the sponsor has no employee insurance", "只有职工医保参保人可以共济个人账户", "only employee-insured persons have an account to share"),
    "sponsor-not-normal": _T("授权人职工医保状态不正常", "the sponsor's employee insurance is not in normal status", "请先恢复正常参保缴费（咨询{hotline}）", "restore normal insurance first (ask {hotline})"),
    "sponsor-deceased": _T("授权人登记为已故", "the sponsor is registered as deceased", "请家属到窗口办理个人账户继承（咨询{hotline}）", "relatives may claim the account at a counter (ask {hotline})"),
    "account-frozen": _T("授权人个人账户已封存", "the sponsor's account is frozen", "请到参保地医保部门解除封存（咨询{hotline}）", "have it released by the authority (ask {hotline})"),
    "account-not-opened": _T("授权人尚未开通家庭共济账户", "the sponsor has not opened a family account", "请先开通家庭共济账户，渠道：{channels}", "open the family account first, by one of: {channels}"),
    "balance-too-low": _T("授权人个人账户余额（{balance_date}）低于{minimum}元", "the sponsor's balance of {balance_date} is below {minimum} yuan", "余额达到{minimum}元后再申请", "apply when the balance has reached {minimum} yuan"),
    "balance-below-reserve": _T("授权人个人账户余额（{balance_date}）未超过须保留的{reserve}元", "the sponsor's balance of {balance_date} is not above the {reserve} yuan that stay in the account", "余额超过{reserve}元后再申请", "apply when the balance is above {reserve} yuan"),
    "sponsor-category-excluded": _T("授权人的人员类别不参加家庭共济", "persons of the sponsor's category do not take part", "如类别登记有误，请到参保地更正（咨询{hotline}）", "have the category corrected where insured if it is wrong (ask {hotline})"),
    "real-name-level-too-low": _T("渠道实名等级不足（需{level}级）", "the channel's real-name level is too low (level {level} is needed)", "请在渠道内完成更高等级的实名认证，或到窗口办理", "complete a higher real-name check in the app, or go to a counter"),
    "e-credential-missing": _T("授权人医保电子凭证未激活", "the sponsor's medical e-credential is not activated", "请先激活医保电子凭证，或到窗口办理", "activate the e-credential first, or go to a counter"),
    # beneficiary
    "beneficiary-not-confirmed": _T("未能确认使用人的身份和参保信息", "the relative could not be confirmed as an insured person", "请核对使用人姓名和证件号码，或到窗口办理（咨询{hotline}）", "check name and certificate of the relative, or go to a counter (ask {hotline})"),
    "beneficiary-not-insured": _T("使用人未参加基本医疗保险", "the relative has no basic medical insurance", "请使用人先参保", "the relative has to be insured first"),
    "beneficiary-paused": _T("使用人医保处于暂停状态", "the relative's insurance is paused", "请使用人恢复参保缴费后再申请", "apply when the relative's insurance is active again"),
    "beneficiary-in-arrears": _T("使用人医保欠费", "the relative's insurance is in arrears", "请使用人补缴后再申请", "apply when the arrears are paid"),
    "beneficiary-deceased": _T("使用人登记为已故", "the relative is registered as deceased", "如登记有误，请到窗口更正（咨询{hotline}）", "if this is wrong, have it corrected at a counter (ask {hotline})"),
    "beneficiary-category-excluded": _T("使用人的人员类别不参加家庭共济", "persons of the relative's category do not take part", "如类别登记有误，请到参保地更正（咨询{hotline}）", "have the category corrected where insured if it is wrong (ask {hotline})"),
    "declared-place-differs": _T("所填使用人参保地（{declared}）与参保登记不一致", "the declared place of insurance ({declared}) differs from the registry", "请与使用人核对参保地后重新提交", "check the place of insurance with the relative and submit again"),
    "declared-insutype-differs": _T("所填使用人险种（{declared}）与参保登记不一致", "the declared kind of insurance ({declared}) differs from the registry", "请与使用人核对参保险种后重新提交", "check the kind of insurance with the relative and submit again"),
    "too-many-unconfirmed": _T("当日未能确认的使用人过多，暂停受理", "too many relatives could not be confirmed today", "请次日再试，或携带证件到窗口办理", "try again tomorrow, or go to a counter with the certificates"),
    "same-person": _T("授权人和使用人是同一人", "sponsor and relative are the same person", "请填写亲属的信息", "name a relative"),
    "region-too-far": _T("双方参保地不在可共济的范围内（{allowed}）", "the places of insurance are too far apart (allowed: {allowed})", "请咨询参保地的跨地区共济安排（{hotline}）", "ask about sharing across regions ({hotline})"),
    "earmark-missing": _T("跨省共济须设定共济额度", "sharing across provinces needs an earmark", "请填写为使用人设定的共济额度", "set the amount to be set apart for the relative"),
    "earmark-not-allowed": _T("此绑定不设共济额度", "this binding has no earmark", "请删除共济额度，可改用年度限额", "remove the earmark; a quota may be set instead"),
    "earmark-above-balance": _T("共济额度{earmark}元超过授权人个人账户余额（{balance_date}）", "the earmark of {earmark} yuan is above the sponsor's balance of {balance_date}", "请填写不超过余额的共济额度", "set an earmark of no more than the balance"),
    "kin-account-only": _T("仅绑定了亲情账户，亲情账户不等于家庭共济、不能共享资金", "there is only a kin account (亲情账户), which shares no money", "请补交亲属关系证明，完成家庭共济绑定", "supply proof of the relation to complete a family sharing binding"),
    "kin-account-missing": _T("该地区须先绑定亲情账户", "the region asks for a kin account (亲情账户) first", "请先绑定亲情账户，再申请家庭共济", "bind a kin account first, then apply for family sharing"),
    # certificates
    "certificate-length": _T("证件号码长度或字符不正确", "length or characters of the certificate number are wrong", "请核对证件号码", "check the certificate number"),
    "certificate-check-digit": _T("证件号码校验位不正确", "the certificate number's check digit is wrong", "请核对证件号码", "check the certificate number"),
    "certificate-date": _T("证件号码中的出生日期不存在", "the date of birth in the certificate number does not exist", "请核对证件号码", "check the certificate number"),
    "certificate-birth-future": _T("证件号码中的出生日期晚于申请日期", "the date of birth in the certificate number is in the future", "请核对证件号码", "check the certificate number"),
    # relation
    "relation-not-allowed": _T("该地区自{since}起可共济的亲属不包括所填关系", "the relation is not among those the region allows", "可共济的亲属：{allowed}", "allowed relations: {allowed}"),
    "in-law-not-allowed": _T("配偶的父母、子女的配偶不属于可共济的近亲属", "in-laws are not close relatives under the rule", "可由其本人的子女或配偶申请共济", "their own child or spouse may apply"),
    "relation-disagrees": _T("所填关系与亲属关系登记不一致", "the declared relation differs from the family registry", "请更正关系或提交证明材料到窗口办理", "correct the relation or show proof at a counter"),
    "relation-sex": _T("所填关系与证件性别不符", "the relation does not fit the sex in the certificates", "请核对关系和证件", "check relation and certificates"),
    "relation-duplicate": _T("该关系只能绑定一人，现已有一人", "only one person of this relation may be bound and there is one", "请先解除原绑定", "end the earlier binding first"),
    "too-many-of-relation": _T("该关系可绑定人数已达上限{limit}人", "the limit of {limit} persons of this relation is reached", "请先解除该关系的其他绑定", "end another binding of this relation first"),
    "odd-age": _T("双方年龄与所填关系不常见，交人工核实", "the ages are unusual for the relation; a person will look", "如有户口簿等材料请一并提供", "add documents such as the household register if there are any"),
    "sex-differs": _T("证件号码中的性别与参保登记不一致，交人工核实", "sex in the certificate number and in the registry differ; a person will look", "请到参保地核对登记信息（咨询{hotline}）", "have the registry checked where insured (ask {hotline})"),
    "birth-differs": _T("证件号码中的出生日期与参保登记不一致，交人工核实", "date of birth in the certificate number and in the registry differ; a person will look", "请到参保地核对登记信息（咨询{hotline}）", "have the registry checked where insured (ask {hotline})"),
    # what other cases, and the clerk of a counter case, show: marks, of which nobody is refused by a rule
    "sponsor-many-requests": _T("授权人当日申请较多，交人工核实", "the sponsor has made many requests that day; a person will look", "无需办理，请等待审核", "nothing to do; wait for the review"),
    "beneficiary-often-bound": _T("使用人近期绑定较多，交人工核实", "the relative has been bound often of late; a person will look", "无需办理，请等待审核", "nothing to do; wait for the review"),
    "document-reused": _T("材料文件与他人申请的相同，交人工核实", "a document is the same as in a request of others; a person will look", "请提交本家庭的材料，或携带原件到窗口办理", "supply your own family's documents, or bring the originals to a counter"),
    "clerk-unknown": _T("窗口经办人未登记，交人工核实", "the clerk of the counter is not registered; a person will look", "无需办理，请等待审核", "nothing to do; wait for the review"),
    "clerk-role-missing": _T("窗口经办人没有初核的权限，交人工核实", "the clerk of the counter lacks the role; a person will look", "无需办理，请等待审核", "nothing to do; wait for the review"),
    "clerk-region": _T("窗口经办人不负责该地区，交人工核实", "the clerk of the counter does not work for the region; a person will look", "无需办理，请等待审核", "nothing to do; wait for the review"),
    "clerk-is-party": _T("窗口经办人是该申请的当事人，交人工核实", "the clerk of the counter is a party of the case; a person will look", "无需办理，请等待审核", "nothing to do; wait for the review"),
    "clerk-related": _T("窗口经办人与当事人登记有亲属关系，交人工核实", "the registry says that the clerk of the counter is related to a party; a person will look", "无需办理，请等待审核", "nothing to do; wait for the review"),
    # graph and caps
    "already-bound-here": _T("该使用人已由授权人绑定或正在申请", "this relative is already bound or being bound by the sponsor", "无需重复申请，可查询进度", "no need to apply again; look up the progress"),
    "already-bound-elsewhere": _T("使用人已与其他授权人建立共济关系（上限{limit}）", "the relative is already bound to another sponsor (limit {limit})", "请先解除原共济关系再申请", "the earlier binding has to be ended first"),
    "too-many-beneficiaries": _T("授权人可共济人数已达上限{limit}人", "the sponsor has reached the limit of {limit} relatives", "请先解除其他绑定", "end another binding first"),
    "too-many-elsewhere": _T("授权人可共济的统筹区外人数已达上限{limit}人", "the sponsor has reached the limit of {limit} relatives insured elsewhere", "请先解除其他统筹区外的绑定", "end another binding across pooling regions first"),
    "sponsor-is-member": _T("授权人已是他人的共济成员，不能再授权他人", "the sponsor is a member of another family and may not sponsor", "请先退出原共济关系", "leave the other family first"),
    "beneficiary-is-sponsor": _T("使用人名下已有共济成员，不能再作为成员", "the relative sponsors others and may not be a member", "请使用人先解除其名下绑定", "the relative has to end own bindings first"),
    "reverse-edge": _T("使用人已授权给授权人，双方不能互相授权", "the relative already sponsors the sponsor; not both ways", "请先解除反向的绑定", "end the binding in the other direction first"),
    "sponsor-in-other-family": _T("授权人已属于其他家庭账户", "the sponsor belongs to another family account", "请先退出原家庭账户", "leave the other family account first"),
    "beneficiary-in-other-family": _T("使用人已属于其他家庭账户", "the relative belongs to another family account", "请使用人先退出原家庭账户", "the relative has to leave the other family account first"),
    "rebind-too-early": _T("双方上次绑定解除后须等待{days}天，{until}起可再次申请", "after an end the same two wait {days} days; possible from {until}", "请于{until}起再申请", "apply again from {until}"),
    # proofs
    "commitment-missing": _T("未签署承诺书", "the commitment letter is not signed", "请阅读并签署承诺书", "read and sign the letter"),
    "commitment-outdated": _T("承诺书版本不是签署时的有效版本（{version}）", "the letter is not the version in force when signed ({version})", "请重新签署现行版本", "sign the version in force"),
    "face-check-missing": _T("未完成人脸核验", "no face check", "请完成人脸核验，或到窗口办理", "pass the face check or go to a counter"),
    "face-check-provider": _T("人脸核验服务方未登记", "the face-check provider is not registered", "请通过登记的服务方核验", "use a registered provider"),
    "face-check-signature": _T("人脸核验签名无效", "the signature of the face check is not valid", "请重新核验", "repeat the check"),
    "face-check-subject": _T("人脸核验的不是本人", "the face check is somebody else's", "请由本人核验", "the person concerned has to be checked"),
    "face-check-stale": _T("人脸核验已超过{minutes}分钟", "the face check is older than {minutes} minutes", "请重新核验", "repeat the check"),
    "face-check-reused": _T("人脸核验已用于其他申请", "the face check was used for another request", "请重新核验", "repeat the check"),
    "counter-proof-missing": _T("缺少窗口受理信息", "what the clerk vouches for is missing", "请由窗口补录受理信息", "the counter has to add it"),
    "counter-incomplete": _T("申请表不完整或未核验原件", "the form is incomplete or originals were not seen", "请补全申请表并出示原件", "complete the form and show the originals"),
    "materials-missing": _T("缺少材料：{missing}", "documents are missing: {missing_en}", "请在{days}个工作日内补交", "supply them within {days} working days"),
    "use-proof-missing": _T("用途{uses}缺少证明材料：{missing}", "documents for the uses {uses} are missing: {missing_en}", "请在{days}个工作日内补交，或取消该用途", "supply them within {days} working days, or leave the use out"),
    # documents: what their content shows
    "document-missing": _T("未收到{document}的文件", "the file of the {document_en} was not received", "请在{days}个工作日内重新上传并补交", "upload it again and supply it within {days} working days"),
    "document-altered": _T("{document}的文件与提交时的摘要或大小不符", "the file of the {document_en} is not the one that was declared: size or digest differ", "请在{days}个工作日内重新上传并补交", "upload it again and supply it within {days} working days"),
    "document-disguised": _T("{document}的文件格式与声明不符，或不是JPEG、PNG图片或PDF", "the file of the {document_en} is not of the declared type, or no JPEG, PNG or PDF", "请在{days}个工作日内补交JPEG、PNG或PDF格式的文件", "supply it as JPEG, PNG or PDF within {days} working days"),
    "document-encrypted": _T("{document}的文件有密码，无法查看", "the file of the {document_en} is locked by a password", "请在{days}个工作日内补交没有密码的文件", "supply a file without password within {days} working days"),
    "document-too-large": _T("{document}的文件超过{limit}MB", "the file of the {document_en} is larger than {limit} MB", "请在{days}个工作日内补交较小的文件", "supply a smaller file within {days} working days"),
    "document-unreadable": _T("{document}的文件已损坏，无法查看", "the file of the {document_en} is damaged and cannot be shown", "请在{days}个工作日内重新拍照或扫描后补交", "photograph or scan it again and supply it within {days} working days"),
    "documents-pending": _T("该案件的材料正在核验，本次意见未采用", "the documents of the case are still being verified; the verdict was not used", "请稍后再办理", "try again in a moment"),
    # consent
    "consent-expired": _T("使用人未在{days}天内同意", "the beneficiary did not consent within {days} days", "可重新申请", "apply again"),
    "consent-declined": _T("使用人不同意", "the beneficiary declined", "请与使用人确认后重新申请", "agree with the beneficiary and apply again"),
    "consent-wrong-person": _T("同意人不是该申请的使用人", "the consent is not the beneficiary's", "请由使用人本人同意", "the beneficiary has to consent"),
    # ending on request
    "unbind-not-allowed": _T("该地区不由这一方办理解绑", "in this region the other side has to end the binding", "请由另一方办理解绑，或到窗口咨询", "ask the other side to end it, or go to a counter"),
    "unbind-too-early": _T("绑定未满{months}个月，不能解绑", "a binding may be ended after {months} months", "期满后再办理", "come back after that time"),
    "unbind-channel-not-allowed": _T("该地区不受理此渠道的解绑", "the region does not take this channel for ending a binding", "请通过以下渠道办理：{channels}", "use one of: {channels}"),
    # terms
    "scope-not-allowed": _T("该地区不支持所选用途：{uses}", "the region does not allow these uses: {uses}", "请调整使用范围", "change the scope"),
    "dates-not-allowed": _T("所选日期不在允许范围内（{bounds}）", "the chosen dates are out of bounds ({bounds_en})", "请调整开始或结束日期", "change the dates"),
    "quota-not-allowed": _T("限额不符合该地区规定", "the quota is not allowed in the region", "请调整限额", "change the quota"),
    "changes-exhausted": _T("该绑定本年度变更次数已达上限{limit}次", "the binding was changed {limit} times this year, which is the limit", "请下一年度再变更，或解除后重新申请", "change it next year, or end it and apply again"),
    # audit
    "review-rejected": _T("审核未通过：{note}", "rejected by review: {note}", "可按理由更正后重新申请", "correct and apply again"),
    "supplement-expired": _T("未在期限内补交材料", "the documents were not supplied in time", "可重新申请", "apply again"),
    "already-decided": _T("该申请已办结，本次意见未采用", "the case is already decided; the verdict was not used", "如需变更请另行提出", "start a new case if a change is needed"),
    "too-many-changes": _T("该绑定的变更次数已达上限{limit}次", "the binding has been changed {limit} times, which is the limit", "请解除后重新申请", "end it and apply again"),
    "operator-role-missing": _T("经办人没有办理该事项的权限", "the operator lacks the role", "请由有权限的经办人办理", "an operator with the role has to act"),
    "operator-region": _T("经办人不负责该地区", "the operator does not work for the region", "请由该地区经办人办理", "an operator of the region has to act"),
    "operator-is-party": _T("经办人是该案件的当事人", "the operator is a party of the case", "请由其他经办人办理", "another operator has to act"),
    "operator-related": _T("经办人与当事人登记有亲属关系，应当回避", "the registry says that the operator is related to a party", "请由其他经办人办理", "another operator has to act"),
    "operator-decided-before": _T("经办人曾对原申请作出不予通过的决定，应当回避", "the operator rejected the request that this one mends", "请由其他经办人办理", "another operator has to act"),
    "operator-was-clerk": _T("经办人是该申请的窗口初核人，应当回避", "the operator checked this request at the counter", "请由其他经办人办理", "another operator has to act"),
    "person-without-bindings": _T("未查到该人员的绑定", "no binding of this person is known", "请核对人员编号", "check the person number"),
    "person-unchanged": _T("该人员的绑定已是文书所述状态，或没有可变更的绑定", "the person's bindings are as the document says already, or none can be changed", "无需重复办理；详见未变更的绑定", "no need to say it again; see the bindings left alone"),
    "person-hold-stands": _T("另有范围更大的暂停仍在执行（地区{region}，文书{document}）", "a suspension of a wider region still stands (region {region}, document {document})", "请由该地区经办人恢复", "an operator of that region has to lift it"),
    "second-eyes-needed": _T("该案件须由另一名经办人复核", "another person has to look at this case", "请由其他经办人办理", "another operator has to act"),
    "case-claimed": _T("该案件已由其他经办人领取", "the case is claimed by another operator", "请等待释放或领取其他案件", "wait for the release or take another"),
    "case-taken-over": _T("督导已接管您领取的案件，本次意见未采用", "a supervisor took the case over from you; the verdict was not used", "请领取其他案件，或联系督导", "take another case, or ask the supervisor"),
    "suspended-by-authority": _T("医保部门依文件暂停：{document}", "suspended by the authority: {document}", "可依文件提出异议", "an objection may be filed"),
    "resumed-by-authority": _T("医保部门依文件恢复：{document}", "resumed by the authority: {document}", "无需办理", "nothing to do"),
    "insured-elsewhere": _T("一方的参保关系已转到其他统筹区", "one side is now insured in another pooling region", "请咨询新参保地的共济安排（{hotline}）", "ask where insured now about family sharing ({hotline})"),
    # reconciliation and the ledger's cases
    "institution-not-yours": _T("本系统无权为该机构对账", "this system may not speak for the institution", "请由该机构登记的系统提交", "send it from the institution's own system"),
    "institution-unknown": _T("未查到该定点医药机构", "the institution is not registered", "请核对机构编号", "check fixmedins_code"),
    "statement-msgid": _T("报文ID不属于该机构，或已用于内容不同的报文", "the msgid is not the institution's, or was used for another message", "请使用本机构新的报文ID", "use a new msgid of the institution"),
    "statement-dates": _T("对账期间须在同一月份内，起不晚于止，止不晚于当日", "a statement's days lie within one month, the first not after the last, the last not after today", "请更正起止日期", "correct the dates"),
    "clearing-month": _T("清算须为已结束的整月：当月第一日至最后一日", "clearing is of a whole month that is over, from its first to its last day", "请更正起止日期", "correct the dates"),
    "clearing-not-asked": _T("该月没有待撤销的清算申请", "there is no request for clearing of the month to take back", "请核对险种、清算类别、经办机构和月份", "check insutype, clr_type, setl_optins and month"),
    "breaks-open": _T("尚有{count}处差错未处理", "{count} breaks are still open", "请先处理差错：更正后重新对账，或由经办人关闭", "mend them and send the statement again, or have an operator close them"),
    "period-closed": _T("{month}已月结", "{month} is closed", "月结后不再变更；之后的业务记入下一个月", "nothing changes after the close; what comes later is booked in the next month"),
    "period-gap": _T("更早的{first}尚未月结", "{first}, which is earlier, is not closed", "请先月结{first}", "close {first} first"),
    "period-not-over": _T("{month}尚未结束", "{month} is not over", "请在该月结束后办理", "come back when the month is over"),
    "case-unknown": _T("未找到该案件", "no such case", "请核对案件编号，见 gongji ledger cases list", "check the case id, see gongji ledger cases list"),
    "case-closed": _T("该案件已处理完毕", "the case is closed already", "无需重复办理", "nothing to do"),
    "case-kind": _T("该案件不能这样处理", "the case is not closed that way", "差错：说明处理结果；挂账：转出去向；追回：到账金额", "a break: a resolution; held money: where to; a recovery: the amount that came in"),
    "amount-too-high": _T("金额{amount}高于尚余{left}", "{amount} is more than what is left, {left}", "请核对金额", "check the amount"),
    # ends
    "ended-by-sponsor": _T("授权人已解除绑定", "the sponsor ended the binding", "如需继续使用请重新申请", "apply again if needed"),
    "ended-by-beneficiary": _T("使用人已解除绑定", "the beneficiary ended the binding", "如需继续使用请重新申请", "apply again if needed"),
    "ended-by-date": _T("已到约定的结束日期", "the chosen end date has passed", "如需继续使用请重新申请", "apply again if needed"),
    "ended-by-death": _T("一方登记为已故，绑定自动解除", "one side is registered as deceased", "如登记有误请到窗口更正", "have it corrected at a counter if wrong"),
    "ended-by-insurance": _T("一方参保关系终止或转出，绑定自动解除", "one side's insurance ended or moved", "恢复参保后可重新申请", "apply again when insured again"),
    "ended-by-category": _T("一方的人员类别不再参加家庭共济", "one side's category of person no longer takes part", "如类别登记有误，请到参保地更正（咨询{hotline}）", "have the category corrected where insured if it is wrong (ask {hotline})"),
    "ended-by-rule": _T("规定变化，该绑定不再符合条件", "the rule has changed and the binding no longer meets it", "可按新规定重新申请（咨询{hotline}）", "apply again under the new rule (ask {hotline})"),
    "ended-by-authority": _T("医保部门依文件解除：{document}", "ended by the authority: {document}", "可依文件提出异议", "an objection may be filed"),
}  # fmt: skip
