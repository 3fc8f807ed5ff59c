-- Persons, what the registry says of them, and who is or may become bound to whom.

-- The row that is locked while slots of a person are counted. `person`: SHA-256 of `psn_cert_type|certno` in its one spelling.
create table people (
    person bytea primary key,
    opened_at timestamptz
);

create table person_records (
    psn_no text collate "C" primary key,
    person bytea not null,
    version int not null,
    body bytea not null
);
create index person_records_person on person_records (person);

create table relation_records (
    psn_no text collate "C" not null,
    other_psn_no text collate "C" not null,
    version int not null,
    body bytea not null,
    primary key (psn_no, other_psn_no)
);

create table accounts (
    psn_no text collate "C" primary key,
    frozen boolean not null default false,
    closed boolean not null default false
);

create table bindings (
    binding_id uuid primary key,
    sponsor bytea not null,
    beneficiary bytea not null,
    stage text not null,
    counts boolean not null,             -- holds a slot, waits for a person, or was approved once
    short_code text collate "C",
    body bytea not null
);
create index bindings_sponsor on bindings (sponsor) where counts;
create index bindings_beneficiary on bindings (beneficiary) where counts;
create unique index bindings_short_code on bindings (short_code) where short_code is not null;

create table consents (
    beneficiary bytea not null,
    about text collate "C" not null,     -- `binding:<id>` or `sponsor:<person>`
    at timestamptz not null,
    primary key (beneficiary, about)
);

create table face_checks (
    provider text collate "C" not null,
    transaction_no text collate "C" not null,
    binding_id uuid not null,
    at timestamptz not null,
    primary key (provider, transaction_no)
);
