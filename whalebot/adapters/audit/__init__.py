"""The audit trail: who ordered what, when, under which configuration, in a chain that shows every change."""
