-- Holds of quotes: what is set apart for a visit stands with its quote, the money in the account row `hold/<psn_no>` of each holder.
alter table quote add column hold text collate "C" not null default '';  -- JSON [id, at, until, digest of the bill, shares, ...]; empty: nothing
create index quote_hold on quote (fixmedins_code) where hold <> '';

-- When the current year's money of an account last became historic: what was paid before goes back as historic.
alter table account add column turned_at timestamptz;

-- Once a night, quotes and lines of statements that were kept long enough go, by whichever replica is first.
create table upkeep (
    one boolean primary key default true check (one),
    next_at timestamptz not null
);
insert into upkeep (next_at) values ('-infinity');

-- Heard by `verify()`, which gathers every function `verify_*()` of the schema (0005).
create function verify_holds() returns table (invariant text, subject text, detail text) language sql stable as $$
    with said as (
        select 'hold/' || (s.share ->> 0) as psn_no, sum((s.share ->> 2)::bigint) filter (where s.share ->> 1 = '0') as current,
            sum((s.share ->> 2)::bigint) filter (where s.share ->> 1 = '1') as historic
        from quote q cross join lateral jsonb_array_elements(nullif(q.hold, '')::jsonb -> 4) as s (share)
        where q.hold <> '' group by 1
    )
    select 'held-money-is-what-quotes-say', coalesce(a.psn_no, s.psn_no), format('current %s, quotes %s; historic %s, quotes %s',
        coalesce(a.current, 0), coalesce(s.current, 0), coalesce(a.historic, 0), coalesce(s.historic, 0))
    from (select * from account where psn_no like 'hold/%') a full join said s using (psn_no)
    where coalesce(a.current, 0) <> coalesce(s.current, 0) or coalesce(a.historic, 0) <> coalesce(s.historic, 0)
$$;
