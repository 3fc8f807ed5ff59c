-- What clouds report of telephone calls: that somebody was asked to ring the hotline, that nothing was called after all.

alter table parts drop constraint parts_fate_check;
alter table parts add check (fate in ('delivered', 'permanent', 'temporary', 'pending', 'hinted', 'throttled', 'technical'));
