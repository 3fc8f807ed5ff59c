"""Who carries notices to phones: one file for each protocol, behind one interface, chosen by weights."""
