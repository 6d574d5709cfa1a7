"""Nothing lost, nothing doubled: the whole daemon under faults, and a judge of what it left behind."""
