"""Labels of people: which answers are drawn, how labels are read and written, and what they still lack.

`sheet` reads what there is to label, `draws` chooses, `label_table` is the CSV form, and `progress` says what is there.
`wattbench.api.label` joins them.
"""
