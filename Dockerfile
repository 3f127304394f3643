# Striate without installing Python:
#
#   docker build -t striate .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" striate train photos
#
# The folder you start it in is /work inside. `--user` makes you the owner of what it writes.
FROM python:3.11-slim

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1

WORKDIR /src

# torch first and by itself: a change of Striate's own code leaves this layer as it is.
COPY constraints.txt ./
RUN python -m pip install -c constraints.txt --extra-index-url "$TORCH_INDEX" torch

COPY pyproject.toml README.md LICENSE NOTICE ./
COPY striate ./striate
RUN python -m pip install -c constraints.txt --extra-index-url "$TORCH_INDEX" '.[heic,backbone]'

# Whoever it runs as has no home of its own; what libraries want to cache goes where all may write.
ENV HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib
RUN useradd --create-home --uid 1000 striate
USER striate
WORKDIR /work

ENTRYPOINT ["striate"]
CMD ["--help"]
