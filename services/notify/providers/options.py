"""What can be set for each kind of provider. Apart from the providers, so that reading a file of them imports no SDK."""

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr

_ADDRESS: Final = r"^[A-Za-z0-9.-]+:[0-9]{1,5}$"


class SmppSettings(BaseModel):
    """One SMS centre. Times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["smpp"] = "smpp"
    host: str = Field(min_length=1, max_length=253)
    port: int = Field(default=2775, ge=1, le=65535)
    system_id: str = Field(default="gongji", max_length=15)
    password: SecretStr = Field(default=SecretStr("gongji"))
    system_type: str = Field(default="", max_length=12)
    source: str = Field(default="12393", max_length=20)
    window: int = Field(default=40, ge=1, le=1000)
    timeout: float = Field(default=10.0, gt=0, le=60)
    enquire: float = Field(default=30.0, gt=0)


class KannelSettings(BaseModel):
    """One gateway. `reports` is our own address as Kannel reaches it, `report_key` what it has to show there. Times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["kannel"] = "kannel"
    url: HttpUrl  # http://127.0.0.1:13013/cgi-bin/sendsms
    username: str = Field(min_length=1, max_length=60)
    password: SecretStr
    smsc: str = Field(default="", max_length=60)
    source: str = Field(default="12393", max_length=20)
    reports: HttpUrl  # http://127.0.0.1:8087
    report_key: SecretStr = Field(min_length=16)
    timeout: float = Field(default=10.0, gt=0, le=60)
    at_once: int = Field(default=20, ge=1, le=200)


class AlibabaAccount(BaseModel):
    """An account. `report_key` is what Alibaba's reports have to show: it is part of the address that is set in its console.

    `endpoint`: other than the service's own, with `insecure` over HTTP, for an installation behind a gateway. Times in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    access_key_id: str = Field(min_length=1, max_length=64)
    access_key_secret: SecretStr
    report_key: SecretStr = Field(min_length=16)
    region_id: str = "cn-hangzhou"
    endpoint: str = ""
    insecure: bool = False
    timeout: float = Field(default=5.0, ge=1, le=60)
    at_once: int = Field(default=20, ge=1, le=200)


class AlibabaSettings(AlibabaAccount):
    """Its text messages."""

    kind: Literal["alibaba-sms"] = "alibaba-sms"


class AlibabaVoiceSettings(AlibabaAccount):
    """Its telephone calls. `caller`: the number that calls, bought there. `plays`: how often words are said. Times in seconds."""

    kind: Literal["alibaba-voice"] = "alibaba-voice"
    caller: str = Field(pattern=r"^[0-9]{3,20}$")
    key_wait: float = Field(default=8.0, ge=1, le=60)
    plays: int = Field(default=2, ge=1, le=3)


class TencentAccount(BaseModel):
    """An account and its application. `report_key` is what Tencent's reports have to show: it is part of the address that is set in its
    console. `endpoint`, `insecure`: as with Alibaba. Times in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    secret_id: str = Field(min_length=1, max_length=64)
    secret_key: SecretStr
    sdk_app_id: str = Field(pattern=r"^[0-9]{4,20}$")
    report_key: SecretStr = Field(min_length=16)
    region: str = "ap-guangzhou"
    endpoint: str = ""
    insecure: bool = False
    timeout: float = Field(default=5.0, ge=1, le=60)
    at_once: int = Field(default=20, ge=1, le=200)


class TencentSettings(TencentAccount):
    """Its text messages."""

    kind: Literal["tencent-sms"] = "tencent-sms"


class TencentVoiceSettings(TencentAccount):
    """Its telephone calls. The number that calls belongs to the application there. `plays`: how often the words are said."""

    kind: Literal["tencent-voice"] = "tencent-voice"
    plays: int = Field(default=2, ge=1, le=3)


class SipSettings(BaseModel):
    """One trunk. Times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["sip"] = "sip"
    peer: str = Field(pattern=_ADDRESS)
    listen: str = Field(default="127.0.0.1:0", pattern=r"^[0-9.]+:[0-9]{1,5}$")
    user: str = Field(default="12393", max_length=20)
    auth_user: str = Field(default="", max_length=60)
    password: SecretStr = Field(default=SecretStr(""))
    engine: Literal["auto", "baresip-python", "baresip"] = "auto"
    rtp_ports: str = Field(default="26000-26400", pattern=r"^[0-9]{4,5}-[0-9]{4,5}$")
    at_once: int = Field(default=20, ge=1, le=200)
    ring: float = Field(default=30.0, gt=0, le=120)
    key_wait: float = Field(default=8.0, gt=0, le=60)
    speech_rate: int = Field(default=180, ge=80, le=450)
    speech_dir: Path | None = None
