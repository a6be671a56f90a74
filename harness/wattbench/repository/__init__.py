"""Read the git repository of a suite: its commits, a base to compare with, and what has changed since.

May import: `wattbench.errors`.
"""

from wattbench.repository.base import BaseCommit, find_base
from wattbench.repository.changes import Changes, LoggedChanges, changes_since, ignored_by_git, logged_since
from wattbench.repository.repository import Commit, Repository, repository_of, suite_files
from wattbench.repository.state import repository_state
from wattbench.repository.worktree import worktree

__all__ = [
    "BaseCommit",
    "Changes",
    "Commit",
    "LoggedChanges",
    "Repository",
    "changes_since",
    "find_base",
    "ignored_by_git",
    "logged_since",
    "repository_of",
    "repository_state",
    "suite_files",
    "worktree",
]
