-- A notice's key names the kind of notice, not the version of its words: a new version must not tell an old decision again.
-- Which words were sent is in `content`. Until now `template` was such as 'approved.v1'.

update notices set template = split_part(template, '.', 1) where strpos(template, '.') > 0;

-- Whom a call asks for, before it knows who listens, and in which language a person reads. The registry tells both with its next record.
alter table persons add column surname text, add column language text not null default 'zh';
