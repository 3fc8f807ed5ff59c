-- An institution's name, for statements. Null until the registry records it again: only its code is known of it before.
alter table institution add column name text;

-- As in 0008, with the name.
drop function settlement_desk.statement_movements(uuid);
create function settlement_desk.statement_movements(look uuid) returns table (
    at timestamptz, kind text, current bigint, historic bigint, apart bigint, held bigint, reference text, fixmedins_code text,
    pharmacy boolean, med_type text, binding_id uuid, relation text, relative text, premium text, premium_year int,
    fixmedins_name text
) language sql volatile security definer
begin atomic
    with moved as materialized (
        select l.psn_no, e.posting, e.kind, e.at, min(e.version) filter (where e.pot = 'own') as version,
            coalesce((array_agg(e.original))[1], e.posting) as about,
            coalesce(sum(e.amount) filter (where e.pot = 'own' and e.segment = 'current'), 0)::bigint as current,
            coalesce(sum(e.amount) filter (where e.pot = 'own' and e.segment = 'historic'), 0)::bigint as historic,
            coalesce(sum(e.amount) filter (where e.pot not in ('own', 'held')), 0)::bigint as apart,
            coalesce(sum(e.amount) filter (where e.pot = 'held'), 0)::bigint as held,
            (array_agg(e.binding_id) filter (where e.binding_id is not null))[1] as binding_id
        from look_of(look) l cross join lateral lines_of(l.psn_no, l.until) e
        where e.at >= l.since
        group by l.psn_no, e.posting, e.kind, e.at
    )
    select m.at, m.kind, m.current, m.historic, m.apart, m.held, encode(m.about, 'hex'), s.fixmedins_code, i.pharmacy,
        case when s.setl_id is not null then convert_from(s.result, 'UTF8')::jsonb ->> 'med_type' end,
        m.binding_id, b.relation, masked_number(coalesce(b.beneficiary, other.psn_no)), p.kind, p.year, i.name
    from moved m
    left join settlement s on s.setl_id = m.about
    left join institution i on i.fixmedins_code = s.fixmedins_code
    left join premium p on p.posting = m.about
    left join binding b on b.binding_id = m.binding_id and b.beneficiary <> m.psn_no
    cross join lateral (
        select case when coalesce(s.psn_no, p.psn_no) <> m.psn_no then coalesce(s.psn_no, p.psn_no) end as psn_no
    ) other
    order by m.at, m.version nulls last, m.posting;
end;
