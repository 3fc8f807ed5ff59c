-- name: moving
-- Unlocked: bindings of accounts that a credit names another region for, if money stands apart in their mode (binding_apart).
select b.binding_id
from unnest($1::text[], $2::text[]) as n (psn_no, admdvs)
left join account a on a.psn_no = n.psn_no
join binding b on b.sponsor = n.psn_no and b.facts like '%"]'
where coalesce(a.admdvs, '') <> n.admdvs;

-- name: sponsors
-- Unlocked: whose accounts are concerned by due days, erased bindings and premiums that a binding pays.
select sponsor from binding where binding_id = any($1::text::uuid[])
union
select sponsor from earmark where binding_id = any($1::text::uuid[]);

-- name: earmarks
-- Those of bindings and those of accounts that the authority moves money on. The sponsors' account rows are locked by now.
select e.binding_id, e.sponsor, e.amount, e.missing, e.place, e.opened_at, a.psn_no, a.admdvs, a.current, a.historic, a.version
from earmark e join account a on a.psn_no = e.account
where e.binding_id = any($1::text::uuid[]) or (e.sponsor = any($2::text[]) and e.place <> 'ended')
order by e.binding_id;

-- name: add_purses
insert into account (psn_no, admdvs) select * from unnest($1::text[], $2::text[]);

-- name: upsert_earmarks
insert into earmark as e (binding_id, sponsor, account, amount, missing, place, opened_at)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::timestamptz[])
on conflict (binding_id) do update
set amount = excluded.amount, missing = excluded.missing, place = excluded.place;
