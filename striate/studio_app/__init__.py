"""The live page of `striate studio`: what a network sees, asked for by looking at it.

opening        what is there to look at, a port, an address, a browser
application    the page's files and lists over HTTP, and the conversation of each page
conversation   questions in, answers out, the newest first
question       what all questions share; kind: a question and what answers it
rooms/         what may be asked in each room, and what it comes to, in Python
networks       the networks that can be opened; images: the images
page/          the page itself: modules of JavaScript, a style, all words in one file

Python computes and the page shows. It is loaded by ``striate studio`` and `st.studio` alone.
"""
