-- What notify knows and does. Rows of `notices` are kept for ever: they are what makes a replay of the topics send nothing.

create table persons (            -- from registry.persons; the only personal data of this service
    psn_no   text collate "C" primary key,
    version  bigint  not null,
    tel      text,
    no_sms   boolean not null,
    dead     boolean not null,
    born     date    not null
);

create table notices (
    id             uuid        primary key,
    about          text        collate "C" not null,   -- binding_id or setl_id
    version        bigint      not null,               -- of the binding, or number of the result
    template       text        collate "C" not null,
    recipient_hash bytea       not null,
    side           text        not null,
    psn_no         text        collate "C" not null,
    region         text        not null,               -- whose notice policy holds
    media          text[]      not null,               -- in this order
    step           int         not null default 0,     -- index of the medium in use
    tries          int         not null default 0,
    put_off        int         not null default 0,
    attempts       int         not null default 0,     -- of all media
    state          text        not null check (state in ('created', 'sending', 'pending', 'delivered', 'handed-to-staff', 'expired')),
    reason         text,
    content        text        not null,               -- JSON: title, text, sms, speech; no name, no number
    answer         text,                               -- JSON of the answer that says 送达, for the applicant's own channel
    origin_source  text,
    origin_id      text,
    trace          text,
    decided_at     timestamptz not null,               -- service clock, as all times but leases
    created_at     timestamptz not null,
    next_at        timestamptz,                        -- when to look again; null in a final state
    leased_until   timestamptz,                        -- database clock
    ended_at       timestamptz,
    unique (about, version, template, recipient_hash),
    check ((state in ('delivered', 'handed-to-staff', 'expired')) = (next_at is null))
);
create index notices_next on notices (next_at) where next_at is not null;
create index notices_calling on notices (psn_no) where state = 'sending';
create index notices_about on notices (about, side, version);

create table attempts (
    notice_id  uuid        not null references notices,
    number     int         not null,
    medium     text        not null,
    state      text        not null check (state in ('sending', 'pending', 'delivered', 'permanent-failure',
                               'temporary-failure', 'technical-failure', 'unknown', 'expired')),
    code       text        not null default '',        -- the provider's own word for it
    parts      int         not null default 0,         -- of a text, accepted by the provider
    started_at timestamptz not null,
    ended_at   timestamptz,
    primary key (notice_id, number)
);

-- One row per part of a text, made by whoever comes first: the submit's answer or the receipt.
create table parts (
    provider_id text collate "C" primary key,
    notice_id   uuid,
    number      int,
    fate        text check (fate in ('delivered', 'permanent', 'temporary', 'pending')),
    code        text        not null default '',
    seen_at     timestamptz not null default now()
);
create index parts_attempt on parts (notice_id, number);

create table beginnings (         -- when this database was made, by the service clock: one row
    one     boolean primary key default true check (one),
    born_at timestamptz not null
);
