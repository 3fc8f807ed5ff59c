-- Transfers: money on its way to a relative stands in an account row `transfer/<transfer_id>`, what was accepted in `wallet/<binding_id>`.
create table transfer (
    transfer_id uuid primary key,
    hash bytea not null,
    binding_id uuid not null,
    giver text collate "C" not null,
    receiver text collate "C" not null,
    amount bigint not null check (amount > 0),
    state text collate "C" not null check (state in ('offered', 'accepted', 'declined', 'withdrawn', 'returned', 'refused')),
    account text collate "C" unique references account (psn_no),
    source text collate "C" not null,                -- whom to tell: source and id of the offer
    message text collate "C" not null,
    answer bytea not null,
    at timestamptz not null,
    until timestamptz not null,                      -- goes back then if nobody accepts it
    ended_at timestamptz,
    recorded_at timestamptz not null default now(),
    check ((state = 'refused') = (account is null))
);
create index transfer_offered_giver on transfer (giver) where state = 'offered';
create index transfer_offered_binding on transfer (binding_id) where state = 'offered';
revoke delete, truncate on transfer from public, current_user;

-- One wallet for each binding, so for each giver of a person. Closed: the relation has ended, what comes back goes to the giver.
create table wallet (
    binding_id uuid primary key,
    giver text collate "C" not null,
    open boolean not null,
    account text collate "C" not null unique references account (psn_no)
);
create index wallet_giver on wallet (giver);

create function verify_transfers() returns table (invariant text, subject text, detail text) language sql stable as $$
    select 'transfer-has-its-amount-until-it-ends', t.transfer_id::text, format('%s, amount %s, there %s', t.state, t.amount, a.current + a.historic)
    from transfer t join account a on a.psn_no = t.account
    where a.current + a.historic <> case t.state when 'offered' then t.amount else 0 end
    union all
    select 'transfer-went-one-way-once', t.transfer_id::text,
        format('%s, amount %s, in %s, accepted %s, back %s', t.state, t.amount, e.into, e.accepted, e.back)
    from transfer t cross join lateral (
        select coalesce(sum(amount) filter (where kind = 'transfer'), 0) as into,
            -coalesce(sum(amount) filter (where kind = 'transfer-accepted'), 0) as accepted,
            -coalesce(sum(amount) filter (where kind = 'transfer-back'), 0) as back
        from entry where account = t.account and version is not null
    ) e
    where t.state <> 'refused' and (e.into, e.accepted, e.back) is distinct from (t.amount::numeric,
        (case t.state when 'accepted' then t.amount else 0 end)::numeric,
        (case when t.state in ('declined', 'withdrawn', 'returned') then t.amount else 0 end)::numeric)
    union all
    select 'closed-wallet-is-empty', a.psn_no, format('%s, %s', a.current, a.historic)
    from wallet w join account a on a.psn_no = w.account
    where not w.open and (a.current <> 0 or a.historic <> 0)
    union all
    select 'ended-binding-has-no-wallet', b.binding_id::text, format('wallet open %s, offers %s', coalesce(w.open, false), count(t.*))
    from binding b left join wallet w using (binding_id) left join transfer t on t.binding_id = b.binding_id and t.state = 'offered'
    where b.state in ('ended', 'refused', 'rejected', 'withdrawn', 'expired') and (w.open or t.transfer_id is not null)
    group by b.binding_id, w.open
    union all
    select 'row-of-a-transfer-is-known', a.psn_no, format('%s, %s', a.current, a.historic)
    from account a
    where (a.psn_no like 'transfer/%' and not exists (select from transfer t where t.account = a.psn_no))
        or (a.psn_no like 'wallet/%' and not exists (select from wallet w where w.account = a.psn_no))
$$;
