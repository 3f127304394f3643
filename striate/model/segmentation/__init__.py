"""A scanned line of characters, cut into its characters and read one by one.

`ink` finds what is written, whatever its colours and its ground; `straightening` turns it upright;
`components` says what in it is a character, a dash or a speck; `splitting` cuts what touches, where
the classifier reads it best; `glyph_frame` lays each character as the classifier learnt them;
`line_reading` is all of it.
"""
