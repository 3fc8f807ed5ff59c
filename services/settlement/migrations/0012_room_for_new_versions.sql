-- Half of a page stays free for new versions of its rows. People who were recorded together are billed together (a village's day), so that
-- one batch may write every row of a page: versions that find room on it touch no index. Measured: 9 us of 72 per settlement where the
-- families of a batch are neighbours, no difference where they are anywhere. Pages that are full already keep what they have.
alter table account set (fillfactor = 50);
alter table binding set (fillfactor = 50);
