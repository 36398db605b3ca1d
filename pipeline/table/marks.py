"""Words and signs that stand for a missing value."""

# As people and programs write them. In a file of delimited text, pandas takes these for missing among numbers.
MISSING = ("NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "<NA>", "#N/A", "?")
# All marks, in lower case. In a column of text, these words are levels like any others.
MARKS = {
    *map(str.lower, MISSING),
    *("n.a.", "n.a", "-nan", "nat", "nd", "n.d.", "n/d", "<null>", "(null)", "[null]", "\\n", "nil"),
    *("missing", "(missing)", "unknown", "(unknown)", "unk", "undefined", "empty", "blank", "(blank)", "no data"),
    *("not available", "not applicable", "not known"),
    *("??", "-", "--", "---", "----", "–", "—", ".", "..", "...", "*", "_"),
    *("-1.#ind", "1.#ind", "-1.#qnan", "1.#qnan", "#div/0!", "#value!", "#ref!", "#num!", "#name?", "#null!"),
    *("#nv", "#n/a n/a", "#na", "<n/a>"),
    *("0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "00.00.0000"),
}
# Of these, some may well be the name of a class: ND is North Dakota.
NO_CLASS = MARKS - {"none", "nil", "empty", "blank", "undefined", "nd", "n.d.", "*", "_"} | {""}
