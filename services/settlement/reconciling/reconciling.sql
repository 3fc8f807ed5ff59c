-- name: hold_months
-- Whoever books for institutions holds the months as they are; a close waits for them, and they wait for a close.
select pg_advisory_xact_lock_shared(hashtextextended('settlement/months', 7));

-- name: hold_months_alone
select pg_advisory_xact_lock(hashtextextended('settlement/months', 7));

-- name: months
-- The last month that is closed where an institution is (`until` is null), and where it was for its months up to `until`.
select i.fixmedins_code, null as until, i.pooling, p.month
from institution i cross join lateral (select month from period where admdvs = i.pooling order by month desc limit 1) p
where i.fixmedins_code = any($1::text[])
union all
select m.fixmedins_code, m.until, m.admdvs, (select month from period where admdvs = m.admdvs order by month desc limit 1)
from institution_move m where m.fixmedins_code = any($1::text[]);

-- name: closed_regions
select admdvs, max(month) from period where admdvs = any($1::text[]) group by admdvs;

-- name: first_month
-- The first month in which something was booked for a region; asked once in its life.
select min(b.month) from (
    select distinct s.fixmedins_code as code, to_char(s.at at time zone 'Asia/Shanghai', 'YYYY-MM') as month from settlement s
    where s.fixmedins_code in (
        select fixmedins_code from institution where pooling = $1 union select fixmedins_code from institution_move where admdvs = $1)
) b where month_belongs_to(b.code, b.month) = $1;

-- name: open_breaks
select case_id from break where state = 'open' and month <= $2 and month_belongs_to(fixmedins_code, month) = $1;

-- name: statements
select s.msgid, s.fixmedins_code, s.kind, s.hash, s.insutype, s.clr_type, s.setl_optins, s.begins, s.ends, s.list, s.part, s.parts,
    s.figures, s.at, s.answer
from unnest($1::text[], $2::text[]) as n (code, msgid) join statement s on s.msgid = n.msgid and s.fixmedins_code = n.code;

-- name: parts
-- The messages of a list, for each part the last that came.
select distinct on (part) part, msgid from statement where fixmedins_code = $1 and list = $2 order by part, at desc, msgid desc;

-- name: compare_totals
-- What the ledger has: sums less what went back, and how many messages moved money.
select coalesce(sum(case when back then -medfee else medfee end), 0)::bigint as medfee_sumamt,
    coalesce(sum(case when back then -fund else fund end), 0)::bigint as fund_pay_sumamt,
    coalesce(sum(case when back then -acct else acct end), 0)::bigint as acct_pay,
    coalesce(sum(case when back then -mulaid else mulaid end), 0)::bigint as acct_mulaid_pay,
    count(*) filter (where not annulled)::bigint as fixmedins_setl_cnt
from movements($1, $2::timestamptz, $3::timestamptz)
where insutype = $4 and clr_type = $5 and clr_optins = $6;

-- name: compare_detail
-- Every row that one side has otherwise than the other, or not at all. $7: the messages that brought the list.
with theirs as materialized (
    select msgid, min(setl_id) as setl_id, min(shown) as shown, sum(medfee)::bigint as medfee, sum(acct)::bigint as acct,
        sum(mulaid)::bigint as mulaid, bool_or(back) as back
    from statement_row where fixmedins_code = $1 and statement = any($7::text[]) group by msgid
),
ours as materialized (
    select * from movements($1, $2::timestamptz, $3::timestamptz) where insutype = $4 and clr_type = $5 and clr_optins = $6
),
-- Settlements taken back whole, or reversed, that the other side lists: as standing, with what took them back, or either of a pair.
listed as materialized (
    select p.setl_id, bool_or(p.annulled) as annulled, bool_or(not p.back and p.ended and not k.back) as standing,
        bool_or(p.back and p.ended) as back
    from theirs k join ours p on p.msgid = k.msgid where p.ended or p.annulled group by p.setl_id
),
sides as (
    select coalesce(o.msgid, t.msgid) as msgid, coalesce(encode(o.setl_id, 'hex'), t.shown) as setl_id,
        o.msgid is not null as here, t.msgid is not null as there,
        o.medfee as o_medfee, o.acct as o_acct, o.mulaid as o_mulaid, o.back as o_back,
        t.medfee as t_medfee, t.acct as t_acct, t.mulaid as t_mulaid, t.back as t_back,
        case
            when o.msgid is null then case
                when exists (select from settlement x where x.setl_id = t.setl_id and x.fixmedins_code <> $1) then 'other-institution'
                else 'missing-here' end
            when t.msgid is null then case
                when o.annulled and l.annulled is not true then null
                when o.back and o.ended and l.standing then null -- said of the settlement itself
                else 'missing-there' end
            when o.back <> t.back then 'status-differs'
            when not o.back and o.ended and l.back is not true then 'status-differs'
            when (o.medfee, o.acct, o.mulaid) <> (t.medfee, t.acct, t.mulaid) then 'amount-differs'
        end as kind
    from ours o full join theirs t on t.msgid = o.msgid left join listed l on l.setl_id = o.setl_id
)
select * from sides where kind is not null order by msgid;

-- name: breaks_of
-- An institution's breaks within the days of a statement, or in the way of its month.
select case_id, fixmedins_code, admdvs, insutype, clr_type, setl_optins, begins, ends, month, scope, kind, msgid, setl_id, ours, theirs,
    state, deadline, found_at, closed_at, closed_by, resolution
from break where fixmedins_code = $1 and ((begins >= $2 and ends <= $3) or month = $4);

-- name: lock_breaks
select count(*) from (select from break where case_id = any($1::text[]) order by case_id for update) as locked;

-- name: lock_recoveries
select count(*) from (select from recovery where case_id = any($1::text[]) order by case_id for update) as locked;

-- name: breaks
select case_id, fixmedins_code, admdvs, insutype, clr_type, setl_optins, begins, ends, month, scope, kind, msgid, setl_id, ours, theirs,
    state, deadline, found_at, closed_at, closed_by, resolution
from break where case_id = any($1::text[]);

-- name: cases
-- Unlocked: what cases are about, to learn whose accounts to lock.
select c.case_id, c.what, c.admdvs, c.psn_no, r.reference, r.kind
from ledger_case c left join recovery r on r.case_id = c.case_id and c.what = 'recovery'
where c.case_id = any($1::text[]);

-- name: recoveries
select case_id, kind, psn_no, amount, settled, reference, binding_id from recovery where case_id = any($1::text[]);

-- name: held
select case_id, posting, psn_no, open from held_case where case_id = any($1::text[]);

-- name: lines
-- What is booked in a month for one institution and heading, by region of the account.
select payer, sum(own)::bigint, sum(shared)::bigint from owed($1, null, $2)
where insutype = $3 and clr_type = $4 and clr_optins = $5 group by payer order by payer;

-- name: asked
select state from clearing_request
where fixmedins_code = $1 and month = $2 and insutype = $3 and clr_type = $4 and setl_optins = $5;

-- name: save_answers
update statement s set answer = n.answer
from unnest($1::text[], $2::text[], $3::bytea[]) as n (code, msgid, answer)
where s.msgid = n.msgid and s.fixmedins_code = n.code;

-- name: save_breaks
insert into break as b (case_id, fixmedins_code, admdvs, insutype, clr_type, setl_optins, begins, ends, month, scope, kind, msgid,
    setl_id, ours, theirs, state, deadline, found_at, closed_at, closed_by, resolution)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::date[], $8::date[], $9::text[],
    $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::timestamptz[],
    $18::timestamptz[], $19::timestamptz[], $20::text[], $21::text[])
on conflict (case_id) do update
set state = excluded.state, deadline = excluded.deadline, closed_at = excluded.closed_at, closed_by = excluded.closed_by,
    resolution = excluded.resolution;

-- name: save_asked
insert into clearing_request as c (fixmedins_code, month, insutype, clr_type, setl_optins, state, msgid, at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
on conflict (fixmedins_code, month, insutype, clr_type, setl_optins) do update
set state = excluded.state, msgid = excluded.msgid, at = excluded.at;

-- name: save_clearing
insert into clearing (month, admdvs, payer, fixmedins_code, insutype, clr_type, clr_optins, own, shared)
select $2, $1, o.payer, o.fixmedins_code, o.insutype, o.clr_type, o.clr_optins, o.own, o.shared from owed($2, $1, null) o;

-- name: save_cleared
insert into cleared_period (admdvs, month, at) values ($1, $2, $3);

-- name: clear_requests
update clearing_request set state = 'cleared'
where month = $2 and state = 'requested' and month_belongs_to(fixmedins_code, month) = $1;

-- name: figures
-- For the gauges: open breaks, those past their deadline, and when the oldest of them was found.
select count(*), count(*) filter (where deadline < $1::timestamptz), min(found_at) from break where state = 'open';
