"""How an attempt's outcome changes a notice, and what is reported of it on `binding.notices`."""

from dataclasses import dataclass, replace

from services.notify.domain import course
from services.notify.domain.course import ATTEMPT_STATE, Outcome, State
from services.notify.work import Notice, Work
from shared.contracts.answers import Binding
from shared.contracts.notices import Medium
from shared.contracts.notices import Notice as Report
from shared.messaging.handler import Out

_OPEN = (State.SENDING, State.PENDING, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Ending:
    """Applies outcomes to the working set; final states never move."""

    work: Work
    out: Out

    def apply(self, notice: Notice, number: int, outcome: Outcome, reason: str, code: str) -> None:
        """An attempt came to `outcome`. `reason`: our word; `code`: the provider's."""
        if notice.state.final:
            return
        medium = self.end_attempt(notice, number, outcome, code)
        if outcome is Outcome.DELIVERED:
            self.deliver(notice, medium, number)
            return
        rules = self.work.policies.at(notice.region, notice.decided_at).notice
        after = course.after(notice.progress, outcome, reason, self.work.now, rules)
        given_up = after.progress.step != notice.progress.step or after.state is State.HANDED
        if given_up or outcome in (Outcome.PERMANENT, Outcome.TEMPORARY):
            self.report("failed", notice, medium, number, reason)
        self._move(notice.moved(after))
        if after.state is State.HANDED:
            self.report("handed-to-staff", notice, medium, number, reason)

    def deliver(self, notice: Notice, medium: str, number: int) -> None:
        """It arrived: final."""
        self._move(replace(notice, state=State.DELIVERED, next_at=None, reason=None))
        self.report("delivered", notice, medium, number)
        if notice.answer and notice.origin:
            answer = Binding.model_validate_json(notice.answer)
            self.out.answer(answer, to=notice.origin, type="answers.binding")

    def hand_over(self, notice: Notice, reason: str) -> None:
        """Nothing can be sent: the staff must tell the person. Final."""
        self._move(replace(notice, state=State.HANDED, next_at=None, reason=reason))
        medium = notice.progress.medium or notice.progress.media[-1]
        self.report("handed-to-staff", notice, medium, notice.attempts, reason)

    def skip(self, notice: Notice, reason: str) -> None:
        """The person does not want this medium: the next one, or the staff."""
        after = course.next_medium(notice.progress, reason, self.work.now)
        self._move(notice.moved(after))
        if after.state is State.HANDED:
            self.report("handed-to-staff", notice, notice.progress.media[-1], notice.attempts, reason)

    def overtaken(self, notice: Notice) -> None:
        """A later decision makes it pointless: final, never sent."""
        self._move(replace(notice, state=State.EXPIRED, next_at=None, reason="overtaken"))
        medium = notice.progress.medium or notice.progress.media[-1]
        self.report("failed", notice, medium, notice.attempts, "overtaken")

    def report(
        self, suffix: str, notice: Notice, medium: str, number: int, reason: str | None = None
    ) -> None:
        """One record on `binding.notices`: no recipient, no text."""
        report = Report(
            notice_id=notice.id,
            about=notice.about,
            version=notice.version,
            template=notice.template,
            recipient=notice.side,
            medium=Medium(medium),
            attempt=number,
            at=self.work.now,
            reason=reason,
            decided_at=notice.decided_at,
        )
        self.out.emit(f"binding.notices.{suffix}", report)

    def _move(self, notice: Notice) -> None:
        self.work.notices[notice.id] = notice
        self.work.changed.add(notice.id)

    def end_attempt(self, notice: Notice, number: int, outcome: Outcome, code: str) -> str:
        """Notes what an attempt came to, whatever becomes of its notice; the attempt's medium."""
        attempt = self.work.attempts[notice.id, number]
        if attempt.state in _OPEN:
            attempt.state, attempt.code = ATTEMPT_STATE[outcome], code[:60]
            self.work.ended.add((notice.id, number))
        return attempt.medium
