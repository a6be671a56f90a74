import unittest

from wrapping import wrapped


class Wrapping(unittest.TestCase):
    def test_no_line_is_too_wide(self) -> None:
        self.assertEqual(wrapped("the cost of a task", 8), ["the cost", "of a", "task"])
        self.assertEqual(wrapped("a bc", 4), ["a bc"])

    def test_a_word_that_is_too_long(self) -> None:
        self.assertEqual(wrapped("a lengthening b", 5), ["a", "lengthening", "b"])

    def test_no_words(self) -> None:
        self.assertEqual(wrapped(" ", 5), [])
