"""How long a record, a request and a fetch may be, in bytes: the same for everybody who writes and reads."""

MAX_RECORD_BYTES = 3 * 1024 * 1024
# What a topic takes: a record of MAX_RECORD_BYTES must pass together with the overhead of its batch.
MAX_MESSAGE_BYTES = MAX_RECORD_BYTES + 64 * 1024

# What a client sends in one request, and what it fetches of one partition at once: more than any message.
REQUEST_BYTES = 4 * 1024 * 1024
FETCH_BYTES = 4 * 1024 * 1024
# How long a batch of a stage's may become: the default of 16 kB makes each cycle send many, one after the other.
BATCH_BYTES = 1024 * 1024
# What a reader of whole partitions fetches at once of all of them together.
WHOLE_FETCH_BYTES = 16 * 1024 * 1024
