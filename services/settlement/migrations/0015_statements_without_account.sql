-- As in 0008; who has no account but received transfers has a statement, too, in the region of his or her insurance.
create or replace function settlement_desk.statement_account(look uuid) returns table (
    psn_no text, admdvs text, state text, version bigint, usage text
) language sql volatile security definer
begin atomic
    select masked_number(l.psn_no), coalesce(nullif(a.admdvs, ''), i.region, nullif(w.admdvs, ''), ''), coalesce(a.state, 'open'), coalesce(a.version, 0),
        coalesce(a.usage, '{}')
    from look_of(look) l
    left join account a on a.psn_no = l.psn_no
    left join lateral (
        select min(o.admdvs) as admdvs, count(*) as rows from pots_of(l.psn_no) p join account o on o.psn_no = p.account
    ) w on true
    left join lateral (
        select r.row ->> 2 as region from person p cross join jsonb_array_elements(p.insured::jsonb) with ordinality r (row, n)
        where p.psn_no = l.psn_no order by r.row ->> 1 <> '1', r.n limit 1
    ) i on true
    where a.psn_no is not null or w.rows > 0;
end;
