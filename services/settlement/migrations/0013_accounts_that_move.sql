-- Bindings of a mode in which money stands apart of the account (the last thing that `facts` says), by sponsor: they follow an account that
-- comes under another region.
create index binding_apart on binding (sponsor) where facts like '%"]';
