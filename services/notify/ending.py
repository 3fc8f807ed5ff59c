"""How an attempt's outcome changes a notice, and what is reported of it on `binding.notices`."""

from dataclasses import dataclass, replace

from services.notify.domain import announce, course
from services.notify.domain.course import ATTEMPT_STATE, Next, Outcome, State
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
        after = course.after(notice.progress, outcome, reason, self.work.now, self.work.rules(notice))
        self._follow(notice, number, outcome, after, reason, code)

    def looked_up(self, notice: Notice, number: int, outcome: Outcome, reason: str, code: str) -> None:
        """A provider said later what an attempt came to that was counted already."""
        after = course.looked_up(notice.progress, outcome, reason, self.work.now, self.work.rules(notice))
        self._follow(notice, number, outcome, after, reason, code)

    def silence(self, notice: Notice) -> None:
        """Nothing was heard of the last attempt."""
        medium = self.work.attempts[notice.id, notice.attempts].medium
        reason = f"{medium}-unknown" if notice.state is State.UNKNOWN else f"{medium}-silence"
        after = course.silent(notice.progress, notice.state, reason, self.work.now, self.work.rules(notice))
        if after.state is notice.state:
            self._move(notice.moved(after))
        else:
            self._follow(notice, notice.attempts, Outcome.SILENCE, after, reason, "")

    def _follow(
        self, notice: Notice, number: int, outcome: Outcome, after: Next, reason: str, code: str
    ) -> None:
        """Ends the attempt, moves the notice, reports."""
        if notice.state.final:
            return
        medium = self.end_attempt(notice, number, outcome, code)
        if outcome is Outcome.DELIVERED:
            self.deliver(notice, medium, number)
            return
        end = self._end(notice, after, outcome)
        given_up = after.progress.step != notice.progress.step or end.state.final
        if given_up or outcome in (Outcome.PERMANENT, Outcome.TEMPORARY):
            self.report("failed", notice, medium, number, reason)
        self._move(notice.moved(end))
        if end.state is State.HANDED:
            self.report("handed-to-staff", notice, medium, number, reason)

    def _end(self, notice: Notice, after: Next, outcome: Outcome | None) -> Next:
        must = announce.must_be_told(notice.template, notice.side, self.work.rules(notice))
        end = course.ended(after, outcome, overtaken=notice.overtaken, optional=not must)
        return replace(end, reason=_why(notice)) if end.reason == "overtaken" else end

    def deliver(self, notice: Notice, medium: str, number: int) -> None:
        """It arrived: final."""
        self._move(replace(notice, state=State.DELIVERED, next_at=None, reason=None))
        self.report("delivered", notice, medium, number)
        if notice.answer and notice.origin:
            answer = Binding.model_validate_json(notice.answer)
            self.out.answer(answer, to=notice.origin, type="answers.binding")

    def hand_over(self, notice: Notice, reason: str) -> None:
        """Nothing can be sent: the staff must tell the person, if somebody must. Final."""
        self._stop(notice, Next(State.HANDED, notice.progress, None, reason))

    def skip(self, notice: Notice, reason: str) -> None:
        """Not by this medium: the next one, or the staff."""
        after = course.next_medium(notice.progress, reason, self.work.now)
        if after.state.final:
            self._stop(notice, after)
        else:
            self._move(notice.moved(after))

    def _stop(self, notice: Notice, after: Next) -> None:
        end = self._end(notice, after, None)
        self._move(notice.moved(end))
        medium = notice.progress.medium or notice.progress.media[-1]
        suffix = "handed-to-staff" if end.state is State.HANDED else "failed"
        self.report(suffix, notice, medium, notice.attempts, end.reason)

    def overtaken(self, notice: Notice) -> None:
        """A later decision, or an erasure, makes it pointless: final if it is not under way, else it is not tried again."""
        shown = notice.state is State.PENDING and notice.progress.medium == announce.CENTRE
        if not (shown or notice.state is State.CREATED):
            self._move(replace(notice, overtaken=True))
            return
        why = _why(notice)
        self._move(replace(notice, state=State.EXPIRED, next_at=None, reason=why))
        medium = notice.progress.medium or notice.progress.media[-1]
        self.report("failed", notice, medium, notice.attempts, why)

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
        unheard = attempt.state is State.UNKNOWN and outcome is Outcome.SILENCE
        if attempt.state in _OPEN and not unheard:
            attempt.state, attempt.code = ATTEMPT_STATE[outcome], code[:60]
            self.work.ended.add((notice.id, number))
        return attempt.medium


def _why(notice: Notice) -> str:
    return "erased" if notice.psn_no is None else "overtaken"
