-- A binding's row holds its last decision byte for byte as it was published, so that its hash can be held against the record. What was
-- decided before there was a record has no entry: such rows say so until their next decision.
alter table binding add column recorded boolean not null default false;
alter table binding alter column recorded set default true;
alter table binding alter column body type text;

-- Views of personal data move into the record: one link of chain `desk`, with the bytes and hashes of services/audit/domain/record.py.
with old as (
    select (row_number() over (order by id) - 1) as position, binding_id, convert_to(format(
        '{"at":"%s","binding_id":"%s","by":%s,"kind":"view","why":%s}',
        to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US+00:00'), binding_id, to_json(operator_id), to_json(why)),
        'UTF8') as body
    from reveal
)
insert into audit_record.record_entry (chain, position, binding_id, digest, body)
select 'desk', position, binding_id, sha256('\x02'::bytea || body), body from old;

with told as (
    select count(*)::int as entries, sha256('\x03'::bytea || string_agg(digest, ''::bytea order by position)) as batch, now() as at
    from audit_record.record_entry where chain = 'desk' having count(*) > 0
)
insert into audit_record.record_link (chain, position, entries, at, batch, head)
select 'desk', 0, entries, at, batch, sha256(
    '\x04'::bytea || sha256('\x05'::bytea || convert_to('desk', 'UTF8')) || int8send(0) || int4send(entries)
    || int8send((extract(epoch from at) * 1000000)::bigint) || batch)
from told;

drop table reveal;
drop function reveal_is_kept();
