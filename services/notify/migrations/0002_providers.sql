-- Several providers for each medium: who made an attempt, how much of the traffic each one gets, and how that came about.

alter table attempts add column provider text collate "C" not null default '';
create index attempts_lately on attempts (provider, started_at);

-- A provider's ids are its own: they are kept under its name. Until now there was one SMS centre.
update attempts set provider = case medium when 'sms' then 'smpp' else 'sip' end;
update parts set provider_id = 'smpp/' || provider_id;

create table providers (
    name       text        collate "C" primary key,
    medium     text        not null,
    weight     int         not null check (weight between 0 and 100),
    resting    int         not null check (resting between 0 and 100),
    held       boolean     not null default false,     -- an operator holds it where it is
    changed_at timestamptz not null,
    fell_at    timestamptz
);

create table provider_changes (                        -- append only
    id       bigint      generated always as identity primary key,
    name     text        not null references providers,
    at       timestamptz not null,
    before   int,                                      -- null: it was not there
    after    int         not null,
    why      text        not null,                     -- configured, failing, slow, back, or the operator's words
    operator text                                      -- null: notify itself
);
create index provider_changes_at on provider_changes (name, at);
