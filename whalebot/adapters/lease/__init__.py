"""The lease on an account, kept where every machine that might trade it can see it."""
