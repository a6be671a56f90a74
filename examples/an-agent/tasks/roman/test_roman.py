import unittest

from roman import number


class Roman(unittest.TestCase):
    def test_a_smaller_letter_before_a_larger_one_is_subtracted(self) -> None:
        self.assertEqual(number("XIV"), 14)
