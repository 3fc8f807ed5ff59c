-- name: lock_numbers
-- One judge a number at a time, in every process. Sorted by the caller; held until the end of the transaction.
select pg_advisory_xact_lock(hashtextextended('gongji number ' || current_schema() || encode(hash, 'hex'), 13))
from unnest($1::bytea[]) as hash;

-- name: uses
select u.number_hash, u.at, coalesce(a.state = 'sending', false) as busy
from uses u left join attempts a on a.notice_id = u.notice_id and a.number = u.number
where u.number_hash = any($1::bytea[]) and u.medium = $2 and u.at > $3
order by u.at;

-- name: use
insert into uses (notice_id, number, number_hash, medium, at)
select n, a, h, $4, $5 from unnest($1::uuid[], $2::int[], $3::bytea[]) as u (n, a, h);

-- name: used
-- Which numbers attempts went to.
select u.notice_id, u.number_hash from uses u
join unnest($1::uuid[], $2::int[]) as a (id, number) on a.id = u.notice_id and a.number = u.number;

-- name: free
delete from uses u using unnest($1::uuid[], $2::int[]) as f (notice_id, number)
where u.notice_id = f.notice_id and u.number = f.number;

-- name: forget_uses
delete from uses where at <= $1;
