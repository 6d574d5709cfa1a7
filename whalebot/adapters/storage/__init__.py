"""Files the daemon must find again: the trade history, the state document, the lock of a folder."""
