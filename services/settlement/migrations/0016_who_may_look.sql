-- Whether an operator may see a person's statement is asked by the database, whatever program the desk's role uses.

-- The registered operators of the ledger, written by the service when it starts. `prefixes`: first digits of their regions; `persons`: themselves.
create table ledger_operator (
    operator_id text collate "C" primary key,
    prefixes text[] not null,
    persons text[] not null
);

-- The region of a person's money: that of the account; without one, of the insurance, or of what relatives gave.
create function region_of_holder(who text) returns text language sql stable
begin atomic
    select coalesce((select nullif(a.admdvs, '') from account a where a.psn_no = who), (
        select r.row ->> 2 from person p cross join jsonb_array_elements(p.insured::jsonb) with ordinality r (row, n)
        where p.psn_no = who order by r.row ->> 1 <> '1', r.n limit 1
    ), (select nullif(min(o.admdvs), '') from pots_of(who) p join account o on o.psn_no = p.account), '');
end;

create function look_refusal(who text, operator text) returns text language sql stable
begin atomic
    select case
        when o.operator_id is null then 'operator-role-missing'
        when who = any(o.persons) then 'operator-is-party'
        when not exists (select from unnest(o.prefixes) p where starts_with(region_of_holder(who), p)) then 'operator-region'
    end
    from (values (operator)) as asked (operator_id) left join ledger_operator o using (operator_id);
end;

-- As in 0008, and only for who may see it. Every function of the desk reads through it.
create or replace function look_of(look uuid) returns table (
    psn_no text, month text, family boolean, since timestamptz, until timestamptz
) language sql volatile
begin atomic
    select l.psn_no, l.month, l.family, (l.month || '-01')::timestamp at time zone 'Asia/Shanghai',
        ((l.month || '-01')::timestamp + interval '1 month') at time zone 'Asia/Shanghai'
    from statement_look l
    where l.look_id = look and l.recorded_at > clock_timestamp() - interval '5 minutes' and pg_current_xact_id_if_assigned() is null
      and look_refusal(l.psn_no, l.operator_id) is null;
end;

-- Why a look that is on the record shows nothing; null: the person has nothing to be shown.
create function settlement_desk.statement_refusal(look uuid) returns text language sql volatile security definer
begin atomic
    select look_refusal(l.psn_no, l.operator_id) from statement_look l where l.look_id = look;
end;

-- As in 0015.
create or replace function settlement_desk.statement_account(look uuid) returns table (
    psn_no text, admdvs text, state text, version bigint, usage text
) language sql volatile security definer
begin atomic
    select masked_number(l.psn_no), region_of_holder(l.psn_no), coalesce(a.state, 'open'), coalesce(a.version, 0), coalesce(a.usage, '{}')
    from look_of(look) l
    left join account a on a.psn_no = l.psn_no
    where a.psn_no is not null or exists (select from pots_of(l.psn_no) p join account o on o.psn_no = p.account);
end;
