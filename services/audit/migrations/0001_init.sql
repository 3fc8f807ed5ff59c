-- One row per binding: the whole public state as its last decision said it (body), columns that statements ask for, and what is
-- the desk's alone (claim, overdue). binding.decisions rebuilds everything but the desk's columns.
create table binding (
    binding_id uuid primary key,
    version int not null check (version > 0),
    state text collate "C" not null,
    at timestamptz not null,
    round int not null,
    admdvs text collate "C" not null,
    channel text collate "C" not null,
    sponsor_psn_no text collate "C" not null,
    beneficiary_psn_no text collate "C",
    relation text collate "C" not null,
    requested_at timestamptz not null,
    due_at timestamptz,
    reviewer text,
    claimed_by text,
    claimed_until timestamptz,
    overdue boolean not null default false,
    body jsonb not null,
    check ((claimed_by is null) = (claimed_until is null))
);
create index binding_queue on binding (due_at, binding_id) where state = 'under-review';
create index binding_sponsor on binding (sponsor_psn_no);

-- What a reviewer needs of the registry: age and survival for the order of the queue, and what the registry says of the relation.
create table person (
    psn_no text collate "C" primary key,
    version int not null,
    brdy date not null,
    surv_stas text not null
);
create table relation (
    pair text collate "C" primary key,   -- both psn_no, sorted, joined by |
    version int not null,
    psn_no text collate "C" not null,
    other_is text not null,              -- what the other one is to psn_no
    ended boolean not null
);

-- Who looked at personal data, and why. Append only.
create table reveal (
    id bigint generated always as identity primary key,
    binding_id uuid not null,
    operator_id text not null,
    at timestamptz not null,
    why text not null
);
create function reveal_is_kept() returns trigger language plpgsql as $$
begin
    raise exception 'the record of views is append only';
end $$;
create trigger reveal_is_kept before update or delete on reveal for each row execute function reveal_is_kept();
