-- name: transfers_concerned
-- Unlocked: whose accounts and bindings these transfers are about.
select giver, receiver, binding_id from transfer where transfer_id = any($1::text::uuid[]);

-- name: transfers
-- $1 asked for, $2 bindings and $3 givers of whom everything that is on its way is wanted. The givers' account rows are locked by now.
with wanted as (
    select unnest($1::text::uuid[]) as transfer_id
    union select transfer_id from transfer where state = 'offered' and binding_id = any($2::text::uuid[])
    union select transfer_id from transfer where state = 'offered' and giver = any($3::text[])
)
select t.transfer_id, t.hash, t.binding_id, t.giver, t.receiver, t.amount, t.state, t.source, t.message, t.answer, t.at, t.until, t.ended_at,
    a.psn_no, a.admdvs, a.current, a.historic, a.version
from wanted join transfer t using (transfer_id) left join account a on a.psn_no = t.account
order by t.transfer_id;

-- name: wallets
select w.binding_id, w.giver, w.open, a.psn_no, a.admdvs, a.current, a.historic, a.version
from wallet w join account a on a.psn_no = w.account
where w.binding_id = any($1::text::uuid[]) or w.giver = any($2::text[])
order by w.binding_id;

-- name: insert_transfers
insert into transfer (transfer_id, hash, binding_id, giver, receiver, amount, state, account, source, message, answer, at, until, ended_at)
select * from unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::bytea[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[]);

-- name: update_transfers
update transfer t set state = n.state, ended_at = n.ended_at
from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as n (transfer_id, state, ended_at) where t.transfer_id = n.transfer_id;

-- name: upsert_wallets
insert into wallet as w (binding_id, giver, open, account)
select * from unnest($1::uuid[], $2::text[], $3::boolean[], $4::text[])
on conflict (binding_id) do update set open = excluded.open;
