"""The languages that a program is written in."""
