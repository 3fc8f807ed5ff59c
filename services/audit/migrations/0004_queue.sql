-- What the queue is ordered and filtered by is written with the row, not worked out for each page. All of it is the desk's own.
alter table binding
    add column counter boolean not null default false,   -- somebody came to a window
    add column first_born_by date,                       -- persons born by then go first, as the region says
    add column first boolean not null default false,     -- goes before the others
    add column since timestamptz,                        -- when the present wait for people began
    add column reminded int not null default 0,          -- share of that time that has been reminded of, per cent
    add column marks text not null default '',           -- what a person should look at: reason codes with spaces between
    add column second_eyes boolean not null default false,
    add column first_eyes text,                          -- who has approved it already, where two have to
    add column sampled text,                             -- who approved what another one is to look at again
    add column looked_by text,
    add column agreed boolean;

drop index binding_queue;
create index binding_queue on binding (first desc, due_at, binding_id) where state = 'under-review';
create index binding_queue_region on binding (admdvs, first desc, due_at, binding_id) where state = 'under-review';
create index binding_queue_claim on binding (claimed_by) where state = 'under-review' and claimed_by is not null;
create index binding_queue_sponsor on binding (sponsor_psn_no) where state = 'under-review';
create index binding_queue_beneficiary on binding (beneficiary_psn_no) where state = 'under-review';
create index binding_beneficiary on binding (beneficiary_psn_no);
create index binding_looks on binding (binding_id) where sampled is not null;

update binding b set counter = channel in ('counter', 'institution-counter'), since = at where state = 'under-review';
update binding set first = counter where state = 'under-review';
create index binding_waiting on binding (state) where state in ('awaiting-consent', 'under-review', 'supplement-requested');
