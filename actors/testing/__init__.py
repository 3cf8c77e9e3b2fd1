"""Contract suites that are shipped: for users' own strategies and for venues."""
