import unittest

from durations import seconds


class Durations(unittest.TestCase):
    def test_all_parts_count(self) -> None:
        self.assertEqual(seconds("1h30m"), 5400)
        self.assertEqual(seconds("2h1m5s"), 7265)
        self.assertEqual(seconds("45s"), 45)

    def test_what_is_no_duration_is_refused(self) -> None:
        self.assertRaises(ValueError, seconds, "soon")
