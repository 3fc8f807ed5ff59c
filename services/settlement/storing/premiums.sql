-- name: premiums_concerned
-- Unlocked: whose accounts and bindings paid these premiums.
select premium_id, shares from premium where premium_id = any($1::text::uuid[]);

-- name: lock_premiums
select count(*) from (select from premium where premium_id = any($1::text::uuid[]) order by premium_id for update) as locked;

-- name: premiums
select premium_id, hash, payer, psn_no, kind, insutype, year, amount, state, posting, periods, shares, answer, at, ended_at
from premium where premium_id = any($1::text::uuid[]);

-- name: premiums_paid
-- What has been paid for these persons. Their account rows are locked by now, so nobody pays for them at the same time.
select psn_no, kind, year from premium where psn_no = any($1::text[]) and state in ('paid', 'remitted');

-- name: insert_premiums
insert into premium (premium_id, hash, payer, psn_no, kind, insutype, year, amount, state, posting, periods, shares, answer, at, ended_at)
select * from unnest($1::uuid[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::bigint[], $9::text[],
    $10::bytea[], $11::text[], $12::text[], $13::bytea[], $14::timestamptz[], $15::timestamptz[]);

-- name: update_premiums
update premium p set state = n.state, ended_at = n.ended_at
from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as n (premium_id, state, ended_at) where p.premium_id = n.premium_id;
