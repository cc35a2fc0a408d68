"""A small platform's history, and what its statistics have to be: the simulator and the oracle of the fold's tests."""
