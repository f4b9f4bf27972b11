"""Every metric, named once, with its meaning. Roles import from here and nowhere else create one."""

from prometheus_client import Counter, Gauge, Histogram

STAGE_FAILURES = Counter("paidan_stage_failures", "Transactions that failed and were tried again.", ["group"])
STAGE_COMMIT_SECONDS = Histogram(
    "paidan_stage_commit_seconds",
    "From the begin to the end of a committed transaction.",
    ["group"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
STAGE_RESTORE_SECONDS = Histogram(
    "paidan_stage_restore_seconds",
    "Reading a partition's changelogs and rebuilding its state.",
    ["group"],
    buckets=(0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60),
)
STAGE_RECORDS = Counter("paidan_stage_records", "Input records that took effect.", ["group"])
STAGE_SCOUTED = Counter(
    "paidan_stage_scouted", "Input records that were looked at ahead of a backlog, before their turn.", ["group"]
)
STAGE_SCOUT_MISSED = Counter(
    "paidan_stage_scout_missed",
    "Input records behind a backlog that nobody looked at ahead of their turn, as more arrived than could be.",
    ["group"],
)
STAGE_PARTITIONS = Gauge("paidan_stage_partitions", "Input partitions that this process owns.", ["group"])
WAITING_RECORDS = Gauge(
    "paidan_waiting_records",
    "Records that wait for intake or the desk, as the gateway sees it.",
    ["stage"],
)
WAITING_SECONDS = Gauge("paidan_waiting_seconds", "For how long the oldest of these records has waited.", ["stage"])
CORE_ERRORS = Counter(
    "paidan_core_errors", "Items or timers at which the core raised: a bug, look at the dead letters.", ["kind"]
)
SENT_TO_REVIEW = Counter(
    "paidan_sent_to_review",
    "Orders that a person must decide, by reason; a rule's id, a person's words and the classifier's doubts: `other`.",
    ["reason"],
)
UNIT_TASKS = Counter(
    "paidan_unit_tasks",
    "Tasks of mobile units, by what has come of them: given, accepted, declined, lapsed (no next step in time).",
    ["outcome"],
)
RECHECKS = Counter(
    "paidan_rechecks",
    "What comes of asking cameras to look again: asked, passed, failed, silent (no answer in time); person: the check "
    "is a person's all the same.",
    ["outcome"],
)
RECHECK_PAIRS = Counter(
    "paidan_recheck_pairs",
    "Checks of inspectors and units where the camera had looked, by whether both came to the same: agreed, differed.",
    ["outcome"],
)
RECHECKS_WITHOUT_RIGHT = Counter(
    "paidan_rechecks_without_right",
    "Cameras asked in a category in which they have lost the right to decide: a person makes the check.",
    ["category"],
)

DEAD_LETTERS = Counter("paidan_dead_letters", "Records sent to the dead letters, by class of error.", ["error"])
DETECTIONS_IGNORED = Counter(
    "paidan_detections_ignored",
    "Detections below their label's minimum confidence, by category; `-`: those that labels.csv drops; `none`: "
    "described scenes in which nothing is the matter.",
    ["category"],
)
DETECTIONS_MISPLACED = Counter(
    "paidan_detections_misplaced", "Devices' own places outside the city, for which the registry's place was taken."
)
DETECTIONS_UNLISTED = Counter(
    "paidan_detections_unlisted",
    "Detections that open nothing as labels.csv does not list their label; a process tells 100 apart, then `other`.",
    ["vendor", "algorithm", "label"],
)
DETECTIONS_UNREGISTERED = Counter(
    "paidan_detections_unregistered",
    "Detections of cameras that cameras.csv does not have, taken where they say they are; `paidan cameras unknown`.",
)
CLASSIFIED = Counter("paidan_classified", "Texts classified, by outcome: confident, group, abstain.", ["outcome"])
CLASSIFY_SECONDS = Histogram(
    "paidan_classify_seconds",
    "Classifying one batch of texts.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1),
)
MODEL_ACTIVE = Gauge("paidan_model_active", "1 for the classifier in force, by its digest.", ["model"])
PACK_MISSING = Gauge("paidan_city_pack_missing", "1 while the city pack in force cannot be had and is waited for.")
CALENDAR_ENDS = Gauge(
    "paidan_city_calendar_ends_seconds",
    "When the last year ends of which the calendar in force names a holiday, Unix time; 0: it names none.",
)
CERTIFICATE_ENDS = Gauge(
    "paidan_kafka_certificate_ends_seconds",
    "When the next certificate ends of the file that a setting names, Unix time; 0: it holds none that can be read.",
    ["setting"],
)
MODEL_LOAD_FAILURES = Counter("paidan_model_load_failures", "Classifiers that could not be loaded; the old one stays.")
DRIFT = Gauge(
    "paidan_drift", "How far the newest orders are from what the classifier learnt, by figure of `/status`.", ["figure"]
)
DRIFT_ALARM = Gauge("paidan_drift_alarm", "1 for a figure of drift above its limit.", ["figure"])
TABLES_ROWS = Counter("paidan_tables_rows", "Rows taken into the stream tables, by table.", ["table"])
TABLES_FRESH_SECONDS = Histogram(
    "paidan_tables_fresh_seconds",
    "From the desk's writing of a row until the stream tables have taken it in, by table.",
    ["table"],
    buckets=(0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 60),
)
TABLES_EXITS = Counter("paidan_tables_exits", "Times a tables worker ended itself, by cause.", ["cause"])
TABLES_PARTITIONS = Gauge("paidan_tables_partitions", "Partitions that this tables worker answers for.")
TABLES_VIEWS_SECONDS = Histogram(
    "paidan_tables_views_seconds",
    "Building the views of newly assigned partitions from the tables.",
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60),
)
GATEWAY_REQUESTS = Counter(
    "paidan_gateway_requests", "HTTP requests answered, by route and status.", ["route", "status"]
)
GATEWAY_LIMITED = Counter(
    "paidan_gateway_limited",
    "Requests answered with 429: more events than a token may send, by its role; `public`: too many of an address.",
    ["role"],
)
GATEWAY_TOKEN_ENDS = Gauge(
    "paidan_gateway_token_ends_seconds",
    "When the next of the tokens in the gateway's file ends that hold now, Unix time; 0: there is none.",
)
GATEWAY_SECONDS = Histogram(
    "paidan_gateway_seconds",
    "From the first byte of an HTTP request to the last of its answer, by route.",
    ["route"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
BRIDGE_CARRIED = Counter(
    "paidan_bridge_carried", "Events that have crossed the bridge, by side: above, below.", ["side"]
)
BRIDGE_KEPT = Counter(
    "paidan_bridge_kept",
    "Records that did not cross: other, assist, no-hub (above it is none), moot, refused (above), unreadable.",
    ["reason"],
)
BRIDGE_AT_WORK_ON = Gauge(
    "paidan_bridge_at_work_on_seconds",
    "When the record was written that the bridge is at work on, Unix time, by the side that it comes from; 0: on none.",
    ["side"],
)
HUB_HEARD = Gauge(
    "paidan_hub_heard_seconds", "When a hub has last told its figures, Unix time, as the gateway sees it.", ["hub"]
)
NOTIFY_SENT = Counter("paidan_notify_sent", "Events that a webhook has taken, by target.", ["target"])
NOTIFY_FAILURES = Counter("paidan_notify_failures", "Attempts that will be made again, by target.", ["target"])
NOTIFY_ATTEMPT_SECONDS = Histogram(
    "paidan_notify_attempt_seconds",
    "One attempt to send an event to a webhook, by target.",
    ["target"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
NOTIFY_DELAY_SECONDS = Histogram(
    "paidan_notify_delay_seconds",
    "From the desk's writing of an event until its webhook has taken it, by target.",
    ["target"],
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 5, 30, 60, 600, 3600, 86400),
)
NOTIFY_OPEN = Gauge("paidan_notify_open", "1 while the circuit breaker of a target is open.", ["target"])
NOTIFY_EXPIRED = Counter(
    "paidan_notify_expired", "Records that Kafka no longer held when it was their turn, by consumer group.", ["group"]
)
