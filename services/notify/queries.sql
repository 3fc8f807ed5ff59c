-- name: begin_life
insert into beginnings (born_at) values ($1) on conflict (one) do nothing;

-- name: born_at
select born_at from beginnings;

-- name: upsert_persons
insert into persons (psn_no, version, sealed, no_sms, dead, language, optional_notices)
select * from unnest($1::text[], $2::bigint[], $3::bytea[], $4::bool[], $5::bool[], $6::text[], $7::bool[])
on conflict (psn_no) do update set
    version = excluded.version, sealed = excluded.sealed, no_sms = excluded.no_sms, dead = excluded.dead,
    language = excluded.language, optional_notices = excluded.optional_notices
where excluded.version > persons.version;

-- name: forget_persons
delete from persons where psn_no = any($1::text[]);

-- name: open_of_persons
-- Unlocked: to learn which to lock.
select id from notices where psn_no = any($1::text[]) and next_at is not null;

-- name: strip_persons
update notices set content = null, answer = null, psn_no = null, stripped_at = $2 where psn_no = any($1::text[]);

-- name: persons
select psn_no, version, sealed, no_sms, dead, language, optional_notices from persons where psn_no = any($1::text[]);

-- name: known_notices
select n.about, n.version, n.template, n.recipient_hash from notices n
join unnest($1::text[], $2::bigint[]) as k (about, version) on n.about = k.about and n.version = k.version;

-- name: insert_notices
insert into notices (id, about, version, template, recipient_hash, side, psn_no, region, media, state, reason, content,
    decided_at, created_at, next_at, answer, origin_source, origin_id, trace, ended_at, stripped_at)
select id, about, version, template, recipient_hash, side, psn_no, region, string_to_array(media, ','), state, reason, content,
    decided_at, created_at, next_at, answer, origin_source, origin_id, trace,
    case when next_at is null then created_at end, case when content is null then created_at end
from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::text[], $12::bytea[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::bytea[], $17::text[],
    $18::text[], $19::text[])
    as n (id, about, version, template, recipient_hash, side, psn_no, region, media, state, reason, content, decided_at,
        created_at, next_at, answer, origin_source, origin_id, trace)
on conflict (about, version, template, recipient_hash) do nothing;

-- name: receive_parts
-- Receipts. A receipt that came before the submit's answer makes the row; a final fate never moves. SMS centres use their ids again
-- after days: a row of long ago begins anew, for the text whose answer is still to come.
insert into parts (provider_id, fate, code)
select * from unnest($1::text[], $2::text[], $3::text[])
on conflict (provider_id) do update set (notice_id, number, fate, code, seen_at) = (
    select case when again then null else parts.notice_id end, case when again then null else parts.number end,
        case when moves then excluded.fate else parts.fate end, case when moves then excluded.code else parts.code end,
        case when again then now() else parts.seen_at end
    from (select parts.seen_at < now() - interval '2 days') as a (again),
        lateral (select again or parts.fate is null or parts.fate = 'pending') as m (moves))
returning provider_id, notice_id, number;

-- name: refer_parts
-- Receipts that name an attempt by our own reference need no answer to be known by; only the provider that made it can name it.
update parts p set notice_id = a.notice_id, number = a.number
from unnest($1::text[], $2::text[], $3::uuid[], $4::int[]) as r (provider_id, provider, notice_id, number)
join attempts a on a.notice_id = r.notice_id and a.number = r.number and a.provider = r.provider
where p.provider_id = r.provider_id and p.notice_id is null
returning p.provider_id, p.notice_id, p.number;

-- name: submit_parts
-- Answers of submits. The receipt may have made the row already, within the hour: an answer is never slower. The row of a text of
-- long ago, whose id the SMS centre uses again, goes.
insert into parts (provider_id, notice_id, number)
select * from unnest($1::text[], $2::uuid[], $3::int[])
on conflict (provider_id) do update set notice_id = excluded.notice_id, number = excluded.number,
    fate = case when parts.seen_at >= now() - interval '1 hour' then parts.fate end, seen_at = now()
where parts.notice_id is null or parts.seen_at < now() - interval '2 days';

-- name: open_about
-- Unlocked: to learn which to lock.
select id from notices where about = any($1::text[]) and next_at is not null;

-- name: lock_notices
select id from notices where id = any($1::uuid[]) order by id for update;

-- name: notices
-- `template` without what an operator's sending again adds to it: the kind.
select id, about, version, split_part(template, '.', 1) as template, side, psn_no, region, media, step, tries, put_off, attempts,
    state, reason, decided_at, next_at, answer, origin_source, origin_id, medium_until, overtaken
from notices where id = any($1::uuid[]);

-- name: attempts
select notice_id, number, medium, state, parts, code, provider, excused, case medium when 'call' then started_at else answered_at end as sent_at
from attempts where notice_id = any($1::uuid[]);

-- name: fates
select notice_id, number, fate from parts where notice_id = any($1::uuid[]);

-- name: move_notices
update notices n set state = m.state, reason = m.reason, step = m.step, tries = m.tries, put_off = m.put_off,
    next_at = m.next_at, medium_until = m.medium_until, overtaken = m.overtaken,
    leased_until = case when m.state = 'sending' then n.leased_until end,
    ended_at = case when m.next_at is null then $10::timestamptz end
from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::int[], $6::int[], $7::timestamptz[], $8::timestamptz[], $9::bool[])
    as m (id, state, reason, step, tries, put_off, next_at, medium_until, overtaken)
where n.id = m.id;

-- name: end_attempts
update attempts a set state = e.state, code = e.code, parts = e.parts, excused = e.excused,
    answered_at = coalesce(a.answered_at, $7), ended_at = case when e.state <> 'pending' then $7::timestamptz end
from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::int[], $6::bool[])
    as e (notice_id, number, state, code, parts, excused)
where a.notice_id = e.notice_id and a.number = e.number;

-- name: claim
-- Turns to take, nobody else's. The lease is by the database's clock. What an operator has sent again is as old as that sending.
-- `overtaken`: a later notice about the same to the same person is there that goes to a phone, too; `ahead_sending`, `ahead_at`: an
-- earlier one is being sent, or waits for its time. A bill may have been paid by several sponsors: what one is told waits for no other's.
with turn as (
    select n.id from notices n
    where n.next_at <= $1 and n.state = 'created' and n.media[n.step + 1] = $2
      and (n.leased_until is null or n.leased_until < clock_timestamp())
    order by n.next_at, n.version
    limit $3
    for update skip locked
)
update notices n set leased_until = clock_timestamp() + interval '60 seconds'
from turn where n.id = turn.id
returning n.id, n.about, n.version, split_part(n.template, '.', 1) as template, n.psn_no, n.region, n.content, n.created_at,
    n.next_at, case when n.template like '%.again-%' then n.created_at else n.decided_at end as decided_at,
    n.step + 1 >= cardinality(n.media) as last,
    (select a.provider from attempts a where a.notice_id = n.id order by a.number desc limit 1) as last_provider,
    n.overtaken or exists (
        select from notices l where l.about = n.about and l.side = n.side and l.version > n.version
            and l.media <> '{message-centre}') as overtaken,
    exists (
        select from notices e where e.about = n.about and e.side = n.side and e.version < n.version
            and e.recipient_hash = n.recipient_hash and e.state = 'sending') as ahead_sending,
    (select max(e.next_at) from notices e where e.about = n.about and e.side = n.side and e.version < n.version
        and e.recipient_hash = n.recipient_hash and e.state = 'created') as ahead_at;

-- name: begin_attempts
with begun as (
    update notices set state = 'sending', attempts = attempts + 1, reason = null,
        leased_until = clock_timestamp() + make_interval(secs => $2)
    where id = any($1::uuid[]) and state = 'created'
    returning id, attempts, media[step + 1] as medium, next_at
)
insert into attempts (notice_id, number, medium, provider, state, due_at, started_at)
select b.id, b.attempts, b.medium, c.provider, 'sending', b.next_at, $3
from begun b join unnest($1::uuid[], $4::text[]) as c (id, provider) on c.id = b.id
returning notice_id, number;

-- name: put_off
update notices n set next_at = p.next_at, leased_until = null, reason = p.reason
from unnest($1::uuid[], $2::timestamptz[], $3::text[]) as p (id, next_at, reason)
where n.id = p.id and n.state = 'created';

-- name: let_others_by
-- Claimed, but who could send it has enough to do: due as before, and looked at again after a second, so that others get by.
update notices set leased_until = clock_timestamp() + interval '1 second' where id = any($1::uuid[]);

-- name: silent
-- Texts whose receipt did not come, and attempts whose process is gone; nobody else looks after them now. By the database's clock.
with turn as (
    select id, attempts from notices
    where next_at <= $1 and state in ('sending', 'pending', 'unknown') and (leased_until is null or leased_until < clock_timestamp())
    order by next_at limit $2
    for update skip locked
)
update notices n set leased_until = clock_timestamp() + interval '60 seconds'
from turn t left join attempts a on a.notice_id = t.id and a.number = t.attempts
where n.id = t.id
returning n.id, n.attempts as number, n.state, n.psn_no, a.provider, a.code, a.started_at;

-- name: provider_ids
-- What the provider named the parts of an attempt, if it answered.
select p.notice_id, p.provider_id from parts p
join unnest($1::uuid[], $2::int[]) as a (notice_id, number) on a.notice_id = p.notice_id and a.number = p.number
order by p.provider_id;
