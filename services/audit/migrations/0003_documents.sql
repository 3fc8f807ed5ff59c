-- Which cases' documents are to be read before a person sees them, and what came of it. One row per case that came to people with
-- documents; it belongs to one round, and the next round starts it anew. Times are the database's: retries and leases are no policy.
create table document_check (
    binding_id uuid primary key,
    round int not null,
    -- pending: hidden from the queue; late: the store has not answered for long, shown as not verified, still tried;
    -- verified; faulty: asked for again; unverified: no store is configured
    state text collate "C" not null check (state in ('pending', 'late', 'verified', 'faulty', 'unverified')),
    since timestamptz not null default clock_timestamp(),
    next_at timestamptz not null default clock_timestamp(),
    leased_until timestamptz,
    tries int not null default 0,
    verified_at timestamptz,            -- by the service's clock
    faulty text[] not null default '{}' -- 'reference sha256' of every document found faulty, of all rounds
);
create index document_check_open on document_check (next_at) where state in ('pending', 'late');
