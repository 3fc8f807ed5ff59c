"""Options of notify, from the environment (`GONGJI_NOTIFY_<NAME>`)."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from services.notify.domain.weights import FULL
from services.notify.providers.catalogue import Entry, read
from services.notify.providers.options import SipSettings, SmppSettings
from services.notify.sealing import Seal, read_key
from shared.settings import ServiceSettings

_ADDRESS = r"^$|^[A-Za-z0-9.-]+:[0-9]{1,5}$"


class Settings(ServiceSettings):
    """A medium whose address is empty is not used: its notices go on to the next medium, at last to the staff."""

    model_config = SettingsConfigDict(env_prefix="GONGJI_NOTIFY_")

    sign: str = Field(
        default="医保服务",
        min_length=2,
        max_length=12,
        description="Registered signature of text messages, without brackets",
    )
    templates_dir: Path | None = Field(
        default=None, description="Directory of template files laid over the committed ones"
    )
    data_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        validate_default=True,
        description="Keys of the personal data in the tables, each 32 bytes in base64, comma-separated: the first one seals, all open",
    )
    rebuilt: bool = Field(
        default=False,
        description="Set at the first start on an empty database that replaces a lost one: what was decided before that start"
        " may have been told already and is handed to the staff instead of sent",
    )
    smpp_host: str = Field(
        default="", max_length=253, description="SMS centre (SMPP 3.4), host; empty: no text messages"
    )
    smpp_port: int = Field(default=2775, ge=1, le=65535, description="SMS centre, port")
    smpp_system_id: str = Field(default="gongji", max_length=15, description="SMPP system_id")
    smpp_password: SecretStr = Field(
        default=SecretStr("gongji"), description="SMPP password, at most 8 characters"
    )
    smpp_system_type: str = Field(
        default="", max_length=12, description="SMPP system_type, if the provider wants one"
    )
    smpp_source: str = Field(default="12393", max_length=20, description="Sender number of text messages")
    smpp_window: int = Field(
        default=40, ge=1, le=1000, description="Submits in flight, as many as the provider's contract allows"
    )
    smpp_timeout: float = Field(
        default=10.0,
        gt=0,
        le=60,
        description="Seconds for the answer to a submit; past it the outcome is unknown",
    )
    smpp_enquire: float = Field(default=30.0, gt=0, description="Seconds between enquire_link")
    sip_peer: str = Field(
        default="", pattern=_ADDRESS, description="Telephone trunk (SIP over UDP), host:port; empty: no calls"
    )
    sip_listen: str = Field(
        default="127.0.0.1:0", pattern=r"^[0-9.]+:[0-9]{1,5}$", description="Own SIP address; port 0: any"
    )
    sip_user: str = Field(default="12393", max_length=20, description="Number that calls")
    sip_auth_user: str = Field(
        default="", max_length=60, description="Digest user of the trunk, if it wants one"
    )
    sip_password: SecretStr = Field(default=SecretStr(""), description="Digest password of the trunk")
    sip_engine: Literal["auto", "baresip-python", "baresip"] = Field(
        default="auto",
        description="What places calls: the library, the program of Debian's package, or the program where the library does not start",
    )
    sip_rtp_ports: str = Field(
        default="26000-26400", pattern=r"^[0-9]{4,5}-[0-9]{4,5}$", description="UDP ports of speech"
    )
    calls_at_once: int = Field(default=20, ge=1, le=200, description="Calls in the air at the same time")
    ring: float = Field(default=30.0, gt=0, le=120, description="Seconds a phone may ring")
    key_wait: float = Field(
        default=8.0, gt=0, le=60, description="Seconds for the key 1 after the speech has ended"
    )
    speech_rate: int = Field(
        default=180,
        ge=80,
        le=450,
        description="Speed of speech, eSpeak's words a minute: 180 is about 4 characters a second",
    )
    speech_dir: Path | None = Field(
        default=None,
        description="Folder that keeps the speech of each call (demo and tests); empty: nothing is kept",
    )

    providers: Path | None = Field(
        default=None,
        description="YAML file of all providers, in place of the options SMPP_* and SIP_*, which make one of each",
    )

    reports_host: str = Field(
        default="127.0.0.1", max_length=253, description="Address for receipts over HTTP"
    )
    reports_port: int = Field(
        default=8087,
        ge=0,
        le=65535,
        description="Port for receipts over HTTP, used if a provider reports so; 0: any",
    )

    @field_validator("data_keys", mode="before")
    @classmethod
    def _keys_are_keys(cls, value: object) -> object:
        texts = [one for one in value.split(",") if one.strip()] if isinstance(value, str) else value
        if not isinstance(texts, list | tuple) or not texts:
            raise ValueError("at least one key is needed: 32 bytes in base64, from `openssl rand -base64 32`")
        for text in texts:
            read_key(text.get_secret_value() if isinstance(text, SecretStr) else str(text))
        return tuple(texts)

    def seal(self) -> Seal:
        """What seals and opens personal data."""
        return Seal([read_key(one.get_secret_value()) for one in self.data_keys])

    def catalogue(self) -> list[Entry]:
        """The configured providers. Raises `CatalogueError` with one line for each fault of the file."""
        if self.providers:
            return read(self.providers)
        entries = []
        if self.smpp_host:
            own = {
                name: getattr(self, f"smpp_{name}")
                for name in (
                    "host",
                    "port",
                    "system_id",
                    "password",
                    "system_type",
                    "source",
                    "window",
                    "timeout",
                    "enquire",
                )
            }
            entries.append(Entry("smpp", "smpp", FULL, SmppSettings(**own)))
        if self.sip_peer:
            own = {
                name: getattr(self, f"sip_{name}")
                for name in ("peer", "listen", "user", "auth_user", "password", "rtp_ports", "engine")
            }
            own |= {"at_once": self.calls_at_once, "ring": self.ring, "key_wait": self.key_wait}
            own |= {"speech_rate": self.speech_rate, "speech_dir": self.speech_dir}
            entries.append(Entry("sip", "sip", FULL, SipSettings(**own)))
        return entries
