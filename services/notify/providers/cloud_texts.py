"""What clouds that send text messages have in common: one template, one receipt in each report."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from services.notify.domain.receipts import Receipt
from services.notify.domain.texts import Content
from services.notify.providers.cloud import Cloud


class CloudTexts(Cloud):
    """One account with a cloud's SMS service as a provider."""

    medium = "sms"

    def _templates(self, content: Content) -> Sequence[str]:
        return (content.template,)

    def _receipts(self, row: Mapping[str, Any]) -> Sequence[Receipt]:
        return (self._receipt(row),)

    @abstractmethod
    def _receipt(self, row: Mapping[str, Any]) -> Receipt:
        """One report. Raises `ValueError` naming the fields that are needed."""
