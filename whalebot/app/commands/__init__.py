"""One module per command: `add_parser(subparsers)` declares it, `run(args)` does it; heavy imports inside.

`run` returns the exit code; errors raised on purpose become messages and exit codes in `app.exits`.
"""
