-- When a person was erased from the registry; what is over for him or her keeps no personal data.
alter table people add column erased_at timestamptz;

-- Whose record a version was: a number may go to another person.
alter table person_history add column person bytea;
update person_history h set person = r.person from person_records r where r.psn_no = h.psn_no and r.version = h.version;
create index person_history_person on person_history (person);

-- `region`, `held_since`, `held_until`: of a slot that is reserved for want of a decision. `final_at`: since when nothing more
-- becomes of it. `stripped`: its body names nobody any more.
alter table bindings
    add column region text collate "C",
    add column held_since timestamptz,
    add column held_until timestamptz,
    add column final_at timestamptz,
    add column stripped boolean not null default false;

update bindings set held_since = now(), held_until = now() + interval '30 days' where stage in ('refusing', 'supplement', 'consent', 'passed');
update bindings set final_at = now() where stage in ('refused', 'closed');

create index bindings_held_until on bindings (held_until) where held_until is not null;
create index bindings_final on bindings (final_at) where final_at is not null and not stripped;

-- The other half of the bindings around a person: looked at when somebody is erased.
create index bindings_sponsor_over on bindings (sponsor) where not counts;
create index bindings_beneficiary_over on bindings (beneficiary) where not counts;
