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
STAGE_PARTITIONS = Gauge("paidan_stage_partitions", "Input partitions that this process owns.", ["group"])
CORE_ERRORS = Counter(
    "paidan_core_errors", "Items or timers at which the core raised: a bug, look at the dead letters.", ["kind"]
)
