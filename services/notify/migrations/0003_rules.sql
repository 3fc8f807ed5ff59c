-- Who is told how, when, and how often: wishes, clocks, order, and the uses of each number.

alter table persons add column optional_notices boolean;          -- wants the kinds that may be declined; null: never said

alter table notices
    add column medium_until timestamptz,                          -- so long the present medium is waited for
    add column overtaken boolean not null default false,          -- a later decision is there: no further attempt
    drop constraint notices_state_check,
    drop constraint notices_check;
alter table notices
    add constraint notices_state_check check (state in ('created', 'sending', 'pending', 'unknown', 'delivered', 'handed-to-staff',
        'permanent-failure', 'temporary-failure', 'technical-failure', 'expired')),
    add constraint notices_final_check check ((state not in ('created', 'sending', 'pending', 'unknown')) = (next_at is null));

-- Texts and calls of the last 24 hours by number, for the caps and so that nobody is called twice at once. A number is named by its
-- keyed hash; older rows go.
create table uses (
    notice_id   uuid        not null,
    number      int         not null,                             -- of the attempt
    number_hash bytea       not null,
    medium      text        not null,
    at          timestamptz not null,                             -- service clock
    primary key (notice_id, number)
);
create index uses_of_number on uses (number_hash, medium, at);
create index uses_at on uses (at);
