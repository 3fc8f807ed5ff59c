-- Earmarks: money of a sponsor's account that is set apart for one beneficiary, in an account row of its own.
create table earmark (
    binding_id uuid primary key,
    sponsor text collate "C" not null,
    account text collate "C" not null unique references account (psn_no),
    amount bigint not null check (amount >= 0),      -- what the sponsor wants set apart
    missing bigint not null check (missing >= 0),    -- what of it never was, or was given back unspent
    place text collate "C" not null check (place in ('open', 'resting', 'ended')),
    opened_at timestamptz not null
);
create index earmark_sponsor on earmark (sponsor) where place <> 'ended';

-- Premiums of relatives: one row and one answer for each premium_id, the declined ones too.
create table premium (
    premium_id uuid primary key,
    hash bytea not null,
    payer text collate "C" not null,
    psn_no text collate "C" not null,
    kind text collate "C" not null,                  -- use that it is: resident-premium, long-term-care-premium
    insutype text collate "C" not null,
    year int not null,
    amount bigint not null check (amount > 0),
    state text collate "C" not null check (state in ('declined', 'paid', 'cancelled', 'remitted')),
    posting bytea,
    periods text collate "C" not null,               -- quota period of each share, as in settlement
    shares text not null,                            -- JSON of the shares, first to pay first
    answer bytea not null,
    at timestamptz not null,
    ended_at timestamptz,                            -- cancelled or remitted
    recorded_at timestamptz not null default now(),
    check ((state = 'declined') = (posting is null))
);
create unique index premium_once on premium (psn_no, kind, year) where state in ('paid', 'remitted');
revoke delete, truncate on premium from public, current_user;

-- The invariants are open: `verify()` gathers the rows of every function `verify_...()` of this schema, in one snapshot.
alter function verify() rename to verify_core;

create function verify_earmarks() returns table (invariant text, subject text, detail text) language sql stable as $$
    select 'given-back-earmark-is-empty', a.psn_no, format('%s, %s', a.current, a.historic)
    from earmark e join account a on a.psn_no = e.account
    where e.place <> 'open' and (a.current <> 0 or a.historic <> 0)
    union all
    select 'earmark-within-amount', a.psn_no, format('amount %s, set apart %s', e.amount, a.current + a.historic)
    from earmark e join account a on a.psn_no = e.account
    where a.current + a.historic > e.amount
    union all
    select 'ended-binding-has-no-earmark', e.binding_id::text, e.place
    from earmark e join binding b using (binding_id)
    where b.state in ('ended', 'refused', 'rejected', 'withdrawn', 'expired') and e.place <> 'ended'
    union all
    select 'earmark-has-account', e.account, e.binding_id::text
    from entry e where e.account like 'earmark/%' and not exists (select from earmark m where m.account = e.account)
$$;

create function verify_premiums() returns table (invariant text, subject text, detail text) language sql stable as $$
    select 'premium-is-in-the-ledger', p.premium_id::text, format('%s, amount %s, booked %s', p.state, p.amount, coalesce(b.booked, 0))
    from premium p left join (
        select coalesce(original, posting) as posting, sum(amount) as booked
        from entry where segment = 'counter' and kind in ('premium', 'premium-back') group by 1
    ) b using (posting)
    where p.state <> 'declined' and coalesce(b.booked, 0) <> case p.state when 'cancelled' then 0 else p.amount end
$$;

create function verify() returns table (invariant text, subject text, detail text) language plpgsql stable as $$
declare
    part regprocedure;
begin
    for part in
        select p.oid from pg_proc p
        where p.pronamespace = (select pronamespace from pg_proc where oid = 'verify()'::regprocedure) and p.proname like 'verify\_%'
        order by p.proname
    loop
        return query execute format('select * from %s', part);
    end loop;
end $$;
