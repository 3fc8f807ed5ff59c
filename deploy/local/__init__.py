"""The whole line on one machine with nothing installed: Kafka, PostgreSQL and the services' supervisor."""
