"""What a missing extra and a misspelt name say."""

import errno
import os

import pytest

from wattbench.errors import END_OF_LOG, MissingExtraError, UserError, nearest, refusal_of_machine, require


def test_a_missing_extra_names_the_command_in_one_line() -> None:
    with pytest.raises(MissingExtraError) as caught:
        require("no_such_module_at_all", extra="hf", what="the transformers engine")
    assert str(caught.value) == (
        "the transformers engine needs an optional dependency. Install it with: pip install 'wattbench[hf]'"
    )


def test_what_is_installed_is_imported() -> None:
    assert require("json", extra="hf", what="nothing").dumps([]) == "[]"


def test_nearest_names_one_or_lists_all() -> None:
    assert nearest("generalst", ["generalist", "specialist"]) == "; did you mean 'generalist'?"
    assert nearest("zzz", ["b", "a"]) == "; choose one of: a, b"
    assert nearest("zzz", []) == ""
    assert nearest("zzz", [f"n{i:02}" for i in range(20)]).endswith("n11, ...")


def test_a_message_is_a_line_of_some_length_whatever_it_quotes() -> None:
    quoted = UserError("suite.yaml:3: no key 'a\nb\u2028c\r\n::error::d'; choose one of: e")
    assert str(quoted) == "suite.yaml:3: no key 'a b c ::error::d'; choose one of: e"
    long = str(UserError(f"suite.yaml:3: no key {'a' * 70_000!r}; choose one of: e"))
    assert len(long) < 3_100
    assert long.startswith("suite.yaml:3: no key 'aaa") and long.endswith("aaa'; choose one of: e")


def test_the_end_of_a_log_keeps_its_lines() -> None:
    assert str(UserError(f"the server\nended{END_OF_LOG}  one\n  two")) == f"the server ended{END_OF_LOG}  one\n  two"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/a"),
         "runs/a: No space left on device. Free some space, or name a folder on another disk"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
         "Too many open files. Raise the limit of open files (ulimit -n)"),
        (OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), "a"),
         "a: File name too long. Use a path with shorter names"),
        (OSError(errno.ELOOP, os.strerror(errno.ELOOP), "a"),
         "a: Too many levels of symbolic links. A link in it leads back to itself: correct the link"),
        (FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)),
         "the current folder was removed. Change into another one"),
        (MemoryError(),
         "there is not enough memory (MemoryError). Free some memory, or raise the limit of this process"),
        (RuntimeError("can't start new thread"),
         "the machine starts no further thread. Raise the limit of processes and threads (ulimit -u)"),
        (BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)), None),
        (RuntimeError("anything else"), None),
        (OSError("no number"), None),
    ],
)  # fmt: skip
def test_what_the_machine_refuses_is_a_sentence(error: Exception, expected: str | None) -> None:
    assert refusal_of_machine(error) == expected
