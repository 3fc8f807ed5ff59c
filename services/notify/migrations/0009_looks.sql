-- What is looked for several times a second is found without walking over what waits: turns of one medium, though hundreds of thousands
-- of the other are due, and silence, though as many turns are.

create index notices_turn on notices ((media[step + 1]), next_at, version) where state = 'created';
create index notices_silent on notices (next_at) where state in ('sending', 'pending', 'unknown');
