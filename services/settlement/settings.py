"""Options of settlement, from the environment (`GONGJI_SETTLEMENT_<NAME>`)."""

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settlement needs no option of its own."""

    model_config = SettingsConfigDict(env_prefix="GONGJI_SETTLEMENT_")
