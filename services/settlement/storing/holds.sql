-- name: rows
-- The holders' own rows are locked by now: they guard these.
select psn_no, admdvs, current, historic, version from account where psn_no = any($1::text[]);

-- name: add_rows
insert into account (psn_no, admdvs) select * from unnest($1::text[], $2::text[]);

-- name: new_money
-- What the authority credited to current money since a year began, for accounts whose year turns; and what of it stands apart since (with
-- the account's sign: below zero it left).
select e.account, e.at, e.amount, e.kind not in ('credit', 'correct')
from unnest($1::text[], $2::timestamptz[]) as n (psn_no, begin)
join entry e on e.account = n.psn_no and e.version is not null and e.at >= n.begin
where e.segment = 'current'
    and e.kind in ('credit', 'correct', 'earmark', 'earmark-back', 'transfer', 'transfer-back', 'wallet-back');

-- name: lock_owed
-- Last in the order of locks, like all cases.
select case_id, amount, settled from recovery where case_id = any($1::text[]) order by case_id for update;

-- name: save_owed
update recovery r set settled = n.settled from unnest($1::text[], $2::bigint[]) as n (case_id, settled) where r.case_id = n.case_id;

-- name: erase_persons
delete from person where psn_no = any($1::text[]);

-- name: read_to
-- Everything appended to the bindings' topic before this time has been handled; nothing while some partition was never read to its end.
select case when count(*) = count(read_until) then to_json(min(read_until)) #>> '{}' end from consumed where topic = 'binding.decisions';

-- name: upkeep
-- Whoever is first in a night does it.
update upkeep set next_at = $2 where next_at <= $1 returning true;

-- name: regions
select distinct admdvs from institution;

-- name: forget_quotes
delete from quote where ctid = any(array(
    select q.ctid from quote q
    join institution i using (fixmedins_code)
    join unnest($1::text[], $2::timestamptz[]) as n (admdvs, before) using (admdvs)
    where q.at < n.before and q.hold = '' limit $3
));

-- name: forget_lines
delete from statement_row where ctid = any(array(
    select r.ctid from statement_row r
    join statement s on s.fixmedins_code = r.fixmedins_code and s.msgid = r.statement
    join institution i on i.fixmedins_code = r.fixmedins_code
    join unnest($1::text[], $2::timestamptz[]) as n (admdvs, before) using (admdvs)
    where s.at < n.before limit $3
));
