"""What the local broker is told: `server.properties` for one node of a small cluster on loopback."""

from collections.abc import Mapping

from streams.addresses import LOOPBACK_HOST
from streams.kafka.sizes import MAX_MESSAGE_BYTES

HOST = LOOPBACK_HOST

_COMMON = f"""\
process.roles=broker,controller
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
auto.create.topics.enable=false
delete.topic.enable=true
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
controlled.shutdown.enable=true
controlled.shutdown.max.retries=1
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
initial.broker.registration.timeout.ms=60000
message.max.bytes={MAX_MESSAGE_BYTES}
replica.fetch.max.bytes={MAX_MESSAGE_BYTES}
transaction.max.timeout.ms=60000
transaction.abort.timed.out.transaction.cleanup.interval.ms=2000
log.retention.ms=-1
log.segment.bytes=67108864
log.index.size.max.bytes=1048576
log.cleaner.enable=true
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=33554432
log.cleaner.backoff.ms=15000
offsets.topic.num.partitions=8
offsets.retention.minutes=525600
offsets.topic.segment.bytes=16777216
transaction.state.log.num.partitions=8
transaction.state.log.segment.bytes=16777216
share.coordinator.state.topic.num.partitions=1
num.network.threads=2
num.io.threads=4
num.partitions=1
"""


# Its log's folder in the one that a node runs in. Such files are Latin-1, and a comma parts one folder from the next: a
# whole path may have signs that make it another, or two.
DATA_FOLDER = "data"


def server_properties(node: int, ports: Mapping[int, tuple[int, int]]) -> str:
    """The configuration of `node`; `ports` gives every node's (client, controller) port.

    Its log is in DATA_FOLDER of the folder that it runs in.
    With three nodes or more everything is replicated three times and two must have it.
    """
    client, controller = ports[node]
    voters = ",".join(f"{other}@{HOST}:{ports[other][1]}" for other in ports)
    replicas = min(3, len(ports))
    insync = max(1, replicas - 1)
    return (
        _COMMON
        + f"""\
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://{HOST}:{client},CONTROLLER://{HOST}:{controller}
advertised.listeners=PLAINTEXT://{HOST}:{client}
log.dirs={DATA_FOLDER}
default.replication.factor={replicas}
min.insync.replicas={insync}
offsets.topic.replication.factor={replicas}
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={insync}
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={insync}
"""
    )
