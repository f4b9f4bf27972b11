"""The errors of the project, all of them. Most are for people: one clear sentence, never a traceback.

    PaidanError             for people: the command line prints its text and exits with `exit_code`
    ├── UsageError          the call or a setting is wrong; nothing was done; exit code 2
    ├── Poison              one record that can never be taken in: it goes to the dead letters
    ├── CityError           a city pack cannot be used: every mistake with file, line and field
    ├── ClassifierError     a model, or a file of labelled texts, cannot be used
    ├── SealError           sealed words cannot be opened with the key that is there
    ├── StageError          intake or desk cannot go on safely: the process ends and starts again from the log
    ├── MissingPack         a city pack that is in force cannot be had; what needs it has to wait
    │   └── RefusedPack     it breaks a rule of this version, which one before it had not
    ├── TopicError          a topic is missing, set up differently, or could not be created
    ├── AccessError         the cluster's access lists or quotas could not be read or set
    ├── ControlError        what is in force cannot be changed this way; nothing was changed
    │   └── UnknownSilence  there is no silence of that number
    ├── LogError            the log of orders holds something that is no fact
    ├── AuditError          the audit could not be made
    ├── DeadLetterError     a dead letter is not there, or cannot be replayed
    ├── HealthError         the port of the metrics cannot be used
    ├── HttpError           the address of an HTTP server cannot be listened on
    ├── StatusError         the gateway does not answer, or not with a status
    ├── JarsError           the jars of Kafka could not be had
    ├── BrokerError         the local broker could not be started or did not stay up
    └── DemoError           the demo did not come to its end: something did not go on
    Problem                 an HTTP answer that is an error, as an RFC 9457 problem document
    └── Unacknowledged      the broker has not acknowledged in time: the event may or may not be written
    UnknownPack             within the core: the city pack that is in force is not at hand; its caller fetches it
    Halted                  within notify: its partitions are wanted back, the record at hand stays unfinished
    TooLong                 within a fetch: a batch that its client has packed comes to more than may be unpacked

What goes wrong is one of three kinds. Poison would fail again: it becomes a dead letter and its neighbours go on. What
may pass (Kafka or a webhook is away) is tried again after a pause. Everything else ends the process.
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
