-- Who can be asked: since when a medium is out, as every process saw it, and which attempts say nothing about their provider.

alter table providers add column up_at timestamptz;               -- when a process last saw its link stand
alter table attempts add column excused boolean not null default false;   -- throttled, link down, template refused, our own fault

-- Names of institutions, from registry.institutions: a notice about a bill says where it was.
create table institutions (
    fixmedins_code text   collate "C" primary key,
    version        bigint not null,
    name           text   not null
);

-- How many notices wait, counted once a minute by one process for all.
create table tallies (
    one        boolean     primary key default true check (one),
    counted_at timestamptz not null default 'epoch',              -- database clock
    waiting    jsonb       not null default '[]'
);
insert into tallies default values;
