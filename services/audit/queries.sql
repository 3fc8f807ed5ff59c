-- name: lock
select binding_id from binding where binding_id = any($1::uuid[]) order by binding_id for update;

-- name: load
select binding_id, body, claimed_by, claimed_until, taken_from, overdue, since, reminded, first_born_by, marks, second_eyes, first_eyes,
       sampled, looked_by, agreed, looked_at
from binding where binding_id = any($1::uuid[]);

-- name: related
select pair from relation where pair = any($1::text[]) and not ended;

-- name: deciders
select binding_id, reviewer, state from binding where binding_id = any($1::uuid[]);

-- name: save
insert into binding as b (
    binding_id, version, state, at, round, admdvs, channel, sponsor_psn_no, beneficiary_psn_no, relation, requested_at,
    due_at, reviewer, claimed_by, claimed_until, overdue, body, counter, since, reminded, first_born_by, marks, second_eyes,
    first_eyes, sampled, looked_by, agreed, looked_at, taken_from, first)
select c.*, c.state = 'under-review' and (c.counter or exists (
        select from person p where p.psn_no in (c.sponsor, c.beneficiary) and p.brdy <= c.born_by))
from unnest(
    $1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::text[], $15::timestamptz[], $16::bool[], $17::text[],
    $18::bool[], $19::timestamptz[], $20::int[], $21::date[], $22::text[], $23::bool[], $24::text[], $25::text[], $26::text[],
    $27::bool[], $28::timestamptz[], $29::text[])
    as c (id, version, state, at, round, admdvs, channel, sponsor, beneficiary, relation, requested_at, due_at, reviewer, claimed_by,
          claimed_until, overdue, body, counter, since, reminded, born_by, marks, second_eyes, first_eyes, sampled, looked_by, agreed,
          looked_at, taken_from)
on conflict (binding_id) do update set
    version = excluded.version, state = excluded.state, at = excluded.at, round = excluded.round, admdvs = excluded.admdvs,
    channel = excluded.channel, sponsor_psn_no = excluded.sponsor_psn_no, beneficiary_psn_no = excluded.beneficiary_psn_no,
    relation = excluded.relation, due_at = excluded.due_at, reviewer = excluded.reviewer, claimed_by = excluded.claimed_by,
    claimed_until = excluded.claimed_until, overdue = excluded.overdue, body = excluded.body,
    counter = excluded.counter, since = excluded.since, reminded = excluded.reminded, first_born_by = excluded.first_born_by,
    marks = excluded.marks, second_eyes = excluded.second_eyes, first_eyes = excluded.first_eyes, sampled = excluded.sampled,
    looked_by = excluded.looked_by, agreed = excluded.agreed, looked_at = excluded.looked_at, taken_from = excluded.taken_from,
    first = excluded.first,
    recorded = b.recorded or b.version < excluded.version;

-- name: save_persons
insert into person as p (psn_no, version, brdy, surv_stas)
select * from unnest($1::text[], $2::int[], $3::date[], $4::text[])
on conflict (psn_no) do update set version = excluded.version, brdy = excluded.brdy, surv_stas = excluded.surv_stas
where p.version < excluded.version;

-- name: goes_first
-- Persons of whom the registry told only now, or told otherwise: their open cases change places.
update binding b set first = v.first
from (
    select o.binding_id, o.counter or exists (
        select from person p where p.psn_no in (o.sponsor_psn_no, o.beneficiary_psn_no) and p.brdy <= o.first_born_by) as first
    from binding o
    where o.state = 'under-review' and (o.sponsor_psn_no = any($1::text[]) or o.beneficiary_psn_no = any($1::text[]))
    order by o.binding_id for update
) v
where b.binding_id = v.binding_id and b.first <> v.first;

-- name: forget_persons
delete from person where psn_no = any($1::text[]);

-- name: save_relations
insert into relation as r (pair, version, psn_no, other_is, ended)
select * from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::bool[])
on conflict (pair) do update set
    version = excluded.version, psn_no = excluded.psn_no, other_is = excluded.other_is, ended = excluded.ended
where r.version < excluded.version;

-- name: forget_relations
delete from relation where pair = any($1::text[]);
