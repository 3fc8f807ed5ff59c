-- All invariants of the ledger as rows that break them; no row = sound. Reads one snapshot, so it may run under load.
create function verify() returns table (invariant text, subject text, detail text) language sql stable as $$
    with booked as (select posting, sum(amount) as booked from entry where segment = 'counter' and kind = 'settle' group by posting)
    select 'posting-sums-to-zero', encode(posting, 'hex'), sum(amount)::text
    from entry group by posting having sum(amount) <> 0
    union all
    select 'balance-is-sum-of-entries', a.psn_no, format('current %s, entries %s; historic %s, entries %s',
        a.current, coalesce(e.current, 0), a.historic, coalesce(e.historic, 0))
    from account a left join (
        select account, sum(amount) filter (where segment = 'current') as current,
            sum(amount) filter (where segment = 'historic') as historic, max(version) as version, count(*) as n
        from entry where version is not null group by account
    ) e on e.account = a.psn_no
    where a.current <> coalesce(e.current, 0) or a.historic <> coalesce(e.historic, 0)
    union all
    select 'versions-without-gap', a.psn_no, format('version %s, entries %s', a.version, coalesce(e.n, 0))
    from account a left join (
        select account, count(*) as n, max(version) as last from entry where version is not null group by account
    ) e on e.account = a.psn_no
    where a.version <> coalesce(e.n, 0) or a.version <> coalesce(e.last, 0)
    union all
    select 'balance-after-is-running-sum', account, format('version %s', version)
    from (
        select account, version, balance_after,
            sum(amount) over (partition by account, segment order by version) as running
        from entry where version is not null
    ) r where balance_after <> running
    union all
    select 'no-negative-balance', psn_no, format('%s, %s', current, historic)
    from account where current < 0 or historic < 0
    union all
    select 'entry-has-account', e.account, encode(e.posting, 'hex')
    from entry e where e.version is not null and not exists (select from account a where a.psn_no = e.account)
    union all
    select 'money-conserved', 'all', sum(amount)::text from entry having coalesce(sum(amount), 0) <> 0
    union all
    select 'settlement-is-in-the-ledger', encode(s.setl_id, 'hex'),
        format('personal %s, cash %s, booked %s', s.personal, s.cash, coalesce(b.booked, 0))
    from (
        select setl_id, personal, replace(convert_from(result, 'UTF8')::jsonb ->> 'psn_cash_pay', '.', '')::bigint as cash
        from settlement
    ) s left join booked b on b.posting = s.setl_id
    where s.personal <> s.cash + coalesce(b.booked, 0)
$$;
