"""Expectations: what raw wave files and marts must look like before anything is published."""
