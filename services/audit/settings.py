"""Options of audit; those of every service are in `shared.settings`."""

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="GONGJI_AUDIT_"):
    """Reads `GONGJI_AUDIT_DATABASE_URL` and where documents are. What a region may change is policy, not an option."""

    store: str = Field(
        default="",
        pattern=r"^$|^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$|^[^:]+$",
        description="Where channels put documents: a folder, or s3://<bucket>; empty: documents are not verified, and shown so",
    )
    store_endpoint: str = Field(
        default="",
        pattern=r"^$|^https?://[^/@?#]+$",
        description="Address of the store that speaks S3, such as https://minio.example:9000; empty: Amazon's",
    )
    store_region: str = Field(
        default="us-east-1", max_length=40, description="Region that signatures name; many stores take any"
    )
    store_access_key: SecretStr = Field(
        default=SecretStr(""),
        description="Access key that may read the bucket; empty: requests are not signed",
    )
    store_secret_key: SecretStr = Field(default=SecretStr(""), description="Its secret")
    store_timeout: float = Field(default=10.0, gt=0, le=60, description="Seconds for one request")
    store_retries: int = Field(default=2, ge=0, le=10, description="Tries again at once, after the first")
    store_patience: float = Field(
        default=1800.0,
        gt=0,
        description="Seconds without an answer of the store after which a case is shown to people as not verified",
    )
