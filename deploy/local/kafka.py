"""One real Kafka broker on loopback: KRaft, one node, data in a folder of ours."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import subprocess
import time
import uuid
from pathlib import Path

import psutil

from deploy.local import jars, process
from deploy.local.errors import StackError, explain, tail
from deploy.local.java import find_java
from deploy.local.ports import HOST, listening

HEAP = ("-Xmx512m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4", "-Xshare:auto")

# The broker session is short because a killed broker may only come back when its own former session has run out.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=1000
log.message.timestamp.type=LogAppendTime
log.cleaner.dedupe.buffer.size=8388608
log.retention.check.interval.ms=60000
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
log.index.size.max.bytes=1048576
"""

LOGGING = """\
Configuration:
  status: warn
  Appenders:
    Console:
      name: out
      PatternLayout: {pattern: "%d{ISO8601} %p %c{1} %m%n"}
  Loggers:
    Root: {level: warn, AppenderRef: [{ref: out}]}
    Logger:
      - {name: kafka.server.KafkaRaftServer, level: info}
"""


class Kafka:
    """A broker whose data, ports and pid file live below `home`.

    Started, found again after a crash of the starter, and started again with the same ports and data.
    """

    name = "kafka"

    def __init__(self, home: Path, port: int, controller_port: int) -> None:
        self.data = home / "kafka"
        self.log = home / "log" / "kafka.log"
        self.pid_file = home / "run" / "kafka.pid"
        self.port = port
        self.controller_port = controller_port

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients."""
        return f"{HOST}:{self.port}"

    def _java(self, main: str, *arguments: str) -> list[str]:
        java, version = find_java()
        options = [*HEAP, f"-Dlog4j2.configurationFile={self.data / 'log4j2.yaml'}"]
        if version >= 24:  # quiets the warnings of the compression libraries
            options.append("--enable-native-access=ALL-UNNAMED")
            options.append("--sun-misc-unsafe-memory-access=allow")
        return [str(java), *options, "-cp", jars.class_path(), main, *arguments]

    def prepare(self) -> None:
        """Write the configuration and format the storage, once. Raises StackError if that fails."""
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "log4j2.yaml").write_text(LOGGING, encoding="utf-8")
        text = PROPERTIES.format(
            host=HOST, port=self.port, controller_port=self.controller_port, data=self.data / "logs"
        )
        (self.data / "server.properties").write_text(text, encoding="utf-8")
        if (self.data / "logs" / "meta.properties").exists():
            return
        # "c" in front: an id that begins with "-" would be taken for an option.
        cluster = "c" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:].rstrip("=")
        argv = self._java(
            "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self.data / "server.properties")
        )
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        if ran.returncode:
            told = (ran.stdout + ran.stderr).strip().splitlines()[-1:]
            raise StackError(
                f"Kafka's storage at {self.data} cannot be formatted: {' '.join(told)}",
                "Check that the disk has space and the folder is yours.",
            )

    def launch(self) -> psutil.Process:
        """Start the broker unless it runs already; returns its process without waiting for readiness."""
        if running := process.find(self.pid_file):
            return running
        argv = self._java("kafka.Kafka", str(self.data / "server.properties"))
        env = {**os.environ, "LC_ALL": "C.UTF-8"}
        child = process.spawn(argv, log=self.log, pid_file=self.pid_file, env=env, cwd=self.data)
        return psutil.Process(child.pid)

    async def ready(self, patience: float = 60.0) -> None:
        """Wait until the broker answers. Raises StackError if it ends or stays silent for `patience` seconds."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if listening(self.port) and await answers(self.bootstrap):
                return
            if process.find(self.pid_file) is None:
                raise StackError(
                    f"Kafka ended while starting: {tail(self.log)}",
                    explain(self.log) or f"Its log is {self.log}.",
                )
            await asyncio.sleep(0.1)
        raise StackError(f"Kafka did not answer within {patience:.0f} s", f"Its log is {self.log}.")

    def running(self) -> psutil.Process | None:
        """The broker's process, if it lives."""
        return process.find(self.pid_file)

    def stop(self, patience: float = 20.0) -> None:
        """Shut the broker down; killed after `patience` seconds."""
        if found := self.running():
            process.stop(found, signal.SIGTERM, patience)
        self.pid_file.unlink(missing_ok=True)


async def answers(bootstrap: str, timeout: float = 5.0) -> bool:
    """Whether a Kafka at `bootstrap` (comma separated `host:port`) gives its metadata; `timeout` seconds for each of its answers.

    Not bounded from outside: aiokafka leaves a connection open whose metadata request is cancelled.
    """
    from aiokafka.client import AIOKafkaClient
    from aiokafka.errors import KafkaError

    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=int(timeout * 1000))
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
