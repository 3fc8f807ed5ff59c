-- name: lease
-- Held by the session: who dies gives it back.
select pg_try_advisory_lock(hashtextextended(current_schema() || '.soundness', 0));

-- name: due
-- What there is to check, if it is time: from when on, null for everything (a full check a week). What was written by a transaction
-- that began before the last check and ended after it is taken again.
select case when full_at > clock_timestamp() - interval '6 days 12 hours' and broken = 0
    then sound_at - interval '10 minutes' end as since, clock_timestamp() as begun_at
from soundness where next_at <= $1;

-- name: last_sound
select sound_at - interval '10 minutes' from soundness;

-- name: whole
select invariant, subject, detail from verify();

-- name: touched
select invariant, subject, detail from check_since($1);

-- name: done
update soundness
set next_at = $1, begun_at = $2, broken = $3::bigint, sound_at = case when $3::bigint = 0 then $2 else sound_at end,
    full_at = case when $3::bigint = 0 and $4 then $2 else full_at end;

-- name: state
select broken, extract(epoch from clock_timestamp() - begun_at)::float8 as age from soundness;
