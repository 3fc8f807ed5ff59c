-- What is closed stays closed for an institution that moves; what is known late is found wherever it was paid from.

-- The region for which an institution's month was closed. Filled at the close; where it moves to afterwards changes nothing of it.
create table period_institution (
    fixmedins_code text collate "C" not null,
    month text collate "C" not null,
    admdvs text collate "C" not null,
    primary key (fixmedins_code, month)
);
insert into period_institution (fixmedins_code, month, admdvs) select distinct fixmedins_code, month, admdvs from clearing on conflict do nothing;
insert into period_institution (fixmedins_code, month, admdvs)
select i.fixmedins_code, p.month, p.admdvs from period p join institution i on i.pooling = p.admdvs on conflict do nothing;
create trigger is_kept before update or delete or truncate on period_institution for each statement execute function ledger_is_kept();

create or replace function closed_month_stays() returns trigger language plpgsql as $$
begin
    if exists (
        select from (select distinct split_part(account, '/', 1) as code, split_part(account, '/', 2) as month from booked where segment = 'counter') b
        where exists (select from period_institution f where f.fixmedins_code = b.code and f.month >= b.month)
            or exists (
                select from institution i join period p on p.admdvs = i.pooling
                where i.fixmedins_code = b.code and p.month >= b.month
            )
    ) then
        raise exception 'a closed month never changes' using errcode = 'GJ002';
    end if;
    return null;
end $$;

-- As in 0007, except whose institutions a region's are: those for which the month was closed there.
create or replace function owed(in_month text, region text, code text) returns table (
    payer text, fixmedins_code text, insutype text, clr_type text, clr_optins text, own bigint, shared bigint
) language sql stable as $$
    with late as materialized (
        select l.posting, l.at from booked_late l where right(l.account, 7) = in_month
    ),
    bounds as materialized (
        select least(beijing_month_start(in_month), (select min(at) from late)) as since,
               beijing_month_start(in_month) + interval '1 month' as until
    ),
    counters as materialized (
        select e.posting, coalesce(e.original, e.posting) as setl_id, i.fixmedins_code, i.admdvs
        from entry e join institution i on e.account = i.fixmedins_code || '/' || in_month
        where e.segment = 'counter' and e.at >= (select since from bounds) and e.at < (select until from bounds)
          and (region is null or exists (
              select from period_institution f where f.fixmedins_code = i.fixmedins_code and f.month = in_month and f.admdvs = region))
          and (code is null or i.fixmedins_code = code)
    )
    select coalesce(nullif(a.admdvs, ''), s.region, c.admdvs), c.fixmedins_code, coalesce(s.insutype, ''), coalesce(s.clr_type, ''),
        coalesce(s.clr_optins, ''),
        coalesce(-sum(e.amount) filter (where not x.other), 0)::bigint, coalesce(-sum(e.amount) filter (where x.other), 0)::bigint
    from counters c
    join entry e on e.posting = c.posting and e.segment <> 'counter'
        and e.at >= (select since from bounds) and e.at < (select until from bounds)
    left join settlement s on s.setl_id = c.setl_id
    left join account a on a.psn_no = case when e.segment = 'held' then split_part(e.account, '/', 2) else e.account end
    cross join lateral (
        select e.binding_id is not null or (e.account not like 'hold/%' and s.psn_no is distinct from split_part(e.account, '/', 1)
            and s.psn_no is distinct from split_part(e.account, '/', 2)) as other
    ) x
    group by 1, 2, 3, 4, 5
$$;

-- A month that was closed for an institution nowhere, in a region that has cleared it, is one that nobody pays for.
create or replace function verify_periods() returns table (invariant text, subject text, detail text) language sql stable as $$
    with cleared as (
        select fixmedins_code || '/' || month as account, sum(own + shared) as amount from clearing group by 1
    ), booked as (
        select e.account, sum(e.amount) as amount
        from entry e join institution i on i.fixmedins_code = split_part(e.account, '/', 1)
        left join period_institution f on f.fixmedins_code = i.fixmedins_code and f.month = split_part(e.account, '/', 2)
        join cleared_period p on p.admdvs = coalesce(f.admdvs, i.pooling) and p.month = split_part(e.account, '/', 2)
        where e.segment = 'counter' group by 1
    )
    select 'clearing-is-what-was-booked', coalesce(b.account, c.account),
        format('cleared %s, booked %s', coalesce(c.amount, 0), coalesce(b.amount, 0))
    from booked b full join cleared c using (account)
    where coalesce(b.amount, 0) <> coalesce(c.amount, 0)
    union all
    select 'closed-month-has-no-open-break', b.case_id, b.month
    from break b join period_institution f on f.fixmedins_code = b.fixmedins_code and f.month = b.month
    where b.state = 'open'
$$;

-- Persons whose death was recorded before 0003: the day is not known.
update person set died = '0001-01-01' where not alive and died is null;

-- Whether a settlement was paid by a hold, and when that money was set apart: this is when it was spent.
alter table settlement add column held_at timestamptz;
create unique index premium_posting on premium (posting);

-- A recovery of a premium has its region from the sponsor's account where the beneficiary has none.
create or replace view ledger_case as
select b.case_id, 'break'::text as what, b.kind, b.admdvs, b.state, b.deadline, b.found_at as at, b.fixmedins_code, b.month, null::text as psn_no,
    null::bigint as amount, null::bigint as open
from break b
union all
select r.case_id, 'recovery', r.kind, coalesce(nullif(a.admdvs, ''), s.region, g.admdvs, ''),
    case when r.amount > r.settled then 'open' else 'closed' end, null, r.at, null, null, r.psn_no, r.amount, greatest(r.amount - r.settled, 0)
from recovery r
left join account a on a.psn_no = r.psn_no
left join settlement s on s.setl_id = case when r.kind = 'paid-after-end' then decode(r.reference, 'hex') end
left join binding b on b.binding_id = r.binding_id
left join account g on g.psn_no = b.sponsor
union all
select h.case_id, 'held', 'held', coalesce(nullif(a.admdvs, ''), ''), case when h.open > 0 then 'open' else 'closed' end, null, h.at,
    null, null, h.psn_no, h.amount, h.open
from held_case h left join account a on a.psn_no = h.psn_no;

-- What is held of an earmark or a wallet stands in a row of its own, `hold/earmark/...`, `hold/wallet/...`; the share's last field names
-- the purse. Shares that were held before have none, their money stands in `hold/<psn_no>`.
create or replace function verify_holds() returns table (invariant text, subject text, detail text) language sql stable as $$
    with said as (
        select 'hold/' || coalesce(nullif(s.share ->> 8, ''), s.share ->> 0) as psn_no,
            sum((s.share ->> 2)::bigint) filter (where s.share ->> 1 = '0') as current,
            sum((s.share ->> 2)::bigint) filter (where s.share ->> 1 = '1') as historic
        from quote q cross join lateral jsonb_array_elements(nullif(q.hold, '')::jsonb -> 4) as s (share)
        where q.hold <> '' group by 1
    )
    select 'held-money-is-what-quotes-say', coalesce(a.psn_no, s.psn_no), format('current %s, quotes %s; historic %s, quotes %s',
        coalesce(a.current, 0), coalesce(s.current, 0), coalesce(a.historic, 0), coalesce(s.historic, 0))
    from (select * from account where psn_no like 'hold/%') a full join said s using (psn_no)
    where coalesce(a.current, 0) <> coalesce(s.current, 0) or coalesce(a.historic, 0) <> coalesce(s.historic, 0)
$$;

create or replace function pots_of(who text) returns table (account text, pot text) language sql stable
begin atomic
    with own as (
        select who as account, 'own' as pot
        union all select 'hold/' || who, 'hold'
        union all select m.account, 'earmark' from earmark m where m.sponsor = who
        union all select 'hold/' || m.account, 'hold' from earmark m where m.sponsor = who
        union all select t.account, 'transfer' from transfer t where t.giver = who and t.account is not null
        union all select 'wallet/' || b.binding_id, 'wallet' from binding b where b.beneficiary = who
        union all select 'hold/wallet/' || b.binding_id, 'hold' from binding b where b.beneficiary = who
        union all select 'held/' || who, 'held'
    )
    select o.account, o.pot from own o;
end;
