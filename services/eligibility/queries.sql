-- name: learn_persons
select psn_no, person from person_records where psn_no = any($1::text[]);

-- name: learn_bindings
select binding_id, sponsor, beneficiary from bindings where binding_id = any($1::uuid[]) or short_code = any($2::text[]);

-- name: learn_bindings_of_persons
-- what a new registry record may touch: standing bindings and requests that wait for the person
select binding_id, sponsor, beneficiary from bindings where sponsor = any($1::bytea[]) and counts
union
select binding_id, sponsor, beneficiary from bindings where beneficiary = any($1::bytea[]) and counts;

-- name: make_people
insert into people (person) select p from unnest($1::bytea[]) p order by p on conflict do nothing;

-- name: lock_bindings
select binding_id from bindings where binding_id = any($1::uuid[]) order by binding_id for update;

-- name: lock_people
select person, opened_at, erased_at from people where person = any($1::bytea[]) order by person for update;

-- name: person_records
select person, body from person_records where person = any($1::bytea[]) or psn_no = any($2::text[]);

-- name: relation_records
select body from relation_records where psn_no = any($1::text[]) and other_psn_no = any($1::text[]);

-- name: accounts
select psn_no, frozen, closed from accounts where psn_no = any($1::text[]);

-- name: bindings
select binding_id, body from bindings
where binding_id = any($2::uuid[]) or (sponsor = any($1::bytea[]) and counts) or (beneficiary = any($1::bytea[]) and counts);

-- name: consents
select beneficiary, about, at from consents where beneficiary = any($1::bytea[]);

-- name: face_checks
select f.provider, f.transaction_no, f.binding_id
from face_checks f join unnest($1::text[], $2::text[]) as a (provider, transaction_no) using (provider, transaction_no);

-- name: save_people
insert into people (person, opened_at) select * from unnest($1::bytea[], $2::timestamptz[])
on conflict (person) do update set opened_at = excluded.opened_at;

-- name: save_accounts
insert into accounts (psn_no, frozen, closed) select * from unnest($1::text[], $2::boolean[], $3::boolean[])
on conflict (psn_no) do update set frozen = excluded.frozen, closed = excluded.closed;

-- name: save_consents
insert into consents (beneficiary, about, at) select * from unnest($1::bytea[], $2::text[], $3::timestamptz[])
on conflict (beneficiary, about) do update set at = excluded.at;

-- name: drop_consents
delete from consents c using unnest($1::bytea[], $2::text[]) as a (beneficiary, about)
where c.beneficiary = a.beneficiary and c.about = a.about;

-- name: save_face_checks
insert into face_checks (provider, transaction_no, binding_id, at)
select * from unnest($1::text[], $2::text[], $3::uuid[], $4::timestamptz[])
on conflict do nothing;

-- name: update_bindings
update bindings b
set stage = g.stage, counts = g.counts, short_code = g.short_code, body = g.body, region = g.region, stripped = g.stripped,
    held_since = case when g.held_since is not null then coalesce(b.held_since, g.held_since) end,
    held_until = case when g.held_until is not null then coalesce(b.held_until, g.held_until) end,
    final_at = case when g.final_at is not null then coalesce(b.final_at, g.final_at) end
from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::text[], $5::boolean[], $6::text[], $7::bytea[], $8::text[], $9::timestamptz[],
            $10::timestamptz[], $11::timestamptz[], $12::boolean[])
    as g (binding_id, sponsor, beneficiary, stage, counts, short_code, body, region, held_since, held_until, final_at, stripped)
where b.binding_id = g.binding_id;
