-- The desk of those who tell people what no text and no call could. Final states never move: what people did stands beside the notice.

create table views (                                   -- who saw whose number and why; written before anything is shown
    id        bigint      generated always as identity primary key,
    notice_id uuid        not null references notices,
    at        timestamptz not null,
    operator  text        not null check (operator <> ''),
    what      text        not null check (what in ('reveal', 'print')),
    why       text        not null check (char_length(btrim(why)) >= 4)
);
create index views_notice on views (notice_id);

create table told_by_staff (                           -- the person has heard it from a person
    notice_id uuid        primary key references notices,
    at        timestamptz not null,
    operator  text        not null check (operator <> ''),
    note      text        not null check (char_length(btrim(note)) >= 4)
);

create table resends (                                 -- notice_id was made because an operator had `of` sent again
    notice_id uuid        primary key references notices,
    of        uuid        not null unique references notices,
    at        timestamptz not null,
    operator  text        not null check (operator <> ''),
    why       text        not null check (char_length(btrim(why)) >= 4)
);

create function desk_is_kept() returns trigger language plpgsql as $$
begin
    raise exception '% is append only', tg_table_name;
end $$;
create trigger is_kept before update or delete or truncate on views for each statement execute function desk_is_kept();
create trigger is_kept before update or delete or truncate on told_by_staff for each statement execute function desk_is_kept();
create trigger is_kept before update or delete or truncate on resends for each statement execute function desk_is_kept();
create trigger is_kept before update or delete or truncate on provider_changes for each statement execute function desk_is_kept();

create index notices_staff on notices (decided_at, id) where state = 'handed-to-staff';

-- How long a provider took to get it: from when the attempt might be made (after hours, caps and the message centre's time) to its answer.
alter table attempts
    add column due_at timestamptz,
    add column answered_at timestamptz;
