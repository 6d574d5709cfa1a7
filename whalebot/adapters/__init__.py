"""Everything that speaks to the outside: venues, files, feeds, alerts. Adapters never import one another."""
