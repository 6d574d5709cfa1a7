"""The flight recorder: every event and what the engine made of it, in a journal that can be replayed."""
