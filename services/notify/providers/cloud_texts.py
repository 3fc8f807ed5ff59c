"""What clouds that send approved templates have in common: a text by its template's code, requests without a session, reports as JSON arrays."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from services.notify.domain.course import Outcome
from services.notify.domain.receipts import Receipt
from services.notify.providers.interface import Around, Order, Posted, Result, proven
from services.notify.providers.options import AlibabaSettings, TencentSettings
from services.notify.providers.reached import Reached


class CloudTexts(ABC):
    """One account with a cloud's SMS service as a provider; a cloud says how it is asked and how its reports read."""

    medium = "sms"
    example: ClassVar[str]
    """A report, for who sent something else."""
    thanks: ClassVar[bytes]
    """JSON that stops the cloud from sending a report again."""

    def __init__(self, name: str, settings: AlibabaSettings | TencentSettings, around: Around) -> None:
        self.name, self._code_of, self._report_key = name, around.code_of, settings.report_key
        self.at_once, self.longest = settings.at_once, settings.timeout * 2 + 30
        self._reached = Reached()

    @property
    def up(self) -> bool:
        """Whether the service can be reached."""
        return self._reached.up

    async def run(self) -> None:  # noqa: B027 - the same for every cloud
        """Nothing to keep: the SDK makes connections as it needs them."""

    async def send(self, order: Order) -> Result:
        """One text by its template."""
        code = self._code_of(order.content.template, self.name)
        if code is None:
            return Result(Outcome.TECHNICAL, "sms-template-not-approved", order.content.template)
        result = await self._ask(order, code)
        self._reached.note(result.code)
        return result

    def read(self, posted: Posted) -> Sequence[Receipt]:
        """The receipts in a report. Raises `Forged` without the key, `ValueError` for what is no JSON array of reports."""
        proven(posted, self._report_key)
        rows = json.loads(posted.body)
        if not isinstance(rows, list):
            raise ValueError(f"a JSON array is needed, for example {self.example}")
        return [self._receipt(row) for row in rows]

    def taken(self, posted: Posted) -> tuple[str, bytes]:
        """What stops the service from sending the report again."""
        return "application/json", self.thanks

    @abstractmethod
    async def _ask(self, order: Order, code: str) -> Result:
        """One request; whatever the SDK raises is an outcome."""

    @abstractmethod
    def _receipt(self, row: Mapping[str, Any]) -> Receipt:
        """One report. Raises `ValueError` naming the fields that are needed."""
