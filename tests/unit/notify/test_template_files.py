"""Template files: what is laid over what, and every fault on one line with file, path, what is wrong and an example."""

from pathlib import Path

import pytest

from services.notify import template_files
from services.notify.domain.grammar import Choice, GrammarError, Slot, parse
from services.notify.domain.templates import Approval, Code
from shared.contracts.binding_requests import Side
from shared.contracts.notices import Medium

ENTRY = """
region: "330000"
templates:
  - kind: refused
    side: sponsor
    channels: [sms]
    version: 3
    state: approved
    text: {text}
"""
TEXT = '"{at}：您为{relation}申请的家庭共济未通过。[原因：{reasons}|原因可向受理处了解]。咨询请拨{hotline}。"'


def laid_over(folder: Path, text: str, name: str = "330000-zhejiang.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def faults(folder: Path, text: str) -> list[str]:
    with pytest.raises(template_files.TemplateError) as error:
        template_files.load(laid_over(folder, text))
    return error.value.problems


def test_text_becomes_words_placeholders_and_choices() -> None:
    assert parse("于{at:day}，[请在{due}前|请尽快]办理") == (
        "于", Slot("at", "day"), "，", Choice(("请在", Slot("due"), "前"), ("请尽快",)), "办理"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("于{at", "'{' in '于{at' belongs to nothing"),
        ("于{AT}", "belongs to nothing: a placeholder is {name}"),
        ("于at}", "belongs to nothing"),
        ("a|b", "belongs to nothing"),
        ("[请在{due}前", "[ without ] at character 1: for example [请在{due}前|请尽快]办理"),
        ("]", "belongs to nothing"),
        ("[a[{due}]]", "parts do not contain parts"),
        ("[{due}|b|c]", "has 3 parts: at most two"),
        ("[请尽快|b]", "has no placeholder in its first part"),
        ("[{due}|{code}]", "what the second part needs may be missing, too"),
    ],
)
def test_text_that_is_no_template_says_where_and_gives_an_example(text: str, said: str) -> None:
    with pytest.raises(GrammarError) as error:
        parse(text)
    assert said.replace("'{'", "{") in str(error.value)


def test_region_and_folder_are_laid_over_and_codes_come_apart_from_texts(tmp_path: Path) -> None:
    laid_over(tmp_path, ENTRY.format(text=TEXT) + "sign: 浙里医保\n")
    codes = """
region: "100000"
approvals:
  approved.sponsor.sms.v1: {codes: {alibaba: SMS_0001, tencent: {code: "100001", state: submitted}}}
  330000.refused.sponsor.sms.v3: {state: submitted}
"""
    found = template_files.load(laid_over(tmp_path, codes, "codes.yaml"), sign="医保局")
    assert found.code("approved.sponsor.sms.v1", "alibaba") == "SMS_0001"
    assert found.code("approved.sponsor.sms.v1", "tencent") is None
    assert found.code("approved.sponsor.sms.v1", "huawei") is None
    assert found.code("nothing", "alibaba") is None
    one = found.named("approved.sponsor.sms.v1")
    assert one is not None
    assert (one.sign, one.codes["tencent"]) == ("医保局", Code("100001", Approval.SUBMITTED))
    regional = found.named("330000.refused.sponsor.sms.v3")
    assert regional is not None
    assert (regional.sign, regional.state) == ("浙里医保", Approval.SUBMITTED)
    sent = found.find("330100", "refused", Side.SPONSOR, Medium.SMS)
    assert sent is not None
    assert sent.name == "refused.sponsor.sms.v1"


def test_withdrawn_template_has_no_code_and_is_not_found(tmp_path: Path) -> None:
    region = ENTRY.format(text=TEXT) + "    codes: {alibaba: SMS_0002}\n"
    found = template_files.load(laid_over(tmp_path, region))
    assert found.code("330000.refused.sponsor.sms.v3", "alibaba") == "SMS_0002"
    region += "approvals: {330000.refused.sponsor.sms.v3: {state: withdrawn}}\n"
    found = template_files.load(laid_over(tmp_path, region))
    assert found.code("330000.refused.sponsor.sms.v3", "alibaba") is None


def test_provider_gets_a_choice_as_one_variable(tmp_path: Path) -> None:
    found = template_files.load(laid_over(tmp_path, ENTRY.format(text=TEXT)))
    one = found.named("330000.refused.sponsor.sms.v3")
    assert one is not None
    assert (
        one.for_provider("${%s}")
        == "${at}：您为${relation}申请的家庭共济未通过。${reasons}。咨询请拨${hotline}。"
    )


def test_english_speaks_to_who_wants_it_and_chinese_where_there_is_none(tmp_path: Path) -> None:
    english = ENTRY.format(text='"Your application of {at} was refused. Call {hotline}."').replace(
        "templates:", "language: en\ntemplates:"
    )
    found = template_files.load(laid_over(tmp_path, english))
    for language, name in (
        ("en", "330000.refused.sponsor.sms.en.v3"),
        ("zh", "refused.sponsor.sms.v1"),
        ("ug", "refused.sponsor.sms.v1"),
    ):
        sent = found.find("330100", "refused", Side.SPONSOR, Medium.SMS, language)
        assert sent is not None
        assert sent.name == name
    called = found.find("330100", "refused", Side.SPONSOR, Medium.CALL, "en")
    assert called is not None
    assert called.name == "refused.sponsor.call.v1"


HEAD = "330000-zhejiang.yaml: templates[0]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"{att}。{hotline}"', f"{HEAD}.text: {{att}}: variable-missing: refused has no such variable: did you mean at?"),
        ('"{due}。{hotline}"', f"{HEAD}.text: {{due}}: variable-missing: refused has no such variable: expected one of"),
        ('"{reasons}。{hotline}"', f"{HEAD}.text: {{reasons}}: variable-missing: it may be missing in refused: for example [请在"),
        ('"{at:money}。{hotline}"', f"{HEAD}.text: {{at:money}}: variable-type: at is of type moment: expected day or moment, for example {{at}}"),
        ('"未通过。"', f"{HEAD}.text: {{hotline}} is not there: whom to call belongs into every notice"),
        ('"SMS：{hotline}"', f"{HEAD}.text: SMS: no Chinese: expected Chinese words, for example 医保"),
        ('"[{reasons}]。{hotline}"', f"{HEAD}.text: [...{{reasons}}...]: a provider's variable is never empty"),
        ('"{at}{hotline}"', f"{HEAD}.text: {{at}} touches the next variable"),
        ('"{at}、{at:day}、{hotline}"', f"{HEAD}.text: {{at}} is there twice, differently"),
        ('"[{in_person}窗口|渠道]、{in_person}、{hotline}"', f"{HEAD}.text: {{in_person}}: says nothing by itself"),
        (f'"[{{due}}|{"长" * 36}]、{{hotline}}"', f"{HEAD}.text: [...{{due}}...]: 36 units: a provider's variable has at most 35"),
        ('"[{due"', f"{HEAD}.text: [ without ] at character 1"),
    ],
)  # fmt: skip
def test_fault_of_a_text_is_seen_at_load(text: str, said: str, tmp_path: Path) -> None:
    assert any(one.startswith(said) for one in faults(tmp_path, ENTRY.format(text=text)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("kind: refused", "kind: refuse"), "kind: refuse: did you mean refused?"),
        (("kind: refused", "kind: settled"), None),
        (("side: sponsor", "side: owner"), "side: Input should be 'sponsor' or 'beneficiary', for example sponsor"),
        (("    side: sponsor\n", ""), "side: nothing: refused is told one side: for example sponsor"),
        (("channels: [sms]", "channels: [fax]"), "channels.0: Input should be 'sms', 'call' or 'message-centre', for example [message-centre, sms, call]"),
        (("channels: [sms]", "channels: [message-centre]"), "title: nothing: expected the title in the message centre"),
        (("version: 3", "version: 0"), "version: Input should be greater than or equal to 1, for example 1"),
        (("version: 3", "version: x"), "version: Input should be a valid integer"),
        (("state: approved", "state: ok"), "state: Input should be 'draft', 'submitted', 'approved' or 'withdrawn', for example approved"),
        (("state: approved", "status: approved"), "status: Extra inputs are not permitted; known: kind, side"),
        (("state: approved", "state: approved\n    sign: 医"), "sign: String should match pattern"),
        (("channels: [sms]", "channels: [sms, call]\n    codes: {alibaba: SMS_1}"), "codes: codes of 2 channels: expected one channel"),
    ],
)  # fmt: skip
def test_fault_of_an_entry_is_seen_at_load(change: tuple[str, str], said: str | None, tmp_path: Path) -> None:
    text = ENTRY.format(text=TEXT).replace(*change)
    problems = faults(tmp_path, text)
    assert any(said is None or one.startswith(f"{HEAD}.{said}") for one in problems), problems


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("region: 330000\n", "330000-zhejiang.yaml: region: Input should be a valid string, for example \"330000\""),
        ("[", "330000-zhejiang.yaml: (file): cannot be read: "),
        ("", "330000-zhejiang.yaml: (top): expected a mapping with region, language"),
        ('region: "330000"\nlanguage: fr\n', "330000-zhejiang.yaml: language: Input should be 'zh' or 'en', for example zh"),
        ('region: "330000"\nregion: "330000"\n', "330000-zhejiang.yaml: (file): cannot be read: line 1: key 'region' is there twice"),
        ('region: "330000"\napprovals: {aproved.sponsor.sms.v1: {state: withdrawn}}\n', "330000-zhejiang.yaml: approvals.aproved.sponsor.sms.v1: no such template: did you mean approved.sponsor.sms.v1?"),
    ],
)  # fmt: skip
def test_fault_of_a_file_is_seen_at_load(text: str, said: str, tmp_path: Path) -> None:
    assert any(one.startswith(said) for one in faults(tmp_path, text))


def test_version_that_is_there_twice_names_the_other_file(tmp_path: Path) -> None:
    laid_over(tmp_path, ENTRY.format(text=TEXT), "a.yaml")
    problems = faults(tmp_path, ENTRY.format(text=TEXT))
    assert problems == [
        "a.yaml: templates[0]: 330000.refused.sponsor.sms.v3 is in 330000-zhejiang.yaml already: expected another version, for example 4"
    ]


def test_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(template_files.TemplateError, match=r"nowhere: \(folder\): not found"):
        template_files.load(tmp_path / "nowhere")


def test_nation_must_have_a_text_for_everything_that_may_be_told(tmp_path: Path) -> None:
    with pytest.raises(template_files.TemplateError) as error:
        template_files.load(directory=tmp_path)
    assert (
        "(all files): opening call: template-unknown: expected an approved template of region 100000"
        in error.value.problems
    )
    assert (
        len(error.value.problems) == (13 * 2 + 7) * 3 + 3
    )  # and what every call says: opening, closing, hint
