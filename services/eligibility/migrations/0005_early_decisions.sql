-- Decisions about requests that are not here: after a restore the topics are read again, each from where it stood, in no order among one another.
create table early_decisions (
    binding_id uuid primary key,
    version int not null,
    body bytea not null
);
