"""Benchmarks: `make bench`. Never part of the tests.

Each prints its goal, the value seen and the bar, and writes build/bench/NAME.json: a list of
{name, value, unit, bar, ok, command}. Times are ratios of two things done in the same run.
"""
