-- Settlement's ledger. Amounts are integer fen. Ids of settlements and postings are 15 bytes, shown as 30 hexadecimal digits.

create table person (
    psn_no text collate "C" primary key,
    version int not null,
    cert bytea not null,                 -- digest of the certificate number, never the number
    alive boolean not null,
    insured text not null                -- JSON [[insutype, status, region], ...]
);
create index person_cert on person (cert);

create table institution (
    fixmedins_code text collate "C" primary key,
    version int not null,
    pharmacy boolean not null,
    admdvs text collate "C" not null,
    designated boolean not null,
    suspended_from timestamptz,
    suspended_to timestamptz,
    source text collate "C"
);

create table binding (
    binding_id uuid primary key,
    sponsor text collate "C" not null,
    beneficiary text collate "C" not null,
    version int not null,
    state text collate "C" not null,
    relation text collate "C" not null,
    facts text not null,                 -- JSON: effective periods, suspended periods, dated terms
    usage text not null default '{}'     -- JSON: fen of quota used by period
) with (fillfactor = 70);
create index binding_beneficiary on binding (beneficiary);

create table account (
    psn_no text collate "C" primary key,
    admdvs text collate "C" not null default '',
    current bigint not null default 0 check (current >= 0),
    historic bigint not null default 0 check (historic >= 0),
    state text collate "C" not null default 'open' check (state in ('open', 'frozen', 'closed')),
    version bigint not null default 0,
    usage text not null default '{}'     -- JSON: fen of the quota that all beneficiaries share, by period
) with (fillfactor = 60);

-- One line of double entry bookkeeping. Lines of one posting sum to zero. Counter lines (institution or authority, by month)
-- and held money have neither balance nor version.
create table entry (
    posting bytea not null,
    original bytea,                      -- the settlement that this posting takes back or books again
    account text collate "C" not null,
    segment text collate "C" not null check (segment in ('current', 'historic', 'counter', 'held')),
    amount bigint not null check (amount <> 0),
    balance_after bigint check (balance_after >= 0),
    version bigint,
    kind text collate "C" not null,
    at timestamptz not null,
    binding_id uuid,
    recorded_at timestamptz not null default now(),
    check ((version is null) = (segment in ('counter', 'held'))),
    check ((version is null) = (balance_after is null))
);
-- Also the last line of defence: two writers can never book the same step of one account.
create unique index entry_account_version on entry (account, version) where version is not null;
create index entry_recorded_at on entry using brin (recorded_at);

create table request (
    fixmedins_code text collate "C" not null,
    msgid text collate "C" not null,
    hash bytea not null,
    kind text collate "C" not null,
    infno text collate "C" not null,
    psn_no text collate "C" not null,
    setl_id bytea,
    amount bigint not null,
    answer bytea not null,
    at timestamptz not null,
    primary key (msgid, fixmedins_code)
);

create table tombstone (
    fixmedins_code text collate "C" not null,
    omsgid text collate "C" not null,
    oinfno text collate "C" not null,
    psn_no text collate "C" not null,
    recorded_at timestamptz not null default now(),
    primary key (omsgid, fixmedins_code, oinfno, psn_no)
);

create table settlement (
    setl_id bytea primary key,
    msgid text collate "C" not null,
    infno text collate "C" not null,
    fixmedins_code text collate "C" not null,
    psn_no text collate "C" not null,
    personal bigint not null check (personal >= 0),
    state text collate "C" not null check (state in ('settled', 'cancelled', 'reversed')),
    number int not null,
    returned bigint not null check (returned between 0 and personal),
    undone bigint not null check (undone between 0 and returned),
    undone_by text collate "C",
    periods text collate "C" not null,   -- quota period of each share, `*` = the sponsor's shared pot
    result bytea not null,               -- JSON of the first result
    at timestamptz not null,
    region text collate "C" not null,
    recorded_at timestamptz not null default now()
) with (fillfactor = 95);
alter table settlement alter column result set storage main;

create table credit_order (
    entry_id text collate "C" primary key,
    hash bytea not null,
    recorded_at timestamptz not null default now()
);

create table recovery (
    case_id text collate "C" primary key,
    kind text collate "C" not null,
    psn_no text collate "C" not null,
    amount bigint not null,
    reference text not null,
    binding_id uuid,
    at timestamptz not null,
    settled_at timestamptz
);

create function entry_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'entries of the ledger are never changed or deleted' using errcode = 'GJ001';
end $$;
create trigger entry_append_only before update or delete or truncate on entry
    for each statement execute function entry_is_append_only();
revoke update, delete, truncate on entry from public, current_user;
revoke update, delete, truncate on request, tombstone, credit_order from public, current_user;
