-- name: reservations
select binding_id, region, stage, held_since, held_until, held_until < $2 as overdue
from bindings
where held_until is not null and (not $3 or held_until < $2) and region like $1 || '%'
order by held_until, binding_id limit $4;
