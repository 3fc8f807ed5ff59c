"""What clouds that send and say approved templates have in common: requests without a session, templates by their code, reports as JSON."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from services.notify.domain.course import Outcome
from services.notify.domain.receipts import Receipt
from services.notify.domain.texts import Content
from services.notify.providers.interface import Around, Order, Posted, Result, proven
from services.notify.providers.options import AlibabaAccount, TencentAccount
from services.notify.providers.reached import Reached


class Cloud(ABC):
    """One account with one service of a cloud as a provider; it says which templates it needs, how it is asked and how its reports read."""

    medium: ClassVar[str]
    example: ClassVar[str]
    """A report, for who sent something else."""
    thanks: ClassVar[bytes]
    """JSON that stops the cloud from sending a report again."""

    def __init__(self, name: str, settings: AlibabaAccount | TencentAccount, around: Around) -> None:
        self.name, self._code_of, self._report_key = name, around.code_of, settings.report_key
        self.at_once, self.longest = settings.at_once, settings.timeout * 2 + 30
        self._reached = Reached()

    @property
    def up(self) -> bool:
        """Whether the service can be reached."""
        return self._reached.up

    async def run(self) -> None:  # noqa: B027 - the same for every cloud
        """Nothing to keep: the SDK makes connections as it needs them."""

    def takes(self, content: Content) -> bool:
        """Whether it has approved the templates that this notice needs of it."""
        return all(self._code_of(one, self.name) is not None for one in self._templates(content))

    async def send(self, order: Order) -> Result:
        """One text or call by its templates."""
        codes = []
        for template in self._templates(order.content):
            code = self._code_of(template, self.name)
            if code is None:
                return Result(Outcome.TECHNICAL, f"{self.medium}-template-not-approved", template)
            codes.append(code)
        result = await self._ask(order, codes)
        self._reached.note(result.code)
        return result

    def read(self, posted: Posted) -> Sequence[Receipt]:
        """The receipts in a report. Raises `Forged` without the key, `ValueError` for what is no report."""
        proven(posted, self._report_key)
        rows = self._rows(json.loads(posted.body))
        return [receipt for row in rows for receipt in self._receipts(row)]

    def taken(self, posted: Posted) -> tuple[str, bytes]:
        """What stops the service from sending the report again."""
        return "application/json", self.thanks

    def _rows(self, body: Any) -> Sequence[Any]:
        """The single reports of one push: an array, as most send it."""
        if not isinstance(body, list):
            raise ValueError(f"a JSON array is needed, for example {self.example}")
        return body

    @abstractmethod
    def _templates(self, content: Content) -> Sequence[str]:
        """Names of the templates that an order needs. One that the cloud has not approved cannot be sent by it."""

    @abstractmethod
    async def _ask(self, order: Order, codes: Sequence[str]) -> Result:
        """One request, with what the cloud calls those templates; whatever the SDK raises is an outcome."""

    @abstractmethod
    def _receipts(self, row: Mapping[str, Any]) -> Sequence[Receipt]:
        """What one report says. Raises `ValueError` naming the fields that are needed."""
