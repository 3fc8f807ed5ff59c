-- The record (docs/record.md), in a schema of its own. Provisioning runs this file first, as the role gongji_record, which nobody can log
-- in as; the service finds the tables and may only read them and add to them. Where the service's role makes everything itself it
-- owns them too: the triggers and what it takes from itself then keep out accidents, not somebody who has its password.
do $record$
begin
    if to_regnamespace('audit_record') is null then
        create schema audit_record;
    elsif to_regclass('audit_record.record_entry') is not null then
        return;
    end if;

    create table audit_record.record_entry (
        chain text collate "C" not null,
        position bigint not null,            -- from 0, without gaps
        binding_id uuid not null,            -- these two say what body says, to be found by
        version int,                         -- none: a view of personal data
        digest bytea not null,
        body bytea not null,                 -- canonical JSON
        primary key (chain, position)
    );
    create index record_entry_binding on audit_record.record_entry (binding_id, version);

    create table audit_record.record_link (
        chain text collate "C" not null,
        position bigint not null,            -- of its first entry
        entries int not null check (entries > 0),
        at timestamptz not null,             -- when it was written, by the service's clock
        batch bytea not null,                -- over the digests of its entries
        head bytea not null,                 -- over the head before it and all of the above
        primary key (chain, position)
    );

    create table audit_record.record_seal (
        day date primary key,                -- Beijing
        root bytea not null,
        previous bytea not null,             -- root of the day before
        chains text[] not null,              -- in order of name
        entries bigint[] not null,           -- how many each had
        heads bytea[] not null,
        at timestamptz not null
    );

    create function audit_record.is_kept() returns trigger language plpgsql as $$
    begin
        raise exception 'the record is append only';
    end $$;
    create trigger is_kept before update or delete or truncate on audit_record.record_entry
        for each statement execute function audit_record.is_kept();
    create trigger is_kept before update or delete or truncate on audit_record.record_link
        for each statement execute function audit_record.is_kept();
    create trigger is_kept before update or delete or truncate on audit_record.record_seal
        for each statement execute function audit_record.is_kept();

    revoke all on all tables in schema audit_record from current_user;
    grant select, insert on all tables in schema audit_record to current_user;
end
$record$;
