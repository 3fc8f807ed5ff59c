-- Persons: the day of death and filings to be treated elsewhere. Quotes: what a visit's last quote said, to tell a settle that differs.

alter table person
    add column died date,                            -- registered day of death; 0001-01-01 where only the death is registered
    add column filings text not null default '[]';   -- JSON [[region, first day, last day or null], ...]

comment on column settlement.periods is
    'keys under which each share counts (quota and caps), "|" between shares, "," between keys, "*" = on the sponsor''s account, too';

create table quote (
    fixmedins_code text collate "C" not null,
    mdtrt_id text collate "C" not null,
    psn_no text collate "C" not null,
    msgid text collate "C" not null,
    acct_pay bigint not null,
    acct_mulaid_pay bigint not null,
    psn_cash_pay bigint not null,
    shares bytea not null,                           -- digest of who would pay how much
    at timestamptz not null,
    primary key (mdtrt_id, fixmedins_code, psn_no)
);
