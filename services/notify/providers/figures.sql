-- name: providers
-- Shares and how each provider did: the last minute, and what was begun in the last hour. `sent` is a provider's answer to a text, the
-- beginning of a call; seconds of the service clock.
select p.name, p.medium, p.weight, p.resting, p.held, p.changed_at, minute.attempts, minute.failures,
    hour.taken, hour.known, hour.delivered, hour.to_provider_s, hour.to_person_s
from providers p
cross join lateral (
    select count(*) as attempts, count(*) filter (where a.state in ('technical-failure', 'unknown') and not a.excused) as failures
    from attempts a where a.provider = p.name and a.started_at > $1::timestamptz - interval '1 minute'
) minute
cross join lateral (
    select count(*) filter (where a.state not in ('sending', 'technical-failure')) as taken,
        count(*) filter (where a.state not in ('sending', 'technical-failure', 'pending')) as known,
        count(*) filter (where a.state = 'delivered') as delivered,
        percentile_cont(0.5) within group (order by extract(epoch from a.sent - a.due_at)::float8)
            filter (where a.state not in ('sending', 'technical-failure')) as to_provider_s,
        percentile_cont(0.5) within group (order by extract(epoch from a.ended_at - a.sent)::float8)
            filter (where a.state = 'delivered') as to_person_s
    from (select *, case medium when 'call' then started_at else answered_at end as sent from attempts) a
    where a.provider = p.name and a.started_at > $1::timestamptz - interval '1 hour'
) hour
order by p.medium, p.name;

-- name: within
-- Notices that were first due in the last day, and how many of them a provider had within ten seconds. One that waits longer counts,
-- one that has waited less does not yet.
with first as (
    select min(a.due_at) as due,
        min(case a.medium when 'call' then a.started_at else a.answered_at end) filter (where a.state <> 'technical-failure') as sent
    from providers p join attempts a on a.provider = p.name and a.started_at > $1::timestamptz - interval '1 day'
    group by a.notice_id
    having bool_or(a.number = 1 and a.due_at is not null)
), untried as (
    select count(*) as notices from notices
    where state = 'created' and attempts = 0 and next_at <= $1::timestamptz - make_interval(secs => $2)
)
select count(*) filter (where coalesce(f.sent, $1) - f.due > make_interval(secs => $2) or f.sent is not null) + u.notices as due,
    count(*) filter (where f.sent - f.due <= make_interval(secs => $2)) as within
from untried u left join first f on true
group by u.notices;

-- name: names
select name from providers order by medium, name;
