-- name: lease
-- The night's work, if its time has come and nobody does it.
update keeping set leased_until = clock_timestamp() + interval '60 seconds'
where next_at <= $1 and (leased_until is null or leased_until < clock_timestamp())
returning sealed_under;

-- name: renew
update keeping set leased_until = clock_timestamp() + interval '60 seconds';

-- name: done
update keeping set next_at = $1, sealed_under = $2, leased_until = null;

-- name: state
select sealed_under, next_at, next_at > 'epoch' as begun,
    (select min(ended_at) from notices where (state = 'handed-to-staff') and next_at is null and stripped_at is null) as staff,
    (select min(ended_at) from notices where not (state = 'handed-to-staff') and next_at is null and stripped_at is null) as others
from keeping;

-- name: regions
select distinct region from notices where next_at is null and stripped_at is null;

-- name: strip
with due as (
    select n.id from notices n
    join unnest($2::text[], $3::timestamptz[]) as r (region, before) on r.region = n.region
    where (n.state = 'handed-to-staff') = $1 and n.next_at is null and n.stripped_at is null
      and n.ended_at < (select max(before) from unnest($3::timestamptz[]) as before) and n.ended_at < r.before
    order by n.ended_at limit $5
    for update of n skip locked
)
update notices n set content = null, answer = null, psn_no = null, stripped_at = $4 from due where n.id = due.id;

-- name: persons_otherwise
-- Rows that are not sealed under the first key, in the order of their keys.
select psn_no, sealed from persons
where psn_no > $1 and substr(sealed, 1, 5) <> $2 order by psn_no limit $3 for update;

-- name: seal_persons
update persons p set sealed = s.sealed from unnest($1::text[], $2::bytea[]) as s (psn_no, sealed) where p.psn_no = s.psn_no;

-- name: notices_otherwise
select id, content, answer from notices
where id > $1 and (substr(content, 1, 5) <> $2 or substr(answer, 1, 5) <> $2) order by id limit $3 for update;

-- name: seal_notices
update notices n set content = s.content, answer = s.answer
from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as s (id, content, answer) where n.id = s.id;
