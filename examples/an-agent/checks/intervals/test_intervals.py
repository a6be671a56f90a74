import unittest

from intervals import merged


class Intervals(unittest.TestCase):
    def test_those_that_touch_are_one(self) -> None:
        self.assertEqual(merged([(1, 3), (3, 5), (8, 9)]), [(1, 5), (8, 9)])

    def test_in_any_order(self) -> None:
        self.assertEqual(merged([(8, 9), (3, 5), (1, 4)]), [(1, 5), (8, 9)])

    def test_one_within_another(self) -> None:
        self.assertEqual(merged([(1, 9), (2, 3)]), [(1, 9)])
