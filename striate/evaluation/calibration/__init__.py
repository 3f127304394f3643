"""From images that nothing was learnt from: how sure to be, and when to answer "I don't know".

What is fitted here is applied by `striate.model.decision`, which needs none of it.
"""
