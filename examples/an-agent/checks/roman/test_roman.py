import unittest

from roman import number


class Roman(unittest.TestCase):
    def test_a_smaller_letter_before_a_larger_one_is_subtracted(self) -> None:
        self.assertEqual(number("XIV"), 14)
        self.assertEqual(number("MCMXCIX"), 1999)
        self.assertEqual(number("XL"), 40)

    def test_letters_of_falling_value_are_added(self) -> None:
        self.assertEqual(number("MDCLXVI"), 1666)
