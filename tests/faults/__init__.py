"""Faults on the real servers, under load: nothing is lost and nothing is done twice."""
