"""The settings of the embedded broker: one node on loopback, open or secured.

Each that differs from Kafka's default is here for one node, for speed, or for safety.
"""

from collections.abc import Mapping
from pathlib import Path

from evermodel.embedded.addresses import LOOPBACK

# One node: every internal topic has one replica and few partitions; groups form at once and
# may use short sessions, so that a killed service is replaced within seconds.
_EITHER = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
log.dirs={data}
num.partitions=1
default.replication.factor=1
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=4194304
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""
_OPEN = """\
listeners=PLAINTEXT://{host}:{client},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{client}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
"""
# SCRAM users are made once the broker runs, so its own connections and the administrator's go by
# certificate. Who is not listed is refused: no topic is anybody's because nobody spoke of it.
_SECURED = """\
listeners=CLIENTS://{host}:{client},INTERNAL://{host}:{administration},CONTROLLER://{host}:{controller}
advertised.listeners=CLIENTS://{host}:{client},INTERNAL://{host}:{administration}
listener.security.protocol.map=CLIENTS:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL
inter.broker.listener.name=INTERNAL
ssl.keystore.type=PEM
ssl.keystore.location={certificates}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={certificates}/authority.pem
listener.name.internal.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:CN=broker;User:CN=administrator
allow.everyone.if.no.acl.found=false
"""


def server_properties(
    *, data: Path, ports: Mapping[str, int], certificates: Path | None = None
) -> str:
    """Return the text of ``server.properties``.

    `ports`: ``client``, ``administration`` (secured only) and ``controller``. `certificates`: the
    folder of ``broker.pem`` and ``authority.pem``; without it everybody is let in.
    """
    text = _EITHER + (_SECURED if certificates else _OPEN)
    return text.format(host=LOOPBACK, data=data, certificates=certificates, **ports)
