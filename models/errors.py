"""The errors that are for people: each is one clear sentence, never a traceback.

    PaidanError             everything below; the command line prints its text and exits with `exit_code`
    ├── UsageError          the call or a setting is wrong; exit code 2
    └── (packages add their own: CityError, BrokerError, TopicError, ...)
"""


class PaidanError(Exception):
    """Something went wrong that a person can act on; its text says what happened and what to do."""

    exit_code = 1


class UsageError(PaidanError):
    """The call or a setting is wrong; nothing was done."""

    exit_code = 2
