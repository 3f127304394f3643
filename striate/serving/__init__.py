"""What every page that Striate serves rests on: who may ask, for which files, and what is said.

access            a token becomes a cookie; host and origin are checked, bodies limited
confined_paths    files below the folders that were named, and no others
refusals          a user's mistake is one line, as on the command line
listening         a port of this machine, and what to do where it is taken

It is loaded by the verbs that serve, since FastAPI and pydantic take half a second.
"""
