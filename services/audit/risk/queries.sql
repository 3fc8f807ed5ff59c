-- name: lock
-- Whoever weighs the same person's or document's cases waits until the one before has committed. Rows are made as they are needed; the
-- update never happens, but it locks.
insert into risk_lock as r (key) select key from unnest($1::text[]) as k (key) order by key collate "C"
on conflict (key) do update set key = excluded.key where false;

-- name: requests
-- Requests of a sponsor within a day, without the batch's own cases ($5) and those of certain states ($6). $1 place in the batch.
select a.n, count(*)
from unnest($1::int[], $2::text[], $3::timestamptz[], $4::timestamptz[]) as a (n, sponsor, begin_at, end_at)
join binding b on b.sponsor_psn_no = a.sponsor and b.requested_at >= a.begin_at and b.requested_at < a.end_at
where b.state <> all($6::text[]) and b.binding_id not in (select unnest($5::uuid[]))
group by a.n;

-- name: bindings
-- Bindings of a beneficiary that were asked for since a time, without the batch's own cases ($4) and those of certain states ($5).
select a.n, count(*)
from unnest($1::int[], $2::text[], $3::timestamptz[]) as a (n, beneficiary, since)
join binding b on b.beneficiary_psn_no = a.beneficiary and b.requested_at >= a.since
where b.state <> all($5::text[]) and b.binding_id not in (select unnest($4::uuid[]))
group by a.n;

-- name: uses
-- In whose names documents were handed in, without the batch's own cases ($2). A hundred of one document are enough to tell.
select d.sha256, u.personal, u.named
from unnest($1::text[]) as d (sha256)
cross join lateral (
    select distinct v.personal, v.named from document_use v
    where v.sha256 = d.sha256 and v.binding_id not in (select unnest($2::uuid[]))
    limit 100
) u;

-- name: keep
insert into document_use as u (binding_id, sha256, personal, named)
select binding_id, sha256, personal, string_to_array(named, ' ')
from unnest($1::uuid[], $2::text[], $3::bool[], $4::text[]) as c (binding_id, sha256, personal, named)
on conflict (binding_id, sha256) do update set personal = excluded.personal, named = excluded.named
where (u.personal, u.named) is distinct from (excluded.personal, excluded.named);

-- name: forget
-- Documents of cases that an erased person is a party of. Their locks go too, but for those that somebody uses right now.
with gone as (
    delete from document_use u using binding b
    where b.binding_id = u.binding_id and (b.sponsor_psn_no = any($1::text[]) or b.beneficiary_psn_no = any($1::text[]))
    returning u.sha256
), free as (
    select l.key from risk_lock l where l.key in (select sha256 from gone) or l.key = any($1::text[]) for update skip locked
)
delete from risk_lock l using free where l.key = free.key;
