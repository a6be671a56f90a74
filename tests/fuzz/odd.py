"""Values that readers trip over: the wrong type, too large, too deep, not text, not a number, somebody's code."""

from __future__ import annotations

from typing import Any

TRAP = "wattbench_fuzz_trap"
"""A module, a program and a file that no input may reach: the audit hook in `property.py` looks for it."""

DEEP = 1200
"""Levels: more than Python's recursion limit."""

TEXTS = (
    "", " ", "\0", "\r", "\r\n", "\t", "\x1b[2J", "\u202e", "\ufeff", "\u2028", "\x85", "é" * 200, "a" * 70_000,
    "\U0001d7d9",
    "²",
    "nan", "inf", "-inf", "1e400", "-1e400", "1e308", "1e-400", "-0", "0x10", "1_000", "٣", "1,5", "1 000", "+1", "--1",
    "9" * 30, "9" * 400, "9" * 5000, "true", "null", "none", "None", "~", "~nosuchuser/x", "..", "../../etc/passwd",
    "/dev/full",
    "::error::x", "##[group]x", "=1+1", "@x", "%s%n", "{}", "{0.__class__}", "{{ 7 * 7 }}", "<script>", "a=b=c", ",,,",
    "=",
    ":", "2026-13-45T99:99:99", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-02", "12:30",
    "190:20:30",
    "CON", "x" * 300, "a\nb", '"', "'", "\\", "[", "]", "{", "}", "(" * 100, "|", "-----",
)  # fmt: skip
"""As the whole of a text, or a part of it."""

RAW_JSON = (
    "NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e308", "-0", "9" * 30, "9" * 400, "9" * 5000, "-" + "9" * 30,
    "1." + "0" * 400, "0." + "0" * 400 + "1", '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\\u001b[31m"',
    '"\\u202e"',
    "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, '{"a": 1, "a": 2}', '{"": 1}', "[[]]", "[null]", "[{}]",
    "{}", "[]",
    "null", "true", "false", "0", "-1", "1", "0.5", "-1e-9", "1e18", "9223372036854775807", "9223372036854775808",
    "18446744073709551616", "4294967295", "2147483648", '""', '"0"', '"1"', '"nan"',
)  # fmt: skip
"""In place of a value of JSON; also what its standard does not allow and Python reads."""

YAML_VALUES = (
    f"!!python/object/apply:os.system ['touch {TRAP}']", f"!!python/name:{TRAP}.fire", f"!function {TRAP}.fire",
    "!!binary x", "!!binary AAAA",
    "!!set {a, b}", "!!omap [a: 1]", "!!bool x", "!!int x", "!!float x", "!!null x", "!!timestamp x", "!!str [a]",
    "!!map [a]", "!!seq {a: 1}",
    "!unknown x", "! x", "!<tag:yaml.org,2002:str> x", "*a", "&a [*a]", "&a {<<: *a}", "{? [a] : b}", "{? {a: 1} : b}",
    "{<<: 1}", "{<<: [1]}",
    "{<<: {a: 1}}", "0x" + "f" * 4000, "0b" + "1" * 20000, "0o7", "1:30", "1" + ":1" * 3000, "190:20:30.15", ".inf",
    "-.inf", ".nan", "1e400",
    "9" * 5000, "2026-01-02", "2026-01-02 03:04:05 +99:00", "0001-01-01 00:00:00 +23:59", "9999-99-99", "yes", "on",
    "~", "null", "''", "[]", "{}",
    "[" * DEEP + "]" * DEEP, "{a: " * DEEP + "1" + "}" * DEEP, "\"\\ud800\"", "\"\\0\"", "\"\\e[2J\"", "|\n  x",
    ">\n x", "'", "\"", "%TAG ! x", "---\na: 1",
    "...", "\t", "- - - x", "? x", "<<: x", "=", "@x", "`x",
)  # fmt: skip
"""In place of a value of YAML."""


def values() -> list[Any]:
    """Return values that JSON and YAML can both hold."""
    return [
        None, True, False, 0, 1, -1, 2**31, 2**63, 10**30, 0.5, -0.5, 1e18, 1e308, -1e308, "", "x", "0", "1", [],
        [None], [[]], {}, {"": ""},
        {"x": 1}, [1, 2, 3], ["a", "b"], {"a": {"b": {"c": []}}}, [{}] * 50, *TEXTS,
    ]  # fmt: skip
