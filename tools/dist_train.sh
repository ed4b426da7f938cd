#!/usr/bin/env bash
# Trains on several GPUs of one machine: tools/dist_train.sh CONFIG NUM_GPUS [options of train.py]
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG NUM_GPUS [options of tools/train.py]" >&2
    exit 2
fi
config=$1
gpus=$2
shift 2
# A free port, so that two trainings on one machine do not meet.
torchrun --standalone --nproc_per_node="$gpus" \
    "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@"
