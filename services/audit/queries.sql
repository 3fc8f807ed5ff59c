-- name: lock
select binding_id from binding where binding_id = any($1::uuid[]) order by binding_id for update;

-- name: load
select binding_id, body, claimed_by, claimed_until, overdue from binding where binding_id = any($1::uuid[]);

-- name: related
select pair from relation where pair = any($1::text[]) and not ended;

-- name: deciders
select binding_id, reviewer, state from binding where binding_id = any($1::uuid[]);

-- name: save
insert into binding as b (
    binding_id, version, state, at, round, admdvs, channel, sponsor_psn_no, beneficiary_psn_no, relation, requested_at,
    due_at, reviewer, claimed_by, claimed_until, overdue, body)
select * from unnest(
    $1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::text[], $15::timestamptz[], $16::bool[], $17::text[])
on conflict (binding_id) do update set
    version = excluded.version, state = excluded.state, at = excluded.at, round = excluded.round, admdvs = excluded.admdvs,
    channel = excluded.channel, sponsor_psn_no = excluded.sponsor_psn_no, beneficiary_psn_no = excluded.beneficiary_psn_no,
    relation = excluded.relation, due_at = excluded.due_at, reviewer = excluded.reviewer, claimed_by = excluded.claimed_by,
    claimed_until = excluded.claimed_until, overdue = excluded.overdue, body = excluded.body,
    recorded = b.recorded or b.version < excluded.version;

-- name: save_persons
insert into person as p (psn_no, version, brdy, surv_stas)
select * from unnest($1::text[], $2::int[], $3::date[], $4::text[])
on conflict (psn_no) do update set version = excluded.version, brdy = excluded.brdy, surv_stas = excluded.surv_stas
where p.version < excluded.version;

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

-- name: queue
-- Who came to a counter or is old goes first, then what is due first. $1 region prefix, $2 states, $3 operator, $4 only overdue,
-- $5 born on or before, $6 rows, $7 only unclaimed at that time, $8 also cases whose documents are still being read.
select b.binding_id, b.version, b.state, b.round, b.admdvs, b.channel, b.relation, b.requested_at, b.due_at, b.overdue, b.reviewer,
       case when b.claimed_until > $7 then b.claimed_by end as claimed_by, v.first,
       (select d.state from document_check d where d.binding_id = b.binding_id and d.round = b.round) as documents
from binding b
cross join lateral (
    select b.channel in ('counter', 'institution-counter') or exists (
        select from person p where p.psn_no in (b.sponsor_psn_no, b.beneficiary_psn_no) and p.brdy <= $5) as first
) v
where b.admdvs like $1 || '%' and b.state = any($2::text[]) and ($3::text is null or (b.claimed_by = $3 and b.claimed_until > $7))
  and (not $4 or b.overdue)
  and ($8 or b.state <> 'under-review' or not exists (
      select from document_check d where d.binding_id = b.binding_id and d.round = b.round and d.state = 'pending'))
order by v.first desc, b.due_at, b.binding_id
limit $6;

-- name: show
select b.body, b.claimed_by, b.claimed_until, b.overdue, r.psn_no as related_psn_no, r.other_is, r.ended as relation_ended,
       s.surv_stas as sponsor_surv_stas, p.surv_stas as beneficiary_surv_stas,
       d.state as documents, d.verified_at as documents_verified_at
from binding b
left join relation r on r.pair = least(b.sponsor_psn_no, b.beneficiary_psn_no) || '|' || greatest(b.sponsor_psn_no, b.beneficiary_psn_no)
left join person s on s.psn_no = b.sponsor_psn_no
left join person p on p.psn_no = b.beneficiary_psn_no
left join document_check d on d.binding_id = b.binding_id and d.round = b.round
where b.binding_id = $1;
