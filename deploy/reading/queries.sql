-- name: tables
select
    (select count(*) from outbox),
    (select coalesce(sum(cardinality(keys)), 0)::bigint from outbox),
    (select extract(epoch from clock_timestamp() - min(at))::float8 from outbox),
    (select count(*) from due where due_at <= $1),
    (select min(due_at) from due where due_at <= $1),
    (select count(*) from refused),
    (select reason from brake),
    (select count(*) from dead_letters where at > clock_timestamp() - interval '1 hour');

-- name: dead_letters
select reason, count(*) from dead_letters group by reason order by reason;

-- name: set_aside
select source from senders where set_aside_at is not null order by source;

-- name: consumed
select topic, partition, next_offset from consumed;

-- name: release_brake
delete from brake returning reason;

-- name: senders
select source, faults, good, set_aside_at from senders order by source;

-- name: set_source_aside
insert into senders (source, set_aside_at) values ($1, clock_timestamp())
on conflict (source) do update set set_aside_at = coalesce(senders.set_aside_at, excluded.set_aside_at);

-- name: restore_source
update senders set set_aside_at = null, faults = 0, good = 0, window_start = clock_timestamp()
where source = $1 and set_aside_at is not null
returning source;
