"""The scanner's decisions: indicators of a fixed window, votes, score, levels, announcements, ranking."""
