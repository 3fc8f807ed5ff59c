-- name: unconfirmed
select sponsor, day, beneficiary from unconfirmed where sponsor = any($1::bytea[]);

-- name: save_unconfirmed
insert into unconfirmed (sponsor, day, beneficiary) select * from unnest($1::bytea[], $2::date[], $3::bytea[])
on conflict do nothing;

-- name: save_stopped
insert into stopped (day, sponsor) select * from unnest($1::date[], $2::bytea[]) on conflict do nothing;

-- name: stand
insert into standing (binding_id, region, policy_version) select * from unnest($1::uuid[], $2::text[], $3::text[])
on conflict (binding_id) do update set region = excluded.region, policy_version = excluded.policy_version;

-- name: fall
delete from standing where binding_id = any($1::uuid[]);

-- name: policies_in_use
-- each pair of region and version once, found by skipping through the index: as many steps as there are pairs, not bindings
with recursive pair as (
    (select region, policy_version from standing order by region, policy_version limit 1)
    union all
    select n.region, n.policy_version
    from pair p cross join lateral (
        select s.region, s.policy_version from standing s
        where (s.region, s.policy_version) > (p.region, p.policy_version)
        order by s.region, s.policy_version limit 1
    ) n
)
select region, policy_version from pair;

-- name: judged_by
select binding_id from standing where region = $1 and policy_version = $2 and binding_id > $3 order by binding_id limit $4;

-- name: count_stopped
select count(*) from stopped where day = $1;

-- name: prune_unconfirmed
delete from unconfirmed where day < $1;

-- name: prune_stopped
delete from stopped where day < $1;
