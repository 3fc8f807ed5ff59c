-- Every version of what the registry said, and what each screening looked at: kept for a year, see the README.

create table person_history (
    psn_no text collate "C" not null,
    version int not null,
    body bytea not null,
    appended_at timestamptz not null,    -- when the topic took the record
    primary key (psn_no, version)
);
create index person_history_appended on person_history using brin (appended_at);

create table relation_history (
    psn_no text collate "C" not null,
    other_psn_no text collate "C" not null,
    version int not null,
    body bytea not null,
    appended_at timestamptz not null,
    primary key (psn_no, other_psn_no, version)
);
create index relation_history_appended on relation_history using brin (appended_at);

-- What stands now begins its history. When it was appended is not known any more.
insert into person_history (psn_no, version, body, appended_at) select psn_no, version, body, now() from person_records;
insert into relation_history (psn_no, other_psn_no, version, body, appended_at)
select psn_no, other_psn_no, version, body, now() from relation_records;

-- `codes`: reason codes with blanks between them. `facts`: see memory.py; null once somebody in it was erased.
create table screenings (
    id bigint generated always as identity primary key,
    binding_id uuid not null,
    round int not null,
    first boolean not null,
    at timestamptz not null,             -- event time of the request
    screened_at timestamptz not null,
    region text collate "C" not null,
    policy_version text collate "C" not null,
    outcome text collate "C" not null,
    codes text collate "C" not null,
    facts bytea
);
create index screenings_at on screenings using brin (at);
create index screenings_binding on screenings (binding_id);
