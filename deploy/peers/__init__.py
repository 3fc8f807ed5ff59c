"""Stand-ins for the outside world on one machine: an SMS centre and a telephone that is called (demo and tests)."""
