-- name: holders
-- Unlocked: the settlements that a cancel, reversal, refund or query is about, to learn whose accounts to lock.
select s.setl_id, s.result from settlement s where s.setl_id = any($1::bytea[])
union all
select s.setl_id, s.result
from unnest($2::text[], $3::text[]) as n (code, msgid)
join request r on r.msgid = n.msgid and r.fixmedins_code = n.code
join settlement s on s.setl_id = r.setl_id;

-- name: add_accounts
insert into account (psn_no) select n from unnest($1::text[]) as n order by n on conflict do nothing;

-- name: lock_settlements
select count(*) from (select from settlement where setl_id = any($1::bytea[]) order by setl_id for update) as locked;

-- name: bindings
-- By id, and those that may pay for these patients. Locked and read at once: of a row that another batch held, what that batch left is
-- read. In one order, whatever was stored or decided first: of two bindings of one sponsor the first takes part.
select binding_id, sponsor, beneficiary, version, state, relation, facts, usage from binding
where (binding_id = any($1::text::uuid[]) or beneficiary = any($2::text[]))
  and (state not in ('refused', 'rejected', 'withdrawn', 'expired') or binding_id = any($1::text::uuid[]))
order by binding_id for update;

-- name: accounts
-- Locked and read at once, as bindings are.
select psn_no, admdvs, current, historic, state, version, usage, turned_at from account where psn_no = any($1::text[])
order by psn_no for update;

-- name: persons
select psn_no, version, cert, alive, insured, died, filings from person where psn_no = any($1::text[]);

-- name: persons_by_cert
select cert, psn_no from person where cert = any($1::bytea[]);

-- name: institutions
select fixmedins_code, version, pharmacy, admdvs, designated, suspended_from, suspended_to, source
from institution where fixmedins_code = any($1::text[]);

-- name: requests
select r.fixmedins_code, r.msgid, r.hash, r.kind, r.infno, r.psn_no, r.setl_id, r.amount, r.answer, r.at
from request r where r.msgid = any($1::text[]);

-- name: tombstones
select fixmedins_code, omsgid, oinfno, psn_no from tombstone where omsgid = any($1::text[]);

-- name: settlements
select setl_id, msgid, infno, fixmedins_code, psn_no, personal, state, number, returned, undone, undone_by, periods, result, at, region, held_at
from settlement where setl_id = any($1::bytea[]);

-- name: orders
select entry_id, hash from credit_order where entry_id = any($1::text[]);

-- name: paid_since
-- What a binding paid of bills and premiums from its end on, both segments together and net of what went back, to the staff as well where
-- the account was closed; reached through the rows that its money stands in. What a hold paid was spent when it was set apart.
select n.binding_id, coalesce(s.setl_id, p.posting), -sum(e.amount)::bigint, coalesce(s.held_at, s.at, p.at), p.premium_id
from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as n (binding_id, account, since)
cross join lateral (
    select coalesce(original, posting) as paid, amount from entry
    where account = n.account and version is not null and binding_id = n.binding_id
    union all
    select original, amount from entry where account = n.account and segment = 'held' and original is not null
) e
left join settlement s on s.setl_id = e.paid and s.state = 'settled'
left join premium p on p.posting = e.paid and p.state in ('paid', 'remitted')
where coalesce(s.held_at, s.at, p.at) >= n.since
group by 1, 2, 4, 5
having sum(e.amount) < 0;

-- name: update_money
-- Whole numbers come as the text of an array: asyncpg looks at each number of a list five times, which costs more than the update.
update account a
set current = n.current, historic = n.historic, version = n.version
from unnest($1::text[], $2::text::bigint[], $3::text::bigint[], $4::text::bigint[]) as n (psn_no, current, historic, version)
where a.psn_no = n.psn_no;

-- name: update_accounts
update account a set admdvs = n.admdvs, state = n.state, usage = n.usage, turned_at = n.turned_at
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) as n (psn_no, admdvs, state, usage, turned_at)
where a.psn_no = n.psn_no;

-- name: update_usage
update binding b set usage = n.usage
from unnest($1::text::uuid[], $2::text[]) as n (binding_id, usage) where b.binding_id = n.binding_id;

-- name: upsert_bindings
insert into binding as b (binding_id, sponsor, beneficiary, version, state, relation, facts, usage)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[])
on conflict (binding_id) do update
set version = excluded.version, state = excluded.state, relation = excluded.relation, facts = excluded.facts, usage = excluded.usage,
    sponsor = excluded.sponsor, beneficiary = excluded.beneficiary
where b.version <= excluded.version;

-- name: upsert_persons
insert into person as p (psn_no, version, cert, alive, insured, died, filings)
select * from unnest($1::text[], $2::int[], $3::bytea[], $4::bool[], $5::text[], $6::date[], $7::text[])
on conflict (psn_no) do update
set version = excluded.version, cert = excluded.cert, alive = excluded.alive, insured = excluded.insured, died = excluded.died,
    filings = excluded.filings
where p.version < excluded.version;

-- name: upsert_institutions
insert into institution as i (fixmedins_code, version, pharmacy, admdvs, designated, suspended_from, suspended_to, source, name)
select * from unnest($1::text[], $2::int[], $3::bool[], $4::text[], $5::bool[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[])
on conflict (fixmedins_code) do update
set version = excluded.version, pharmacy = excluded.pharmacy, admdvs = excluded.admdvs, designated = excluded.designated,
    suspended_from = excluded.suspended_from, suspended_to = excluded.suspended_to, source = excluded.source, name = excluded.name
where i.version < excluded.version;

-- name: update_settlements
update settlement s
set state = n.state, number = n.number, returned = n.returned, undone = n.undone, undone_by = n.undone_by
from unnest($1::bytea[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::text[])
    as n (setl_id, state, number, returned, undone, undone_by)
where s.setl_id = n.setl_id;

-- name: insert_tombstones
insert into tombstone (fixmedins_code, omsgid, oinfno, psn_no)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) on conflict do nothing;

-- name: insert_orders
insert into credit_order (entry_id, hash) select * from unnest($1::text[], $2::bytea[]);

-- name: insert_recoveries
insert into recovery (case_id, kind, psn_no, amount, reference, binding_id, at)
select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::uuid[], $7::timestamptz[])
on conflict (case_id) do nothing;
