-- What the review desk asks. Everything is read through schema audit_desk, whoever asks: the desk's role may read nothing else.

-- name: queue
-- Who waits for people: counters and the old first, then what is due first; the order of index binding_queue. $1 region prefix,
-- $2 in this operator's hands, $3 only overdue, $4 rows, $5 now, $6 also cases whose documents are still being read, $7 only what
-- nobody has in hand, $8 only those with marks, $9 only those who came to a window, $10 in one of these regions (prefixes; none: in any),
-- $11 not approved by this operator before, $12 without these.
select c.binding_id, c.version, c.state, c.round, c.admdvs, c.channel, c.relation, c.requested_at, c.due_at, c.overdue, c.reviewer,
       case when c.claimed_until > $5 then c.claimed_by end as claimed_by, c.first, c.reminded, c.marks, c.second_eyes, c.first_eyes,
       case when c.overdue then 'escalated' when c.claimed_until > $5 then 'assigned' else 'received' end as desk,
       (select d.state from audit_desk.documents d where d.binding_id = c.binding_id and d.round = c.round) as documents
from audit_desk.cases c
where c.state = 'under-review' and c.admdvs >= $1 and c.admdvs < $1 || ':'
  and ($2::text is null or (c.claimed_by = $2 and c.claimed_until > $5)) and (not $3 or c.overdue)
  and (not $7 or c.claimed_until is null or c.claimed_until <= $5)
  and (not $8 or c.marks <> '') and (not $9 or c.counter)
  and ($10::text[] is null or exists (select from unnest($10::text[]) as prefix where starts_with(c.admdvs, prefix)))
  and ($11::text is null or c.first_eyes is distinct from $11) and ($12::uuid[] is null or c.binding_id <> all ($12))
  and ($6 or not exists (
      select from audit_desk.documents d where d.binding_id = c.binding_id and d.round = c.round and d.state = 'pending'))
order by c.first desc, c.due_at, c.binding_id
limit $4;

-- name: cases
-- Cases of any states, what is due first first. $1 region prefix, $2 states, $3 rows, $4 now.
select c.binding_id, c.version, c.state, c.round, c.admdvs, c.channel, c.relation, c.requested_at, c.due_at, c.overdue, c.reviewer,
       case when c.claimed_until > $4 then c.claimed_by end as claimed_by, c.first, c.reminded, c.marks, c.second_eyes, c.first_eyes,
       case when c.overdue then 'escalated' when c.claimed_until > $4 then 'assigned' else 'received' end as desk,
       (select d.state from audit_desk.documents d where d.binding_id = c.binding_id and d.round = c.round) as documents
from audit_desk.cases c
where c.state = any($2::text[]) and c.admdvs >= $1 and c.admdvs < $1 || ':'
order by c.due_at, c.binding_id
limit $3;

-- name: counts
-- How many wait, for what, by region; apart those whose documents are still being read, whom nobody can take yet. $1 region prefix, $2 now.
select c.admdvs, c.state,
       case when c.state <> 'under-review' then '' when d.binding_id is not null then 'verifying' when c.overdue then 'escalated'
            when c.claimed_until > $2 then 'assigned' else 'received' end as desk,
       count(*) as cases, count(*) filter (where c.first) as first, count(*) filter (where c.reminded > 0) as reminded,
       count(*) filter (where c.marks <> '') as marked, min(c.due_at) as due_at
from audit_desk.cases c
left join audit_desk.documents d on d.binding_id = c.binding_id and d.round = c.round and d.state = 'pending'
where c.state in ('awaiting-consent', 'under-review', 'supplement-requested') and c.admdvs >= $1 and c.admdvs < $1 || ':'
group by 1, 2, 3
order by 1, 2, 3;

-- name: show
select e.body::text as body, e.sponsor, e.beneficiary, e.other_is, e.relation_ended, e.other_is_beneficiary, e.sponsor_surv_stas,
       e.beneficiary_surv_stas, c.claimed_by, c.claimed_until, c.taken_from, c.overdue, c.marks, c.first_eyes, c.sampled, c.looked_by,
       c.agreed, d.state as documents, d.verified_at as documents_verified_at
from audit_desk.details e
join audit_desk.cases c on c.binding_id = e.binding_id
left join audit_desk.documents d on d.binding_id = c.binding_id and d.round = c.round
where e.binding_id = $1;

-- name: revealed
select sponsor_psn_no, sponsor_brdy, beneficiary_psn_no, beneficiary_brdy from audit_desk.revealed($1, $2);

-- name: looks
-- Approvals that were drawn: those that wait for a second person, or those that were looked at, the last ones first. $1 region prefix,
-- $2 those that were looked at, $3 of these only the disagreements, $4 rows.
select c.binding_id, c.admdvs, c.channel, c.relation, c.state, c.at, c.sampled, c.looked_by, c.looked_at, c.agreed,
       (select d.state from audit_desk.documents d where d.binding_id = c.binding_id and d.round = c.round) as documents
from audit_desk.cases c
where c.sampled is not null and (c.looked_by is not null) = $2 and (not $3 or not c.agreed)
  and c.admdvs >= $1 and c.admdvs < $1 || ':'
order by c.looked_at desc, c.at, c.binding_id
limit $4;

-- name: rates
-- By province: how many approvals wait for a second person, and of those that were looked at since $2 with how many he or she
-- disagreed. In two parts, so that each is found by its index and audit does not go through all bindings for its figures. $1 region prefix.
select left(c.admdvs, 2) as region, count(*) filter (where c.looked_by is null) as waiting,
       count(*) filter (where c.agreed) as agreed, count(*) filter (where not c.agreed) as disagreed
from (
    select admdvs, looked_by, agreed from audit_desk.cases where sampled is not null and looked_by is null
    union all
    select admdvs, looked_by, agreed from audit_desk.cases where looked_by is not null and looked_at >= $2
) c
where c.admdvs >= $1 and c.admdvs < $1 || ':'
group by 1
order by 1;

-- name: views
-- The desk's chain of the record, the last entries first. $1 binding, $2 operator, $3 rows.
select e.position, e.body from audit_record.record_entry e
where e.chain = 'desk' and ($1::uuid is null or e.binding_id = $1)
  and ($2::text is null or convert_from(e.body, 'UTF8')::jsonb ->> 'by' = $2)
order by e.position desc
limit $3;
