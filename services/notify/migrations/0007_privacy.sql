-- Personal data are sealed (services/notify/sealing.py) and go when they have been kept long enough. What is there stays readable as
-- JSON until the first night seals it: SQL has no keys.

alter table persons add column sealed bytea;                      -- tel, surname and born
update persons set sealed = convert_to(jsonb_build_object('tel', tel, 'surname', surname, 'born', born)::text, 'UTF8');
alter table persons alter column sealed set not null, drop column tel, drop column surname, drop column born;

alter table notices
    alter column content type bytea using convert_to(content, 'UTF8'),
    alter column content drop not null,
    alter column answer type bytea using convert_to(answer, 'UTF8'),
    alter column psn_no drop not null,
    add column stripped_at timestamptz;                           -- when content, answer and psn_no were taken out
drop index notices_calling;
create index notices_psn_no on notices (psn_no) where psn_no is not null;
create index notices_unstripped on notices ((state = 'handed-to-staff'), ended_at) where next_at is null and stripped_at is null;

create table keeping (            -- one row: what is done once a night, by whichever process has the lease
    one          boolean     primary key default true check (one),
    next_at      timestamptz not null default 'epoch',            -- service clock
    leased_until timestamptz,                                     -- database clock
    sealed_under bytea                                            -- all rows are, since the last night
);
insert into keeping default values;
