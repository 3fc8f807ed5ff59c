-- Receipts that name no attempt: counted, and removed after a week.

create index parts_unmatched on parts (seen_at) where notice_id is null;
