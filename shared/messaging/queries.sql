-- name: lock_consumed
select topic, partition, next_offset from consumed
where (topic, partition) in (select * from unnest($1::text[], $2::int[]))
order by topic, partition
for update;

-- name: add_consumed
insert into consumed (topic, partition) select * from unnest($1::text[], $2::int[]) on conflict do nothing;

-- name: advance_consumed
update consumed c set next_offset = n.next_offset
from unnest($1::text[], $2::int[], $3::bigint[]) as n (topic, partition, next_offset)
where c.topic = n.topic and c.partition = n.partition;

-- name: note_read
update consumed c set read_until = $4
from unnest($1::text[], $2::int[], $3::bigint[]) as n (topic, partition, end_offset)
where c.topic = n.topic and c.partition = n.partition and c.next_offset >= n.end_offset
  and (c.read_until is null or c.read_until < $4);

-- name: read_until
select count(read_until), min(read_until) from consumed
where (topic, partition) in (select * from unnest($1::text[], $2::int[]));

-- name: known_claims
-- "offset 0" keeps the look-up by index whatever the statistics of a fresh table say.
select c.n, i.hash, i.dead, i.appended_at, i.answers
from unnest($1::text[], $2::text[]) with ordinality as c (source, id, n),
lateral (select * from inbox where inbox.source = c.source and inbox.id = c.id offset 0) as i;

-- name: revive_claims
update inbox i set dead = false, answers = n.answers
from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) as n (source, id, hash, answers)
where i.source = n.source and i.id = n.id and i.hash = n.hash and i.dead;

-- name: keep_late_answers
update inbox i set answers = n.answers
from unnest($1::text[], $2::text[], $3::bytea[]) as n (source, id, answers)
where i.source = n.source and i.id = n.id and i.answers is null and not i.dead;

-- name: delete_dues
delete from due d using unnest($1::text[], $2::text[]) as n (kind, entity)
where d.kind = n.kind and d.entity = n.entity;

-- name: upsert_dues
insert into due (kind, entity, due_at, body, trace)
select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[])
on conflict (kind, entity) do update set due_at = excluded.due_at, body = excluded.body, trace = excluded.trace;

-- name: restore_due
insert into due (kind, entity, due_at, body, trace) values ($1, $2, $3, $4, $5) on conflict do nothing returning true;

-- name: next_due
select min(due_at) from due;

-- name: dues_until
select kind, entity, due_at, body, trace from due where due_at <= $1 order by due_at, kind, entity limit $2;

-- name: overdue
select count(*) from due where due_at <= $1;

-- name: take_dues
-- After the entities are locked: only rows that are still as they were read count.
delete from due d using unnest($1::text[], $2::text[], $3::timestamptz[]) as n (kind, entity, due_at)
where d.kind = n.kind and d.entity = n.entity and d.due_at = n.due_at
returning d.kind, d.entity, d.due_at, d.body, d.trace;

-- name: insert_dead_letters
insert into dead_letters (topic, partition, "offset", hash, appended_at, reason, source, id)
select * from unnest(
    $1::text[], $2::int[], $3::bigint[], $4::bytea[], $5::timestamptz[], $6::text[], $7::text[], $8::text[])
on conflict (topic, partition, "offset") do nothing;

-- name: first_appended
select d.topic, d.partition, d."offset", d.hash, d.appended_at
from unnest($1::text[], $2::int[], $3::bigint[], $4::bytea[]) as n (topic, partition, "offset", hash)
join dead_letters d on d.topic = n.topic and d.partition = n.partition and d."offset" = n."offset" and d.hash = n.hash;

-- name: count_faults
-- A window of ten minutes. `set_aside_over` then judges: faults past the limit, and more than half of what came with them.
insert into senders as s (source, faults, good)
select * from unnest($1::text[], $2::bigint[], $3::bigint[])
on conflict (source) do update set
    faults = case when s.window_start > clock_timestamp() - interval '10 minutes' then s.faults else 0 end + excluded.faults,
    good = case when s.window_start > clock_timestamp() - interval '10 minutes' then s.good else 0 end + excluded.good,
    window_start = case when s.window_start > clock_timestamp() - interval '10 minutes'
        then s.window_start else clock_timestamp() end;

-- name: set_aside_over
update senders set set_aside_at = clock_timestamp()
where source = any($1::text[]) and faults >= $2 and faults > good and set_aside_at is null
returning source;

-- name: controls
select (select reason from brake), array(select source from senders where set_aside_at is not null);

-- name: pull_brake
insert into brake (reason) values ($1) on conflict (one) do nothing;

-- name: insert_outbox
insert into outbox (topic, keys, headers, bodies) values ($1, $2, $3, $4);

-- name: notify
select pg_notify($1, '');

-- name: oldest_outbox
-- Nothing while the database is read-only: what cannot be deleted would be published again and again.
select id, topic, keys, headers, bodies from outbox
where current_setting('transaction_read_only') = 'off' order by id limit $1;

-- name: delete_outbox
delete from outbox where id = any($1::bigint[]);

-- name: outbox_depth
select count(*), coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8 from outbox;

-- name: insert_refused
insert into refused (topic, key, headers, body, error) values ($1, $2, $3, $4, $5);

-- name: prune_inbox
-- Append times come in order, so the BRIN index finds the old blocks.
delete from inbox where ctid = any(array(select ctid from inbox where appended_at < $1 limit $2));

-- name: prune_dead_letters
delete from dead_letters where at < clock_timestamp() - make_interval(days => $1);
