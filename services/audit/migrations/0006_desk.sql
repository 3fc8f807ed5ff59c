-- What the review desk reads. The desk has a database role of its own, which may select from schema `audit_desk` and from the record and
-- nothing else: no number of a person is in a view, and the one function that gives them asks the record first.
alter table binding
    add column taken_from text,           -- the operator from whose hands a supervisor took the case
    add column looked_at timestamptz;     -- when the second person looked
update binding set looked_at = at where looked_by is not null;

create index binding_queue_marked on binding (first desc, due_at, binding_id) where state = 'under-review' and marks <> '';

drop index binding_looks;
create index binding_looks_open on binding (admdvs, at, binding_id) where sampled is not null and looked_by is null;
create index binding_looks_done on binding (looked_at) where looked_by is not null;

-- Documents of approvals that were drawn before they were read for the second person as well.
insert into document_check (binding_id, round, state)
select binding_id, round, 'pending' from binding
where sampled is not null and looked_by is null and jsonb_array_length(coalesce(body::jsonb #> '{case,materials}', '[]')) > 0
on conflict (binding_id) do nothing;

do $desk$
begin
    if to_regnamespace('audit_desk') is null then
        create schema audit_desk;
    end if;
end
$desk$;

create view audit_desk.cases as
select binding_id, version, state, at, round, admdvs, channel, relation, requested_at, due_at, reviewer, claimed_by, claimed_until,
       taken_from, overdue, recorded, counter, first, since, reminded, marks, second_eyes, first_eyes, sampled, looked_by, looked_at, agreed,
       encode(sha256(convert_to(body, 'UTF8')), 'hex') as sha256
from binding;

create view audit_desk.documents as
select binding_id, round, state, verified_at from document_check;

-- The first three and the last two characters; nothing of what is shorter.
create function audit_desk.masked(number text) returns text language sql immutable
return case when length(number) > 5 then left(number, 3) || repeat('*', length(number) - 5) || right(number, 2)
            else repeat('*', length(number)) end;

-- One case as it is shown to everybody: the decision without the parties' numbers, and what the registry says.
create view audit_desk.details as
select b.binding_id, b.body::jsonb #- '{case,sponsor,psn_no}' #- '{case,beneficiary,psn_no}' as body,
       audit_desk.masked(b.sponsor_psn_no) as sponsor, audit_desk.masked(b.beneficiary_psn_no) as beneficiary,
       r.other_is, r.ended as relation_ended, r.psn_no = b.sponsor_psn_no as other_is_beneficiary,
       s.surv_stas as sponsor_surv_stas, p.surv_stas as beneficiary_surv_stas
from binding b
left join relation r on r.pair = least(b.sponsor_psn_no, b.beneficiary_psn_no) || '|' || greatest(b.sponsor_psn_no, b.beneficiary_psn_no)
left join person s on s.psn_no = b.sponsor_psn_no
left join person p on p.psn_no = b.beneficiary_psn_no;

-- The parties' numbers and dates of birth, to who has put a look on the record: the entry carries the hash of the id of the message that
-- asked, which only the asker knows, and the look is open for five minutes (real time, the id's own: a UUIDv7) and not afterwards.
create function audit_desk.revealed(about uuid, asked uuid)
returns table (sponsor_psn_no text, sponsor_brdy date, beneficiary_psn_no text, beneficiary_brdy date)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select b.sponsor_psn_no, s.brdy, b.beneficiary_psn_no, p.brdy
    from binding b
    left join person s on s.psn_no = b.sponsor_psn_no
    left join person p on p.psn_no = b.beneficiary_psn_no
    where b.binding_id = about
      and abs(extract(epoch from clock_timestamp() - uuid_extract_timestamp(asked))) < 300
      and exists (
          select from audit_record.record_entry e
          where e.chain = 'desk' and e.binding_id = about and e.version is null
            and convert_from(e.body, 'UTF8')::jsonb @> jsonb_build_object(
                'kind', 'view', 'request', encode(sha256(convert_to(asked::text, 'UTF8')), 'hex')));
end;
