-- name: save_person_records
-- every version into the history, the highest into the current table
with given as (
    select * from unnest($1::text[], $2::bytea[], $3::int[], $4::bytea[], $5::timestamptz[], $6::boolean[])
        as g (psn_no, person, version, body, appended_at, current)
), kept as (
    insert into person_history (psn_no, person, version, body, appended_at)
    select psn_no, person, version, body, appended_at from given
    on conflict do nothing
)
insert into person_records (psn_no, person, version, body)
select psn_no, person, version, body from given where current
on conflict (psn_no) do update set person = excluded.person, version = excluded.version, body = excluded.body
where person_records.version < excluded.version;

-- name: save_relation_records
with given as (
    select * from unnest($1::text[], $2::text[], $3::int[], $4::bytea[], $5::timestamptz[], $6::boolean[])
        as g (psn_no, other_psn_no, version, body, appended_at, current)
), kept as (
    insert into relation_history (psn_no, other_psn_no, version, body, appended_at)
    select psn_no, other_psn_no, version, body, appended_at from given
    on conflict do nothing
)
insert into relation_records (psn_no, other_psn_no, version, body)
select psn_no, other_psn_no, version, body from given where current
on conflict (psn_no, other_psn_no) do update set version = excluded.version, body = excluded.body
where relation_records.version < excluded.version;

-- name: forget_person_records
with history as (delete from person_history where psn_no = any($1::text[]))
delete from person_records where psn_no = any($1::text[]);

-- name: forget_relation_records
with named as (
    select * from unnest($1::text[], $2::text[]) as a (psn_no, other_psn_no)
), history as (
    delete from relation_history h using named a where h.psn_no = a.psn_no and h.other_psn_no = a.other_psn_no
)
delete from relation_records r using named a where r.psn_no = a.psn_no and r.other_psn_no = a.other_psn_no;

-- name: mark_erased
update people p set erased_at = a.at from unnest($1::bytea[], $2::timestamptz[]) as a (person, at) where p.person = a.person;

-- name: forget_history
-- versions under numbers that have gone to somebody else since
delete from person_history where person = any($1::bytea[]);

-- name: forget_screenings
update screenings set facts = null
where facts is not null and binding_id in (
    select binding_id from bindings where sponsor = any($1::bytea[])
    union all
    select binding_id from bindings where beneficiary = any($1::bytea[])
);

-- name: forget_consents
delete from consents where beneficiary = any($1::bytea[]);

-- name: bindings_over
select body from bindings where sponsor = any($1::bytea[]) and final_at is not null and not stripped
union
select body from bindings where beneficiary = any($1::bytea[]) and final_at is not null and not stripped;

-- name: strip_bindings
with given as (
    select * from unnest($1::uuid[], $2::bytea[]) as g (binding_id, body)
), forgotten as (
    update screenings s set facts = null from given g where s.binding_id = g.binding_id and s.facts is not null
)
update bindings b set body = g.body, short_code = null, stripped = true from given g where b.binding_id = g.binding_id;
