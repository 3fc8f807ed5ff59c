-- Reconciliation, the close of months, clearing. Amounts are integer fen; days and months are Beijing's.
-- `at` is always the time at which something happened. The month in which it is booked is the one of its counter line: that of `at`,
-- or, where that is closed for the institution's region, the first month after the closed ones.

alter table settlement
    add column insutype text collate "C" not null default '',
    add column clr_type text collate "C" not null default '',
    add column clr_optins text collate "C" not null default '';
create index settlement_at on settlement using brin (at) with (pages_per_range = 32, autosummarize = on);
create index entry_at on entry using brin (at) with (pages_per_range = 32, autosummarize = on);

alter table institution add column pooling text collate "C" generated always as (
    case when left(admdvs, 2) in ('11', '12', '31', '50') then left(admdvs, 2) || '0000' else left(admdvs, 4) || '00' end) stored;

-- What went back of settlements, one row a message, as the institution was answered; `again`: a cancel that was reversed.
create table taken_back (
    msgid text collate "C" not null,
    fixmedins_code text collate "C" not null,
    setl_id bytea not null,
    kind text collate "C" not null check (kind in ('cancelled', 'reversed', 'refunded', 'again')),
    undoes text collate "C",             -- msgid of the message that a reversal undid
    medfee bigint not null,
    fund bigint not null,
    acct bigint not null,
    mulaid bigint not null,
    at timestamptz not null,
    primary key (msgid, fixmedins_code)
);
create index taken_back_at on taken_back (fixmedins_code, at);

-- What institutions sent: totals, parts of a detail list, and the answer that a repeat of the message gets.
create table statement (
    msgid text collate "C" not null,
    fixmedins_code text collate "C" not null,
    kind text collate "C" not null check (kind in ('totals', 'detail', 'clear', 'uncleared')),
    hash bytea not null,
    insutype text collate "C" not null,
    clr_type text collate "C" not null,
    setl_optins text collate "C" not null,
    begins date not null,
    ends date not null,
    list text collate "C" not null,      -- what the parts of a detail list have in common
    part int not null,
    parts int not null,
    figures text not null,               -- JSON of the totals
    at timestamptz not null,
    answer bytea,
    primary key (msgid, fixmedins_code)
);
create index statement_list on statement (fixmedins_code, list);

create table statement_row (
    fixmedins_code text collate "C" not null,
    statement text collate "C" not null, -- msgid of the message that brought it
    msgid text collate "C" not null,
    setl_id bytea,                       -- where it is one of ours
    shown text not null,                 -- setl_id as it was sent
    medfee bigint not null,
    acct bigint not null,
    mulaid bigint not null,
    back boolean not null
);
create index statement_row_of on statement_row (fixmedins_code, statement);

create table break (
    case_id text collate "C" primary key,
    fixmedins_code text collate "C" not null,
    admdvs text collate "C" not null,    -- the institution's region
    insutype text collate "C" not null,
    clr_type text collate "C" not null,
    setl_optins text collate "C" not null,
    begins date not null,
    ends date not null,
    month text collate "C" not null,     -- that it keeps from being closed
    scope text collate "C" not null check (scope in ('totals', 'detail')),
    kind text collate "C" not null check (
        kind in ('missing-here', 'missing-there', 'amount-differs', 'count-differs', 'status-differs', 'other-institution')),
    msgid text collate "C",
    setl_id text collate "C",
    ours text,                           -- JSON of what either side has
    theirs text,
    state text collate "C" not null check (state in ('open', 'closed')),
    deadline timestamptz not null,
    found_at timestamptz not null,
    closed_at timestamptz,
    closed_by text collate "C",          -- an operator, or `statement`: a later one agrees
    resolution text collate "C",
    check ((state = 'closed') = (closed_at is not null and closed_by is not null))
);
create index break_open on break (deadline) where state = 'open';
create index break_of on break (fixmedins_code, begins);

create table clearing_request (
    fixmedins_code text collate "C" not null,
    month text collate "C" not null,
    insutype text collate "C" not null,
    clr_type text collate "C" not null,
    setl_optins text collate "C" not null,
    state text collate "C" not null check (state in ('requested', 'withdrawn', 'cleared')),
    msgid text collate "C" not null,
    at timestamptz not null,
    primary key (fixmedins_code, month, insutype, clr_type, setl_optins)
);

-- Closed months. Nothing is changed or taken away.
create table period (
    admdvs text collate "C" not null,
    month text collate "C" not null check (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    closed_at timestamptz not null,
    operator_id text collate "C" not null,
    primary key (admdvs, month)
);

-- Closed months for which `clearing` holds what was booked.
create table cleared_period (
    admdvs text collate "C" not null,
    month text collate "C" not null,
    at timestamptz not null,
    primary key (admdvs, month)
);

-- Postings that were booked in a later month than the one in which they happened.
create table booked_late (
    posting bytea primary key,
    account text collate "C" not null,
    at timestamptz not null
);

-- What the accounts of one region owe the institutions of another for a closed month.
create table clearing (
    month text collate "C" not null,
    admdvs text collate "C" not null,    -- the institution's region
    payer text collate "C" not null,     -- the account's region
    fixmedins_code text collate "C" not null,
    insutype text collate "C" not null,
    clr_type text collate "C" not null,
    clr_optins text collate "C" not null,
    own bigint not null,
    shared bigint not null,
    primary key (month, admdvs, payer, fixmedins_code, insutype, clr_type, clr_optins)
);

-- What operators decided of cases of the ledger.
create table verdict (
    case_id text collate "C" not null,
    kind text collate "C" not null,
    operator_id text collate "C" not null,
    resolution text collate "C",
    amount bigint,
    note text,
    at timestamptz not null,
    recorded_at timestamptz not null default now()
);
create index verdict_case on verdict (case_id);

alter table recovery add column settled bigint not null default 0 check (settled >= 0);
create index entry_held on entry (account, posting) where segment = 'held';

create function ledger_is_kept() returns trigger language plpgsql as $$
begin
    raise exception '% is append only', tg_table_name using errcode = 'GJ001';
end $$;
create trigger is_kept before update or delete or truncate on period for each statement execute function ledger_is_kept();
create trigger is_kept before update or delete or truncate on clearing for each statement execute function ledger_is_kept();
create trigger is_kept before update or delete or truncate on verdict for each statement execute function ledger_is_kept();
create trigger is_kept before update or delete or truncate on taken_back for each statement execute function ledger_is_kept();

-- The last line of defence: no line is booked in a month that is closed, whoever books it.
create function closed_month_stays() returns trigger language plpgsql as $$
begin
    if exists (
        select from (select distinct account from booked where segment = 'counter') b
        join institution i on i.fixmedins_code = split_part(b.account, '/', 1)
        join period p on p.admdvs = i.pooling and p.month >= split_part(b.account, '/', 2)
    ) then
        raise exception 'a closed month never changes' using errcode = 'GJ002';
    end if;
    return null;
end $$;
create trigger closed_month_stays after insert on entry referencing new table as booked
    for each statement execute function closed_month_stays();

create function fen_of_yuan(yuan text) returns bigint language sql immutable
return coalesce(replace(yuan, '.', '')::bigint, 0);

create function beijing_month_start(month text) returns timestamptz language sql stable
return (month || '-01')::timestamp at time zone 'Asia/Shanghai';

-- Every message of an institution that moved money at a time, as it was answered. `back`: money went back. `annulled`: the message
-- and its reversal both lie within the time, so that neither need be known to the institution. `ended`: taken back whole within it.
create function movements(code text, since timestamptz, until timestamptz) returns table (
    msgid text, setl_id bytea, back boolean, insutype text, clr_type text, clr_optins text,
    medfee bigint, fund bigint, acct bigint, mulaid bigint, annulled boolean, ended boolean
) language sql stable as $$
    with went as materialized (
        select t.*, s.insutype, s.clr_type, s.clr_optins
        from taken_back t join settlement s using (setl_id)
        where t.fixmedins_code = code and t.at >= since and t.at < until
    ),
    came as materialized (
        select s.msgid, s.setl_id, s.insutype, s.clr_type, s.clr_optins, fen_of_yuan(j.a ->> 'medfee_sumamt') as medfee,
            fen_of_yuan(j.a ->> 'fund_pay_sumamt') as fund, fen_of_yuan(j.a ->> 'acct_pay') as acct, fen_of_yuan(j.a ->> 'acct_mulaid_pay') as mulaid
        from settlement s
        join request r on r.msgid = s.msgid and r.fixmedins_code = s.fixmedins_code
        cross join lateral (select convert_from(r.answer, 'UTF8')::jsonb as a) j
        where s.fixmedins_code = code and s.at >= since and s.at < until
    ),
    undone as materialized (
        select w.undoes as msgid, w.msgid as by from went w
        where w.kind = 'again' and exists (select from went c where c.msgid = w.undoes)
        union all
        select w.undoes, w.msgid from went w join came c on c.msgid = w.undoes
        where w.kind = 'reversed' and (w.medfee, w.fund) = (c.medfee, c.fund)
    ),
    annulled as (select u.msgid from undone u union select u.by from undone u),
    ended as (
        select w.setl_id from went w where w.kind in ('cancelled', 'reversed', 'again')
        group by w.setl_id having count(*) filter (where w.kind <> 'again') > count(*) filter (where w.kind = 'again')
    )
    select c.msgid, c.setl_id, false, c.insutype, c.clr_type, c.clr_optins, c.medfee, c.fund, c.acct, c.mulaid,
        c.msgid in (select a.msgid from annulled a), c.setl_id in (select e.setl_id from ended e)
    from came c
    union all
    select w.msgid, w.setl_id, w.kind <> 'again', w.insutype, w.clr_type, w.clr_optins, w.medfee, w.fund, w.acct, w.mulaid,
        w.msgid in (select a.msgid from annulled a), w.kind in ('cancelled', 'reversed')
    from went w
$$;

-- What is booked in a month for institutions of a region (or for one of them), by region of the account that paid.
-- Lines of one posting have one `at`, so the month's time and the times of what was booked late find all of them.
create function owed(in_month text, region text, code text) returns table (
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
          and (region is null or i.pooling = region) and (code is null or i.fixmedins_code = code)
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

-- Money that is held for closed accounts: one case for each posting and holder.
create view held_case as
select 'held-' || encode(h.posting, 'hex') || '-' || left(md5(h.account), 8) as case_id, h.posting, h.account,
    split_part(h.account, '/', 2) as psn_no, h.amount, h.at,
    h.amount + coalesce((
        select sum(r.amount) from entry r
        where r.segment = 'held' and r.account = h.account and r.original = h.posting and r.kind = 'released'), 0)::bigint as open
from entry h where h.segment = 'held' and h.kind <> 'released';

-- Everything that staff have to see to, one line a case.
create view ledger_case as
select b.case_id, 'break'::text as what, b.kind, b.admdvs, b.state, b.deadline, b.found_at as at, b.fixmedins_code, b.month, null::text as psn_no,
    null::bigint as amount, null::bigint as open
from break b
union all
select r.case_id, 'recovery', r.kind, coalesce(nullif(a.admdvs, ''), s.region, ''), case when r.amount > r.settled then 'open' else 'closed' end, null, r.at,
    null, null, r.psn_no, r.amount, greatest(r.amount - r.settled, 0)
from recovery r
left join account a on a.psn_no = r.psn_no
left join settlement s on s.setl_id = case when r.kind = 'paid-after-end' then decode(r.reference, 'hex') end
union all
select h.case_id, 'held', 'held', coalesce(nullif(a.admdvs, ''), ''), case when h.open > 0 then 'open' else 'closed' end, null, h.at,
    null, null, h.psn_no, h.amount, h.open
from held_case h left join account a on a.psn_no = h.psn_no;

create function verify_periods() returns table (invariant text, subject text, detail text) language sql stable as $$
    with cleared as (
        select fixmedins_code || '/' || month as account, sum(own + shared) as amount from clearing group by 1
    ), booked as (
        select e.account, sum(e.amount) as amount
        from entry e join institution i on i.fixmedins_code = split_part(e.account, '/', 1)
        join cleared_period p on p.admdvs = i.pooling and p.month = split_part(e.account, '/', 2)
        where e.segment = 'counter' group by 1
    )
    select 'clearing-is-what-was-booked', coalesce(b.account, c.account),
        format('cleared %s, booked %s', coalesce(c.amount, 0), coalesce(b.amount, 0))
    from booked b full join cleared c using (account)
    where coalesce(b.amount, 0) <> coalesce(c.amount, 0)
    union all
    select 'closed-month-has-no-open-break', b.case_id, b.month
    from break b join institution i on i.fixmedins_code = b.fixmedins_code join period p on p.admdvs = i.pooling and p.month = b.month
    where b.state = 'open'
$$;

-- What the desk of the ledger reads: its role sees these views and nothing else, no number of a person among them.
do $desk$
begin
    if to_regnamespace('settlement_desk') is null then
        create schema settlement_desk;
    end if;
end
$desk$;

create view settlement_desk.cases as
select c.case_id, c.what, c.kind, c.admdvs, c.state, c.deadline, c.at, c.fixmedins_code, c.month,
    case when length(c.psn_no) > 5 then left(c.psn_no, 3) || repeat('*', length(c.psn_no) - 5) || right(c.psn_no, 2)
         else repeat('*', length(c.psn_no)) end as psn_no, c.amount, c.open
from ledger_case c;

create view settlement_desk.breaks as
select case_id, insutype, clr_type, setl_optins, begins, ends, scope, msgid, setl_id, ours, theirs, closed_at, closed_by, resolution from break;

create view settlement_desk.verdicts as select case_id, kind, operator_id, resolution, amount, note, at from verdict;

create view settlement_desk.periods as select admdvs, month, closed_at, operator_id from period;

create view settlement_desk.clearing as select month, admdvs, payer, insutype, clr_type, sum(own)::bigint as own, sum(shared)::bigint as shared
from clearing group by month, admdvs, payer, insutype, clr_type;
