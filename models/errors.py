"""The errors that are for people: each is one clear sentence, never a traceback.

PaidanError             everything below; the command line prints its text and exits with `exit_code`
├── UsageError          the call or a setting is wrong; exit code 2
├── Poison              one record that can never be taken in: it goes to the dead letters
└── (packages add their own: CityError, BrokerError, TopicError, ...)
"""


class PaidanError(Exception):
    """Something went wrong that a person can act on; its text says what happened and what to do."""

    exit_code = 1


class UsageError(PaidanError):
    """The call or a setting is wrong; nothing was done."""

    exit_code = 2


class Poison(PaidanError):
    """One record breaks a rule and would break it again: it goes to the dead letters, its neighbours go on.

    The sentence names the field and the rule, never what the field held: that may be personal data. `error` is the
    class under which dead letters are listed.
    """

    def __init__(self, field: str, rule: str, error: str = "invalid") -> None:
        super().__init__(f"{field} {rule}")
        self.field = field
        self.rule = rule
        self.error = error
