-- name: configured
-- The providers of this installation; a new one begins where it rests, another place of rest is kept for the next step.
with known as (select name, weight from providers where name = any($1::text[])),
made as (
    insert into providers (name, medium, weight, resting, changed_at)
    select *, $4 from unnest($1::text[], $2::text[], $3::int[], $3::int[])
    on conflict (name) do update set medium = excluded.medium, resting = excluded.resting
    returning name, weight
)
insert into provider_changes (name, at, after, why)
select m.name, $4, m.weight, 'configured' from made m where not exists (select from known k where k.name = m.name);

-- name: shares
select name, medium, weight, resting, held, changed_at, fell_at, up_at from providers where name = any($1::text[]) order by name;

-- name: lock_shares
select name, medium, weight, resting, held, changed_at, fell_at, up_at from providers where name = any($1::text[]) order by name for update;

-- name: seen_up
-- Links that stand, as one process sees it; noted every ten seconds by whoever comes first.
with due as (
    select name from providers
    where name = any($1::text[]) and (up_at is null or up_at < $2::timestamptz - interval '10 seconds' or up_at > $2)
    order by name for update skip locked
)
update providers p set up_at = $2 from due where p.name = due.name;

-- name: failures
-- What came of each provider's attempts in the last minute: how many, and how many failed technically or stayed without answer by its fault.
-- By their end: one that waited for its place beside a dark provider's others, and then for nothing, began long ago. What a process of ours
-- left behind when it died is found later than two minutes after its beginning, and is not the provider's fault.
select p.name, count(a.state) as attempts,
    count(*) filter (where a.state in ('technical-failure', 'unknown') and not a.excused) as failures
from unnest($1::text[]) as p (name)
left join attempts a on a.provider = p.name and a.answered_at > $2::timestamptz - interval '1 minute'
    and a.started_at > $2::timestamptz - interval '2 minutes'
group by p.name;

-- name: slowness
-- How much of what each provider took in the last quarter of an hour arrived after more than five minutes, or has not arrived since.
select p.name, coalesce(avg((coalesce(a.ended_at, $2) - a.started_at > interval '5 minutes')::int), 0)::float8 as slow
from unnest($1::text[]) as p (name)
left join attempts a on a.provider = p.name and a.started_at > $2::timestamptz - interval '15 minutes'
    and a.state in ('delivered', 'pending', 'expired')
    and (a.ended_at is not null or a.started_at < $2::timestamptz - interval '5 minutes')
group by p.name;

-- name: move_shares
update providers p set weight = m.weight, changed_at = $4, fell_at = m.fell_at
from unnest($1::text[], $2::int[], $3::timestamptz[]) as m (name, weight, fell_at)
where p.name = m.name;

-- name: note_changes
insert into provider_changes (name, at, before, after, why, operator)
select name, $6, before, after, why, $5 from unnest($1::text[], $2::int[], $3::int[], $4::text[]) as c (name, before, after, why);

-- name: hold
update providers set weight = $2, held = $3, changed_at = $4 where name = $1;

-- name: history
select name, at, before, after, why, operator from provider_changes where name = any($1::text[]) order by id desc limit $2;
