-- name: quotes
select q.fixmedins_code, q.mdtrt_id, q.psn_no, q.msgid, q.acct_pay, q.acct_mulaid_pay, q.psn_cash_pay, q.shares, q.at, q.hold
from unnest($1::text[], $2::text[], $3::text[]) as n (fixmedins_code, mdtrt_id, psn_no)
join quote q on q.mdtrt_id = n.mdtrt_id and q.fixmedins_code = n.fixmedins_code and q.psn_no = n.psn_no;

-- name: delete_quotes
delete from quote q using unnest($1::text[], $2::text[], $3::text[]) as n (fixmedins_code, mdtrt_id, psn_no)
where q.mdtrt_id = n.mdtrt_id and q.fixmedins_code = n.fixmedins_code and q.psn_no = n.psn_no;

-- name: upsert_quotes
insert into quote as q (fixmedins_code, mdtrt_id, psn_no, msgid, acct_pay, acct_mulaid_pay, psn_cash_pay, shares, at, hold)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bytea[], $9::timestamptz[],
    $10::text[])
on conflict (mdtrt_id, fixmedins_code, psn_no) do update
set msgid = excluded.msgid, acct_pay = excluded.acct_pay, acct_mulaid_pay = excluded.acct_mulaid_pay, psn_cash_pay = excluded.psn_cash_pay,
    shares = excluded.shares, at = excluded.at, hold = excluded.hold;
