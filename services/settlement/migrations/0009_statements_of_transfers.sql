-- Money on its way to a relative is still the giver's.
create index transfer_giver on transfer (giver);

create or replace function pots_of(who text) returns table (account text, pot text) language sql stable
begin atomic
    with own as (
        select who as account, 'own' as pot
        union all select 'hold/' || who, 'hold'
        union all select m.account, 'earmark' from earmark m where m.sponsor = who
        union all select t.account, 'transfer' from transfer t where t.giver = who and t.account is not null
        union all select 'wallet/' || b.binding_id, 'wallet' from binding b where b.beneficiary = who
        union all select 'held/' || who, 'held'
    )
    select o.account, o.pot from own o;
end;
