-- name: lock_all
-- A document about a person concerns bindings that nobody has named: no other batch may make or approve one meanwhile. Taken before any row.
select pg_advisory_xact_lock(hashtextextended('gongji audit persons', 11));

-- name: lock_shared
select pg_advisory_xact_lock_shared(hashtextextended('gongji audit persons', 11));

-- name: bindings
select binding_id from binding where sponsor_psn_no = any($1::text[])
union
select binding_id from binding where beneficiary_psn_no = any($1::text[]);

-- name: holds
select psn_no, region, document, begin_at, until_at, operator_id from person_hold where psn_no = any($1::text[]);

-- name: save
insert into person_hold as h (psn_no, region, document, begin_at, until_at, operator_id)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[])
on conflict (psn_no, region, document) do update set begin_at = excluded.begin_at, until_at = excluded.until_at;

-- name: forget
delete from person_hold where psn_no = any($1::text[]);
