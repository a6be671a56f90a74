import unittest

from wrapping import wrapped


class Wrapping(unittest.TestCase):
    def test_no_line_is_too_wide(self) -> None:
        self.assertEqual(wrapped("the cost of a task", 8), ["the cost", "of a", "task"])
