-- name: count_overdue
select count(*) from bindings where held_until < $1;

-- name: prune_screenings
delete from screenings where id in (
    select id from screenings where at < $1 order by id limit $2 for update skip locked);

-- name: prune_requests
-- refused or taken back, never approved: nothing needs them once the record of their screenings is gone
delete from bindings where binding_id in (
    select binding_id from bindings b
    where final_at < $1 and not counts and not exists (select from screenings s where s.binding_id = b.binding_id)
    order by binding_id limit $2 for update skip locked);

-- name: over_for_long
select body from bindings where final_at < $1 and not stripped order by binding_id limit $2 for update skip locked;

-- name: prune_consents
delete from consents where (beneficiary, about) in (
    select beneficiary, about from consents where at < $1 order by beneficiary, about limit $2 for update skip locked);

-- name: prune_face_checks
delete from face_checks where (provider, transaction_no) in (
    select provider, transaction_no from face_checks where at < $1 order by provider, transaction_no limit $2 for update skip locked);

-- name: prune_person_history
-- versions that another one replaced before $2: no screening that is still kept can have used them
delete from person_history h using person_history n
where n.appended_at >= $1 and n.appended_at < $2 and n.psn_no = h.psn_no and n.version > h.version;

-- name: prune_relation_history
delete from relation_history h using relation_history n
where n.appended_at >= $1 and n.appended_at < $2
  and n.psn_no = h.psn_no and n.other_psn_no = h.other_psn_no and n.version > h.version;
