-- Suspensions of persons, as far as they concern what is approved later. What they made of the bindings that stood is in these bindings'
-- own decisions. One row for each document and region; a row that is over stays until the person is erased: it says who lifted nothing twice.
create table person_hold (
    psn_no text collate "C" not null,
    region text collate "C" not null,     -- first digits of the region; empty: the whole country
    document text not null,
    begin_at timestamptz not null,
    until_at timestamptz,                 -- none: until somebody resumes
    operator_id text not null,
    primary key (psn_no, region, document)
);
