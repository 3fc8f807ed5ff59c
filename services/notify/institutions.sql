-- name: institutions
select fixmedins_code, version, name from institutions where fixmedins_code = any($1::text[]);

-- name: upsert
insert into institutions (fixmedins_code, version, name)
select * from unnest($1::text[], $2::bigint[], $3::text[])
on conflict (fixmedins_code) do update set version = excluded.version, name = excluded.name
where excluded.version > institutions.version;

-- name: forget
delete from institutions where fixmedins_code = any($1::text[]);
