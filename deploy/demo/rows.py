"""What the demo shows and judges: one row per request, per verdict and per bill, and checks over the whole."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Row:
    """One request, verdict or bill. It came out as expected when `got` equals `expected` and the notice is the expected one."""

    channel: str
    title: str
    expected: str
    about: str = ""
    got: str = ""
    why: str = ""
    seconds: float = 0.0
    notice_expected: str = ""
    notice: str = ""

    @property
    def as_expected(self) -> bool:
        return self.got == self.expected and self.notice == self.notice_expected


@dataclass(frozen=True, slots=True)
class Check:
    """A statement about the whole run that was verified, with what was seen."""

    title: str
    holds: bool
    seen: str


@dataclass(slots=True)
class Ledger:
    """Everything that the demo has to show for itself."""

    requests: list[Row] = field(default_factory=list)
    verdicts: list[Row] = field(default_factory=list)
    bills: list[Row] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def check(self, title: str, holds: bool, seen: str) -> None:
        """Records a verified statement."""
        self.checks.append(Check(title, holds, seen))

    @property
    def as_expected(self) -> bool:
        """Whether every row and every check came out as it should."""
        rows = [*self.requests, *self.verdicts, *self.bills]
        return (
            bool(rows) and all(row.as_expected for row in rows) and all(check.holds for check in self.checks)
        )
