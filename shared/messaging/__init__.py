"""The messaging core that all services share: from a record of a topic to a committed outcome, and out again.

| file | holds |
|---|---|
| `handler` | the interface: what a service gives (`Handler`) and gets (`Event`, `Due`, `Out`) |
| `records`, `registry`, `reasons` | raw records, what the core asks of the contracts, codes of dead letters |
| `decode`, `jsontext`, `address`, `examples` | level one (dead letter) and level two (`Invalid`) of validation |
| `step`, `fold`, `collector`, `tables` | the one transaction: fence, claims, `lock → load → decide → save`, outbox |
| `dead_letters`, `brake` | dead letters and their replay; what stops a service, and what must not |
| `due` | rows that fire at a time, never ahead of unread messages |
| `relay`, `producer`, `partition` | from the outbox to Kafka |
| `broker`, `consumer`, `drain`, `lenient`, `watch` | the subscriber, rebalances, odd header names, tasks beside it |
| `service` | start and stop of a process |

`step`, `due` and `relay` need neither Kafka nor FastStream: simulations drive `BatchStep.run(records)`, `DueRows.note_read`/`fire` and
`Relay.round(send)` with a clock and ids of their own.
"""
