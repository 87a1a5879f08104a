"""Measuring on a device: repetitions, intervals, clock, temperature and energy.

Used by the device agent, so it imports only the standard library, numpy and, if it is installed,
psutil.
"""
