-- What is needed to hold a case against others of the same persons and documents (services/audit/domain/risk.py).

-- One row for each person and document whose cases were weighed: locked by whoever weighs them, so that of two replicas the second one
-- sees what the first one decided. Holds nothing; a lost row is made again.
create table risk_lock (key text collate "C" primary key);  -- psn_no, or SHA-256 of a document

-- In whose names a document was handed in, by case.
create table document_use (
    binding_id uuid not null,
    sha256 text collate "C" not null,
    personal boolean not null,            -- one person's card, not a family's paper
    named text[] not null,                -- psn_no; none while the relative is not confirmed
    primary key (binding_id, sha256)
);
create index document_use_sha256 on document_use (sha256);

-- Fills it anew from the decisions: now, and whenever it should be lost. Cases that are there already stay.
create function refill_document_use() returns bigint language sql as $$
    with material as (
        select b.binding_id, m ->> 'sha256' as sha256, m ->> 'kind' in ('id-card', 'insurance-card') as personal,
               case m ->> 'holder' when 'sponsor' then b.sponsor_psn_no else b.beneficiary_psn_no end as holder,
               b.sponsor_psn_no, b.beneficiary_psn_no
        from binding b cross join jsonb_array_elements(coalesce(b.body::jsonb -> 'case' -> 'materials', '[]')) m
    ), named as (
        select binding_id, sha256, personal, unnest(case when personal then array[holder] else array[sponsor_psn_no, beneficiary_psn_no] end) as name
        from material
    ), filled as (
        insert into document_use (binding_id, sha256, personal, named)
        select binding_id, sha256, bool_and(personal), coalesce(array_agg(distinct name order by name) filter (where name is not null), '{}')
        from named group by 1, 2
        on conflict (binding_id, sha256) do nothing
        returning 1
    )
    select count(*) from filled
$$;
select refill_document_use();
