-- name: count_screenings
select count(*) from screenings where at >= $1 and at < $2 and region like $3 || '%';

-- name: screenings
select s.id, s.binding_id, s.round, s.first, s.at, s.screened_at, s.region, s.policy_version, s.outcome, s.codes, s.facts, b.body
from screenings s left join bindings b using (binding_id)
where s.at >= $1 and s.at < $2 and s.region like $3 || '%'
order by s.id;

-- name: persons_then
select h.psn_no, h.version, h.body
from person_history h join unnest($1::text[], $2::int[]) as a (psn_no, version) using (psn_no, version);

-- name: relations_then
select h.psn_no, h.other_psn_no, h.version, h.body
from relation_history h
join unnest($1::text[], $2::text[], $3::int[]) as a (psn_no, other_psn_no, version) using (psn_no, other_psn_no, version);
