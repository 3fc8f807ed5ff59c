"""The one error of this package."""


class PolicyError(ValueError):
    """Policy files that cannot be used. `problems` has one line each: file, path, value, what is expected."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
