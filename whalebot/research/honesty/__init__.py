"""Does a strategy know the future, and how long does it remember the past?"""
