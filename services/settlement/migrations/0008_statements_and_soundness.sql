-- The nightly check of the ledger, and statements of persons. Amounts are integer fen; months are Beijing's.

create table soundness (         -- one row: the check that is made once a night, by whichever process has the advisory lock
    one      boolean     primary key default true check (one),
    next_at  timestamptz not null default 'epoch',    -- service clock
    begun_at timestamptz,                             -- database clock: begin of the last check that came to its end
    full_at  timestamptz,                             -- the same of the last full one that found nothing
    sound_at timestamptz,                             -- the same of the last one that found nothing
    broken   bigint      not null default 0           -- what the last check found
);
insert into soundness default values;
create index settlement_recorded_at on settlement using brin (recorded_at);

-- What `verify_core` says, of what was booked since a time only (database clock) and of the accounts that were touched by it. An index
-- leads to the entries of an account, so the cost is that of the accounts touched, not that of the ledger.
create function touched_since(since timestamptz) returns table (invariant text, subject text, detail text) language sql stable as $$
    with fresh as materialized (
        select e.posting, e.account, e.segment, e.amount, e.version, e.kind from entry e where e.recorded_at >= since
    ), touched as materialized (
        select distinct f.account from fresh f where f.version is not null
    ), lines as materialized (
        select e.account, e.segment, e.amount, e.balance_after, e.version from touched t
        join entry e on e.account = t.account and e.version is not null
    ), sums as materialized (
        select l.account, coalesce(sum(l.amount) filter (where l.segment = 'current'), 0) as current,
            coalesce(sum(l.amount) filter (where l.segment = 'historic'), 0) as historic, count(*) as n, max(l.version) as last
        from lines l group by l.account
    ), booked as materialized (
        select f.posting, sum(f.amount) as booked from fresh f where f.segment = 'counter' and f.kind = 'settle' group by f.posting
    )
    select 'posting-sums-to-zero', encode(f.posting, 'hex'), sum(f.amount)::text from fresh f group by f.posting having sum(f.amount) <> 0
    union all
    select 'balance-is-sum-of-entries', a.psn_no,
        format('current %s, entries %s; historic %s, entries %s', a.current, s.current, a.historic, s.historic)
    from sums s join account a on a.psn_no = s.account where a.current <> s.current or a.historic <> s.historic
    union all
    select 'versions-without-gap', a.psn_no, format('version %s, entries %s', a.version, s.n)
    from sums s join account a on a.psn_no = s.account where a.version <> s.n or a.version <> s.last
    union all
    select 'balance-after-is-running-sum', r.account, format('version %s', r.version)
    from (
        select l.account, l.version, l.balance_after, sum(l.amount) over (partition by l.account, l.segment order by l.version) as running
        from lines l
    ) r where r.balance_after <> r.running
    union all
    select 'no-negative-balance', a.psn_no, format('%s, %s', a.current, a.historic)
    from sums s join account a on a.psn_no = s.account where a.current < 0 or a.historic < 0
    union all
    select 'entry-has-account', t.account, '' from touched t where not exists (select from account a where a.psn_no = t.account)
    union all
    select 'settlement-is-in-the-ledger', encode(s.setl_id, 'hex'),
        format('personal %s, cash %s, booked %s', s.personal, s.cash, coalesce(b.booked, 0))
    from (
        select setl_id, personal, fen_of_yuan(convert_from(result, 'UTF8')::jsonb ->> 'psn_cash_pay') as cash
        from settlement where recorded_at >= since
    ) s left join booked b on b.posting = s.setl_id
    where s.personal <> s.cash + coalesce(b.booked, 0)
$$;

-- `verify()` with `touched_since` in the place of `verify_core`.
create function check_since(since timestamptz) returns table (invariant text, subject text, detail text) language plpgsql stable as $$
declare
    part regprocedure;
begin
    return query select * from touched_since(since);
    for part in
        select p.oid from pg_proc p
        where p.pronamespace = (select pronamespace from pg_proc where oid = 'verify()'::regprocedure)
          and p.proname like 'verify\_%' and p.proname <> 'verify_core'
        order by p.proname
    loop
        return query execute format('select * from %s', part);
    end loop;
end $$;

-- Who had a person's statement shown, for what. A statement is read only after this is committed.
create table statement_look (
    look_id uuid primary key,
    psn_no text collate "C" not null,
    month text collate "C" not null check (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    family boolean not null,
    operator_id text collate "C" not null check (operator_id <> ''),
    why text not null check (length(why) >= 4),
    at timestamptz not null,
    recorded_at timestamptz not null default clock_timestamp()
);
create index statement_look_of on statement_look (psn_no);
create trigger is_kept before update or delete or truncate on statement_look for each statement execute function ledger_is_kept();

create function masked_number(number text) returns text language sql immutable
begin atomic
    select case when length(number) > 5 then left(number, 3) || repeat('*', length(number) - 5) || right(number, 2)
        else repeat('*', length(number)) end;
end;

-- Where the money of a person stands: the account, what is set apart of it, what was received, what is held after a close.
create function pots_of(who text) returns table (account text, pot text) language sql stable
begin atomic
    with own as (
        select who as account, 'own' as pot
        union all select 'hold/' || who, 'hold'
        union all select m.account, 'earmark' from earmark m where m.sponsor = who
        union all select 'wallet/' || b.binding_id, 'wallet' from binding b where b.beneficiary = who
        union all select 'held/' || who, 'held'
    )
    select o.account, o.pot from own o;
end;

-- Every line of a person's money that happened before a time.
create function lines_of(who text, until timestamptz) returns table (
    pot text, posting bytea, original bytea, segment text, amount bigint, version bigint, kind text, at timestamptz, binding_id uuid
) language sql stable
begin atomic
    select p.pot, e.posting, e.original, e.segment, e.amount, e.version, e.kind, e.at, e.binding_id
    from pots_of(who) p join entry e on e.account = p.account and e.version is not null
    where p.pot <> 'held' and e.at < until
    union all
    select 'held', e.posting, e.original, e.segment, e.amount, null, e.kind, e.at, e.binding_id
    from entry e where e.account = 'held/' || who and e.segment = 'held' and e.at < until;
end;

-- The look, if it may be used: on the record, by another transaction (this one has written nothing), five minutes ago at most.
create function look_of(look uuid) returns table (
    psn_no text, month text, family boolean, since timestamptz, until timestamptz
) language sql volatile
begin atomic
    select l.psn_no, l.month, l.family, (l.month || '-01')::timestamp at time zone 'Asia/Shanghai',
        ((l.month || '-01')::timestamp + interval '1 month') at time zone 'Asia/Shanghai'
    from statement_look l
    where l.look_id = look and l.recorded_at > clock_timestamp() - interval '5 minutes' and pg_current_xact_id_if_assigned() is null;
end;

-- The functions of the desk. Its role may call them and reads no table behind them.

create function settlement_desk.look_at_statement(
    look uuid, who text, in_month text, with_family boolean, operator text, reason text, now timestamptz
) returns void language sql volatile security definer
begin atomic
    insert into statement_look (look_id, psn_no, month, family, operator_id, why, at)
    values (look, who, in_month, with_family, operator, reason, now);
end;

create function settlement_desk.statement_account(look uuid) returns table (
    psn_no text, admdvs text, state text, version bigint, usage text
) language sql volatile security definer
begin atomic
    select masked_number(a.psn_no), a.admdvs, a.state, a.version, a.usage from look_of(look) l join account a on a.psn_no = l.psn_no;
end;

create function settlement_desk.statement_balances(look uuid) returns table (
    pot text, segment text, opening bigint, closing bigint
) language sql volatile security definer
begin atomic
    select e.pot, e.segment, coalesce(sum(e.amount) filter (where e.at < l.since), 0)::bigint, sum(e.amount)::bigint
    from look_of(look) l cross join lateral lines_of(l.psn_no, l.until) e
    group by e.pot, e.segment order by e.pot, e.segment;
end;

-- One row a posting: what it did to each part of the money; of a bill where and for whom, the relative masked.
create function settlement_desk.statement_movements(look uuid) returns table (
    at timestamptz, kind text, current bigint, historic bigint, apart bigint, held bigint, reference text, fixmedins_code text,
    pharmacy boolean, med_type text, binding_id uuid, relation text, relative text, premium text, premium_year int
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
        m.binding_id, b.relation, masked_number(coalesce(b.beneficiary, other.psn_no)), p.kind, p.year
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

-- The bindings of a sponsor that were there, and what each relative used of the sponsor's money, fen, net of what went back.
create function settlement_desk.statement_family(look uuid) returns table (
    binding_id uuid, relation text, relative text, state text, version int, facts text, usage text, bills bigint, used bigint,
    used_in_year bigint, apart bigint
) language sql volatile security definer
begin atomic
    with looked as materialized (
        select l.psn_no, l.since, l.until, date_trunc('year', l.since at time zone 'Asia/Shanghai') at time zone 'Asia/Shanghai' as year
        from look_of(look) l where l.family
    ), used as materialized (
        select e.binding_id, count(distinct e.posting) filter (where e.amount < 0 and e.at >= l.since) as bills,
            -sum(e.amount) filter (where e.at >= l.since) as used, -sum(e.amount) filter (where e.at >= l.year) as in_year
        from looked l cross join lateral lines_of(l.psn_no, l.until) e
        where e.binding_id is not null
          and (exists (select from settlement s where s.setl_id = coalesce(e.original, e.posting))
               or exists (select from premium p where p.posting = coalesce(e.original, e.posting)))
        group by e.binding_id
    )
    select b.binding_id, b.relation, masked_number(b.beneficiary), b.state, b.version, b.facts, b.usage,
        coalesce(u.bills, 0), coalesce(u.used, 0)::bigint, coalesce(u.in_year, 0)::bigint, coalesce(a.current + a.historic, 0)
    from looked l join binding b on b.sponsor = l.psn_no
    left join used u using (binding_id)
    left join earmark m using (binding_id) left join account a on a.psn_no = m.account
    where b.state not in ('refused', 'rejected', 'withdrawn', 'expired') or u.binding_id is not null
    order by b.binding_id;
end;
