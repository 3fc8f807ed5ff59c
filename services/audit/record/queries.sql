-- name: lock_shared
-- A partition's chain belongs to whoever has its row in `consumed`; `due` and `desk` have several writers.
select pg_advisory_xact_lock(hashtextextended('gongji record ' || chain, 11)) from unnest($1::text[]) as chain;

-- name: heads
select l.chain, l.position + l.entries as entries, l.head, l.at
from unnest($1::text[]) as c (chain)
cross join lateral (select * from audit_record.record_link l where l.chain = c.chain order by l.position desc limit 1) l;

-- name: chains
-- Every chain that has a link, by jumping from name to name.
with recursive named as (
    (select chain from audit_record.record_link order by chain limit 1)
    union all
    select (select l.chain from audit_record.record_link l where l.chain > named.chain order by l.chain limit 1)
    from named where named.chain is not null
)
select chain from named where chain is not null;

-- name: heads_until
select l.chain, l.position + l.entries as entries, l.head, l.at
from unnest($1::text[]) as c (chain)
cross join lateral (
    select * from audit_record.record_link l where l.chain = c.chain and l.at < $2 order by l.position desc limit 1) l;

-- name: first_at
select min(l.at) from unnest($1::text[]) as c (chain)
cross join lateral (select at from audit_record.record_link l where l.chain = c.chain order by l.position limit 1) l;

-- name: lock_sealing
select pg_advisory_xact_lock(hashtextextended('gongji record seal', 11));

-- name: last_seal
select day, root from audit_record.record_seal order by day desc limit 1;

-- name: add_seal
insert into audit_record.record_seal (day, root, previous, chains, entries, heads, at) values ($1, $2, $3, $4, $5, $6, $7);

-- name: seals
select day, root, previous, chains, entries, heads, at from audit_record.record_seal order by day;

-- name: links
select position, entries, at, batch, head from audit_record.record_link
where chain = $1 and position >= $2 order by position limit $3;

-- name: link_of
select position, entries, at, batch, head from audit_record.record_link
where chain = $1 and position <= $2 order by position desc limit 1;

-- name: first_link_since
select coalesce(min(position), 0) from audit_record.record_link where chain = $1 and at >= $2;

-- name: sealed_links
-- The links that end where each seal says that its chains ended. A row for each day and chain.
select s.day, c.chain, l.position + l.entries as entries, l.head
from audit_record.record_seal s
cross join lateral unnest(s.chains, s.entries) as c (chain, entries)
cross join lateral (
    select * from audit_record.record_link l where l.chain = c.chain and l.position < c.entries order by l.position desc limit 1) l;

-- name: entries
select position, binding_id::text, version, digest, body from audit_record.record_entry
where chain = $1 and position >= $2 and position < $3 order by position;

-- name: beyond
-- The first entry that no link covers.
select position, binding_id::text, version from audit_record.record_entry where chain = $1 and position >= $2 order by position limit 1;

-- name: entry_chains
with recursive named as (
    (select chain from audit_record.record_entry order by chain limit 1)
    union all
    select (select e.chain from audit_record.record_entry e where e.chain > named.chain order by e.chain limit 1)
    from named where named.chain is not null
)
select chain from named where chain is not null;

-- name: standing
-- Each binding beside its last entry, if it has one. Whoever verifies needs no more of a binding than the desk may see.
select b.binding_id::text, b.version, b.recorded, b.at, b.sha256,
       e.version as said, e.chain, e.position, e.body
from audit_desk.cases b
left join lateral (
    select version, chain, position, body from audit_record.record_entry e
    where e.binding_id = b.binding_id and e.version is not null order by e.version desc limit 1
) e on true;

-- name: without_binding
-- Last entries of bindings that have no row.
select distinct on (e.binding_id) e.binding_id::text, e.version, e.chain, e.position
from audit_record.record_entry e
where e.version is not null and not exists (select from audit_desk.cases b where b.binding_id = e.binding_id)
order by e.binding_id, e.version desc limit $1;

-- name: gaps
-- Bindings of which a version is missing on the record, or there twice.
select binding_id::text, min(version) as first, max(version) as last, count(*) as entries
from audit_record.record_entry where version is not null
group by binding_id having count(*) <> max(version) - min(version) + 1 or count(distinct version) <> count(*)
order by binding_id limit $1;

-- name: of_binding
select chain, position, binding_id::text, version, digest, body from audit_record.record_entry
where binding_id = $1 and version is not null and ($2::int is null or version = $2) order by version desc limit 1;

-- name: bindings
select count(*) from audit_desk.cases;

-- name: hashes
-- Which of these decisions are not on the record with this hash, and whether the record has the version at all.
-- $1 binding_id, $2 version, $3 SHA-256 in hexadecimal.
select n.binding_id::text, n.version, exists (
    select from audit_record.record_entry e where e.binding_id = n.binding_id and e.version = n.version) as otherwise
from unnest($1::uuid[], $2::int[], $3::text[]) as n (binding_id, version, sha256)
where not exists (
    select from audit_record.record_entry e where e.binding_id = n.binding_id and e.version = n.version
      and convert_from(e.body, 'UTF8')::json ->> 'sha256' = n.sha256);

-- name: last_versions
-- The last decision of every binding, by the record.
select binding_id, max(version) from audit_record.record_entry where version is not null group by binding_id;
