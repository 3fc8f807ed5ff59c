// A channel app that is not Python: publishes the one record that stands on stdin, and ends with status 0 once the broker has it.
// usage: node producer.mjs FOLDER_WITH_NODE_MODULES < record.json
// record.json, one line: {"bootstrap": "host:port", "topic": "...", "key": "...", "headers": {"ce_id": "..."}, "value": "..."}
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

const { Kafka, Partitioners, logLevel } = createRequire(join(resolve(process.argv[2]), 'package.json'))('kafkajs')
const { bootstrap, topic, key, headers, value } = JSON.parse(readFileSync(0, 'utf8'))

const kafka = new Kafka({ clientId: 'demo-website', brokers: [bootstrap], logLevel: logLevel.NOTHING })
// The default partitioner is Java's: all records of one key lie in one partition, whatever the sender is written in.
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, allowAutoTopicCreation: false })
await producer.connect()
try {
  await producer.send({ topic, acks: -1, messages: [{ key, value, headers }] })
} finally {
  await producer.disconnect()
}
