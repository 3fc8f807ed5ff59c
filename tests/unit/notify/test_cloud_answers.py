"""What a cloud's word about an order means: it has not taken it, or nobody can say."""

import pytest
from tencentcloud.common.exception import TencentCloudSDKException

from services.notify.domain.course import Outcome
from services.notify.providers import alibaba_sms, tencent

REFERENCE = "0192f0c15a0070008000000000000001001"


@pytest.mark.parametrize(
    "code",
    [
        "InternalError",
        "InternalError.SendAndRecvFail",
        "InternalError.Timeout",
        "InternalError.UnknownError",
        "InternalError.OtherError",
        "InternalError.ParseBackendResponseFail",
        "InternalError.AccessUpstreamTimeout",
        "InternalError.SsoSendRecvFail",
        "InternalError.UpstreamError",
    ],
)
def test_what_broke_behind_tencents_door_may_have_been_sent(code: str) -> None:
    assert tencent.refused(code, "sms", ()).outcome is Outcome.UNKNOWN
    raised = TencentCloudSDKException(code, "", "request-1")
    result = tencent.failed(raised, "call", ())
    assert (result.outcome, result.reason, result.code) == (Outcome.UNKNOWN, "call-unknown", code)


@pytest.mark.parametrize(
    "code",
    [
        "InternalError.JsonParseFail",
        "InternalError.RequestTimeException",
        "InternalError.RestApiInterfaceNotExist",
        "InternalError.SigFieldMissing",
        "InternalError.SigVerificationFail",
        "FailedOperation.TemplateIncorrectOrUnapproved",
        "AuthFailure.SignatureFailure",
    ],
)
def test_what_tencent_turned_away_was_not_sent(code: str) -> None:
    assert tencent.refused(code, "sms", ()).outcome is Outcome.TECHNICAL


def test_alibabas_own_fault_may_have_come_after_it_took_the_text() -> None:
    result = alibaba_sms._result("isp.SYSTEM_ERROR", REFERENCE)
    assert (result.outcome, result.provider_ids) == (Outcome.UNKNOWN, (REFERENCE,))
    assert alibaba_sms._result("isv.OUT_OF_SERVICE", REFERENCE).outcome is Outcome.TECHNICAL
