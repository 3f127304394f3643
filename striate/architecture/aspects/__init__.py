"""What a word of the notation says of itself, one kind of thing a file.

`word` lists it: shapes, costs, formulas, and what the word is in torch, ONNX, NumPy and as program
code. The other files hold what these are made of. The words stand in `striate.architecture.words`.
"""
