"""Run tests in processes that are forked after one collection: imports and collection are paid for once.

    pytest -p tests.forking.plugin --forks 3

`plugin` adds the option, `parent` hands out files and passes on reports, `worker` runs tests in a forked process, and
`hand_out` decides which file comes next. A fork is safe on Linux, where no other thread runs when a worker starts: the
plugin refuses to fork with one. Elsewhere use pytest-xdist, whose workers each collect for themselves.
"""
