-- Standing bindings by the policy by which the rules about the pair were last judged; '' is none that there is.
create table standing (
    binding_id uuid primary key,
    region text collate "C" not null,
    policy_version text collate "C" not null
);
create index standing_policy on standing (region, policy_version, binding_id);
insert into standing (binding_id, region, policy_version)
select binding_id, coalesce(region, '100000'), '' from bindings where stage in ('bound', 'suspended');

-- Relatives who could not be confirmed, by sponsor and Beijing day; and sponsors who were told to stop for the day.
create table unconfirmed (
    sponsor bytea not null,
    day date not null,
    beneficiary bytea not null,
    primary key (sponsor, day, beneficiary)
);
create index unconfirmed_day on unconfirmed (day);
create table stopped (
    day date not null,
    sponsor bytea not null,
    primary key (day, sponsor)
);
