-- name: begin
-- A new round starts anew; what was faulty before stays known.
insert into document_check as d (binding_id, round, state)
select binding_id, round, $3 from unnest($1::uuid[], $2::int[]) as c (binding_id, round)
on conflict (binding_id) do update set round = excluded.round, state = excluded.state, since = clock_timestamp(),
    next_at = clock_timestamp(), leased_until = null, tries = 0, verified_at = null
where d.round <> excluded.round;

-- name: seen
-- Of these cases: which may be shown to people, in which round.
select binding_id, round from document_check where binding_id = any($1::uuid[]) and state <> 'pending';

-- name: adopt
-- A store was configured: what nobody could read before is read now, as far as somebody is still to look at it.
update document_check d set state = 'pending', next_at = clock_timestamp(), since = clock_timestamp()
from binding b
where d.state = 'unverified' and b.binding_id = d.binding_id and b.round = d.round
  and (b.state = 'under-review' or (b.sampled is not null and b.looked_by is null));

-- name: give_up
-- No store is configured: what waited for one is shown as not verified.
update document_check set state = 'unverified' where state in ('pending', 'late');

-- name: lease
-- Cases to check that still are under review in that round, or that a second person has yet to look at.
with turn as (
    select d.binding_id from document_check d
    join binding b on b.binding_id = d.binding_id and b.round = d.round
      and (b.state = 'under-review' or (b.sampled is not null and b.looked_by is null))
    where d.state in ('pending', 'late') and d.next_at <= clock_timestamp()
      and (d.leased_until is null or d.leased_until < clock_timestamp())
    order by d.next_at, d.binding_id
    limit $1
    for update of d skip locked
)
update document_check d set leased_until = clock_timestamp() + make_interval(secs => $2)
from turn, binding b
where d.binding_id = turn.binding_id and b.binding_id = d.binding_id
returning d.binding_id, d.round, d.tries, d.faulty, b.body;

-- name: sound
update document_check set state = 'verified', verified_at = $3, leased_until = null where binding_id = $1 and round = $2;

-- name: faulty
update document_check set state = 'faulty', leased_until = null,
    faulty = array(select distinct unnest(faulty || $3::text[]) order by 1)
where binding_id = $1 and round = $2;

-- name: again
-- The store did not answer: later, and past the patience the case is shown as not verified.
update document_check set tries = tries + 1, leased_until = null, next_at = clock_timestamp() + make_interval(secs => $3),
    state = case when clock_timestamp() - since > make_interval(secs => $4) then 'late' else state end
where binding_id = $1 and round = $2 and state in ('pending', 'late')
returning state;

-- name: waiting
select d.state, count(*) from document_check d
join binding b on b.binding_id = d.binding_id and b.round = d.round
  and (b.state = 'under-review' or (b.sampled is not null and b.looked_by is null))
where d.state in ('pending', 'late') group by 1;
