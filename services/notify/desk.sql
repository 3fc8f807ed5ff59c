-- name: listed
-- What the desk shows, oldest decision first. $6: of those for the staff only what nobody has seen to yet.
select n.id, n.about, n.version, split_part(n.template, '.', 1) as kind, n.side, left(encode(n.recipient_hash, 'hex'), 8) as person,
    n.region, n.media, n.state, n.reason, n.decided_at, n.created_at, n.ended_at, n.next_at, o.of as again_of,
    t.at as told_at, t.operator as told_by, later.notice_id as sent_again_as,
    array(select a.medium || ' ' || a.state from attempts a where a.notice_id = n.id order by a.number) as tried
from notices n
left join told_by_staff t on t.notice_id = n.id
left join resends o on o.notice_id = n.id
left join resends later on later.of = n.id
where n.state = any($1::text[]) and starts_with(n.region, $2) and ($3 = '' or n.about = $3)
  and ($4 = '' or n.media[n.step + 1] = $4 or exists (select from attempts a where a.notice_id = n.id and a.medium = $4))
  and ($5::timestamptz is null or n.created_at >= $5)
  and (not $6 or n.state <> 'handed-to-staff' or (t.notice_id is null and later.notice_id is null))
order by n.decided_at, n.id
limit $7;

-- name: counts
select n.region, n.state, split_part(n.template, '.', 1) as kind, count(*) as notices,
    count(*) filter (where n.state = 'handed-to-staff' and t.notice_id is null and later.notice_id is null) as to_tell,
    min(n.decided_at) as oldest
from notices n
left join told_by_staff t on t.notice_id = n.id
left join resends later on later.of = n.id
where n.state = any($1::text[]) and starts_with(n.region, $2) and ($3 = '' or n.about = $3)
  and ($4 = '' or n.media[n.step + 1] = $4 or exists (select from attempts a where a.notice_id = n.id and a.medium = $4))
  and ($5::timestamptz is null or n.created_at >= $5)
  and (not $6 or n.state <> 'handed-to-staff' or (t.notice_id is null and later.notice_id is null))
group by 1, 2, 3
order by 1, 2, 3;

-- name: one
select n.id, n.about, n.version, n.template, split_part(n.template, '.', 1) as kind, n.side,
    left(encode(n.recipient_hash, 'hex'), 8) as person, n.region, n.media, n.step, n.state, n.reason, n.overtaken, n.decided_at,
    n.created_at, n.ended_at, n.next_at, n.psn_no, n.content, n.answer,
    t.at as told_at, t.operator as told_by, t.note as told_note,
    o.of as again_of, o.operator as again_by, o.why as again_why, o.at as again_at,
    later.notice_id as sent_again_as, (select state from notices l where l.id = later.notice_id) as sent_again_state,
    exists (select from notices l where l.about = n.about and l.side = n.side and l.version > n.version
        and l.media <> '{message-centre}') as later_decision
from notices n
left join told_by_staff t on t.notice_id = n.id
left join resends o on o.notice_id = n.id
left join resends later on later.of = n.id
where n.id = $1;

-- name: attempts
select number, medium, provider, state, code, parts, due_at, started_at, answered_at, ended_at
from attempts where notice_id = $1 order by number;

-- name: receipts
select number, provider_id, fate, code, seen_at from parts where notice_id = $1 order by number, seen_at, provider_id;

-- name: views
select at, operator, what, why from views where notice_id = $1 order by id;

-- name: lock
select id from notices where id = $1 for update;

-- name: note_view
insert into views (notice_id, at, operator, what, why) values ($1, $2, $3, $4, $5);

-- name: tell
insert into told_by_staff (notice_id, at, operator, note) values ($1, $2, $3, $4);

-- name: again
-- The same words to the same person, by phone, from now on; its age counts from now (see `claim`). Words are sealed for their own row.
insert into notices (id, about, version, template, recipient_hash, side, psn_no, region, media, state, content, answer,
    origin_source, origin_id, trace, decided_at, created_at, next_at)
select $2, about, version, $3, recipient_hash, side, psn_no, region, array_remove(media, 'message-centre'), 'created', $5, $6,
    origin_source, origin_id, trace, decided_at, $4, $4
from notices where id = $1;

-- name: note_again
insert into resends (notice_id, of, at, operator, why) values ($1, $2, $3, $4, $5);
