-- The core's tables. Every service's schema holds its own copy.

create table consumed (
    topic text collate "C" not null,
    partition int not null,
    next_offset bigint not null default 0,
    read_until timestamptz,  -- a time at which everything appended before it had been handled
    primary key (topic, partition)
) with (fillfactor = 50);

create table inbox (
    source text collate "C" not null,
    id text collate "C" not null,
    hash bytea not null,                 -- 16 bytes of type and body
    topic text collate "C" not null,     -- first coordinates
    partition int not null,
    "offset" bigint not null,
    appended_at timestamptz not null,
    dead boolean not null,
    answers bytea,                       -- what was answered, repeated byte for byte
    primary key (source, id)
);
create index inbox_appended_at on inbox using brin (appended_at);

create table outbox (
    id bigint generated always as identity primary key,
    topic text not null,
    keys bytea[] not null,
    headers bytea[] not null,
    bodies bytea[] not null,
    at timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table outbox alter column bodies set storage external;
alter table outbox alter column headers set storage external;

create table refused (
    id bigint generated always as identity primary key,
    topic text not null,
    key bytea,
    headers bytea not null,
    body bytea,
    error text not null,
    at timestamptz not null default clock_timestamp()
);

create table due (
    kind text collate "C" not null,
    entity text collate "C" not null,
    due_at timestamptz not null,
    body text not null,
    trace text,
    primary key (kind, entity)
);
create index due_due_at on due (due_at);

create table dead_letters (
    topic text collate "C" not null,
    partition int not null,
    "offset" bigint not null,
    hash bytea not null,                 -- 16 bytes of the value
    appended_at timestamptz not null,
    reason text not null,
    source text,
    id text,
    at timestamptz not null default clock_timestamp(),
    primary key (topic, partition, "offset")
);

create table senders (
    source text collate "C" primary key,
    faults bigint not null default 0,    -- since window_start
    good bigint not null default 0,      -- of the same batches
    window_start timestamptz not null default clock_timestamp(),
    set_aside_at timestamptz
);

create table brake (
    one boolean primary key default true check (one),
    at timestamptz not null default clock_timestamp(),
    reason text not null
);
