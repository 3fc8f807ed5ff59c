"""The demo: real Kafka, PostgreSQL, SMS centre and telephone on this machine, and a day at the counter in three minutes."""
