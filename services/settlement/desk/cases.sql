-- What the desk of the ledger asks. Everything is read through schema settlement_desk: its role may read nothing else.

-- name: listed
-- $1 region prefix, $2 what, $3 states, $4 overdue at this time (null: any), $5 month, $6 rows.
select case_id, what, kind, admdvs, state, deadline, at, fixmedins_code, month, psn_no, amount, open
from settlement_desk.cases
where admdvs >= $1 and admdvs < $1 || ':' and ($2 = '' or what = $2) and state = any($3::text[])
  and ($4::timestamptz is null or deadline < $4) and ($5 = '' or month = $5)
order by state desc, deadline nulls last, at, case_id
limit $6;

-- name: one
select c.*, b.insutype, b.clr_type, b.setl_optins, b.begins, b.ends, b.scope, b.msgid, b.setl_id, b.ours, b.theirs, b.closed_at,
    b.closed_by, b.resolution
from settlement_desk.cases c left join settlement_desk.breaks b using (case_id) where c.case_id = $1;

-- name: verdicts
select kind, operator_id, resolution, amount, note, at from settlement_desk.verdicts where case_id = $1 order by at;

-- name: periods
select admdvs, max(month) as month, max(closed_at) as closed_at from settlement_desk.periods
where admdvs >= $1 and admdvs < $1 || ':' group by admdvs order by admdvs;

-- name: clearing
select admdvs, payer, insutype, clr_type, own, shared from settlement_desk.clearing
where month = $1 and admdvs >= $2 and admdvs < $2 || ':' order by admdvs, payer, insutype, clr_type;
