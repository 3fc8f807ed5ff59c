"""The line in one process: four real batch steps and handlers on the real PostgreSQL, a model broker, a virtual clock, one seed."""
