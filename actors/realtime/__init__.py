"""Markets slaved to the wall clock, and accounts in them that other processes trade."""
