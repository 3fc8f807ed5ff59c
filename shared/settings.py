"""Settings that every service has. A service's own class adds its options and its prefix:

    class Settings(ServiceSettings, env_prefix="GONGJI_SETTLEMENT_"): ...

Fields without an alias then read `GONGJI_SETTLEMENT_<FIELD>`, `database_url` among them.
"""

from pathlib import Path
from typing import Any, Self

from aiokafka.helpers import create_ssl_context
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared import clock


class ServiceSettings(BaseSettings):
    """Read from the environment; every option is described for the operator."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    bootstrap_servers: str = Field(
        validation_alias="KAFKA_BOOTSTRAP_SERVERS", description="Kafka brokers, host:port, comma-separated"
    )
    database_url: SecretStr = Field(description="PostgreSQL URL of the service's own role")
    clock: str = Field(
        default="",
        validation_alias="GONGJI_CLOCK",
        description="<ISO time with zone>[*speed][@anchor]; empty: real time",
    )
    http_host: str = Field(
        default="127.0.0.1", validation_alias="GONGJI_HTTP_HOST", description="Address of the HTTP server"
    )
    http_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        validation_alias="GONGJI_HTTP_PORT",
        description="Port of /live /ready /metrics; 0: any",
    )
    instance: str = Field(
        default="0",
        pattern=r"^[A-Za-z0-9._-]{1,60}$",
        validation_alias="GONGJI_INSTANCE",
        description="Name of this replica, kept over restarts and never shared by two that live (a StatefulSet's ordinal)",
    )
    regions_dir: Path | None = Field(
        default=None,
        validation_alias="GONGJI_REGIONS_DIR",
        description="Directory of region files laid over the committed ones",
    )
    log_level: str = Field(
        default="INFO", validation_alias="GONGJI_LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR"
    )
    group: str | None = Field(
        default=None, validation_alias="GONGJI_GROUP", description="Consumer group; empty: gongji-<service>"
    )
    migrate: bool = Field(
        default=True, validation_alias="GONGJI_MIGRATE", description="Apply migrations at start"
    )
    start_timeout: float = Field(
        default=60.0,
        gt=0,
        validation_alias="GONGJI_START_TIMEOUT",
        description="Seconds to wait for Kafka and PostgreSQL",
    )
    security_protocol: str = Field(
        default="PLAINTEXT",
        pattern=r"^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$",
        validation_alias="KAFKA_SECURITY_PROTOCOL",
    )
    kafka_username: str | None = Field(
        default=None, validation_alias="KAFKA_USERNAME", description="SCRAM-SHA-512 user"
    )
    kafka_password: SecretStr | None = Field(
        default=None, validation_alias="KAFKA_PASSWORD", description="its password"
    )
    kafka_ca_file: Path | None = Field(
        default=None, validation_alias="KAFKA_CA_FILE", description="CA certificates, PEM"
    )

    max_records: int = Field(
        default=500, ge=1, le=5000, validation_alias="GONGJI_MAX_RECORDS", description="Records of a batch"
    )
    batch_timeout_ms: int = Field(
        default=20,
        ge=1,
        le=1000,
        validation_alias="GONGJI_BATCH_TIMEOUT_MS",
        description="Sleep after an empty poll",
    )
    drain_budget: float = Field(
        default=20.0,
        gt=0,
        validation_alias="GONGJI_DRAIN_BUDGET",
        description="Seconds to finish a batch before a rebalance",
    )
    heartbeat_ms: int = Field(default=3_000, gt=0, validation_alias="GONGJI_HEARTBEAT_MS")
    rebalance_timeout_ms: int = Field(default=30_000, gt=0, validation_alias="GONGJI_REBALANCE_TIMEOUT_MS")
    session_timeout_ms: int = Field(default=30_000, gt=0, validation_alias="GONGJI_SESSION_TIMEOUT_MS")
    request_timeout_ms: int = Field(default=40_000, gt=0, validation_alias="GONGJI_REQUEST_TIMEOUT_MS")
    source_fault_limit: int = Field(
        default=500,
        ge=1,
        validation_alias="GONGJI_SOURCE_FAULT_LIMIT",
        description="Faults in 10 min that set a source aside",
    )
    inbox_days: int = Field(
        default=400,
        ge=1,
        validation_alias="GONGJI_INBOX_DAYS",
        description="Days for which ids are remembered",
    )

    @field_validator("clock")
    @classmethod
    def _clock_is_readable(cls, text: str) -> str:
        clock.from_setting(text)
        return text

    @model_validator(mode="after")
    def _rebalance_cannot_livelock(self) -> Self:
        """A drain that outlasts the rebalance timeout throws the member out, which starts again, for ever (measured)."""
        drain = self.drain_budget * 1000 + self.heartbeat_ms + 2_000
        if not drain < self.rebalance_timeout_ms < self.request_timeout_ms:
            raise ValueError(
                "drain budget + heartbeat + 2 s < rebalance timeout < request timeout must hold,"
                " for example 20 s, 3000 ms, 30000 ms, 40000 ms: otherwise a rebalance never ends"
            )
        if self.session_timeout_ms < 3 * self.heartbeat_ms:
            raise ValueError(
                "the session timeout must be at least three heartbeats, for example 30000 and 3000 ms"
            )
        return self

    def kafka(self) -> dict[str, Any]:
        """Connection arguments of aiokafka's clients."""
        found: dict[str, Any] = {
            "bootstrap_servers": [server.strip() for server in self.bootstrap_servers.split(",")],
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.endswith("SSL"):
            found["ssl_context"] = create_ssl_context(cafile=self.kafka_ca_file and str(self.kafka_ca_file))
        if self.security_protocol.startswith("SASL"):
            found["sasl_mechanism"] = "SCRAM-SHA-512"
            found["sasl_plain_username"] = self.kafka_username
            found["sasl_plain_password"] = (
                self.kafka_password.get_secret_value() if self.kafka_password else None
            )
        return found
