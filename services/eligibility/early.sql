-- name: early_decisions
select body from early_decisions where binding_id = any($1::uuid[]);

-- name: save_early
insert into early_decisions as e (binding_id, version, body) select * from unnest($1::uuid[], $2::int[], $3::bytea[])
on conflict (binding_id) do update set version = excluded.version, body = excluded.body
where e.version < excluded.version;

-- name: drop_early
delete from early_decisions where binding_id = any($1::uuid[]);
