-- name: count
-- Notices that are not final, by state and medium. Who comes second while it is counted finds that it was.
update tallies set counted_at = clock_timestamp(), waiting = (
    select coalesce(jsonb_agg(jsonb_build_array(state, medium, count)), '[]') from (
        select state, coalesce(media[step + 1], 'none') as medium, count(*) from notices where next_at is not null group by 1, 2
    ) as by_state
)
where counted_at < clock_timestamp() - interval '60 seconds';

-- name: unmatched
-- Receipts of the last week that name no attempt. One that was quicker than the answer is matched within the hour.
select split_part(provider_id, '/', 1) as provider, count(*) as receipts from parts
where notice_id is null and seen_at < now() - interval '1 hour' group by 1;

-- name: forget_unmatched
delete from parts where notice_id is null and seen_at < now() - interval '7 days';

-- name: counted
select waiting from tallies;

-- name: for_staff
-- Handed to the staff, and nobody has told the person yet nor had it sent again. What was stripped nobody can tell any more.
select count(*) as notices, min(n.ended_at) as oldest
from notices n
where n.state = 'handed-to-staff' and n.next_at is null and n.stripped_at is null
    and not exists (select from told_by_staff t where t.notice_id = n.id) and not exists (select from resends r where r.of = n.id);
