-- To which region a month of an institution belongs, and to which region the money that paid: both are decided once. What one institution
-- asks for is found by its message ids. The desk's looks are judged by the database.

-- The months of an institution up to `until`, after those of its row before, belong to a region that it has left.
create table institution_move (
    fixmedins_code text collate "C" not null,
    until text collate "C" not null check (until ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    admdvs text collate "C" not null,
    primary key (fixmedins_code, until)
);

-- What the close of months had said of it so far; a month that only the newer region had closed stays with the older one.
insert into institution_move (fixmedins_code, until, admdvs)
select f.fixmedins_code,
    coalesce((select max(p.month) from period p where p.admdvs = f.newer and p.month > f.month and p.month < coalesce(f.later, '9')), f.month),
    f.admdvs
from (
    select fixmedins_code, month, p.admdvs, lead(month) over by_month as later, coalesce(lead(p.admdvs) over by_month, i.pooling) as newer
    from period_institution p join institution i using (fixmedins_code)
    window by_month as (partition by fixmedins_code order by month)
) f where f.newer <> f.admdvs;
create trigger is_kept before update or delete or truncate on institution_move for each statement execute function ledger_is_kept();

create function month_belongs_to(code text, in_month text) returns text language sql stable
return coalesce(
    (select admdvs from institution_move where fixmedins_code = code and until >= in_month order by until limit 1),
    (select pooling from institution where fixmedins_code = code));

-- Almost every line is of a month that no region has closed yet: the others are looked at one by one, without calling a function for each.
create index period_month on period (month);
create or replace function closed_month_stays() returns trigger language plpgsql as $$
begin
    if exists (
        select from (select distinct split_part(account, '/', 1) as code, split_part(account, '/', 2) as month from booked where segment = 'counter') b
        where b.month <= (select max(p.month) from period p)
          and exists (select from period p where p.month >= b.month and p.admdvs = coalesce(
              (select m.admdvs from institution_move m where m.fixmedins_code = b.code and m.until >= b.month order by m.until limit 1),
              (select i.pooling from institution i where i.fixmedins_code = b.code)))
    ) then
        raise exception 'a closed month never changes' using errcode = 'GJ002';
    end if;
    return null;
end $$;

-- A message id begins with the institution's code, so the primary key has the messages of one institution side by side; with these two
-- columns those of some days are found in the index alone. No index of its own, no further entry for a settlement.
alter table request drop constraint request_pkey, add primary key (msgid, fixmedins_code) include (at, setl_id);

create function messages_of(code text, since timestamptz, until timestamptz) returns table (msgid text, setl_id bytea) language sql stable as $$
    select r.msgid, r.setl_id from request r
    where r.msgid >= code and r.msgid < code || ':' and r.fixmedins_code = code and r.at >= since and r.at < until and r.setl_id is not null
$$;

-- What went back: in which month it is booked, and whose it was: JSON [[region, own, shared], ...], fen.
alter table taken_back add column month text collate "C", add column payers text;
alter table taken_back disable trigger is_kept;
with lines as (
    select original as setl_id, kind, at, max(split_part(account, '/', 2)) filter (where segment = 'counter') as month
    from entry where original is not null and kind in ('cancelled', 'reversed', 'refunded', 'again') group by 1, 2, 3
), paid as (
    select e.original as setl_id, e.kind, e.at, coalesce(nullif(a.admdvs, ''), s.region) as region,
        abs(sum(e.amount) filter (where not x.other)) as own, abs(sum(e.amount) filter (where x.other)) as shared
    from entry e join settlement s on s.setl_id = e.original
    left join account a on a.psn_no = case when e.segment = 'held' then split_part(e.account, '/', 2) else e.account end
    cross join lateral (select e.binding_id is not null or s.psn_no not in (split_part(e.account, '/', 1), split_part(e.account, '/', 2)) as other) x
    where e.segment <> 'counter' and e.kind in ('cancelled', 'reversed', 'refunded', 'again') group by 1, 2, 3, 4
), numbered as (                         -- of two refunds at one moment the first gets what both gave back
    select *, row_number() over (partition by setl_id, kind, at order by msgid) as n from taken_back
)
update taken_back t set month = coalesce(l.month, to_char(t.at at time zone 'Asia/Shanghai', 'YYYY-MM')),
    payers = case when n.n > 1 then '[]' else coalesce((
        select json_agg(json_build_array(p.region, coalesce(p.own, 0), coalesce(p.shared, 0)))::text
        from paid p where (p.setl_id, p.kind, p.at) = (t.setl_id, t.kind, t.at)), '[]') end
from numbered n left join lines l using (setl_id, kind, at)
where n.msgid = t.msgid and n.fixmedins_code = t.fixmedins_code;
alter table taken_back enable trigger is_kept, alter column month set not null, alter column payers set not null;
create index taken_back_month on taken_back (fixmedins_code, month);
create index booked_late_account on booked_late (account);

-- What is booked in a month for institutions of a region (or for one of them), by region of the account when it paid: as the shares of the
-- result say, for what came in and for what went back of it.
create or replace function owed(in_month text, region text, code text) returns table (
    payer text, fixmedins_code text, insutype text, clr_type text, clr_optins text, own bigint, shared bigint
) language sql stable as $$
    with places as materialized (
        select i.fixmedins_code from institution i
        where (code is null or i.fixmedins_code = code) and (region is null or month_belongs_to(i.fixmedins_code, in_month) = region)
    ),
    late as materialized (
        select l.posting from places p join booked_late l on l.account = p.fixmedins_code || '/' || in_month
    ),
    mine as materialized (
        select m.msgid, m.setl_id from messages_of(code, beijing_month_start(in_month), beijing_month_start(in_month) + interval '1 month') m
        where code is not null
    ),
    paid as (
        select s.* from mine m join settlement s on s.setl_id = m.setl_id and s.msgid = m.msgid
        where not exists (select from booked_late l where l.posting = s.setl_id)
        union all
        select s.* from settlement s
        where code is null and s.at >= beijing_month_start(in_month) and s.at < beijing_month_start(in_month) + interval '1 month'
          and s.fixmedins_code in (select p.fixmedins_code from places p) and not exists (select from booked_late l where l.posting = s.setl_id)
        union all
        select s.* from late join settlement s on s.setl_id = late.posting
    ),
    moved as (
        select nullif(x.share ->> 'admdvs', '') as admdvs, s.region, s.fixmedins_code, s.insutype, s.clr_type, s.clr_optins,
            x.share ->> 'holder' = 'own' as mine, fen_of_yuan(x.share ->> 'amount') as amount
        from paid s cross join lateral jsonb_array_elements(convert_from(s.result, 'UTF8')::jsonb -> 'shares') as x (share)
        union all
        select x.part ->> 0, s.region, s.fixmedins_code, s.insutype, s.clr_type, s.clr_optins, y.mine,
            y.amount * case when t.kind = 'again' then 1 else -1 end
        from places p join taken_back t on t.fixmedins_code = p.fixmedins_code and t.month = in_month join settlement s using (setl_id)
        cross join lateral jsonb_array_elements(t.payers::jsonb) as x (part)
        cross join lateral (values (true, (x.part ->> 1)::bigint), (false, (x.part ->> 2)::bigint)) as y (mine, amount)
    )
    select coalesce(m.admdvs, m.region), m.fixmedins_code, m.insutype, m.clr_type, m.clr_optins,
        coalesce(sum(m.amount) filter (where m.mine), 0)::bigint, coalesce(sum(m.amount) filter (where not m.mine), 0)::bigint
    from moved m
    group by 1, 2, 3, 4, 5
$$;
drop index entry_at;

-- As in 0007, the settlements of the institution by its message ids.
create or replace function movements(code text, since timestamptz, until timestamptz) returns table (
    msgid text, setl_id bytea, back boolean, insutype text, clr_type text, clr_optins text,
    medfee bigint, fund bigint, acct bigint, mulaid bigint, annulled boolean, ended boolean
) language sql stable as $$
    with went as materialized (
        select t.*, s.insutype, s.clr_type, s.clr_optins
        from taken_back t join settlement s using (setl_id)
        where t.fixmedins_code = code and t.at >= since and t.at < until
    ),
    mine as materialized (select m.msgid, m.setl_id from messages_of(code, since, until) m),
    came as materialized (
        select s.msgid, s.setl_id, s.insutype, s.clr_type, s.clr_optins, fen_of_yuan(j.a ->> 'medfee_sumamt') as medfee,
            fen_of_yuan(j.a ->> 'fund_pay_sumamt') as fund, fen_of_yuan(j.a ->> 'acct_pay') as acct, fen_of_yuan(j.a ->> 'acct_mulaid_pay') as mulaid
        from mine m join settlement s on s.setl_id = m.setl_id and s.msgid = m.msgid
        join request r on r.msgid = m.msgid and r.fixmedins_code = code
        cross join lateral (select convert_from(r.answer, 'UTF8')::jsonb as a) j
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

create or replace function verify_periods() returns table (invariant text, subject text, detail text) language sql stable as $$
    with cleared as (
        select fixmedins_code || '/' || month as account, sum(own + shared) as amount from clearing group by 1
    ), booked as (
        select e.account, e.amount
        from (
            select account, split_part(account, '/', 1) as code, split_part(account, '/', 2) as month, sum(amount) as amount
            from entry where segment = 'counter' group by account
        ) e
        join institution i on i.fixmedins_code = e.code
        left join lateral (
            select m.admdvs from institution_move m where m.fixmedins_code = e.code and m.until >= e.month order by m.until limit 1
        ) m on true
        join cleared_period p on p.month = e.month and p.admdvs = coalesce(m.admdvs, i.pooling)
    )
    select 'clearing-is-what-was-booked', coalesce(b.account, c.account),
        format('cleared %s, booked %s', coalesce(c.amount, 0), coalesce(b.amount, 0))
    from booked b full join cleared c using (account)
    where coalesce(b.amount, 0) <> coalesce(c.amount, 0)
    union all
    select 'closed-month-has-no-open-break', b.case_id, b.month
    from break b
    where b.state = 'open'
      and exists (select from period p where p.admdvs = month_belongs_to(b.fixmedins_code, b.month) and p.month >= b.month)
$$;
drop table period_institution;

create function verify_taken_back() returns table (invariant text, subject text, detail text) language sql stable as $$
    with said as (
        select t.fixmedins_code || '/' || t.month as account,
            sum(((x.part ->> 1)::bigint + (x.part ->> 2)::bigint) * case when t.kind = 'again' then 1 else -1 end) as amount
        from taken_back t cross join lateral jsonb_array_elements(t.payers::jsonb) as x (part) group by 1
    ), booked as (
        select account, sum(amount) as amount
        from entry where segment = 'counter' and kind in ('cancelled', 'reversed', 'refunded', 'again') group by account
    )
    select 'what-went-back-is-in-the-ledger', coalesce(b.account, s.account),
        format('kept %s, booked %s', coalesce(s.amount, 0), coalesce(b.amount, 0))
    from booked b full join said s using (account)
    where coalesce(b.amount, 0) <> coalesce(s.amount, 0)
$$;

alter table recovery drop column settled_at;     -- `verdict` has the times
